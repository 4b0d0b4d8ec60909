//! The words between a viewer and the engine. Encoded with postcard where they
//! cross to the page.
//!
//! Everything that is shown is either an entity (a node, pod, workload or service
//! as it is now, sent when it changes), a [`Record`] of the trace (a movement), or
//! the answer to a command. The viewer invents nothing.

use crate::api::{Key, Kind, Name};
pub use crate::cluster::ClusterSpec;
use crate::sim::trace::{Decision, Journey, Record};
use crate::sim::{Actor, Instant};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

/// What the engine tells a viewer: everything since the last update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The entities below are all there are: forget the others (after a reset).
    pub whole: bool,
    /// Clock and transport.
    pub clock: ClockView,
    /// Nodes that changed.
    pub nodes: Vec<NodeView>,
    /// Nodes that are gone, by name.
    pub nodes_gone: Vec<Name>,
    /// Pods that changed.
    pub pods: Vec<PodView>,
    /// Pods that are gone, by uid.
    pub pods_gone: Vec<Name>,
    /// Workloads that changed.
    pub workloads: Vec<WorkloadView>,
    /// Workloads that are gone, by uid.
    pub workloads_gone: Vec<Name>,
    /// Services that changed.
    pub services: Vec<ServiceView>,
    /// Services that are gone, by uid.
    pub services_gone: Vec<Name>,
    /// What happened, oldest first: at most [`RECORDS_PER_UPDATE_MAX`].
    pub records: Vec<Arc<Record>>,
    /// Calls and deliveries that did not fit, counted.
    pub bundles: Vec<Bundle>,
    /// Kubernetes events, as `kubectl get events` has them, oldest first.
    pub events: Vec<EventView>,
    /// Marks for the timeline.
    pub marks: Vec<Mark>,
    /// Samples for the charts, oldest first.
    pub samples: Vec<Sample>,
    /// Answers to commands.
    pub answers: Vec<(Ticket, Answer)>,
    /// About the inspected subject, when it changed.
    pub detail: Option<Box<Detail>>,
    /// The scenario that runs, when its state changed.
    pub scenario: Option<ScenarioView>,
}

/// Records in one update; what goes beyond is bundled into counts.
pub const RECORDS_PER_UPDATE_MAX: usize = 400;

/// Clock and transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockView {
    /// Virtual time.
    pub now: Instant,
    /// Whether time runs.
    pub playing: bool,
    /// The speed asked for.
    pub speed: f64,
    /// The speed reached; lower than asked when there is too much to compute.
    pub speed_reached: f64,
    /// The store's revision.
    pub revision: u64,
}

/// State of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeState {
    /// It reports itself ready.
    Ready,
    /// It reports itself not ready.
    NotReady,
    /// It reports nothing.
    Unknown,
}

/// A node as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Name.
    pub name: Name,
    /// What the API says of it.
    pub state: NodeState,
    /// Whether it has power; the API learns of it later.
    pub powered: bool,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Whether the control plane runs here.
    pub control_plane: bool,
    /// Taints (`key=value:Effect`).
    pub taints: Vec<Name>,
    /// Zone label, or empty.
    pub zone: Name,
    /// Address.
    pub ip: Name,
    /// Range of its pods.
    pub pod_cidr: Name,
    /// Allocatable CPU in thousandths.
    pub cpu_allocatable: i64,
    /// Sum of its pods' CPU requests.
    pub cpu_requested: i64,
    /// Allocatable memory in bytes.
    pub memory_allocatable: i64,
    /// Sum of its pods' memory requests.
    pub memory_requested: i64,
    /// Pods that it can hold.
    pub pods_allocatable: u32,
}

/// State of a pod: what its tile shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PodState {
    /// Not placed on a node yet.
    Pending,
    /// Placed; images are pulled, containers made.
    Starting,
    /// Running and ready.
    Running,
    /// Running, not ready.
    NotReady,
    /// A container waits for its next restart.
    BackOff,
    /// Its image cannot be had, or its configuration is missing.
    Blocked,
    /// Every container ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// It is being deleted.
    Terminating,
    /// Its node does not report.
    Unknown,
}

/// State of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not yet.
    Waiting,
    /// Running, not ready.
    Running,
    /// Running and ready.
    Ready,
    /// Ended with 0.
    Completed,
    /// Ended with another code.
    Failed,
    /// Waits for its next restart.
    BackOff,
}

/// A container as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerView {
    /// Name.
    pub name: Name,
    /// Image.
    pub image: Name,
    /// Whether it is an init container.
    pub init: bool,
    /// State.
    pub state: ContainerState,
    /// The reason that the API gives (`CrashLoopBackOff`), or empty.
    pub reason: Name,
    /// Restarts.
    pub restarts: u32,
    /// When the back-off ends, and how long it is in seconds.
    pub back_off: Option<(Instant, u32)>,
}

/// A pod as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodView {
    /// Its identity.
    pub uid: Name,
    /// Namespace and name.
    pub key: Key,
    /// What its tile shows.
    pub state: PodState,
    /// What `kubectl get pods` shows under STATUS.
    pub status: Name,
    /// Node, or none while pending.
    pub node: Option<Name>,
    /// Address, or empty.
    pub ip: Name,
    /// Name of its veth on the node, or empty.
    pub veth: Name,
    /// Name of the workload that made it (Deployment, or its direct owner), or
    /// empty.
    pub workload: Name,
    /// Revision of its workload (`pod-template-hash`), or empty.
    pub revision: Name,
    /// Init containers first.
    pub containers: Vec<ContainerView>,
    /// Whether the pod is Ready.
    pub ready: bool,
    /// Restarts of all containers.
    pub restarts: u32,
    /// When it was created.
    pub created: Instant,
    /// When it is to be killed, if it is being deleted.
    pub deletion: Option<Instant>,
    /// Whether it is a part of the cluster (namespace kube-system).
    pub system: bool,
    /// TCP ports that its containers declare or listen on.
    pub ports: Vec<u16>,
}

/// A Deployment, ReplicaSet without a Deployment, or other workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadView {
    /// Its identity.
    pub uid: Name,
    /// Kind.
    pub kind: Kind,
    /// Namespace and name.
    pub key: Key,
    /// Replicas wanted.
    pub desired: i32,
    /// Pods there are.
    pub current: i32,
    /// Pods ready.
    pub ready: i32,
    /// Pods of the newest template.
    pub updated: i32,
    /// Pods available.
    pub available: i32,
    /// Images of its containers.
    pub images: Vec<Name>,
    /// Revision number, or 0.
    pub revision: u32,
    /// Hash of the newest template, or empty.
    pub template_hash: Name,
    /// Owner, where a Deployment owns it.
    pub owner: Name,
    /// Whether it is a part of the cluster.
    pub system: bool,
}

/// A Service as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceView {
    /// Its identity.
    pub uid: Name,
    /// Namespace and name.
    pub key: Key,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub service_type: Name,
    /// Its virtual address, `None` for headless, or empty.
    pub cluster_ip: Name,
    /// The load balancer's address, or empty.
    pub external_ip: Name,
    /// Its ports as `kubectl get services` shows them (`80:30080/TCP`).
    pub ports: Vec<Name>,
    /// Port numbers.
    pub port_numbers: Vec<u16>,
    /// Ready endpoints by pod uid.
    pub endpoints: Vec<Name>,
    /// Endpoints that are not ready, by pod uid.
    pub endpoints_not_ready: Vec<Name>,
    /// Whether it is a part of the cluster.
    pub system: bool,
}

/// Calls or deliveries of one sort that were too many to tell singly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Who called, or got told.
    pub actor: Actor,
    /// Whether it called (true) or was told (false).
    pub call: bool,
    /// Plural name of the resource.
    pub resource: Name,
    /// How many.
    pub count: u32,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// When it was last seen.
    pub at: Instant,
    /// Whether it is a Warning.
    pub warning: bool,
    /// Reason.
    pub reason: Name,
    /// About what.
    pub kind: Name,
    /// About which.
    pub key: Key,
    /// Message.
    pub message: Name,
    /// Who says so (`kubelet`).
    pub source: Name,
    /// How often.
    pub count: u32,
}

/// A mark on the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Instant,
    /// What kind of thing.
    pub sort: MarkSort,
    /// One line.
    pub text: Name,
    /// What to select, if anything.
    pub subject: Option<Subject>,
}

/// Kinds of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkSort {
    /// The user did something.
    User,
    /// A pod was placed.
    Placed,
    /// A container ended or waits in back-off.
    Crash,
    /// A node went or came.
    Node,
    /// A packet was sent.
    Packet,
    /// A scenario's step.
    Step,
    /// Something else that deserves a look.
    Warning,
}

/// A sample for the charts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Pods Pending, Running, Succeeded, Failed, Unknown.
    pub phases: [u32; 5],
    /// Container restarts so far, over all pods there are.
    pub restarts: u32,
}

/// A message about a manifest, at its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticView {
    /// 2 error, 1 warning, 0 information.
    pub severity: u8,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Line where it ends.
    pub end_line: u32,
    /// Column after its end.
    pub end_column: u32,
    /// What is wrong, in Kubernetes' words.
    pub message: String,
    /// What to do, or empty.
    pub fix: String,
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its kind, as written.
    pub kind: String,
    /// Its namespace and name.
    pub key: Key,
    /// `created`, `configured`, `unchanged`, `deleted`, or empty on error.
    pub result: String,
    /// The error, or empty.
    pub error: String,
    /// Line where the document begins.
    pub line: u32,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Done; one line of what was done.
    Done(String),
    /// Not done; why, and what to do.
    Refused(String),
    /// What a manifest was found to be.
    Checked(Vec<DiagnosticView>),
    /// What became of each document, and what was found at which line.
    Applied {
        /// By document.
        outcomes: Vec<Outcome>,
        /// At their lines.
        diagnostics: Vec<DiagnosticView>,
    },
    /// A packet's way.
    Journey(Arc<Journey>),
}

/// Everything the inspector shows of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Of what.
    pub subject: Subject,
    /// Whether it is still there.
    pub gone: bool,
    /// One line: what it is.
    pub headline: String,
    /// Name and value, in order of weight.
    pub facts: Vec<(String, String)>,
    /// "Why?": question and answers.
    pub why: Vec<Why>,
    /// `status.conditions`.
    pub conditions: Vec<ConditionView>,
    /// Its events, the latest first.
    pub events: Vec<EventView>,
    /// The scheduler's last decision about it, for pods.
    pub decision: Option<Arc<Decision>>,
    /// The object as `kubectl get -o yaml` prints it.
    pub yaml: String,
    /// Tables of text: `iptables-save`, routes, neighbours, logs… (title, text).
    pub texts: Vec<(String, String)>,
    /// Other subjects it belongs with (owner, pods, node): (relation, subject).
    pub related: Vec<(String, Subject)>,
}

/// A question that a user has, answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The question (`Why is it not Ready?`).
    pub question: String,
    /// The answer, one fact a line.
    pub answer: Vec<String>,
}

/// One of `status.conditions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionView {
    /// Type.
    pub name: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Reason, or empty.
    pub reason: String,
    /// Message, or empty.
    pub message: String,
    /// Since when.
    pub since: Option<Instant>,
}

/// A scenario as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScenarioView {
    /// File name without its ending; empty when none runs.
    pub name: String,
    /// Title.
    pub title: String,
    /// What one learns.
    pub goal: String,
    /// The steps' titles.
    pub steps: Vec<String>,
    /// The step that is on, from 0.
    pub step: usize,
    /// Its words, a paragraph an item.
    pub words: Vec<String>,
    /// Label of the button that goes on.
    pub next: String,
    /// What is expected of this step, and whether it has come true.
    pub expectations: Vec<(String, bool)>,
    /// What to select, when the step begins.
    pub select: Option<Subject>,
    /// Whether the last step is done.
    pub finished: bool,
}
