//! The form of a scenario file.

use crate::cluster::ClusterSpec;
use crate::session::protocol::PodState;
use serde::Deserialize;
use serde_json::Value;

/// A lesson: a cluster, and steps that do something to it and expect something
/// of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Title.
    pub title: String,
    /// What one learns, in a sentence or two.
    pub goal: String,
    /// The cluster to begin with.
    #[serde(default)]
    pub cluster: ClusterSpec,
    /// The steps, one after the other.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Title.
    pub title: String,
    /// Paragraphs, divided by blank lines.
    pub words: String,
    /// Done when the step begins, in this order.
    #[serde(default, rename = "do")]
    pub actions: Vec<Deed>,
    /// What must come true.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// Virtual seconds in which it must.
    #[serde(default = "within_default")]
    pub within: u32,
    /// What to look at.
    #[serde(default)]
    pub select: Option<Pick>,
    /// Words on the button that leads to the next step.
    #[serde(default)]
    pub next: Option<String>,
}

const fn within_default() -> u32 {
    60
}

/// Something done to the cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Deed {
    /// `kubectl apply -f`.
    Apply(String),
    /// `kubectl delete`.
    Delete(Pick),
    /// Kill a container's process.
    Crash(PodPick),
    /// `kubectl scale deployment`.
    Scale {
        /// Deployment.
        deployment: String,
        /// Replicas wanted.
        replicas: i32,
    },
    /// `kubectl set image deployment`.
    SetImage {
        /// Deployment.
        deployment: String,
        /// New image of its first container.
        image: String,
    },
    /// `kubectl rollout undo deployment`.
    Undo(String),
    /// `kubectl cordon`.
    Cordon(NodePick),
    /// Pull a node's plug.
    StopNode(NodePick),
    /// Give it power again.
    StartNode(NodePick),
    /// Send a packet.
    Send {
        /// From a pod; from outside the cluster where absent.
        #[serde(default)]
        from: Option<PodPick>,
        /// Where to.
        to: PacketPick,
    },
    /// Change the speed of time.
    Speed(f64),
}

/// Where a packet goes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum PacketPick {
    /// To a pod's address.
    Pod(PodPick),
    /// To a service by name, or by its load balancer from outside.
    Service(String),
    /// To a service's node port at a node.
    NodePort {
        /// Service.
        service: String,
        /// Node.
        node: NodePick,
    },
    /// To a host name or address.
    Host(String),
}

/// A pod, found by its labels: its name is not known when the file is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodPick {
    /// `app=web`.
    pub selector: String,
    /// Which of them, by name, from 0.
    #[serde(default)]
    pub index: usize,
    /// Not one on the same node as this one.
    #[serde(default)]
    pub away_from: Option<Box<PodPick>>,
}

/// A node by its name, or the node of a pod.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum NodePick {
    /// By name.
    Named(String),
    /// By a pod on it.
    Of {
        /// The pod.
        of: PodPick,
    },
}

/// An object.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Pick {
    /// A pod by its labels.
    Pod(PodPick),
    /// A node.
    Node(NodePick),
    /// A Deployment by name.
    Deployment(String),
    /// A Service by name.
    Service(String),
}

/// What must come true.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    /// The same in words.
    pub text: String,
    /// How it is found out.
    #[serde(flatten)]
    pub that: Proof,
}

/// How an expectation is found out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Proof {
    /// So many pods match, in this state.
    Pods {
        /// `app=web`.
        selector: String,
        /// State; any where absent.
        #[serde(default)]
        state: Option<PodState>,
        /// How many, exactly.
        count: usize,
    },
    /// The restarts of the pods that match, together, are at least so many.
    #[serde(rename_all = "camelCase")]
    Restarts {
        /// `app=web`.
        selector: String,
        /// At least.
        at_least: u32,
    },
    /// A field of an object has this value.
    Field {
        /// Kind.
        kind: String,
        /// Name.
        name: String,
        /// JSON pointer (`/status/readyReplicas`). A step in brackets finds an
        /// element of a list by a field (`/status/conditions/[type=Ready]/status`).
        path: String,
        /// Value.
        equals: Value,
    },
    /// An event was written.
    Event {
        /// Reason.
        reason: String,
        /// A part of its message.
        #[serde(default)]
        contains: String,
    },
    /// Every node that has power has rules that lead to so many endpoints.
    Rules {
        /// Service.
        service: String,
        /// Endpoints.
        endpoints: usize,
    },
    /// The last packet's journey.
    Journey {
        /// Whether the reply came back.
        answered: bool,
        /// Nodes that the request passed.
        #[serde(default)]
        nodes: Option<usize>,
        /// Whether an address was rewritten on the way there.
        #[serde(default)]
        rewritten: Option<bool>,
    },
}

impl Scenario {
    /// Reads a scenario. The error says what is wrong and where.
    pub fn read(text: &str) -> Result<Scenario, String> {
        let value: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let scenario: Scenario =
            serde_path_to_error::deserialize(value).map_err(|error| error.to_string())?;
        if scenario.steps.is_empty() {
            return Err("steps: a scenario has at least one step".into());
        }
        Ok(scenario)
    }
}
