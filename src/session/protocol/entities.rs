//! What there is in the cluster, as it is now.

use crate::api::{Key, Kind, Name};
use crate::sim::Instant;
use serde::{Deserialize, Serialize};

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
