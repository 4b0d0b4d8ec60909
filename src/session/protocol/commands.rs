//! What a viewer asks for.

use super::ClusterSpec;
use crate::api::{Key, Kind, Name};
use crate::sim::Actor;
use serde::{Deserialize, Serialize};

/// Names a command whose answer is awaited; chosen by the viewer.
pub type Ticket = u32;

/// What a viewer asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Throw the cluster away and begin a new one.
    Reset(ClusterSpec),
    /// Let time run, or stop it.
    Play(bool),
    /// Virtual seconds for a wall second (0.1 to 100), or as fast as possible
    /// with infinity.
    Speed(f64),
    /// Advance to the next event that leaves a record, and stop.
    Step,
    /// Advance by so many virtual seconds as fast as possible, then go on as
    /// before.
    Skip(f64),
    /// Look at a manifest without applying it. Answered with diagnostics.
    Check {
        /// Names the answer.
        ticket: Ticket,
        /// YAML or JSON.
        text: String,
    },
    /// Apply every document, as `kubectl apply -f`.
    Apply {
        /// Names the answer.
        ticket: Ticket,
        /// YAML or JSON.
        text: String,
    },
    /// Delete every document's object, as `kubectl delete -f`.
    DeleteManifest {
        /// Names the answer.
        ticket: Ticket,
        /// YAML or JSON.
        text: String,
    },
    /// Do something to the cluster.
    Act {
        /// Names the answer.
        ticket: Ticket,
        /// What.
        action: Action,
    },
    /// Keep sending [`Detail`] about this; none to stop.
    Inspect(Option<Subject>),
    /// Begin a scenario (its name, or its YAML text), in a new cluster.
    Scenario(String),
    /// Go to a scenario's next step (its actions happen), or leave it.
    ScenarioNext,
    /// Leave the scenario; the cluster stays.
    ScenarioLeave,
    /// The page has shown the last update and can take another.
    Ready,
}

/// Something that can be selected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// An API object.
    Object {
        /// Kind.
        kind: Kind,
        /// Namespace and name.
        key: Key,
    },
    /// A component.
    Component(Actor),
}

/// What a user can do to the cluster besides applying manifests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Kill the main process of a container.
    CrashContainer {
        /// The pod.
        pod: Key,
        /// The container; the first where empty.
        container: Name,
    },
    /// DELETE an object.
    Delete {
        /// Kind.
        kind: Kind,
        /// Namespace and name.
        key: Key,
    },
    /// `kubectl scale`.
    Scale {
        /// Deployment or ReplicaSet.
        kind: Kind,
        /// Namespace and name.
        key: Key,
        /// Replicas wanted.
        replicas: i32,
    },
    /// `kubectl set image`.
    SetImage {
        /// The Deployment.
        deployment: Key,
        /// Container; the first where empty.
        container: Name,
        /// New image.
        image: String,
    },
    /// `kubectl rollout restart`.
    RolloutRestart {
        /// The Deployment.
        deployment: Key,
    },
    /// `kubectl rollout undo`.
    RolloutUndo {
        /// The Deployment.
        deployment: Key,
    },
    /// `kubectl cordon` (true) and `uncordon` (false).
    Cordon {
        /// Node.
        node: Name,
        /// Whether it takes no new pods.
        on: bool,
    },
    /// Pull a node's plug.
    StopNode {
        /// Node.
        node: Name,
    },
    /// Give it power again.
    StartNode {
        /// Node.
        node: Name,
    },
    /// Send a request and follow its packets.
    Send(SendPacket),
}

/// Where a packet begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A container of a pod (its first where the name is empty).
    Pod {
        /// The pod.
        pod: Key,
        /// The container.
        container: Name,
    },
    /// A process on a node.
    Node(Name),
    /// A client outside the cluster.
    Outside,
}

/// Where a packet wants to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// The address of a pod.
    Pod(Key),
    /// A service by its DNS name (from inside) or by its load balancer (from
    /// outside).
    Service(Key),
    /// A service's node port, at this node.
    NodePort {
        /// The service.
        service: Key,
        /// The node whose address is called.
        node: Name,
    },
    /// A host name or address, as typed (`web.default`, `10.96.0.10`,
    /// `localhost`).
    Host(String),
}

/// A request to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPacket {
    /// From where.
    pub from: Source,
    /// Where to.
    pub to: Destination,
    /// Port; the destination's first where absent.
    pub port: Option<u16>,
}
