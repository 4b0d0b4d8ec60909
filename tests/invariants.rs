//! Random users, random faults: whatever they do, the invariants hold after
//! every event, and once it is quiet, what is wanted is there.

use proptest::prelude::*;
use serde_json::json;
use tabernetes::api::{Deployment, Key, Kind, Pod, Resource};
use tabernetes::apiserver::{Body, DeleteOptions, PatchType, Request, Subresource};
use tabernetes::cluster::invariants::{self, HistoryWatcher};
use tabernetes::cluster::{CONTROL_PLANE, Cluster, ClusterSpec};
use tabernetes::sim::trace::Verb;
use tabernetes::sim::{Actor, SECOND};

#[derive(Clone, Debug)]
enum Deed {
    Wait(u32),
    Scale(u32),
    NewImage(bool),
    DeletePod(usize),
    KillContainer(usize),
    KillProgram(usize),
    StopNode(u32),
    StartNode(u32),
    Cordon(u32, bool),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1u32..90).prop_map(Deed::Wait),
        3 => (0u32..12).prop_map(Deed::Scale),
        2 => any::<bool>().prop_map(Deed::NewImage),
        2 => (0usize..12).prop_map(Deed::DeletePod),
        2 => (0usize..12).prop_map(Deed::KillContainer),
        1 => (0usize..4).prop_map(Deed::KillProgram),
        1 => (0u32..4).prop_map(Deed::StopNode),
        2 => (0u32..4).prop_map(Deed::StartNode),
        1 => (1u32..4, any::<bool>()).prop_map(|(node, on)| Deed::Cordon(node, on)),
    ]
}

/// The control plane's programs, which are the containers of static pods.
const PROGRAMS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// Node 0 is the control plane's.
fn node_name(number: u32) -> String {
    match number {
        0 => CONTROL_PLANE.to_owned(),
        number => format!("node-{number}"),
    }
}

struct World {
    cluster: Cluster,
    history: HistoryWatcher,
}

impl World {
    fn new(seed: u64) -> Self {
        let cluster = Cluster::new(ClusterSpec {
            seed,
            ..ClusterSpec::default()
        });
        let mut world = World {
            cluster,
            history: HistoryWatcher::default(),
        };
        world.run(60);
        let manifest = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{
                        "name": "nginx", "image": "nginx:1.28",
                        "resources": {"requests": {"cpu": "300m", "memory": "128Mi"}},
                    }]},
                },
            },
        });
        let request = Request::new(
            Actor::User,
            Verb::Create,
            Kind::Deployment,
            Key::new("default", ""),
        );
        world
            .cluster
            .request(request.body(Body::Json(manifest)))
            .expect("the manifest is valid");
        world
    }

    /// Lets `seconds` pass, looking at every invariant after every event.
    fn run(&mut self, seconds: u32) {
        let until = self.cluster.now() + seconds * SECOND;
        while self.cluster.next_event_at().is_some_and(|at| at <= until) {
            let before = self.cluster.api().etcd().revision();
            self.cluster.step();
            if self.cluster.api().etcd().revision() != before {
                let broken = invariants::broken(&self.cluster);
                assert!(broken.is_empty(), "at {:?}: {broken:?}", self.cluster.now());
                let broken = self.history.broken(&self.cluster);
                assert!(broken.is_empty(), "at {:?}: {broken:?}", self.cluster.now());
            }
        }
        self.cluster.advance(until, u32::MAX);
    }

    fn pods(&self) -> Vec<Pod> {
        let entries = self.cluster.api().etcd().range(Kind::Pod, Some("default"));
        entries
            .filter_map(|(_, entry)| Pod::unwrap(&entry.object))
            .map(|pod| (**pod).clone())
            .collect()
    }

    fn request(&mut self, request: Request) {
        // Refusals are a part of life; invariants are what counts.
        let _ = self.cluster.request(request);
    }

    fn patch(&mut self, kind: Kind, key: Key, patch: serde_json::Value) {
        let request = Request::new(Actor::User, Verb::Patch, kind, key);
        self.request(request.body(Body::Patch(PatchType::Strategic, patch)));
    }

    fn perform(&mut self, deed: &Deed) {
        let web = Key::new("default", "web");
        match *deed {
            Deed::Wait(seconds) => self.run(seconds),
            Deed::Scale(replicas) => {
                let request = Request::new(Actor::User, Verb::Update, Kind::Deployment, web)
                    .subresource(Subresource::Scale)
                    .body(Body::Scale(replicas as i32));
                self.request(request);
            }
            Deed::NewImage(newer) => {
                let image = if newer { "nginx:1.29" } else { "nginx:1.28" };
                let containers = json!([{"name": "nginx", "image": image}]);
                self.patch(
                    Kind::Deployment,
                    web,
                    json!({"spec": {"template": {"spec": {"containers": containers}}}}),
                );
            }
            Deed::DeletePod(index) => {
                if let Some(pod) = self.pods().get(index) {
                    let request = Request::new(Actor::User, Verb::Delete, Kind::Pod, pod.key());
                    self.request(request.body(Body::Delete(DeleteOptions::default())));
                }
            }
            Deed::KillContainer(index) => {
                if let Some(pod) = self.pods().get(index) {
                    let _ = self.cluster.kill_container(&pod.key(), "");
                }
            }
            Deed::KillProgram(index) => {
                if let Some(program) = PROGRAMS.get(index) {
                    let pod = Key::new("kube-system", format!("{program}-{CONTROL_PLANE}"));
                    let _ = self.cluster.kill_container(&pod, "");
                }
            }
            Deed::StopNode(node) => drop(self.cluster.stop_node(&node_name(node))),
            Deed::StartNode(node) => drop(self.cluster.start_node(&node_name(node))),
            Deed::Cordon(node, on) => {
                self.patch(
                    Kind::Node,
                    Key::new("", format!("node-{node}")),
                    json!({"spec": {"unschedulable": on}}),
                );
            }
        }
    }

    /// Everything is mended, and time passes: then nothing is left to do.
    fn settle(&mut self) {
        for node in 0..=3 {
            self.perform(&Deed::StartNode(node));
        }
        // A program that crashed often waits five minutes for its restart.
        self.run(400);
        for node in 1..=3 {
            self.perform(&Deed::Cordon(node, false));
        }
        self.run(900);
    }

    fn wanted_and_ready(&self) -> (i32, i32) {
        let mut entries = self
            .cluster
            .api()
            .etcd()
            .range(Kind::Deployment, Some("default"));
        let (_, entry) = entries.next().expect("nobody deletes the Deployment");
        let deployment = Deployment::unwrap(&entry.object).expect("it is a Deployment");
        let wanted = deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.replicas)
            .unwrap_or(0);
        let ready = deployment
            .status
            .as_ref()
            .and_then(|status| status.ready_replicas)
            .unwrap_or(0);
        (wanted, ready)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_whatever_happens(seed in 0u64..1000, deeds in prop::collection::vec(deed(), 1..16)) {
        let mut world = World::new(seed);
        for deed in &deeds {
            world.perform(deed);
        }
        world.settle();
        let (wanted, ready) = world.wanted_and_ready();
        prop_assert_eq!(wanted, ready);
        prop_assert_eq!(world.pods().len() as i32, wanted);
    }

    #[test]
    fn a_clone_goes_on_alike(seed in 0u64..1000, deeds in prop::collection::vec(deed(), 1..6)) {
        let mut world = World::new(seed);
        for deed in &deeds {
            world.perform(deed);
        }
        let mut fork = World { cluster: world.cluster.clone(), history: world.history.clone() };
        world.run(60);
        fork.run(60);
        let records = |world: &World| {
            let trace = world.cluster.trace();
            trace.latest().take(2000).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(records(&world), records(&fork));
    }
}
