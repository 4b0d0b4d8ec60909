use crate::apiserver::{ApiServer, http};
use crate::sim::Sim;
use serde_json::{Value, json};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/h.example/v1/namespaces/default/widgets";

struct Server {
    api: ApiServer,
    sim: Sim,
}

impl Server {
    fn new() -> Server {
        let mut server = Server {
            api: ApiServer::new(),
            sim: Sim::new(1),
        };
        let namespace = json!({"metadata": {"name": "default"}});
        server.call("POST", "/api/v1/namespaces", &namespace);
        server
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let headers = [("Content-Type".to_owned(), kind.to_owned())];
        let text = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let Server { api, sim } = self;
        let answer = http::serve(api, sim, None, method, path, &headers, text.as_bytes());
        let body = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer.status, body)
    }
}

fn definition(plural: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.h.example")},
        "spec": {
            "group": "h.example", "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": {"type": "object", "properties": {
                        "size": {"type": "integer", "minimum": 1, "default": 3},
                        "name": {"type": "string", "pattern": "^[a-z]+$"},
                        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    }},
                    "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
                }}},
            }],
        },
    })
}

fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "h.example/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}

#[test]
fn a_definition_makes_a_kind() {
    let mut server = Server::new();
    assert_eq!(server.call("GET", WIDGETS, &Value::Null).0, 404);
    let (code, made) = server.call("POST", CRDS, &definition("widgets", "Widget"));
    assert_eq!(
        (code, &made["status"]["storedVersions"]),
        (201, &json!(["v1"])),
        "{made}"
    );
    let at = format!("{CRDS}/widgets.h.example");
    let conditions = server.call("GET", &at, &Value::Null).1["status"]["conditions"].clone();
    assert_eq!(conditions[1]["type"], "Established");
    assert_eq!(conditions[1]["status"], "True");
    let given = json!({"free": {"x": 1}, "gone": 1});
    let (code, made) = server.call("POST", WIDGETS, &widget("w", given));
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["spec"], json!({"free": {"x": 1}, "size": 3}));
    assert_eq!(made["metadata"]["generation"], 1);
    let status = json!({"status": {"phase": "Up"}, "spec": {"size": 9}});
    let (_, patched) = server.call("PATCH", &format!("{WIDGETS}/w/status"), &status);
    assert_eq!(patched["status"], json!({"phase": "Up"}));
    assert_eq!(patched["spec"]["size"], 3);
    let (_, list) = server.call("GET", WIDGETS, &Value::Null);
    assert_eq!(list["kind"], "WidgetList");
    assert_eq!(list["items"][0]["kind"], "Widget");
}

#[test]
fn schemas_judge() {
    let mut server = Server::new();
    server.call("POST", CRDS, &definition("widgets", "Widget"));
    let table = [
        (
            json!({"size": 0}),
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            json!({"size": "x"}),
            "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
        ),
        (
            json!({"name": "A"}),
            "spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'",
        ),
        (
            json!({"tags": ["a", "a"]}),
            "spec.tags[1]: Duplicate value: \"a\"",
        ),
    ];
    for (spec, why) in table {
        let (code, answer) = server.call("POST", WIDGETS, &widget("bad", spec));
        let message = format!("Widget.h.example \"bad\" is invalid: {why}");
        assert_eq!((code, &answer["message"]), (422, &json!(message)));
    }
}

#[test]
fn names_are_taken_once_and_resources_go_before_their_definition() {
    let mut server = Server::new();
    server.call("POST", CRDS, &definition("widgets", "Widget"));
    server.call("POST", CRDS, &definition("gadgets", "Widget"));
    let gadgets = format!("{CRDS}/gadgets.h.example");
    let (_, refused) = server.call("GET", &gadgets, &Value::Null);
    assert_eq!(refused["status"]["conditions"][0]["status"], "False");
    let mut held = widget("w", json!({}));
    held["metadata"]["finalizers"] = json!(["h.example/f"]);
    server.call("POST", WIDGETS, &held);
    let widgets = format!("{CRDS}/widgets.h.example");
    assert_eq!(server.call("DELETE", &widgets, &Value::Null).0, 200);
    let (code, _) = server.call("POST", WIDGETS, &widget("late", json!({})));
    assert_eq!(code, 403);
    let free = json!({"metadata": {"finalizers": null}});
    server.call("PATCH", &format!("{WIDGETS}/w"), &free);
    assert_eq!(server.call("GET", &widgets, &Value::Null).0, 404);
    // The names are free now.
    let (_, accepted) = server.call("GET", &gadgets, &Value::Null);
    assert_eq!(
        accepted["status"]["conditions"][0]["status"], "True",
        "{accepted}"
    );
}
