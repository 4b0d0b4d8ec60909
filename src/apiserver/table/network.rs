//! Services, and what lies behind and before them.

use super::cells::{self, NONE, UNKNOWN, UNSET, items, str_at, text};
use super::column::Cell::{By, Text};
use super::column::{AGE, Column, NAME};
use crate::sim::Instant;
use serde_json::Value;

pub(super) const SERVICE: &[Column] = &[
    NAME,
    Column::text("Type", Text("/spec/type", ""), "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types"),
    Column::text("Cluster-IP", By(cluster_ip), "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise creation of the service will fail. This field may not be changed through updates unless the type field is also being changed to ExternalName (which requires this field to be blank) or the type field is being changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \"headless service\" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies"),
    Column::text("External-IP", By(external_ip), "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes system."),
    Column::text("Port(s)", By(ports), "The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies"),
    AGE,
    Column::text("Selector", By(selector), "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/").wide(),
];

pub(super) const ENDPOINTS: &[Column] = &[
    NAME,
    Column::text(
        "Endpoints",
        By(endpoints),
        "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.",
    ),
    AGE,
];

pub(super) const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    Column::text(
        "AddressType",
        Text("/addressType", ""),
        "addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation. The following address types are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name. (Deprecated) The EndpointSlice controller only generates, and kube-proxy only processes, slices of addressType \"IPv4\" and \"IPv6\". No semantics are defined for the \"FQDN\" type.",
    ),
    Column::text(
        "Ports",
        By(slice_ports),
        "ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. Each slice may include a maximum of 100 ports. Services always have at least 1 port, so EndpointSlices generated by the EndpointSlice controller will likewise always have at least 1 port. EndpointSlices used for other purposes may have an empty ports list.",
    ),
    Column::text(
        "Endpoints",
        By(slice_endpoints),
        "endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 endpoints.",
    ),
    AGE,
];

pub(super) const INGRESS: &[Column] = &[
    NAME,
    Column::text(
        "Class",
        Text("/spec/ingressClassName", "<none>"),
        "The name of the IngressClass resource that should be used for additional configuration",
    ),
    Column::text(
        "Hosts",
        By(hosts),
        "Hosts that incoming requests are matched against before the ingress rule",
    ),
    Column::text(
        "Address",
        By(address),
        "Address is a list containing ingress points for the load-balancer",
    ),
    Column::text(
        "Ports",
        By(ingress_ports),
        "Ports of TLS configurations that open",
    ),
    AGE,
];

pub(super) const INGRESS_CLASS: &[Column] = &[
    Column::text("Name", By(class_name), NAME.description).named(),
    Column::text(
        "Controller",
        Text("/spec/controller", ""),
        "Controller that is responsible for handling this class",
    ),
    Column::text(
        "Parameters",
        By(parameters),
        "A reference to a resource with additional parameters",
    ),
    AGE,
];

pub(super) const NETWORK_POLICY: &[Column] = &[
    NAME,
    Column::text(
        "Pod-Selector",
        By(pod_selector),
        "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.",
    ),
    AGE,
];

pub(super) const SERVICE_CIDR: &[Column] = &[
    NAME,
    Column::text(
        "CIDRs",
        By(cidrs),
        "CIDRs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.",
    ),
    AGE,
];

pub(super) const IP_ADDRESS: &[Column] = &[
    NAME,
    Column::text(
        "ParentRef",
        By(parent),
        "ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.",
    ),
];
fn cluster_ip(service: &Value, _: Instant) -> Value {
    text(service, "/spec/clusterIPs/0", NONE).into()
}

/// The addresses of a load balancer, sorted, each once.
fn balancer(object: &Value) -> Vec<String> {
    let ingress = items(object, "/status/loadBalancer/ingress").iter();
    let address = |it| match str_at(it, "/ip") {
        "" => str_at(it, "/hostname"),
        ip => ip,
    };
    let mut found: Vec<String> = ingress.map(|it| address(it).to_owned()).collect();
    found.retain(|address| !address.is_empty());
    found.sort();
    found.dedup();
    found
}

fn external_ip(service: &Value, _: Instant) -> Value {
    let mut given = cells::joined(service, "/spec/externalIPs");
    match str_at(service, "/spec/type") {
        "ExternalName" => return str_at(service, "/spec/externalName").into(),
        "ClusterIP" | "NodePort" if given.is_empty() => given = NONE.to_owned(),
        "ClusterIP" | "NodePort" => {}
        "LoadBalancer" => {
            let mut all = balancer(service);
            if !given.is_empty() {
                all.push(given);
            }
            given = match all.is_empty() {
                true => "<pending>".to_owned(),
                false => all.join(","),
            };
        }
        _ => given = UNKNOWN.to_owned(),
    }
    given.into()
}

fn ports(service: &Value, _: Instant) -> Value {
    let port = |port: &Value| {
        let (number, protocol) = (text(port, "/port", "0"), str_at(port, "/protocol"));
        match cells::number(port, "/nodePort") {
            0 => format!("{number}/{protocol}"),
            node => format!("{number}:{node}/{protocol}"),
        }
    };
    let ports: Vec<String> = items(service, "/spec/ports").iter().map(port).collect();
    match ports.is_empty() {
        true => NONE.into(),
        false => ports.join(",").into(),
    }
}

fn selector(service: &Value, _: Instant) -> Value {
    cells::labels(service, "/spec/selector").into()
}

fn endpoints(endpoints: &Value, _: Instant) -> Value {
    let mut list = Vec::new();
    for subset in items(endpoints, "/subsets") {
        let addresses = || {
            items(subset, "/addresses")
                .iter()
                .map(|it| str_at(it, "/ip"))
        };
        let ports = items(subset, "/ports");
        if ports.is_empty() {
            list.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            let number = text(port, "/port", "0");
            list.extend(addresses().map(|ip| match ip.contains(':') {
                true => format!("[{ip}]:{number}"),
                false => format!("{ip}:{number}"),
            }));
        }
    }
    match items(endpoints, "/subsets").is_empty() {
        true => NONE.into(),
        false => cells::first_of(&list, "").into(),
    }
}

fn slice_ports(slice: &Value, _: Instant) -> Value {
    let port = |port: &Value| match text(port, "/port", "") {
        number if !number.is_empty() => number,
        _ => text(port, "/name", "*"),
    };
    let ports: Vec<String> = items(slice, "/ports").iter().map(port).collect();
    cells::first_of(&ports, UNSET).into()
}

fn slice_endpoints(slice: &Value, _: Instant) -> Value {
    let addresses = items(slice, "/endpoints")
        .iter()
        .flat_map(|endpoint| items(endpoint, "/addresses"))
        .filter_map(Value::as_str);
    let addresses: Vec<String> = addresses.map(str::to_owned).collect();
    cells::first_of(&addresses, UNSET).into()
}

/// Hosts told at most.
const HOSTS_MAX: usize = 3;

fn hosts(ingress: &Value, _: Instant) -> Value {
    let rules = items(ingress, "/spec/rules");
    let (mut list, mut more) = (Vec::new(), false);
    for rule in rules {
        more |= list.len() == HOSTS_MAX;
        let host = str_at(rule, "/host");
        if !more && !host.is_empty() {
            list.push(host);
        }
    }
    match list.join(",") {
        hosts if hosts.is_empty() => "*".into(),
        hosts if more => format!("{hosts} + {} more...", rules.len() - HOSTS_MAX).into(),
        hosts => hosts.into(),
    }
}

fn address(ingress: &Value, _: Instant) -> Value {
    balancer(ingress).join(",").into()
}

fn ingress_ports(ingress: &Value, _: Instant) -> Value {
    match items(ingress, "/spec/tls").is_empty() {
        true => "80".into(),
        false => "80, 443".into(),
    }
}

fn class_name(class: &Value, _: Instant) -> Value {
    let name = str_at(class, "/metadata/name");
    let default = "/metadata/annotations/ingressclass.kubernetes.io~1is-default-class";
    match str_at(class, default) {
        "true" => format!("{name} (default)").into(),
        _ => name.into(),
    }
}

fn parameters(class: &Value, _: Instant) -> Value {
    let Some(parameters) = class.pointer("/spec/parameters") else {
        return NONE.into();
    };
    let (kind, name) = (str_at(parameters, "/kind"), str_at(parameters, "/name"));
    match parameters.get("apiGroup").and_then(Value::as_str) {
        Some(group) => format!("{kind}.{group}/{name}").into(),
        None => format!("{kind}/{name}").into(),
    }
}

fn pod_selector(policy: &Value, _: Instant) -> Value {
    cells::selector_or_none(policy, "/spec/podSelector").into()
}

fn cidrs(service_cidr: &Value, _: Instant) -> Value {
    cells::joined(service_cidr, "/spec/cidrs").into()
}

/// `services/default/kubernetes`.
fn parent(address: &Value, _: Instant) -> Value {
    let Some(parent) = address.pointer("/spec/parentRef") else {
        return NONE.into();
    };
    let mut name = str_at(parent, "/resource").to_lowercase();
    for (pointer, before) in [("/group", '.'), ("/namespace", '/'), ("/name", '/')] {
        let part = str_at(parent, pointer);
        if !part.is_empty() {
            name.push(before);
            name.push_str(part);
        }
    }
    name.into()
}
