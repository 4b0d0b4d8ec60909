//! Amounts of resources as plain numbers, and what a pod asks for
//! (`k8s.io/component-helpers/resource`).

use crate::api::core::{Container, PodSpec};
use crate::api::{Name, QuantityText, quantity};
use std::collections::BTreeMap;

/// CPU that a container without a request counts for in scores
/// (`DefaultMilliCPURequest`).
pub(super) const DEFAULT_CPU_MILLIS: i64 = 100;
/// Memory that a container without a request counts for in scores
/// (`DefaultMemoryRequest`).
pub(super) const DEFAULT_MEMORY_BYTES: i64 = 200 * 1024 * 1024;

/// Amounts of resources. The usual three are numbers so that the hot loop over
/// nodes looks into no map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources {
    /// Thousandths of a CPU.
    pub(super) cpu_millis: i64,
    /// Bytes.
    pub(super) memory: i64,
    /// Bytes.
    pub(super) ephemeral_storage: i64,
    /// How many pods a node takes; zero in requests.
    pub(super) pods: i64,
    /// Extended resources, huge pages and the like; nearly always empty.
    pub(super) scalar: BTreeMap<Name, i64>,
}

/// Resources that are neither counted here nor extended ones are left out, as
/// upstream's `IsScalarResourceName` does.
fn is_scalar(name: &str) -> bool {
    let extended = name.contains('/')
        && !name.starts_with("requests.")
        && !name
            .split('/')
            .next()
            .unwrap_or("")
            .ends_with("kubernetes.io");
    extended
        || name.starts_with("hugepages-")
        || name.starts_with("attachable-volumes-")
        || name.starts_with("kubernetes.io/")
}

impl Resources {
    /// Reads a resource list of the API.
    pub(super) fn of(list: Option<&BTreeMap<String, QuantityText>>) -> Self {
        let mut resources = Resources::default();
        for (name, text) in list.into_iter().flatten() {
            match name.as_str() {
                "cpu" => resources.cpu_millis = quantity::cpu_millis(text),
                "memory" => resources.memory = quantity::value(text),
                "ephemeral-storage" => resources.ephemeral_storage = quantity::value(text),
                "pods" => resources.pods = quantity::value(text),
                name if is_scalar(name) => {
                    resources.scalar.insert(name.into(), quantity::value(text));
                }
                _ => {}
            }
        }
        resources
    }

    /// What a container asks for. With `floor`, a container that names no CPU or
    /// memory counts for the defaults.
    fn of_container(container: &Container, floor: bool) -> Self {
        let list = container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref());
        let mut resources = Resources::of(list);
        let names = |name: &str| list.is_some_and(|list| list.contains_key(name));
        if floor && !names("cpu") {
            resources.cpu_millis = DEFAULT_CPU_MILLIS;
        }
        if floor && !names("memory") {
            resources.memory = DEFAULT_MEMORY_BYTES;
        }
        resources
    }

    /// What a pod asks for: its containers together, or the dearest moment of its
    /// init containers where that is more; sidecars run beside both; then the
    /// overhead of its runtime.
    pub(super) fn of_pod(spec: &PodSpec, floor: bool) -> Self {
        let mut total = Resources::default();
        for container in &spec.containers {
            total.add(&Resources::of_container(container, floor));
        }
        let mut sidecars = Resources::default();
        let mut init = Resources::default();
        for container in spec.init_containers.iter().flatten() {
            let mut asked = Resources::of_container(container, floor);
            if container.restart_policy.as_deref() == Some("Always") {
                total.add(&asked);
                sidecars.add(&asked);
                asked = sidecars.clone();
            } else {
                asked.add(&sidecars);
            }
            init.raise_to(&asked);
        }
        total.raise_to(&init);
        total.replace_by_pod_level(spec);
        total.add(&Resources::of(spec.overhead.as_ref()));
        total
    }

    /// Requests of the pod as a whole stand in for the sum of its containers.
    fn replace_by_pod_level(&mut self, spec: &PodSpec) {
        let list = spec
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref());
        for (name, text) in list.into_iter().flatten() {
            match name.as_str() {
                "cpu" => self.cpu_millis = quantity::cpu_millis(text),
                "memory" => self.memory = quantity::value(text),
                name if name.starts_with("hugepages-") => {
                    self.scalar.insert(name.into(), quantity::value(text));
                }
                _ => {}
            }
        }
    }

    /// Adds `other`.
    pub(super) fn add(&mut self, other: &Resources) {
        self.cpu_millis = self.cpu_millis.saturating_add(other.cpu_millis);
        self.memory = self.memory.saturating_add(other.memory);
        self.ephemeral_storage = self
            .ephemeral_storage
            .saturating_add(other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let sum = self.scalar.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }

    /// Takes `other` away.
    pub(super) fn subtract(&mut self, other: &Resources) {
        self.cpu_millis = self.cpu_millis.saturating_sub(other.cpu_millis);
        self.memory = self.memory.saturating_sub(other.memory);
        self.ephemeral_storage = self
            .ephemeral_storage
            .saturating_sub(other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            if let Some(sum) = self.scalar.get_mut(name) {
                *sum = sum.saturating_sub(*amount);
            }
        }
    }

    fn raise_to(&mut self, other: &Resources) {
        self.cpu_millis = self.cpu_millis.max(other.cpu_millis);
        self.memory = self.memory.max(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.max(other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let most = self.scalar.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
    }

    /// Whether nothing at all is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.cpu_millis == 0
            && self.memory == 0
            && self.ephemeral_storage == 0
            && self.scalar.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(value: serde_json::Value) -> PodSpec {
        serde_json::from_value(value).expect("a pod spec")
    }

    fn container(cpu: &str, always: bool) -> serde_json::Value {
        let mut container = json!({"name": "c", "resources": {"requests": {"cpu": cpu}}});
        if always {
            container["restartPolicy"] = "Always".into();
        }
        container
    }

    #[test]
    fn init_containers_and_sidecars() {
        for (init, main, millis) in [
            (vec![], "1", 1000),
            (vec![("3", false)], "1", 3000),
            (vec![("1", true)], "3", 4000),
            (vec![("2", true)], "3", 5000),
            // The sidecar runs beside the init container that follows it.
            (vec![("1", true), ("3", false)], "1", 4000),
            (vec![("3", false), ("1", true)], "1", 3000),
        ] {
            let init: Vec<_> = init
                .iter()
                .map(|(cpu, always)| container(cpu, *always))
                .collect();
            let spec =
                spec(json!({"initContainers": init, "containers": [container(main, false)]}));
            assert_eq!(
                Resources::of_pod(&spec, false).cpu_millis,
                millis,
                "{spec:?}"
            );
        }
    }

    #[test]
    fn overhead_pod_level_and_extended_resources() {
        let spec = spec(json!({
            "overhead": {"cpu": "250m", "memory": "1Mi"},
            "resources": {"requests": {"cpu": "2"}},
            "containers": [{"name": "c", "resources": {"requests": {
                "cpu": "1", "memory": "1Mi", "example.com/gpu": "2", "odd": "3",
            }}}],
        }));
        let resources = Resources::of_pod(&spec, false);
        assert_eq!(resources.cpu_millis, 2250);
        assert_eq!(resources.memory, 2 << 20);
        assert_eq!(resources.scalar.get("example.com/gpu"), Some(&2));
        assert_eq!(resources.scalar.len(), 1);
    }

    #[test]
    fn only_a_missing_request_counts_for_the_default() {
        let spec = spec(json!({"containers": [
            {"name": "a"},
            {"name": "b", "resources": {"requests": {"cpu": "0", "memory": "1Mi"}}},
        ]}));
        let floor = Resources::of_pod(&spec, true);
        assert_eq!(floor.cpu_millis, 100);
        assert_eq!(floor.memory, DEFAULT_MEMORY_BYTES + (1 << 20));
        assert_eq!(Resources::of_pod(&spec, false).cpu_millis, 0);
    }
}
