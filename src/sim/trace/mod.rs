//! What happened, and why: the records that animation, timeline, event list and
//! "Why?" are views of.

mod decision;
mod journey;

pub use decision::{Decision, NodeScore, NodeVerdict, PluginScore, PluginVerdict};
pub use journey::{
    Capture, Field, Hop, Journey, Layer, Leg, LegKind, Place, Site, Traffic, Verdict,
};

use super::Instant;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// A shared name: cheap to clone, equal by content.
pub type Name = Arc<str>;

/// Names one record; grows by one with every record.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RecordId(pub u64);

/// The record that made something happen; none for what the user or the
/// beginning of the world did.
pub type Cause = Option<RecordId>;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Actor {
    /// Whoever sits before the page or runs kubectl.
    User,
    /// kube-apiserver itself.
    ApiServer,
    /// kube-scheduler.
    Scheduler,
    /// One controller of kube-controller-manager, by its upstream name
    /// (`deployment-controller`).
    Controller(Name),
    /// The cloud's controller manager.
    CloudController,
    /// The kubelet of a node.
    Kubelet(Name),
    /// The kube-proxy of a node.
    KubeProxy(Name),
    /// CoreDNS, all replicas together.
    CoreDns,
    /// The world itself: faults, power, cables.
    World,
}

impl Actor {
    /// The name that the API server authenticates (`system:kube-scheduler`).
    pub fn username(&self) -> String {
        match self {
            Actor::User => "kubernetes-admin".into(),
            Actor::ApiServer => "system:apiserver".into(),
            Actor::Scheduler => "system:kube-scheduler".into(),
            Actor::Controller(_) => "system:kube-controller-manager".into(),
            Actor::CloudController => "system:cloud-controller-manager".into(),
            Actor::Kubelet(node) => format!("system:node:{node}"),
            Actor::KubeProxy(_) => "system:kube-proxy".into(),
            Actor::CoreDns => "system:serviceaccount:kube-system:coredns".into(),
            Actor::World => "system:world".into(),
        }
    }
}

/// What the API server was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verb {
    /// POST.
    Create,
    /// GET of one object.
    Get,
    /// GET of a collection.
    List,
    /// GET of a collection with `watch=true`.
    Watch,
    /// PUT.
    Update,
    /// PATCH.
    Patch,
    /// DELETE of one object.
    Delete,
    /// DELETE of a collection.
    DeleteCollection,
}

/// How an object changed, as watches say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// `ADDED`.
    Added,
    /// `MODIFIED`.
    Modified,
    /// `DELETED`.
    Deleted,
}

/// What a container, or the pod around it, went through on its node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Transition {
    /// The pod's network namespace and pause container exist.
    SandboxCreated {
        /// The pod's address.
        ip: Name,
    },
    /// The sandbox is gone.
    SandboxRemoved,
    /// The image is being pulled.
    Pulling {
        /// Image reference.
        image: Name,
        /// Seconds that it will take.
        seconds: f64,
    },
    /// The image is on the node.
    Pulled {
        /// Image reference.
        image: Name,
    },
    /// The image cannot be had.
    PullFailed {
        /// Image reference.
        image: Name,
        /// The reason as the kubelet gives it.
        message: Name,
    },
    /// The container runs.
    Started,
    /// A probe changed its mind.
    Probe {
        /// `startup`, `readiness` or `liveness`.
        probe: Name,
        /// Whether it passed.
        passed: bool,
        /// The prober's words.
        message: Name,
    },
    /// The container was told to stop.
    Stopping {
        /// Seconds until it is killed.
        grace_seconds: u32,
    },
    /// The container's process ended.
    Exited {
        /// Exit code.
        code: i32,
        /// `Completed`, `Error`, `OOMKilled`…
        reason: Name,
    },
    /// The kubelet waits before it starts the container again.
    BackOff {
        /// When it will try again.
        until: Instant,
        /// Length of this back-off in seconds.
        seconds: u32,
        /// Restarts so far.
        restarts: u32,
    },
}

/// Something from outside Kubernetes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// A node lost power.
    NodeStopped,
    /// A node came back.
    NodeStarted,
    /// A container's process was killed.
    ContainerKilled {
        /// Namespace of the pod.
        namespace: Name,
        /// Name of the pod.
        pod: Name,
        /// Name of the container.
        container: Name,
    },
}

/// What one record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A call through the one door.
    Call {
        /// The verb.
        verb: Verb,
        /// Plural name (`pods`).
        resource: Name,
        /// Subresource (`status`, `binding`), or empty.
        subresource: Name,
        /// Namespace, or empty.
        namespace: Name,
        /// Object name, or empty for collections.
        name: Name,
        /// HTTP status code of the answer.
        code: u16,
        /// The store's revision after the call.
        revision: u64,
        /// The `Status` message where the call failed, else empty.
        message: Name,
    },
    /// Changes reached a watcher, all those of one delivery.
    Delivered {
        /// How the object changed.
        change: Change,
        /// Plural name.
        resource: Name,
        /// Namespace, or empty.
        namespace: Name,
        /// Object name.
        name: Name,
        /// Revision of the change.
        revision: u64,
        /// How many more came with it; the fields above tell of the first.
        more: u32,
    },
    /// A controller compared desired with actual and acted.
    Reconcile {
        /// Key of its work queue (`namespace/name`).
        key: Name,
        /// One sentence: what it found and did.
        outcome: Name,
    },
    /// The scheduler decided on a pod.
    Scheduling(Arc<Decision>),
    /// A container or sandbox changed.
    Container {
        /// Node.
        node: Name,
        /// Namespace of the pod.
        namespace: Name,
        /// Name of the pod.
        pod: Name,
        /// Name of the container; empty for the sandbox.
        container: Name,
        /// What changed.
        transition: Transition,
    },
    /// kube-proxy wrote its rules anew.
    RulesWritten {
        /// Node.
        node: Name,
        /// Rules now in the nat table.
        rules: u32,
    },
    /// A packet went its way, there and back.
    Journey(Arc<Journey>),
    /// Something from outside happened.
    Fault {
        /// The node concerned.
        node: Name,
        /// What happened.
        fault: Fault,
    },
}

/// One record of the trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// When.
    pub at: Instant,
    /// Because of which record.
    pub cause: Cause,
    /// Who.
    pub actor: Actor,
    /// What.
    pub what: What,
}

/// How many records the trace keeps; older ones are forgotten.
pub const TRACE_RECORDS_MAX: usize = 65_536;

/// How many journeys the trace keeps whole. A journey is some hundred kilobytes;
/// of older ones only title and outcome are kept.
pub const TRACE_JOURNEYS_MAX: usize = 256;

/// The latest records, oldest first. Records are shared, so a clone of the
/// cluster does not copy them.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    records: VecDeque<Arc<Record>>,
    next: u64,
    /// The journeys that are kept whole, oldest first.
    journeys: VecDeque<RecordId>,
}

impl Trace {
    /// Writes a record and names it.
    pub fn push(&mut self, at: Instant, cause: Cause, actor: Actor, what: What) -> RecordId {
        let id = RecordId(self.next);
        self.next += 1;
        if matches!(what, What::Journey(_)) {
            self.journeys.push_back(id);
            if self.journeys.len() > TRACE_JOURNEYS_MAX {
                self.shorten_oldest_journey();
            }
        }
        if self.records.len() == TRACE_RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(Arc::new(Record {
            id,
            at,
            cause,
            actor,
            what,
        }));
        id
    }

    fn shorten_oldest_journey(&mut self) {
        let first = self.next.saturating_sub(1 + self.records.len() as u64);
        let Some(id) = self.journeys.pop_front() else {
            return;
        };
        let Some(record) =
            id.0.checked_sub(first)
                .and_then(|index| self.records.get_mut(index as usize))
        else {
            return;
        };
        if let What::Journey(journey) = &record.what {
            let short = Journey {
                title: journey.title.clone(),
                legs: Vec::new(),
                summary: journey.summary.clone(),
                answered: journey.answered,
            };
            *record = Arc::new(Record {
                what: What::Journey(Arc::new(short)),
                ..(**record).clone()
            });
        }
    }

    /// The name that the next record will get.
    pub fn next_id(&self) -> RecordId {
        RecordId(self.next)
    }

    /// The records from `id` on that are still kept.
    pub fn since(&self, id: RecordId) -> impl Iterator<Item = &Arc<Record>> {
        let first = self.next - self.records.len() as u64;
        let skip = id.0.saturating_sub(first) as usize;
        self.records.range(skip.min(self.records.len())..)
    }

    /// The records that are still kept, the latest first.
    pub fn latest(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.iter().rev()
    }

    /// One record, if it is still kept.
    pub fn get(&self, id: RecordId) -> Option<&Arc<Record>> {
        self.since(id).next().filter(|record| record.id == id)
    }

    /// The chain of causes that ends in `id`, the latest first.
    pub fn causes(&self, id: RecordId) -> Vec<Arc<Record>> {
        std::iter::successors(self.get(id), |record| {
            record.cause.and_then(|id| self.get(id))
        })
        .cloned()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(trace: &mut Trace, cause: Cause) -> RecordId {
        let what = What::Reconcile {
            key: "default/web".into(),
            outcome: "".into(),
        };
        trace.push(Instant::ZERO, cause, Actor::Scheduler, what)
    }

    #[test]
    fn causes_lead_back_to_the_beginning() {
        let mut trace = Trace::default();
        let first = note(&mut trace, None);
        let second = note(&mut trace, Some(first));
        let third = note(&mut trace, Some(second));
        let chain: Vec<u64> = trace
            .causes(third)
            .iter()
            .map(|record| record.id.0)
            .collect();
        assert_eq!(chain, [2, 1, 0]);
    }

    #[test]
    fn only_the_latest_journeys_are_kept_whole() {
        let mut trace = Trace::default();
        let leg = Leg {
            kind: LegKind::Request,
            traffic: Traffic::Tcp,
            title: "leg".into(),
            hops: Vec::new(),
        };
        for number in 0..TRACE_JOURNEYS_MAX + 2 {
            note(&mut trace, None);
            let journey = Journey {
                title: number.to_string(),
                legs: vec![leg.clone()],
                summary: String::new(),
                answered: true,
            };
            trace.push(
                Instant::ZERO,
                None,
                Actor::World,
                What::Journey(Arc::new(journey)),
            );
        }
        let journeys = trace
            .since(RecordId(0))
            .filter_map(|record| match &record.what {
                What::Journey(journey) => Some((journey.title.clone(), journey.legs.len())),
                _ => None,
            });
        let whole: Vec<_> = journeys.collect();
        assert_eq!(whole[1], ("1".to_owned(), 0));
        assert_eq!(whole[2], ("2".to_owned(), 1));
    }

    #[test]
    fn the_trace_forgets_its_oldest_records() {
        let mut trace = Trace::default();
        for _ in 0..TRACE_RECORDS_MAX + 3 {
            note(&mut trace, None);
        }
        assert_eq!(trace.since(RecordId(0)).count(), TRACE_RECORDS_MAX);
        assert!(trace.get(RecordId(2)).is_none());
        assert_eq!(trace.get(RecordId(3)).map(|record| record.id.0), Some(3));
        assert_eq!(trace.since(trace.next_id()).count(), 0);
    }
}
