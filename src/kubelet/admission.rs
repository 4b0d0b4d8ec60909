//! Whether the node takes a pod (`canAdmitPod`): the scheduler may not have been
//! asked, or may have known less.

use super::Timer;
use super::host::Host;
use super::worker::{PodWorker, Stage};
use crate::api::core::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec};
use crate::api::{QuantityText, quantity};
use crate::client::{Ctx, EventType};
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, QuantityText>;

/// CPU in thousandths of a core.
pub(super) fn cpu_millis(amounts: Option<&Amounts>) -> u64 {
    let millis = amounts.map_or(0, |amounts| quantity::millis_of(amounts, "cpu"));
    u64::try_from(millis).unwrap_or(0)
}

/// Memory in bytes.
pub(super) fn memory_bytes(amounts: Option<&Amounts>) -> u64 {
    let bytes = amounts.map_or(0, |amounts| quantity::value_of(amounts, "memory"));
    u64::try_from(bytes).unwrap_or(0)
}

/// CPU and memory that a pod asks for: its containers together, or its largest
/// init container with the sidecars before it, whichever is more.
pub(super) fn requests(spec: &PodSpec) -> (u64, u64) {
    let of = |container: &crate::api::core::Container| {
        let requests = container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref());
        (cpu_millis(requests), memory_bytes(requests))
    };
    let add = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
    let most = |a: (u64, u64), b: (u64, u64)| (a.0.max(b.0), a.1.max(b.1));
    let mut total = spec.containers.iter().map(of).fold((0, 0), add);
    let (mut sidecars, mut largest) = ((0, 0), (0, 0));
    for container in spec.init_containers.as_deref().unwrap_or_default() {
        match container.restart_policy.as_deref() {
            Some("Always") => {
                sidecars = add(sidecars, of(container));
                largest = most(largest, sidecars);
            }
            _ => largest = most(largest, add(sidecars, of(container))),
        }
    }
    total = most(add(total, sidecars), largest);
    let overhead = spec.overhead.as_ref();
    let pod = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.requests.as_ref());
    let pod_level = (cpu_millis(pod), memory_bytes(pod));
    add(
        most(total, pod_level),
        (cpu_millis(overhead), memory_bytes(overhead)),
    )
}

fn host_ports(spec: &PodSpec) -> impl Iterator<Item = (String, i32)> {
    let containers = spec.containers.iter();
    containers
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| {
            let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
            Some((protocol, port.host_port.filter(|port| *port != 0)?))
        })
}

impl Host {
    /// Admits the pod or refuses it for good.
    pub(super) fn admit(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_, Timer>) {
        worker.start_time.get_or_insert(ctx.now());
        let refusal = match worker.is_static {
            true => None,
            false => self.refusal(worker),
        };
        let Some((reason, message)) = refusal else {
            worker.stage = Stage::Active;
            return self.commit(worker);
        };
        worker.stage = Stage::Rejected;
        worker.verdict = Some((reason.clone(), format!("Pod was rejected: {message}")));
        self.pod_event(worker, EventType::Warning, &reason, &message, ctx);
    }

    fn commit(&mut self, worker: &mut PodWorker) {
        let Some(spec) = worker.pod.spec.as_ref() else {
            return;
        };
        worker.reserved = requests(spec);
        self.committed.cpu_millis += worker.reserved.0;
        self.committed.memory_bytes += worker.reserved.1;
        self.committed.pods += 1;
        for port in host_ports(spec) {
            *self.committed.ports.entry(port).or_default() += 1;
        }
    }

    /// Gives back what a pod had that runs no more.
    pub(super) fn release(&mut self, worker: &PodWorker) {
        let Some(spec) = worker.pod.spec.as_ref() else {
            return;
        };
        let committed = &mut self.committed;
        committed.cpu_millis = committed.cpu_millis.saturating_sub(worker.reserved.0);
        committed.memory_bytes = committed.memory_bytes.saturating_sub(worker.reserved.1);
        committed.pods = committed.pods.saturating_sub(1);
        for port in host_ports(spec) {
            if let Some(count) = committed.ports.get_mut(&port) {
                *count -= 1;
                if *count == 0 {
                    committed.ports.remove(&port);
                }
            }
        }
    }

    fn refusal(&self, worker: &PodWorker) -> Option<(String, String)> {
        let spec = worker.pod.spec.as_ref()?;
        let predicate = |name: &str, why: &str| {
            Some((name.to_owned(), format!("Predicate {name} failed: {why}")))
        };
        let (cpu, memory) = requests(spec);
        let has = &self.committed;
        let resources = [
            ("pods", 1, has.pods, u64::from(self.config.pods_max)),
            ("cpu", cpu, has.cpu_millis, self.config.cpu_millis),
            ("memory", memory, has.memory_bytes, self.config.memory_bytes),
        ];
        for (name, requested, used, capacity) in resources {
            if requested > 0 && requested + used > capacity {
                let message = format!(
                    "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
                );
                return Some((format!("OutOf{name}"), message));
            }
        }
        if !self.matches(spec) {
            return predicate(
                "NodeAffinity",
                "node(s) didn't match Pod's node affinity/selector",
            );
        }
        if host_ports(spec).any(|port| has.ports.contains_key(&port)) {
            return predicate(
                "NodePorts",
                "node(s) didn't have free ports for the requested pod ports",
            );
        }
        if self.repels(spec) {
            return predicate(
                "TaintToleration",
                "node(s) had taints that the pod didn't tolerate",
            );
        }
        None
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let node = self
            .node
            .as_ref()
            .and_then(|node| node.metadata.labels.clone());
        node.unwrap_or_else(|| self.own_labels())
    }

    fn matches(&self, spec: &PodSpec) -> bool {
        let affinity = spec
            .affinity
            .as_ref()
            .and_then(|affinity| affinity.node_affinity.as_ref());
        let required = affinity.and_then(|affinity| {
            affinity
                .required_during_scheduling_ignored_during_execution
                .as_ref()
        });
        if spec.node_selector.is_none() && required.is_none() {
            return true;
        }
        let labels = self.labels();
        let selected = spec.node_selector.iter().flatten();
        let by_selector = { selected }.all(|(key, value)| labels.get(key) == Some(value));
        let by_affinity = required.is_none_or(|required| {
            let mut terms = required.node_selector_terms.iter();
            terms.any(|term| self.term_holds(term, &labels))
        });
        by_selector && by_affinity
    }

    fn term_holds(&self, term: &NodeSelectorTerm, labels: &BTreeMap<String, String>) -> bool {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        let name = self.config.name.to_string();
        let has_any = !expressions.is_empty() || !fields.is_empty();
        has_any
            && expressions
                .iter()
                .all(|one| requirement_holds(one, labels.get(&one.key)))
            && fields.iter().all(|one| requirement_holds(one, Some(&name)))
    }

    /// Whether a NoExecute taint of the node keeps the pod off.
    fn repels(&self, spec: &PodSpec) -> bool {
        let taints = self
            .node
            .as_ref()
            .and_then(|node| node.spec.as_ref()?.taints.as_ref());
        let tolerations = spec.tolerations.as_deref().unwrap_or_default();
        let mut taints = taints
            .into_iter()
            .flatten()
            .filter(|taint| taint.effect == "NoExecute");
        taints.any(|taint| {
            !tolerations.iter().any(|toleration| {
                let effect = toleration.effect.as_deref().unwrap_or_default();
                let key = toleration.key.as_deref().unwrap_or_default();
                let exists = toleration.operator.as_deref() == Some("Exists");
                (effect.is_empty() || effect == taint.effect)
                    && (key == taint.key || (key.is_empty() && exists))
                    && (exists
                        || toleration.value.as_deref().unwrap_or_default()
                            == taint.value.as_deref().unwrap_or_default())
            })
        })
    }
}

fn requirement_holds(requirement: &NodeSelectorRequirement, found: Option<&String>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let number = |text: &String| text.parse::<i64>().ok();
    let bound = values.first().and_then(number);
    match requirement.operator.as_str() {
        "In" => found.is_some_and(|found| values.contains(found)),
        "NotIn" => found.is_none_or(|found| !values.contains(found)),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => found
            .and_then(number)
            .zip(bound)
            .is_some_and(|(found, bound)| found > bound),
        "Lt" => found
            .and_then(number)
            .zip(bound)
            .is_some_and(|(found, bound)| found < bound),
        _ => false,
    }
}
