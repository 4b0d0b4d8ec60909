use super::*;
use serde_json::json;

#[test]
fn every_kind_has_its_type() {
    for kind in Kind::ALL {
        assert!(of_kind(*kind).is_some(), "{kind:?}");
    }
    for (name, id) in &table().names {
        assert_ne!(*table().get(*id), ANY, "{name} is used and not declared");
    }
}

#[test]
fn types_are_named_as_go_names_them() {
    let named = |kind: Kind, path: &[&str]| {
        let mut id = of_kind(kind).expect("a type");
        let mut ty = Ref { id, pointer: false };
        for step in path {
            ty = table().field(id, step).expect("a field").ty;
            id = match table().get(ty.id).shape {
                Shape::List(item) => item.id,
                _ => ty.id,
            };
        }
        table().go_name(ty)
    };
    let table = [
        (Kind::Pod, &["spec"][..], "v1.PodSpec"),
        (Kind::Pod, &["spec", "containers"], "[]v1.Container"),
        (
            Kind::Pod,
            &["spec", "containers", "imagePullPolicy"],
            "v1.PullPolicy",
        ),
        (Kind::Pod, &["metadata", "labels"], "map[string]string"),
        (Kind::Pod, &["metadata", "uid"], "types.UID"),
        (
            Kind::Pod,
            &["spec", "containers", "resources", "limits"],
            "v1.ResourceList",
        ),
        (Kind::Deployment, &["spec", "replicas"], "*int32"),
        (Kind::Secret, &["data"], "map[string][]uint8"),
        (
            Kind::HorizontalPodAutoscaler,
            &["spec"],
            "v2.HorizontalPodAutoscalerSpec",
        ),
    ];
    for (kind, path, wanted) in table {
        assert_eq!(named(kind, path), wanted);
    }
}

#[test]
fn values_are_held_as_go_holds_them() {
    let read = |kind, value, fill| judge(of_kind(kind).expect("a type"), &value, fill).value;
    let value = json!({
        "kind": "Pod",
        "metadata": {"labels": {}, "name": "p", "generation": 0},
        "spec": {"containers": [{"name": "c", "args": null, "command": [], "tty": false,
            "resources": {"limits": {"cpu": 1}}, "securityContext": {"runAsUser": 0}}]},
    });
    assert_eq!(
        read(Kind::Pod, value, false),
        json!({
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}},
                "securityContext": {"runAsUser": 0}}]},
        })
    );
    assert_eq!(
        read(
            Kind::StatefulSet,
            json!({"spec": {"serviceName": "s"}}),
            true
        ),
        json!({
            "metadata": {},
            "spec": {"serviceName": "s", "selector": null, "updateStrategy": {},
                "template": {"metadata": {}, "spec": {"containers": null}}},
            "status": {"replicas": 0, "availableReplicas": 0},
        })
    );
}

#[test]
fn all_faults_are_found_with_their_places() {
    let value = json!({"spec": {
        "replicas": "three",
        "template": {"spec": {"containers": [{"name": 1}, {"ports": [{"containerPort": 1.5}]}]}},
    }});
    let judged = judge(of_kind(Kind::Deployment).expect("a type"), &value, false);
    let found: Vec<(&str, &str)> = judged
        .faults
        .iter()
        .map(|fault| (fault.path.as_str(), fault.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "spec.replicas",
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
            ),
            (
                "spec.template.spec.containers[0].name",
                "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string"
            ),
            (
                "spec.template.spec.containers[1].ports[0].containerPort",
                "json: cannot unmarshal number 1.5 into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32"
            ),
        ]
    );
}
