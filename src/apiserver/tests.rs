//! What callers see.

use super::*;
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Object};
use crate::sim::trace::Verb;
use crate::sim::{Actor, Instant, Sim};
use serde_json::{Value, json};

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
        for name in ["default", "kube-system"] {
            world.create(Kind::Namespace, json!({"metadata": {"name": name}}));
        }
        world.create(
            Kind::ServiceAccount,
            json!({"metadata": {"name": "default", "namespace": "default"}}),
        );
        world
    }

    fn ask(&mut self, request: Request) -> Response {
        self.api.handle(&mut self.sim, None, request)
    }

    fn request(verb: Verb, kind: Kind, name: &str) -> Request {
        let namespace = if kind.info().namespaced {
            "default"
        } else {
            ""
        };
        Request::new(Actor::User, verb, kind, Key::new(namespace, name))
    }

    fn try_create(&mut self, kind: Kind, value: Value) -> Response {
        let request = World::request(Verb::Create, kind, "").body(Body::Json(value));
        self.ask(request)
    }

    fn create(&mut self, kind: Kind, value: Value) -> Value {
        shown(self.try_create(kind, value))
    }

    fn get(&mut self, kind: Kind, name: &str) -> Value {
        shown(self.ask(World::request(Verb::Get, kind, name)))
    }

    fn put(&mut self, kind: Kind, name: &str, value: Value) -> Response {
        self.ask(World::request(Verb::Update, kind, name).body(Body::Json(value)))
    }

    fn patch(&mut self, kind: Kind, name: &str, patch: Value) -> Response {
        let body = Body::Patch(PatchType::Merge, patch);
        self.ask(World::request(Verb::Patch, kind, name).body(body))
    }

    fn delete(&mut self, kind: Kind, name: &str, options: DeleteOptions) -> Response {
        self.ask(World::request(Verb::Delete, kind, name).body(Body::Delete(options)))
    }

    fn bind(&mut self, pod: &str, node: &str) -> Response {
        let request = World::request(Verb::Create, Kind::Pod, pod)
            .subresource(Subresource::Binding)
            .body(Body::Binding(node.into()));
        self.ask(request)
    }
}

fn shown(response: Response) -> Value {
    match response {
        Ok(Reply::Object { object, .. } | Reply::Done { object, .. }) => object.to_json(),
        Ok(Reply::Made { value }) => value,
        Ok(Reply::List { items, .. }) => items.iter().map(Object::to_json).collect(),
        Ok(Reply::Scale {
            replicas,
            current,
            selector,
            ..
        }) => json!({"replicas": replicas, "current": current, "selector": selector}),
        Err(error) => json!(message(&error)),
    }
}

fn message(error: &ApiError) -> String {
    error.message.clone().unwrap_or_default()
}

fn refused(response: Response) -> (i32, String) {
    match response {
        Ok(_) => (200, String::new()),
        Err(error) => (error.code.unwrap_or_default(), message(&error)),
    }
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {
        "containers": [{"name": "c", "image": "nginx"}],
        "terminationGracePeriodSeconds": 30,
    }})
}

fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_default()
}

#[test]
fn objects_are_made_once_and_in_a_namespace_that_exists() {
    let mut world = World::new();
    let config = json!({"metadata": {"name": "c1"}, "data": {"a": "1"}});
    let made = world.create(Kind::ConfigMap, config.clone());
    assert_eq!(at(&made, "/metadata/namespace"), "default");
    assert_eq!(
        at(&made, "/metadata/creationTimestamp"),
        "2026-01-05T09:00:00Z"
    );
    assert_eq!(
        refused(world.try_create(Kind::ConfigMap, config)),
        (409, "configmaps \"c1\" already exists".to_owned())
    );
    let request = Request::new(
        Actor::User,
        Verb::Create,
        Kind::ConfigMap,
        Key::new("none", ""),
    )
    .body(Body::Json(json!({"metadata": {"name": "c1"}})));
    assert_eq!(
        refused(world.ask(request)),
        (404, "namespaces \"none\" not found".to_owned())
    );
}

#[test]
fn names_are_generated() {
    let mut world = World::new();
    let made = world.create(
        Kind::ConfigMap,
        json!({"metadata": {"generateName": "gen-"}}),
    );
    let name = at(&made, "/metadata/name");
    assert!(
        name.as_str()
            .is_some_and(|name| name.starts_with("gen-") && name.len() == 9)
    );
    assert_eq!(
        refused(world.try_create(Kind::ConfigMap, json!({"metadata": {}}))),
        (
            422,
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required".to_owned()
        )
    );
}

#[test]
fn updates_need_the_present_version_and_write_only_changes() {
    let mut world = World::new();
    let made = world.create(
        Kind::ConfigMap,
        json!({"metadata": {"name": "c"}, "data": {"a": "1"}}),
    );
    let mut changed = made.clone();
    changed["data"]["a"] = json!("2");
    let updated = shown(world.put(Kind::ConfigMap, "c", changed.clone()));
    assert_ne!(
        at(&updated, "/metadata/resourceVersion"),
        at(&made, "/metadata/resourceVersion")
    );
    changed["data"]["a"] = json!("3");
    assert_eq!(
        refused(world.put(Kind::ConfigMap, "c", changed)),
        (409, "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the latest version and try again".to_owned())
    );
    let again = shown(world.put(Kind::ConfigMap, "c", updated.clone()));
    assert_eq!(again, updated, "the same content is no new version");
    let unconditional = json!({"metadata": {"name": "c"}, "data": {"a": "4"}});
    assert_eq!(
        at(
            &shown(world.put(Kind::ConfigMap, "c", unconditional)),
            "/data/a"
        ),
        "4"
    );
}

#[test]
fn a_pod_gets_what_admission_gives() {
    let mut world = World::new();
    let made = world.create(Kind::Pod, pod("p"));
    assert_eq!(
        at(&made, "/status"),
        json!({"phase": "Pending", "qosClass": "BestEffort"})
    );
    assert_eq!(at(&made, "/metadata/generation"), 1);
    assert_eq!(at(&made, "/spec/serviceAccountName"), "default");
    assert_eq!(at(&made, "/spec/priority"), 0);
    assert_eq!(at(&made, "/spec/preemptionPolicy"), "PreemptLowerPriority");
    assert_eq!(
        at(&made, "/spec/tolerations/1/key"),
        "node.kubernetes.io/unreachable"
    );
    let volume = at(&made, "/spec/volumes/0/name");
    assert_eq!(at(&made, "/spec/containers/0/volumeMounts/0/name"), volume);
    let mut lost = pod("lost");
    lost["spec"]["serviceAccountName"] = json!("none");
    assert_eq!(
        refused(world.try_create(Kind::Pod, lost)).1,
        "pods \"lost\" is forbidden: error looking up service account default/none: serviceaccount \"none\" not found"
    );
    let mut urgent = pod("urgent");
    urgent["spec"]["priorityClassName"] = json!("system-node-critical");
    assert_eq!(
        at(&world.create(Kind::Pod, urgent), "/spec/priority"),
        2_000_001_000
    );
}

#[test]
fn a_pod_is_bound_once_and_shows_its_zone() {
    let mut world = World::new();
    world.create(
        Kind::Node,
        json!({"metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "z"}}}),
    );
    let node = world.get(Kind::Node, "n");
    assert_eq!(
        at(&node, "/spec/taints/0/key"),
        "node.kubernetes.io/not-ready"
    );
    world.create(Kind::Pod, pod("p"));
    assert_eq!(refused(world.bind("p", "n")).0, 200);
    let bound = world.get(Kind::Pod, "p");
    assert_eq!(at(&bound, "/spec/nodeName"), "n");
    assert_eq!(
        at(&bound, "/metadata/labels/topology.kubernetes.io~1zone"),
        "z"
    );
    assert_eq!(at(&bound, "/status/conditions/0/type"), "PodScheduled");
    assert_eq!(
        refused(world.bind("p", "n")).1,
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n\""
    );
}

#[test]
fn pods_end_with_grace() {
    let mut world = World::new();
    world.create(Kind::Pod, pod("waiting"));
    world.create(Kind::Pod, pod("running"));
    let _ = world.bind("running", "n");
    let gone = shown(world.delete(Kind::Pod, "waiting", DeleteOptions::default()));
    assert_eq!(at(&gone, "/metadata/deletionGracePeriodSeconds"), 0);
    assert_eq!(
        world.get(Kind::Pod, "waiting"),
        "pods \"waiting\" not found"
    );

    let seconds = |seconds| DeleteOptions {
        grace_period_seconds: seconds,
        ..DeleteOptions::default()
    };
    let grace = "/metadata/deletionGracePeriodSeconds";
    let first = shown(world.delete(Kind::Pod, "running", seconds(None)));
    assert_eq!(at(&first, grace), 30);
    assert_eq!(
        at(&first, "/metadata/deletionTimestamp"),
        "2026-01-05T09:00:30Z"
    );
    assert_eq!(at(&first, "/metadata/generation"), 2);
    let longer = shown(world.delete(Kind::Pod, "running", seconds(Some(60))));
    assert_eq!(longer, first, "grace is only ever shortened");
    let shorter = shown(world.delete(Kind::Pod, "running", seconds(Some(5))));
    assert_eq!(at(&shorter, grace), 5);
    assert_eq!(
        at(&shorter, "/metadata/deletionTimestamp"),
        "2026-01-05T09:00:05Z"
    );
    let _ = world.delete(Kind::Pod, "running", seconds(Some(0)));
    assert_eq!(
        world.get(Kind::Pod, "running"),
        "pods \"running\" not found"
    );
}

#[test]
fn finalizers_hold_an_object_until_the_last_is_gone() {
    let mut world = World::new();
    let config = json!({"metadata": {"name": "f", "finalizers": ["h.example/f"]}});
    world.create(Kind::ConfigMap, config.clone());
    let held = shown(world.delete(Kind::ConfigMap, "f", DeleteOptions::default()));
    assert_eq!(at(&held, "/metadata/deletionGracePeriodSeconds"), 0);
    assert_eq!(
        refused(world.try_create(Kind::ConfigMap, config)).1,
        "object is being deleted: configmaps \"f\" already exists"
    );
    let again = shown(world.delete(Kind::ConfigMap, "f", DeleteOptions::default()));
    assert_eq!(again, held);
    let freed = world.patch(
        Kind::ConfigMap,
        "f",
        json!({"metadata": {"finalizers": null}}),
    );
    assert_eq!(at(&shown(freed), "/metadata/finalizers"), Value::Null);
    assert_eq!(
        world.get(Kind::ConfigMap, "f"),
        "configmaps \"f\" not found"
    );
}

#[test]
fn propagation_is_told_by_finalizers() {
    let table = [
        (Propagation::Foreground, Some("foregroundDeletion")),
        (Propagation::Orphan, Some("orphan")),
        (Propagation::Background, None),
    ];
    for (propagation, finalizer) in table {
        let mut world = World::new();
        world.create(Kind::ConfigMap, json!({"metadata": {"name": "c"}}));
        let options = DeleteOptions {
            propagation: Some(propagation),
            ..DeleteOptions::default()
        };
        let _ = world.delete(Kind::ConfigMap, "c", options);
        let left = world.get(Kind::ConfigMap, "c");
        let expected = finalizer.map_or(Value::Null, Value::from);
        assert_eq!(
            at(&left, "/metadata/finalizers/0"),
            expected,
            "{propagation:?}"
        );
    }
}

#[test]
fn namespaces_end_in_two_phases() {
    let mut world = World::new();
    world.create(Kind::Namespace, json!({"metadata": {"name": "shop"}}));
    let marked = shown(world.delete(Kind::Namespace, "shop", DeleteOptions::default()));
    assert_eq!(at(&marked, "/status/phase"), "Terminating");
    assert_eq!(at(&marked, "/spec/finalizers/0"), "kubernetes");
    let request = Request::new(
        Actor::User,
        Verb::Create,
        Kind::ConfigMap,
        Key::new("shop", ""),
    )
    .body(Body::Json(json!({"metadata": {"name": "x"}})));
    assert_eq!(
        refused(world.ask(request)),
        (403, "configmaps \"x\" is forbidden: unable to create new content in namespace shop because it is being terminated".to_owned())
    );
    let finalize = World::request(Verb::Update, Kind::Namespace, "shop")
        .subresource(Subresource::Finalize)
        .body(Body::Json(
            json!({"metadata": {"name": "shop"}, "spec": {"finalizers": []}}),
        ));
    assert_eq!(refused(world.ask(finalize)).0, 200);
    assert_eq!(
        world.get(Kind::Namespace, "shop"),
        "namespaces \"shop\" not found"
    );
    assert_eq!(
        refused(world.delete(Kind::Namespace, "default", DeleteOptions::default())).1,
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn services_get_addresses_and_ports_and_give_them_back() {
    let mut world = World::new();
    let service = |name: &str, spec: Value| {
        let mut service = json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
        for (key, value) in spec.as_object().into_iter().flatten() {
            service["spec"][key] = value.clone();
        }
        service
    };
    let port = |port: i32| json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]});
    let table = [
        ("a", json!({"clusterIP": "10.96.7.7"}), ""),
        (
            "b",
            json!({"clusterIP": "10.96.7.7"}),
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.7.7\"]: failed to allocate IP 10.96.7.7: provided IP is already allocated",
        ),
        (
            "d",
            json!({"clusterIP": "10.1.2.3"}),
            "Service \"d\" is invalid: spec.clusterIPs: Invalid value: [\"10.1.2.3\"]: failed to allocate IP 10.1.2.3: the provided network does not match the current range",
        ),
        (
            "net",
            json!({"clusterIP": "10.96.0.0"}),
            "Service \"net\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.0\"]: failed to allocate IP 10.96.0.0: the provided network does not match the current range",
        ),
        ("n1", port(30111), ""),
        (
            "n2",
            port(30111),
            "Service \"n2\" is invalid: spec.ports[0].nodePort: Invalid value: 30111: provided port is already allocated",
        ),
        (
            "n4",
            port(80),
            "Service \"n4\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
        ),
        (
            "n6",
            json!({"type": "NodePort", "ports": [{"name": "a", "port": 80, "nodePort": 30113}, {"name": "b", "port": 81, "nodePort": 30113}]}),
            "Service \"n6\" is invalid: spec.ports[1].nodePort: Invalid value: 30113: provided port is already allocated",
        ),
        ("n7", port(30113), ""),
    ];
    for (name, spec, expected) in table {
        let outcome = refused(world.try_create(Kind::Service, service(name, spec)));
        assert_eq!(outcome.1, expected, "{name}");
    }
    let _ = world.delete(Kind::Service, "a", DeleteOptions::default());
    let again = world.create(
        Kind::Service,
        service("b", json!({"clusterIP": "10.96.7.7"})),
    );
    assert_eq!(at(&again, "/spec/clusterIPs/0"), "10.96.7.7");
    assert_eq!(at(&again, "/spec/ipFamilyPolicy"), "SingleStack");
    let headless = world.create(Kind::Service, service("h", json!({"clusterIP": "None"})));
    assert_eq!(at(&headless, "/spec/clusterIPs"), json!(["None"]));
}

#[test]
fn a_service_keeps_what_it_has_until_its_type_needs_it_no_more() {
    let mut world = World::new();
    let node_port = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]}});
    let made = world.create(Kind::Service, node_port.clone());
    let kept = shown(world.put(Kind::Service, "s", node_port));
    assert_eq!(kept, made, "what is not named is kept");
    let port = at(&made, "/spec/ports/0/nodePort");
    let inner = shown(world.patch(Kind::Service, "s", json!({"spec": {"type": "ClusterIP"}})));
    assert_eq!(at(&inner, "/spec/clusterIP"), at(&made, "/spec/clusterIP"));
    assert_eq!(at(&inner, "/spec/ports/0/nodePort"), Value::Null);
    let other = json!({"metadata": {"name": "t"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}});
    assert_eq!(
        refused(world.try_create(Kind::Service, other)).0,
        200,
        "the port is free again"
    );
}

#[test]
fn status_and_spec_have_their_own_doors() {
    let mut world = World::new();
    let deployment = json!({"metadata": {"name": "d", "labels": {"l": "1"}}, "spec": {
        "replicas": 3, "selector": {"matchLabels": {"app": "d"}},
        "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}},
    }, "status": {"replicas": 9}});
    let made = world.create(Kind::Deployment, deployment);
    assert_eq!(at(&made, "/status"), json!({}));
    let mut both = made.clone();
    both["spec"]["replicas"] = json!(5);
    both["status"]["replicas"] = json!(2);
    let request = World::request(Verb::Update, Kind::Deployment, "d")
        .subresource(Subresource::Status)
        .body(Body::Json(both.clone()));
    let status = shown(world.ask(request));
    assert_eq!(
        (
            at(&status, "/spec/replicas"),
            at(&status, "/status/replicas")
        ),
        (json!(3), json!(2))
    );
    assert_eq!(at(&status, "/metadata/generation"), 1);
    both["metadata"]["resourceVersion"] = at(&status, "/metadata/resourceVersion");
    both["status"]["replicas"] = json!(7);
    let spec = shown(world.put(Kind::Deployment, "d", both));
    assert_eq!(
        (at(&spec, "/spec/replicas"), at(&spec, "/status/replicas")),
        (json!(5), json!(2))
    );
    assert_eq!(at(&spec, "/metadata/generation"), 2);
}

#[test]
fn workloads_scale() {
    let mut world = World::new();
    let set = json!({"metadata": {"name": "r"}, "spec": {"replicas": 1,
        "selector": {"matchLabels": {"app": "r"}, "matchExpressions": [
            {"key": "t", "operator": "In", "values": ["b", "a"]}, {"key": "no", "operator": "DoesNotExist"}]},
        "template": {"metadata": {"labels": {"app": "r", "t": "a"}},
            "spec": {"containers": [{"name": "c", "image": "x"}]}}}});
    world.create(Kind::ReplicaSet, set);
    let scale = |body: Body| {
        World::request(Verb::Update, Kind::ReplicaSet, "r")
            .subresource(Subresource::Scale)
            .body(body)
    };
    let scaled = shown(world.ask(scale(Body::Scale(4))));
    assert_eq!(
        scaled,
        json!({"replicas": 4, "current": 0, "selector": "app=r,!no,t in (a,b)"})
    );
    assert_eq!(at(&world.get(Kind::ReplicaSet, "r"), "/spec/replicas"), 4);
    assert_eq!(
        refused(world.ask(scale(Body::Scale(-1)))).1,
        "Scale.autoscaling \"r\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
}

#[test]
fn lists_select_and_page() {
    let mut world = World::new();
    for (name, app) in [("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")] {
        world.create(
            Kind::Secret,
            json!({"metadata": {"name": name, "labels": {"app": app}}}),
        );
    }
    let list = |world: &mut World, options: Options| {
        let mut request = World::request(Verb::List, Kind::Secret, "");
        request.options = options;
        match world.ask(request) {
            Ok(Reply::List {
                items,
                continue_token,
                ..
            }) => {
                let names: Vec<String> = items
                    .iter()
                    .map(|item| item.key().name.to_string())
                    .collect();
                (names.join(" "), continue_token)
            }
            other => (refused(other).1, String::new()),
        }
    };
    let by_label = Options {
        label_selector: "app=x".to_owned(),
        ..Options::default()
    };
    assert_eq!(list(&mut world, by_label).0, "a c d");
    let by_field = Options {
        field_selector: "metadata.name!=b".to_owned(),
        ..Options::default()
    };
    assert_eq!(list(&mut world, by_field).0, "a c d");
    let unknown = Options {
        field_selector: "data=x".to_owned(),
        ..Options::default()
    };
    assert_eq!(
        list(&mut world, unknown).0,
        "field label not supported: data"
    );
    let page = |token: &str| Options {
        limit: 3,
        continue_token: token.to_owned(),
        ..Options::default()
    };
    let (first, token) = list(&mut world, page(""));
    world.create(Kind::Secret, json!({"metadata": {"name": "cc"}}));
    assert_eq!(first, "a b c");
    assert_eq!(
        list(&mut world, page(&token)),
        ("d".to_owned(), String::new())
    );
}

#[test]
fn a_dry_run_shows_and_does_not_do() {
    let mut world = World::new();
    let mut request = World::request(Verb::Create, Kind::Service, "");
    request.body =
        Body::Json(json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}));
    request.options.dry_run = true;
    let shown = shown(world.ask(request));
    assert_eq!(at(&shown, "/spec/clusterIP"), "10.96.0.0");
    assert_eq!(at(&shown, "/metadata/resourceVersion"), Value::Null);
    assert_eq!(world.get(Kind::Service, "s"), "services \"s\" not found");
}

#[test]
fn events_are_gone_after_an_hour() {
    let mut world = World::new();
    let watcher = world.api.watch(Actor::User, Selection::all(Kind::Event));
    world.create(Kind::Event, json!({"metadata": {"name": "e"}}));
    world.sim.now = Instant::from_secs(3600);
    assert_eq!(at(&world.get(Kind::Event, "e"), "/metadata/name"), "e");
    world.sim.now = Instant::from_secs(3661);
    assert_eq!(world.get(Kind::Event, "e"), "events \"e\" not found");
    assert_eq!(world.api.take_events(watcher).len(), 2, "added and deleted");
}

#[test]
fn a_watch_by_node_follows_pods_onto_it_and_off_it() {
    let mut world = World::new();
    world.create(Kind::Pod, pod("p"));
    let watcher = world.api.watch(Actor::User, Selection::pods_of_node("n"));
    assert!(world.api.take_events(watcher).is_empty());
    let _ = world.bind("p", "n");
    let zero = DeleteOptions {
        grace_period_seconds: Some(0),
        ..DeleteOptions::default()
    };
    let _ = world.delete(Kind::Pod, "p", zero);
    let changes: Vec<String> = world
        .api
        .take_events(watcher)
        .iter()
        .map(|event| format!("{:?}", event.change))
        .collect();
    assert_eq!(changes, ["Added", "Modified", "Deleted"]);
}
