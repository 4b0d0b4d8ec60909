//! The node's own object and lease.

use super::host::Host;
use super::runtime::fingerprint;
use super::{Timer, Wake, wire};
use crate::api::core::{
    ContainerImage, DaemonEndpoint, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeSpec,
    NodeStatus, NodeSystemInfo,
};
use crate::api::{
    Key, Lease, MicroTime, Node, Object, ObjectMeta, OwnerReference, QuantityText, Resource, Time,
};
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::order::Order as _;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The Kubernetes version that this models.
const VERSION: &str = "v1.36.2";
/// Where leases of nodes live.
const LEASE_NAMESPACE: &str = "kube-node-lease";
/// `nodeLeaseDurationSeconds`.
const LEASE_SECONDS: i32 = 40;
/// A quarter of the lease.
const LEASE_RENEWAL: Duration = Duration::from_secs(10);
/// `nodeStatusReportFrequency`: an unchanged status is written this often.
const NODE_STATUS_PERIOD: Duration = Duration::from_secs(300);
/// From the pod range to a network plugin that is ready.
const CNI_START: Duration = Duration::from_millis(200);
/// Registration is tried again after this.
const REGISTER_RETRY: Duration = Duration::from_millis(200);
/// `nodeStatusMaxImages`.
const STATUS_IMAGES_MAX: usize = 50;
/// Bytes of local disk that pods may use.
const EPHEMERAL_STORAGE: &str = "61255492Ki";

const CNI_NOT_READY: &str = "container runtime network not ready: NetworkReady=false \
    reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

impl Host {
    /// Begins the life of the kubelet.
    pub(super) fn begin(&mut self, ctx: &mut Ctx<'_, Timer>) {
        self.started_at = ctx.now();
        self.register(ctx);
        self.after(ctx, NODE_STATUS_PERIOD, Wake::NodeStatus);
    }

    /// Creates the node's object, or takes over the one that is there.
    pub(super) fn register(&mut self, ctx: &mut Ctx<'_, Timer>) {
        let key = Key::new("", self.config.name.clone());
        let stored = match ctx.create(self.compose(ctx)) {
            Ok(stored) => Ok(stored),
            Err(error) if error.code == Some(409) => self.reconcile(&key, ctx),
            Err(error) => Err(error),
        };
        let Ok(stored) = stored else {
            return self.after(ctx, REGISTER_RETRY, Wake::Register);
        };
        self.registered = true;
        self.node = Some(stored.clone());
        self.node_event("Starting", "Starting kubelet.", ctx);
        if self.boot > 0 {
            let message = format!(
                "Node {} has been rebooted, boot id: {}",
                self.config.name,
                self.boot_id()
            );
            let about = Object::Node(stored.clone());
            self.recorder
                .event(ctx, &about, EventType::Warning, "Rebooted", &message);
        }
        for reason in [
            "NodeHasSufficientMemory",
            "NodeHasNoDiskPressure",
            "NodeHasSufficientPID",
        ] {
            self.node_status_event(reason, ctx);
        }
        self.see_node(stored, ctx);
        self.renew_lease(ctx);
    }

    fn reconcile(
        &self,
        key: &Key,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Result<Arc<Node>, crate::api::status::ApiError> {
        let present = ctx.get::<Node>(key)?;
        let mut node = (*present).clone();
        node.status = Some(self.status(present.status.as_ref(), ctx));
        ctx.update_status(node)
    }

    fn compose(&self, ctx: &Ctx<'_, Timer>) -> Node {
        Node {
            metadata: ObjectMeta {
                name: Some(self.config.name.to_string()),
                labels: Some(self.own_labels()),
                annotations: Some(BTreeMap::from([(
                    "volumes.kubernetes.io/controller-managed-attach-detach".to_owned(),
                    "true".to_owned(),
                )])),
                ..ObjectMeta::default()
            },
            spec: Some(NodeSpec {
                taints: Some(self.config.taints.clone()).filter(|taints| !taints.is_empty()),
                ..NodeSpec::default()
            }),
            status: Some(self.status(None, ctx)),
        }
    }

    /// The labels that this kubelet sets.
    pub(super) fn own_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.config.labels.clone();
        let name = self.config.name.to_string();
        let own = [
            ("beta.kubernetes.io/arch", "amd64"),
            ("beta.kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/hostname", name.as_str()),
            ("kubernetes.io/os", "linux"),
        ];
        labels.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        if let Some(zone) = &self.config.zone {
            labels.insert("topology.kubernetes.io/zone".to_owned(), zone.clone());
        }
        labels
    }

    fn boot_id(&self) -> String {
        uuid_of(&format!("{} boot {}", self.config.name, self.boot))
    }

    fn status(&self, before: Option<&NodeStatus>, ctx: &Ctx<'_, Timer>) -> NodeStatus {
        let amount = |text: String| QuantityText(text);
        let cpu = match self.config.cpu_millis % 1000 {
            0 => (self.config.cpu_millis / 1000).to_string(),
            _ => format!("{}m", self.config.cpu_millis),
        };
        let capacity = BTreeMap::from([
            ("cpu".to_owned(), amount(cpu)),
            (
                "ephemeral-storage".to_owned(),
                amount(EPHEMERAL_STORAGE.to_owned()),
            ),
            ("hugepages-1Gi".to_owned(), amount("0".to_owned())),
            ("hugepages-2Mi".to_owned(), amount("0".to_owned())),
            (
                "memory".to_owned(),
                amount(format!("{}Ki", self.config.memory_bytes / 1024)),
            ),
            ("pods".to_owned(), amount(self.config.pods_max.to_string())),
        ]);
        let address = |kind: &str, address: String| NodeAddress {
            type_: kind.to_owned(),
            address,
        };
        NodeStatus {
            addresses: Some(vec![
                address("InternalIP", self.config.ip.to_string()),
                address("Hostname", self.config.name.to_string()),
            ]),
            allocatable: Some(capacity.clone()),
            capacity: Some(capacity),
            conditions: Some(self.conditions(before, ctx)),
            daemon_endpoints: Some(NodeDaemonEndpoints {
                kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }),
            }),
            images: Some(self.images_by_size()),
            node_info: Some(self.info()),
            ..NodeStatus::default()
        }
    }

    fn images_by_size(&self) -> Vec<ContainerImage> {
        let mut images: Vec<_> = self.images.iter().collect();
        images.order_by_key(|(name, size)| (std::cmp::Reverse(**size), (*name).clone()));
        let listed = images.into_iter().take(STATUS_IMAGES_MAX);
        listed
            .map(|(name, size)| ContainerImage {
                names: Some(vec![name.clone()]),
                size_bytes: Some(*size as i64),
            })
            .collect()
    }

    fn info(&self) -> NodeSystemInfo {
        let name = &self.config.name;
        NodeSystemInfo {
            architecture: "amd64".to_owned(),
            boot_id: self.boot_id(),
            container_runtime_version: "containerd://2.2.1".to_owned(),
            kernel_version: "6.12.48+deb13-amd64".to_owned(),
            kube_proxy_version: String::new(),
            kubelet_version: VERSION.to_owned(),
            machine_id: fingerprint(name).get(..32).unwrap_or_default().to_owned(),
            operating_system: "linux".to_owned(),
            os_image: "Debian GNU/Linux 13 (trixie)".to_owned(),
            system_uuid: uuid_of(name),
            ..NodeSystemInfo::default()
        }
    }

    fn conditions(&self, before: Option<&NodeStatus>, ctx: &Ctx<'_, Timer>) -> Vec<NodeCondition> {
        let now = Time(ctx.now().timestamp());
        let ready = match self.network_ready {
            true => (
                "Ready",
                "True",
                "KubeletReady",
                "kubelet is posting ready status",
            ),
            false => ("Ready", "False", "KubeletNotReady", CNI_NOT_READY),
        };
        let own = [
            (
                "MemoryPressure",
                "False",
                "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available",
            ),
            (
                "DiskPressure",
                "False",
                "KubeletHasNoDiskPressure",
                "kubelet has no disk pressure",
            ),
            (
                "PIDPressure",
                "False",
                "KubeletHasSufficientPID",
                "kubelet has sufficient PID available",
            ),
            ready,
        ];
        let present = before
            .and_then(|before| before.conditions.as_deref())
            .unwrap_or_default();
        // Conditions of others (NetworkUnavailable) stay as they are.
        let others = present
            .iter()
            .filter(|condition| own.iter().all(|(name, ..)| *name != condition.type_));
        let conditions = own.iter().map(|(name, status, reason, message)| {
            let mut before = present.iter();
            let since = before
                .find(|condition| condition.type_ == *name && condition.status == *status)
                .and_then(|condition| condition.last_transition_time.clone());
            NodeCondition {
                type_: (*name).to_owned(),
                status: (*status).to_owned(),
                reason: Some((*reason).to_owned()),
                message: Some((*message).to_owned()),
                last_heartbeat_time: Some(now.clone()),
                last_transition_time: Some(since.unwrap_or_else(|| now.clone())),
            }
        });
        others.cloned().chain(conditions).collect()
    }

    /// Takes what the API server has of the node.
    pub(super) fn see_node(&mut self, node: Arc<Node>, ctx: &mut Ctx<'_, Timer>) {
        let range = node.spec.as_ref().and_then(|spec| spec.pod_cidr.clone());
        self.node = Some(node);
        if self.registered && self.pod_cidr.is_none() && range.is_some() {
            self.pod_cidr = range;
            self.after(ctx, CNI_START, Wake::NodeReady);
        }
    }

    /// The network plugin is there: the node becomes ready.
    pub(super) fn network_up(&mut self, ctx: &mut Ctx<'_, Timer>, net: &mut Network) {
        wire::connect(net, self);
        self.network_ready = true;
        self.write_node(ctx);
        self.node_status_event("NodeReady", ctx);
    }

    fn write_node(&mut self, ctx: &mut Ctx<'_, Timer>) {
        let key = Key::new("", self.config.name.clone());
        let mut present = self.node.clone();
        // Twice: what is known of the node may be old.
        for _ in 0..2 {
            let Some(node) = present.or_else(|| ctx.get::<Node>(&key).ok()) else {
                return;
            };
            let mut changed = (*node).clone();
            changed.status = Some(self.status(node.status.as_ref(), ctx));
            match ctx.update_status(changed) {
                Ok(stored) => {
                    self.node = Some(stored);
                    return;
                }
                Err(_) => present = None,
            }
        }
    }

    /// Writes the node's status, changed or not, so that it never looks stale.
    pub(super) fn report_node(&mut self, ctx: &mut Ctx<'_, Timer>) {
        self.write_node(ctx);
        self.after(ctx, NODE_STATUS_PERIOD, Wake::NodeStatus);
    }

    /// Renews the node's lease.
    pub(super) fn renew_lease(&mut self, ctx: &mut Ctx<'_, Timer>) {
        self.lease = self.next_lease(ctx);
        self.after(ctx, LEASE_RENEWAL, Wake::Lease);
    }

    fn next_lease(&self, ctx: &mut Ctx<'_, Timer>) -> Option<Arc<Lease>> {
        let key = Key::new(LEASE_NAMESPACE, self.config.name.clone());
        let now = MicroTime(ctx.now().timestamp_micro());
        if let Some(lease) = &self.lease
            && let Ok(renewed) = ctx.update(renewed(lease, &now))
        {
            return Some(renewed);
        }
        if let Ok(lease) = ctx.get::<Lease>(&key) {
            return ctx.update(renewed(&lease, &now)).ok();
        }
        ctx.create(self.new_lease(now)).ok()
    }

    fn new_lease(&self, now: MicroTime) -> Lease {
        let owner = self.node.as_ref().map(|node| OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: self.config.name.to_string(),
            uid: node.uid().to_owned(),
            ..OwnerReference::default()
        });
        Lease {
            metadata: ObjectMeta {
                name: Some(self.config.name.to_string()),
                namespace: Some(LEASE_NAMESPACE.to_owned()),
                owner_references: owner.map(|owner| vec![owner]),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.config.name.to_string()),
                lease_duration_seconds: Some(LEASE_SECONDS),
                renew_time: Some(now),
                ..LeaseSpec::default()
            }),
        }
    }

    fn node_event(&mut self, reason: &str, message: &str, ctx: &mut Ctx<'_, Timer>) {
        let Some(node) = self.node.clone() else {
            return;
        };
        self.recorder
            .event(ctx, &Object::Node(node), EventType::Normal, reason, message);
    }

    fn node_status_event(&mut self, reason: &str, ctx: &mut Ctx<'_, Timer>) {
        let message = format!("Node {} status is now: {reason}", self.config.name);
        self.node_event(reason, &message, ctx);
    }
}

fn renewed(lease: &Lease, now: &MicroTime) -> Lease {
    let mut lease = lease.clone();
    lease.spec.get_or_insert_default().renew_time = Some(now.clone());
    lease
}

/// A UUID that depends on nothing but the name.
fn uuid_of(name: &str) -> String {
    let hex = fingerprint(name);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}
