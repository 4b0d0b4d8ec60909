use super::*;
use crate::api::Key;
use crate::apiserver::{ApiServer, Body, PatchType, Reply, Request};
use crate::sim::Sim;
use crate::sim::trace::Verb;

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
        let namespace = json!({"metadata": {"name": "n"}});
        let _ = server.send(
            Verb::Create,
            Kind::Namespace,
            "",
            "",
            Body::Json(namespace),
            "",
        );
        server
    }

    fn send(
        &mut self,
        verb: Verb,
        kind: Kind,
        namespace: &str,
        name: &str,
        body: Body,
        manager: &str,
    ) -> Result<Value, String> {
        let mut request =
            Request::new(Actor::User, verb, kind, Key::new(namespace, name)).body(body);
        request.options.field_manager = manager.trim_end_matches('!').to_owned();
        request.options.force = Some(manager.ends_with('!'));
        match self.api.handle(&mut self.sim, None, request) {
            Ok(Reply::Object { object, .. }) => Ok(shown(&object)),
            Ok(_) => Err("no object".to_owned()),
            Err(error) => Err(error.message.unwrap_or_default()),
        }
    }

    fn apply(&mut self, manager: &str, data: Value) -> Result<Value, String> {
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data,
        });
        let body = Body::Patch(PatchType::Apply, config);
        self.send(Verb::Patch, Kind::ConfigMap, "n", "c", body, manager)
    }
}

/// `m1 f:data.f:a` of every entry.
fn owners_of(object: &Value) -> Vec<String> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    entries
        .map(|entry| {
            let set = Set::from_json(&entry["fieldsV1"]).unwrap_or_default();
            format!(
                "{}:{}",
                entry["manager"].as_str().unwrap_or_default(),
                set.paths().join(" ")
            )
        })
        .collect()
}

#[test]
fn fields_are_shared_fought_for_and_given_up() {
    let mut server = Server::new();
    let made = server
        .apply("m1", json!({"a": "1", "b": "2"}))
        .expect("created");
    assert_eq!(owners_of(&made), ["m1:.data.a .data.b"]);
    let left = server.apply("m1", json!({"a": "1"})).expect("applied");
    assert_eq!(left["data"], json!({"a": "1"}));
    let both = server
        .apply("m2", json!({"a": "1", "x": "1"}))
        .expect("shared");
    assert_eq!(owners_of(&both), ["m1:.data.a", "m2:.data.a .data.x"]);
    let fought = server.apply("m1", json!({"a": "2"}));
    assert_eq!(
        fought,
        Err("Apply failed with 1 conflict: conflict with \"m2\": .data.a".to_owned())
    );
    let forced = server.apply("m1!", json!({"a": "2"})).expect("forced");
    assert_eq!(owners_of(&forced), ["m1:.data.a", "m2:.data.x"]);
    let given_up = server.apply("m1", json!({})).expect("applied");
    assert_eq!(given_up["data"], json!({"x": "1"}));
    assert_eq!(owners_of(&given_up), ["m1:.data", "m2:.data.x"]);
}

#[test]
fn the_same_apply_changes_nothing() {
    let mut server = Server::new();
    let first = server.apply("m1", json!({"a": "1"})).expect("created");
    let again = server.apply("m1", json!({"a": "1"})).expect("applied");
    assert_eq!(first, again);
}

#[test]
fn updates_take_what_they_change() {
    let mut server = Server::new();
    let _ = server.apply("m1", json!({"a": "1", "b": "1"}));
    let patch = Body::Patch(PatchType::Merge, json!({"data": {"a": "2"}}));
    let patched = server.send(Verb::Patch, Kind::ConfigMap, "n", "c", patch, "up");
    assert_eq!(
        owners_of(&patched.expect("patched")),
        ["m1:.data.b", "up:.data.a"]
    );
    let forget = Body::Patch(
        PatchType::Merge,
        json!({"metadata": {"managedFields": [{}]}}),
    );
    let forgotten = server.send(Verb::Patch, Kind::ConfigMap, "n", "c", forget, "up");
    assert_eq!(
        owners_of(&forgotten.expect("patched")),
        Vec::<String>::new()
    );
    let fought = server.apply("m1", json!({"a": "3"}));
    assert_eq!(
        fought,
        Err(
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a"
                .to_owned()
        )
    );
}

#[test]
fn what_components_write_is_worked_out_when_asked_for() {
    let mut server = Server::new();
    let map = json!({"metadata": {"name": "k"}, "data": {"a": "1"}});
    let (map, _) = Object::read(Kind::ConfigMap, &map).expect("a map");
    let caller = Actor::Controller("root-ca-certificate-publisher".into());
    let request = Request::new(caller, Verb::Create, Kind::ConfigMap, Key::new("n", ""))
        .body(Body::Object(map));
    let made = server.api.handle(&mut server.sim, None, request);
    let object = match made {
        Ok(Reply::Object { object, .. }) => object,
        other => panic!("{other:?}"),
    };
    let json = object.to_json();
    assert_eq!(json.pointer("/metadata/managedFields"), None);
    assert_eq!(
        owners_of(&shown(&object)),
        ["kube-controller-manager:.data .data.a"]
    );
}
