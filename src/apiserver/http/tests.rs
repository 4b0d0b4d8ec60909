use super::*;
use serde_json::{Value, json};

fn ask(
    world: &mut (ApiServer, Sim),
    method: &str,
    path: &str,
    content_type: &str,
    body: &str,
) -> (u16, Value, Vec<String>) {
    let headers = [("Content-Type".to_owned(), content_type.to_owned())];
    let (api, sim) = world;
    let answer = serve(api, sim, None, method, path, &headers, body.as_bytes());
    let warnings = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "Warning")
        .map(|(_, value)| value.clone())
        .collect();
    let body = serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body));
    (answer.status, body, warnings)
}

const JSON: &str = "application/json";

#[test]
fn objects_live_at_their_paths() {
    let mut world = (ApiServer::new(), Sim::new(1));
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "a"}}).to_string();
    assert_eq!(
        ask(&mut world, "POST", "/api/v1/namespaces", JSON, &namespace).0,
        201
    );
    let config =
        json!({"metadata": {"name": "c", "labels": {"l": "1"}}, "data": {"k": "v"}, "foo": 1});
    let path = "/api/v1/namespaces/a/configmaps";
    let (code, _, warnings) = ask(&mut world, "POST", path, JSON, &config.to_string());
    assert_eq!(
        (code, warnings),
        (201, vec!["299 - \"unknown field \\\"foo\\\"\"".to_owned()])
    );
    let (_, list, _) = ask(
        &mut world,
        "GET",
        &format!("{path}?labelSelector=l%3D1"),
        JSON,
        "",
    );
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!(list.pointer("/items/0/metadata/name"), Some(&json!("c")));
    assert_eq!(list.pointer("/items/0/kind"), None);
    let merge = "application/merge-patch+json";
    let (_, patched, _) = ask(
        &mut world,
        "PATCH",
        &format!("{path}/c"),
        merge,
        "{\"data\":{\"k\":null}}",
    );
    assert_eq!(patched.get("data"), None);
    let (code, done, _) = ask(&mut world, "DELETE", &format!("{path}/c"), JSON, "");
    assert_eq!(
        (code, &done["status"], &done["details"]["kind"]),
        (200, &json!("Success"), &json!("configmaps"))
    );
    let (code, gone, _) = ask(&mut world, "GET", &format!("{path}/c"), JSON, "");
    assert_eq!(
        (code, &gone["message"]),
        (404, &json!("configmaps \"c\" not found"))
    );
}

#[test]
fn what_is_not_there_is_told_apart() {
    let mut world = (ApiServer::new(), Sim::new(1));
    let table = [
        ("GET", "/foo", 404, "404 page not found\n"),
        (
            "GET",
            "/apis/foo.example/v1/bars",
            404,
            "404 page not found\n",
        ),
        (
            "GET",
            "/api/v1/namespaces/a/foos",
            404,
            "the server could not find the requested resource",
        ),
        (
            "GET",
            "/apis/apps/v9/deployments",
            404,
            "the server could not find the requested resource",
        ),
        (
            "GET",
            "/api/v1/namespaces/a/configmaps/c/status",
            404,
            "the server could not find the requested resource",
        ),
        (
            "POST",
            "/api/v1/namespaces/a/configmaps/c",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "DELETE",
            "/api/v1/configmaps",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "GET",
            "/api/v1/namespaces/a/pods/p/binding",
            405,
            "the server does not allow this method on the requested resource",
        ),
    ];
    for (method, path, code, expected) in table {
        let (found, body, _) = ask(&mut world, method, path, JSON, "");
        let text = body.as_str().or_else(|| body["message"].as_str());
        assert_eq!((found, text), (code, Some(expected)), "{method} {path}");
    }
}
