use super::*;
use serde_json::json;

fn message(kind: Kind, value: Value, strictness: Strictness) -> String {
    match decode(kind, &value, strictness, &Written::default()) {
        Ok(decoded) => decoded.warnings.join("; "),
        Err(error) => error.message.unwrap_or_default(),
    }
}

#[test]
fn wrong_types_are_refused_in_the_servers_words() {
    let table = [
        (
            Kind::Deployment,
            json!({"spec": {"replicas": "three"}}),
            "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            Kind::ConfigMap,
            json!({"data": {"a": 1}}),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            Kind::Pod,
            json!({"spec": {"containers": {"name": "c"}}}),
            "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            Kind::Pod,
            json!({"spec": {"containers": [{"resources": {"requests": {"cpu": "one"}}}]}}),
            "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ];
    for (kind, value, expected) in table {
        assert_eq!(message(kind, value, Strictness::Warn), expected);
    }
}

#[test]
fn unknown_fields_are_refused_warned_of_or_dropped() {
    let value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "spec": {"foo": 1, "template": {"spec": {"containers": [
            {"name": "c", "imagge": "x"}, {"name": "e", "env": [{"name": "A", "valu": "1"}]},
        ]}}},
    });
    let fields = "unknown field \"spec.template.spec.containers[0].imagge\"; unknown field \"spec.template.spec.containers[1].env[0].valu\"; unknown field \"spec.foo\"";
    assert_eq!(
        message(Kind::Deployment, value.clone(), Strictness::Warn),
        fields
    );
    assert_eq!(
        message(Kind::Deployment, value.clone(), Strictness::Ignore),
        ""
    );
    assert_eq!(
        message(Kind::Deployment, value, Strictness::Strict),
        format!(
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: {}",
            fields.replace("; ", ", ")
        )
    );
}

#[test]
fn type_and_path_must_agree() {
    let table = [
        (json!({"apiVersion": "v1", "kind": "ConfigMap"}), ""),
        (json!({"metadata": {"name": "nokind"}}), ""),
        (
            json!({"apiVersion": "v1", "kind": "Secret"}),
            "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion",
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "ConfigMap"}),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"apps/v1\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Foo"}),
            "Foo in version \"v1\" cannot be handled as a ConfigMap: no kind \"Foo\" is registered for version \"v1\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            json!({"apiVersion": "v1", "kind": "List"}),
            "List in version \"v1\" cannot be handled as a ConfigMap: converting (v1.List) to (core.ConfigMap): unknown conversion",
        ),
    ];
    for (value, expected) in table {
        assert_eq!(message(Kind::ConfigMap, value, Strictness::Warn), expected);
    }
}
