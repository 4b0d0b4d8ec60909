//! Placing endpoints into slices with as few writes as possible
//! (`staging/src/k8s.io/endpointslice/reconciler.go`).

use crate::api::EndpointSlice;
use crate::sim::order::Order as _;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Endpoints a slice (`--max-endpoints-per-slice`).
pub(in crate::controllers) const ENDPOINTS_MAX: usize = 100;

type PortKey = Vec<(Option<String>, Option<i32>, Option<String>, Option<String>)>;

fn port_key(ports: &[EndpointPort]) -> PortKey {
    let of = |port: &EndpointPort| {
        (
            port.name.clone(),
            port.port,
            port.protocol.clone(),
            port.app_protocol.clone(),
        )
    };
    let mut key: PortKey = ports.iter().map(of).collect();
    key.order();
    key
}

/// What makes two endpoints the same one: pod, address, host name.
type EndpointKey = (String, String, String);

fn endpoint_key(endpoint: &Endpoint) -> EndpointKey {
    let target = endpoint
        .target_ref
        .as_ref()
        .and_then(|target| target.name.clone());
    (
        target.unwrap_or_default(),
        endpoint.addresses.join(","),
        endpoint.hostname.clone().unwrap_or_default(),
    )
}

#[derive(Clone, Debug, Default)]
struct Group {
    ports: Vec<EndpointPort>,
    endpoints: BTreeMap<EndpointKey, Endpoint>,
}

/// The endpoints there should be, by their ports.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Groups(BTreeMap<PortKey, Group>);

impl Groups {
    pub(in crate::controllers) fn add(&mut self, ports: Vec<EndpointPort>, endpoint: Endpoint) {
        let group = self.0.entry(port_key(&ports)).or_default();
        group.ports = ports;
        group.endpoints.insert(endpoint_key(&endpoint), endpoint);
    }
}

/// What has to be written.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Plan {
    pub(in crate::controllers) create: Vec<EndpointSlice>,
    pub(in crate::controllers) update: Vec<EndpointSlice>,
    pub(in crate::controllers) delete: Vec<Arc<EndpointSlice>>,
    added: usize,
    removed: usize,
    changed: usize,
}

impl Plan {
    pub(in crate::controllers) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }

    /// One sentence for the trace.
    pub(in crate::controllers) fn describe(&self) -> String {
        let mut parts = Vec::new();
        for (count, what) in [
            (self.added, "new"),
            (self.removed, "gone"),
            (self.changed, "changed"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let endpoints = match parts.is_empty() {
            true => "endpoints as they were".to_owned(),
            false => format!("endpoints: {}", parts.join(", ")),
        };
        format!(
            "{endpoints}; slices: creates {}, updates {}, deletes {}",
            self.create.len(),
            self.update.len(),
            self.delete.len()
        )
    }
}

/// Compares the slices there are with the endpoints there should be.
pub(in crate::controllers) fn plan(
    desired: Groups,
    existing: &[Arc<EndpointSlice>],
    labels: BTreeMap<String, String>,
    external: bool,
) -> Plan {
    let mut plan = Plan::default();
    let mut by_ports: BTreeMap<PortKey, Vec<&Arc<EndpointSlice>>> = BTreeMap::new();
    for slice in existing {
        let key = port_key(slice.ports.as_deref().unwrap_or_default());
        by_ports.entry(key).or_default().push(slice);
    }
    for (key, group) in desired.0 {
        let slices = by_ports.remove(&key).unwrap_or_default();
        place(group, &slices, &labels, &mut plan);
    }
    for slice in by_ports.into_values().flatten() {
        plan.removed += endpoints(slice).len();
        plan.delete.push(slice.clone());
    }
    if !external && plan.delete.len() == existing.len() && plan.create.is_empty() {
        keep_placeholder(&labels, &mut plan);
    }
    reuse_names(&mut plan);
    plan
}

fn endpoints(slice: &EndpointSlice) -> &[Endpoint] {
    slice.endpoints.as_deref().unwrap_or_default()
}

fn place(
    mut group: Group,
    slices: &[&Arc<EndpointSlice>],
    labels: &BTreeMap<String, String>,
    plan: &mut Plan,
) {
    let mut unchanged = Vec::new();
    let mut touched = Vec::new();
    for slice in slices {
        let (kept, changed) = keep_desired(slice, &mut group);
        let removed = endpoints(slice).len() - kept.len();
        plan.removed += removed;
        plan.changed += changed;
        if kept.is_empty() {
            plan.delete.push((*slice).clone());
        } else if removed + changed > 0 || slice.metadata.labels.as_ref() != Some(labels) {
            touched.push(with_endpoints(slice, kept, labels));
        } else {
            unchanged.push(*slice);
        }
    }
    plan.added += group.endpoints.len();
    // Those that are written anyway take as many as they can, the fullest first.
    touched.order_by_key(|slice| std::cmp::Reverse(endpoints(slice).len()));
    for slice in &mut touched {
        fill(slice, &mut group);
    }
    while !group.endpoints.is_empty() {
        let mut slice = match closest_fit(&mut unchanged, group.endpoints.len()) {
            Some(slice) => with_endpoints(slice, endpoints(slice).to_vec(), labels),
            None => {
                let mut slice = empty(labels);
                slice.ports = Some(group.ports.clone());
                fill(&mut slice, &mut group);
                plan.create.push(slice);
                continue;
            }
        };
        fill(&mut slice, &mut group);
        touched.push(slice);
    }
    plan.update.append(&mut touched);
}

/// The endpoints of a slice that are still wanted, as they are now, and how many
/// of them changed.
fn keep_desired(slice: &EndpointSlice, group: &mut Group) -> (Vec<Endpoint>, usize) {
    let mut kept = Vec::with_capacity(endpoints(slice).len());
    let mut changed = 0;
    for endpoint in endpoints(slice) {
        if let Some(wanted) = group.endpoints.remove(&endpoint_key(endpoint)) {
            changed += usize::from(wanted != *endpoint);
            kept.push(wanted);
        }
    }
    (kept, changed)
}

fn with_endpoints(
    slice: &Arc<EndpointSlice>,
    endpoints: Vec<Endpoint>,
    labels: &BTreeMap<String, String>,
) -> EndpointSlice {
    let mut metadata = slice.metadata.clone();
    metadata.labels = Some(labels.clone());
    EndpointSlice {
        metadata,
        endpoints: Some(endpoints),
        address_type: slice.address_type.clone(),
        ports: slice.ports.clone(),
    }
}

fn fill(slice: &mut EndpointSlice, group: &mut Group) {
    let endpoints = slice.endpoints.get_or_insert_default();
    while endpoints.len() < ENDPOINTS_MAX {
        let Some((_, endpoint)) = group.endpoints.pop_first() else {
            return;
        };
        endpoints.push(endpoint);
    }
}

/// Takes the slice in which `count` more leave the least room (`getSliceToFill`).
fn closest_fit<'a>(
    slices: &mut Vec<&'a Arc<EndpointSlice>>,
    count: usize,
) -> Option<&'a Arc<EndpointSlice>> {
    let fits = |(at, slice): (usize, &&'a Arc<EndpointSlice>)| {
        let size = endpoints(slice).len();
        (size + count <= ENDPOINTS_MAX).then_some((size, at))
    };
    let (_, at) = slices
        .iter()
        .enumerate()
        .filter_map(fits)
        .max_by_key(|(size, _)| *size)?;
    Some(slices.remove(at))
}

fn empty(labels: &BTreeMap<String, String>) -> EndpointSlice {
    let mut slice = EndpointSlice {
        address_type: "IPv4".to_owned(),
        ..EndpointSlice::default()
    };
    slice.metadata.labels = Some(labels.clone());
    slice
}

/// A service without endpoints has one empty slice.
fn keep_placeholder(labels: &BTreeMap<String, String>, plan: &mut Plan) {
    let is_placeholder = |slice: &Arc<EndpointSlice>| {
        endpoints(slice).is_empty()
            && slice.ports.as_ref().is_none_or(Vec::is_empty)
            && slice.metadata.labels.as_ref() == Some(labels)
    };
    match plan.delete.iter().position(is_placeholder) {
        Some(at) => drop(plan.delete.remove(at)),
        None => plan.create.push(empty(labels)),
    }
}

/// A slice to create and one to delete are one to update.
fn reuse_names(plan: &mut Plan) {
    while !plan.create.is_empty() && !plan.delete.is_empty() {
        let old = plan.delete.remove(0);
        if let Some(mut slice) = plan.create.pop() {
            let labels = slice.metadata.labels.take();
            slice.metadata = old.metadata.clone();
            slice.metadata.labels = labels;
            plan.update.push(slice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ObjectMeta, Resource};

    fn ports(number: i32) -> Vec<EndpointPort> {
        vec![EndpointPort {
            port: Some(number),
            ..EndpointPort::default()
        }]
    }

    fn endpoint(number: usize) -> Endpoint {
        Endpoint {
            addresses: vec![format!("10.244.{}.{}", number / 250, number % 250)],
            ..Endpoint::default()
        }
    }

    fn groups(numbers: impl Iterator<Item = usize>, port: i32) -> Groups {
        let mut groups = Groups::default();
        numbers.for_each(|number| groups.add(ports(port), endpoint(number)));
        groups
    }

    fn slice(name: &str, numbers: impl Iterator<Item = usize>, port: i32) -> Arc<EndpointSlice> {
        Arc::new(EndpointSlice {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: Some(BTreeMap::new()),
                ..ObjectMeta::default()
            },
            address_type: "IPv4".to_owned(),
            endpoints: Some(numbers.map(endpoint).collect()),
            ports: Some(ports(port)),
        })
    }

    fn sizes(slices: &[EndpointSlice]) -> Vec<(String, usize)> {
        let of = |slice: &EndpointSlice| (slice.name().to_owned(), endpoints(slice).len());
        slices.iter().map(of).collect()
    }

    fn one(name: &str, size: usize) -> Vec<(String, usize)> {
        vec![(name.to_owned(), size)]
    }

    #[test]
    fn slices_hold_a_hundred() {
        let plan = plan(groups(0..250, 80), &[], BTreeMap::new(), false);
        let found: Vec<usize> = sizes(&plan.create)
            .into_iter()
            .map(|(_, size)| size)
            .collect();
        assert_eq!(found, [100, 100, 50]);
    }

    #[test]
    fn an_endpoint_that_goes_touches_its_slice_alone() {
        let existing = [slice("a", 0..100, 80), slice("b", 100..150, 80)];
        let wanted = groups((0..150).filter(|number| *number != 7), 80);
        let plan = plan(wanted, &existing, BTreeMap::new(), false);
        assert_eq!(sizes(&plan.update), one("a", 99));
        assert!(plan.create.is_empty() && plan.delete.is_empty());
    }

    #[test]
    fn a_new_endpoint_goes_where_the_least_room_is_left() {
        let existing = [slice("a", 0..40, 80), slice("b", 100..190, 80)];
        let wanted = groups((0..40).chain(100..191), 80);
        let plan = plan(wanted, &existing, BTreeMap::new(), false);
        assert_eq!(sizes(&plan.update), one("b", 91));
    }

    #[test]
    fn a_service_without_endpoints_keeps_one_empty_slice() {
        let none = plan(Groups::default(), &[], BTreeMap::new(), false);
        assert_eq!(sizes(&none.create), one("", 0));
        let emptied = plan(
            Groups::default(),
            &[slice("a", 0..1, 80)],
            BTreeMap::new(),
            false,
        );
        assert_eq!(sizes(&emptied.update), one("a", 0));
        let mut placeholder = EndpointSlice::clone(&slice("a", 0..0, 80));
        placeholder.ports = None;
        let still = plan(
            Groups::default(),
            &[Arc::new(placeholder)],
            BTreeMap::new(),
            false,
        );
        assert!(still.is_empty());
    }

    #[test]
    fn other_ports_take_over_the_name_of_the_slice() {
        let plan = plan(
            groups(0..3, 8080),
            &[slice("a", 0..3, 80)],
            BTreeMap::new(),
            false,
        );
        assert_eq!(sizes(&plan.update), one("a", 3));
        assert!(plan.create.is_empty() && plan.delete.is_empty());
    }
}
