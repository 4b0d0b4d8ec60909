//! kube-controller-manager: the controllers and what they share.
//!
//! | file | controller |
//! |---|---|
//! | `deployment` | moves a Deployment from one ReplicaSet to the next |
//! | `replicaset` | keeps as many pods as a ReplicaSet wants |
//! | `endpointslice` | which pods stand behind a service, in slices |
//! | `endpointslicemirroring` | slices for Endpoints that a user wrote |
//! | `endpoints` | the same as one list, as it was before slices |
//! | `namespace` | empties a namespace that is being deleted |
//! | `serviceaccount` | each namespace has an account `default` |
//! | `root_ca` | each namespace has the cluster's root certificate |
//! | `garbage` | what is owned goes with its last owner |
//! | `nodelifecycle` | notices nodes that fell silent |
//! | `tainteviction` | pods that do not tolerate their node's taints go |
//! | `podgc` | pods that nobody else would remove |
//! | `budgets` | how many pods may be evicted now |
//! | `resourcequota` | what a namespace uses of its quotas |
//! | `protection` | claims and volumes go once nobody uses them |
//! | `nodeipam` | each node gets a range for its pods' addresses |
//! | [`cloud`] | load balancers, outside kube-controller-manager |
//!
//! All share one set of informer caches (`informers.rs`). Each has its own work
//! queue and worker (`desk.rs`), so that they run beside each other as upstream's
//! do, and each handles one key a step.
//!
//! **Invariant:** a controller writes only through the API server, and decides
//! only by what its caches and the API server's answers say.

mod budgets;
pub mod cloud;
mod deployment;
mod desk;
mod disruption;
mod endpoints;
mod endpointslice;
mod endpointslicemirroring;
mod errors;
mod garbage;
#[cfg(test)]
mod harness;
mod informers;
mod labels;
mod namespace;
mod nodeipam;
mod nodelifecycle;
mod owners;
mod pace;
mod podgc;
mod pods;
mod protection;
mod replicaset;
mod resourcequota;
mod root_ca;
mod serviceaccount;
mod tainteviction;
#[cfg(test)]
mod tests;
mod untyped;

use crate::api::{Key, Kind};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::Ctx;
use desk::Worker;
use informers::Informers;
use std::net::Ipv4Addr;

pub use desk::Step;
pub use garbage::Look as GarbageLook;
pub use nodelifecycle::Look as NodeLook;
pub use tainteviction::Look as TaintLook;

/// What the controllers are told at their start (flags of
/// kube-controller-manager).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `--cluster-cidr`: where the nodes' pod ranges come from.
    pub cluster_cidr: ipnet::Ipv4Net,
    /// `--node-cidr-mask-size`.
    pub node_cidr_mask_size: u8,
    /// `--service-cluster-ip-range`: never given to a node.
    pub service_cidr: ipnet::Ipv4Net,
}

impl Default for Config {
    /// 10.244.0.0/16 in /24, services 10.96.0.0/16.
    fn default() -> Self {
        let net = |a, b| ipnet::Ipv4Net::new_assert(Ipv4Addr::new(a, b, 0, 0), 16);
        Config {
            cluster_cidr: net(10, 244),
            node_cidr_mask_size: 24,
            service_cidr: net(10, 96),
        }
    }
}

macro_rules! manager {
    ($($field:ident: $controller:ty, $variant:ident($item:ty);)*) => {
        /// What wakes the controller manager: a step of one of its controllers.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Timer {
            $(
                #[doc = concat!("A step of the ", stringify!($field), " controller.")]
                $variant(Step<$item>),
            )*
        }

        #[derive(Clone, Debug)]
        struct Workers {
            $($field: Worker<$controller>,)*
        }

        impl Workers {
            fn start(&mut self, ctx: &mut Ctx<'_, Timer>) {
                $(self.$field.start(ctx, Timer::$variant);)*
            }

            fn observe(
                &mut self,
                event: &WatchEvent,
                seen: &informers::Seen,
                informers: &Informers,
                ctx: &mut Ctx<'_, Timer>,
            ) {
                $(self.$field.observe(event, seen, informers, ctx, Timer::$variant);)*
            }

            fn step(&mut self, timer: Timer, informers: &Informers, ctx: &mut Ctx<'_, Timer>) {
                match timer {
                    $(Timer::$variant(step) => self.$field.step(step, informers, ctx, Timer::$variant),)*
                }
            }
        }
    };
}

manager! {
    deployment: deployment::DeploymentController, Deployment(Key);
    replica_set: replicaset::ReplicaSetController, ReplicaSet(Key);
    endpoint_slice: endpointslice::EndpointSliceController, EndpointSlice(Key);
    endpoints: endpoints::EndpointsController, Endpoints(Key);
    mirroring: endpointslicemirroring::MirroringController, Mirroring(Key);
    garbage: garbage::GarbageCollector, Garbage(GarbageLook);
    namespace: namespace::NamespaceController, Namespace(Key);
    service_account: serviceaccount::ServiceAccountController, ServiceAccount(Key);
    root_ca: root_ca::RootCaPublisher, RootCa(Key);
    node_ipam: nodeipam::NodeIpamController, NodeIpam(Key);
    node_lifecycle: nodelifecycle::NodeLifecycleController, NodeLifecycle(NodeLook);
    taint_eviction: tainteviction::TaintEvictionController, TaintEviction(TaintLook);
    pod_gc: podgc::PodGcController, PodGc(Key);
    disruption: budgets::DisruptionController, Disruption(Key);
    resource_quota: resourcequota::ResourceQuotaController, ResourceQuota(Key);
    protection: protection::ProtectionController, Protection((Kind, Key));
}

impl Workers {
    fn new(config: &Config) -> Self {
        Workers {
            deployment: Worker::new(deployment::DeploymentController),
            replica_set: Worker::new(replicaset::ReplicaSetController::default()),
            endpoint_slice: Worker::new(endpointslice::EndpointSliceController::default()),
            endpoints: Worker::new(endpoints::EndpointsController::default()),
            mirroring: Worker::new(endpointslicemirroring::MirroringController::default()),
            garbage: Worker::new(garbage::GarbageCollector::default()),
            namespace: Worker::new(namespace::NamespaceController),
            service_account: Worker::new(serviceaccount::ServiceAccountController),
            root_ca: Worker::new(root_ca::RootCaPublisher),
            node_ipam: Worker::new(nodeipam::NodeIpamController::new(config)),
            node_lifecycle: Worker::new(nodelifecycle::NodeLifecycleController::default()),
            taint_eviction: Worker::new(tainteviction::TaintEvictionController::default()),
            pod_gc: Worker::new(podgc::PodGcController::default()),
            disruption: Worker::new(budgets::DisruptionController::default()),
            resource_quota: Worker::new(resourcequota::ResourceQuotaController::default()),
            protection: Worker::new(protection::ProtectionController::default()),
        }
    }
}

/// kube-controller-manager.
#[derive(Clone, Debug)]
pub struct ControllerManager {
    informers: Informers,
    workers: Workers,
}

impl ControllerManager {
    /// A manager that has not begun yet.
    pub fn new(config: Config) -> Self {
        ControllerManager {
            informers: Informers::default(),
            workers: Workers::new(&config),
        }
    }

    /// Begins its watches and timers.
    pub fn start(&mut self, ctx: &mut Ctx<'_, Timer>) {
        // Events concern no controller, and are many.
        let kinds = Kind::ALL.iter().filter(|kind| **kind != Kind::Event);
        for kind in kinds {
            ctx.watch(Selection::all(*kind));
        }
        self.workers.start(ctx);
    }

    /// Takes in what the watches bring.
    pub fn on_watch(&mut self, events: Vec<WatchEvent>, ctx: &mut Ctx<'_, Timer>) {
        for event in events {
            ctx.cause = event.cause;
            let seen = self.informers.apply(&event);
            self.workers.observe(&event, &seen, &self.informers, ctx);
        }
    }

    /// Does one bounded piece of work.
    pub fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Timer>) {
        self.workers.step(timer, &self.informers, ctx);
    }
}
