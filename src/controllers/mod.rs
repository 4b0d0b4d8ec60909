//! kube-controller-manager: the controllers and what they share.
//!
//! | file | controller |
//! |---|---|
//! | [`deployment`] | moves a Deployment from one ReplicaSet to the next |
//! | [`replicaset`] | keeps as many pods as a ReplicaSet wants |
//! | [`endpointslice`] | which pods stand behind a service |
//!
//! All share one set of informer caches (`informers.rs`). Each has its own work
//! queue and worker (`desk.rs`), so that they run beside each other as upstream's
//! do, and each handles one key a step.
//!
//! **Invariant:** a controller writes only through the API server, and decides
//! only by what its caches and the API server's answers say.

mod deployment;
mod desk;
mod endpointslice;
mod errors;
#[cfg(test)]
mod harness;
mod informers;
mod labels;
mod owners;
mod pace;
mod pods;
mod replicaset;

use crate::api::{Key, Kind};
use crate::apiserver::{Selection, WatchEvent};
use crate::client::Ctx;
use desk::Worker;
use informers::Informers;
use std::net::Ipv4Addr;

pub use desk::Step;

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
}

impl Workers {
    fn new(_config: &Config) -> Self {
        Workers {
            deployment: Worker::new(deployment::DeploymentController),
            replica_set: Worker::new(replicaset::ReplicaSetController::default()),
            endpoint_slice: Worker::new(endpointslice::EndpointSliceController::default()),
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
