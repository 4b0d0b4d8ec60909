//! What a newcomer's button does next: always something that teaches, chosen from
//! what is there.

use super::state::World;
use crate::api::{Key, Kind};
use crate::session::protocol::{
    Action, Destination, NodeState, PodState, PodView, SendPacket, Source, Subject,
};

/// One thing to make happen.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstStep {
    /// The button's label.
    pub title: &'static str,
    /// What will happen, in one line.
    pub words: String,
    /// The manifest to apply, or none.
    pub manifest: Option<&'static str>,
    /// The action to take, or none.
    pub action: Option<Action>,
    /// What to select, so that one looks at it.
    pub subject: Option<Subject>,
}

/// The application that is deployed where there is none.
pub const FIRST_MANIFEST: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: nginx
          image: nginx:1.29
          ports:
            - containerPort: 80
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
";

/// The next thing, when `taken` have been done.
pub fn next_step(world: &World, taken: usize) -> Option<FirstStep> {
    if world.nodes.is_empty() {
        return None;
    }
    let mut running: Vec<&PodView> = world
        .pods
        .values()
        .filter(|pod| !pod.system && pod.state == PodState::Running)
        .collect();
    running.sort_by_key(|pod| pod.created);
    let Some(pod) = running.first() else {
        let any = world.pods.values().any(|pod| !pod.system);
        return (!any).then(deploy);
    };
    match taken % 4 {
        1 => Some(delete(pod)),
        2 => send(&running).or_else(|| Some(crash(pod))),
        3 => stop(world, &running).or_else(|| Some(delete(pod))),
        _ => Some(crash(pod)),
    }
}

fn subject_of(pod: &PodView) -> Option<Subject> {
    Some(Subject::Object {
        kind: Kind::Pod,
        key: pod.key.clone(),
    })
}

fn deploy() -> FirstStep {
    FirstStep {
        title: "Deploy an app",
        words: "three replicas of nginx behind a Service".into(),
        manifest: Some(FIRST_MANIFEST),
        action: None,
        subject: None,
    }
}

fn crash(pod: &PodView) -> FirstStep {
    FirstStep {
        title: "Crash a container",
        words: format!("in {}: its kubelet restarts it in place", pod.key.name),
        manifest: None,
        action: Some(Action::CrashContainer {
            pod: pod.key.clone(),
            container: "".into(),
        }),
        subject: subject_of(pod),
    }
}

fn delete(pod: &PodView) -> FirstStep {
    FirstStep {
        title: "Delete a pod",
        words: format!("{}: its controller orders another", pod.key.name),
        manifest: None,
        action: Some(Action::Delete {
            kind: Kind::Pod,
            key: pod.key.clone(),
        }),
        subject: subject_of(pod),
    }
}

/// From one pod to another, on another node where there is one.
fn send(running: &[&PodView]) -> Option<FirstStep> {
    let from = running.first()?;
    let to = running
        .iter()
        .skip(1)
        .find(|pod| pod.node != from.node)
        .or_else(|| running.get(1))?;
    let place = match to.node == from.node {
        true => "over the bridge of one node",
        false => "from node to node, hop by hop",
    };
    Some(FirstStep {
        title: "Send a packet",
        words: place.into(),
        manifest: None,
        action: Some(Action::Send(SendPacket {
            from: Source::Pod {
                pod: from.key.clone(),
                container: "".into(),
            },
            to: Destination::Pod(to.key.clone()),
            port: to.ports.first().copied(),
        })),
        subject: None,
    })
}

fn stop(world: &World, running: &[&PodView]) -> Option<FirstStep> {
    let mut up = world
        .nodes
        .values()
        .filter(|node| node.powered && node.state == NodeState::Ready && !node.control_plane);
    let (first, others) = (up.next()?, up.count());
    if others == 0 {
        return None;
    }
    // One that has something to lose.
    let name = running
        .iter()
        .find_map(|pod| pod.node.clone())
        .unwrap_or(first.name.clone());
    Some(FirstStep {
        title: "Pull a node's plug",
        words: format!("{name}: Unknown after 40 s, its pods replaced after 5 min"),
        manifest: None,
        action: Some(Action::StopNode { node: name.clone() }),
        subject: Some(Subject::Object {
            kind: Kind::Node,
            key: Key::new("", name),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    #[test]
    fn an_empty_cluster_gets_an_app_first() {
        let mut world = World::default();
        assert_eq!(next_step(&world, 0), None);
        let mut update = fixture::small();
        update.pods.retain(|pod| pod.system);
        world.apply(&mut update);
        let step = next_step(&world, 0);
        assert_eq!(step.map(|step| step.manifest), Some(Some(FIRST_MANIFEST)));
    }

    #[test]
    fn four_steps_show_four_different_things() {
        let mut world = World::default();
        world.apply(&mut fixture::small());
        let titles: Vec<&str> = (0..4)
            .filter_map(|taken| next_step(&world, taken))
            .map(|step| step.title)
            .collect();
        assert_eq!(
            titles,
            [
                "Crash a container",
                "Delete a pod",
                "Send a packet",
                "Pull a node's plug"
            ]
        );
    }

    #[test]
    fn a_packet_crosses_nodes_where_it_can() {
        let mut world = World::default();
        world.apply(&mut fixture::small());
        let step = next_step(&world, 2);
        assert!(step.is_some_and(|step| step.words.contains("node to node")));
    }
}
