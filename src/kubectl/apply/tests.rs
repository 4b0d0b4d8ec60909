use super::*;
use crate::apiserver::ApiServer;
use crate::kubectl::error_text;
use crate::sim::Sim;
use serde_json::json;

struct World {
    api: ApiServer,
    sim: Sim,
}

impl World {
    fn new() -> World {
        let mut world = World {
            api: ApiServer::new(),
            sim: Sim::new(1),
        };
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        assert_eq!(world.apply(&namespace), "created");
        world
    }

    fn ask(&mut self, request: Request) -> Response {
        self.api.handle(&mut self.sim, None, request)
    }

    fn try_apply(&mut self, manifest: &Value) -> Result<Applied, ApiError> {
        apply(&mut |request| self.ask(request), manifest, "default")
    }

    fn apply(&mut self, manifest: &Value) -> String {
        match self.try_apply(manifest) {
            Ok(applied) => applied.outcome.word().to_owned(),
            Err(error) => error_text(&error, ""),
        }
    }

    fn get(&mut self, kind: Kind, name: &str) -> Value {
        let request = Request::new(Actor::User, Verb::Get, kind, Key::new("default", name));
        match self.ask(request) {
            Ok(Reply::Object { object, .. }) => object.to_json(),
            _ => Value::Null,
        }
    }
}

fn deployment(replicas: Option<i32>) -> Value {
    let mut manifest = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]}},
        },
    });
    if let Some(replicas) = replicas {
        manifest["spec"]["replicas"] = json!(replicas);
    }
    manifest
}

#[test]
fn apply_creates_then_changes_then_leaves_alone() {
    let mut world = World::new();
    assert_eq!(world.apply(&deployment(None)), "created");
    let made = world.get(Kind::Deployment, "d");
    assert_eq!(
        made.pointer("/metadata/annotations")
            .and_then(|a| a.get(LAST_APPLIED)),
        Some(&json!(
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"annotations\":{},\"name\":\"d\",\"namespace\":\"default\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"d\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"d\"}},\"spec\":{\"containers\":[{\"image\":\"nginx\",\"name\":\"c\"}]}}}}\n"
        ))
    );
    assert_eq!(world.apply(&deployment(None)), "unchanged");
    assert_eq!(world.apply(&deployment(Some(3))), "configured");
    assert_eq!(
        world.get(Kind::Deployment, "d").pointer("/spec/replicas"),
        Some(&json!(3))
    );
    assert_eq!(world.apply(&deployment(None)), "configured");
    assert_ne!(
        world.get(Kind::Deployment, "d").pointer("/spec/replicas"),
        Some(&json!(3))
    );
}

#[test]
fn who_scaled_meanwhile_is_left_alone() {
    let mut world = World::new();
    world.apply(&deployment(None));
    let scale = Request::new(
        Actor::User,
        Verb::Update,
        Kind::Deployment,
        Key::new("default", "d"),
    )
    .subresource(crate::apiserver::Subresource::Scale)
    .body(Body::Scale(5));
    assert!(world.ask(scale).is_ok());
    assert_eq!(world.apply(&deployment(None)), "unchanged");
    assert_eq!(
        world.get(Kind::Deployment, "d").pointer("/spec/replicas"),
        Some(&json!(5))
    );
}

#[test]
fn an_object_made_otherwise_is_taken_over_with_a_warning() {
    let mut world = World::new();
    let create = Request::new(
        Actor::User,
        Verb::Create,
        Kind::Deployment,
        Key::new("default", ""),
    )
    .body(Body::Json(deployment(Some(1))));
    assert!(world.ask(create).is_ok());
    let applied = world.try_apply(&deployment(Some(2)));
    let warnings = applied.map(|applied| applied.warnings).unwrap_or_default();
    assert_eq!(
        warnings,
        [
            "resource deployments/d is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically."
        ]
    );
    assert_eq!(world.apply(&deployment(Some(2))), "unchanged");
}

#[test]
fn mistakes_are_told_as_kubectl_tells_them() {
    let mut world = World::new();
    let table = [
        (
            json!("hello"),
            "error: error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false",
        ),
        (
            json!({"apiVersion": "v1", "metadata": {"name": "x"}}),
            "error: error validating data: kind not set; if you choose to ignore these errors, turn validation off with --validate=false",
        ),
        (
            json!({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": {"name": "x"}}),
            "error: resource mapping not found for name: \"x\" namespace: \"\" from \"STDIN\": no matches for kind \"Deployment\" in version \"extensions/v1beta1\"\nensure CRDs are installed first",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}),
            "error: from x-: cannot use generate name with apply",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap"}),
            "error: error when retrieving current configuration of:\nResource: \"/v1, Resource=configmaps\", GroupVersionKind: \"/v1, Kind=ConfigMap\"\nName: \"\", Namespace: \"default\"\nfrom server for: \"STDIN\": resource name may not be empty",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": 1}}}),
            "error: unable to decode \"STDIN\": json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "datas": {"a": "b"}}),
            "Error from server (BadRequest): ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"datas\"",
        ),
        (
            json!({"apiVersion": "v1", "kind": "configmap", "metadata": {"name": "x"}}),
            "Error from server (BadRequest): configmap in version \"v1\" cannot be handled as a ConfigMap: no kind \"configmap\" is registered for version \"v1\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
        ),
    ];
    for (manifest, expected) in table {
        assert_eq!(world.apply(&manifest), expected);
    }
}
