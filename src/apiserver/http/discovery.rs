//! What the server serves: `/api`, `/apis`, their groups and versions, and all of
//! it at once (aggregated discovery).

use crate::api::Kind;
use crate::apiserver::base64;
use crate::apiserver::custom::Definitions;
use crate::apiserver::reviews::Review;
use crate::apiserver::strategy;
use crate::sim::order::Order as _;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The groups in the order of their priorities, each with its versions, the
/// preferred one first.
pub(super) const GROUPS: [(&str, &[&str]); 20] = [
    ("apiregistration.k8s.io", &["v1"]),
    ("apps", &["v1"]),
    ("events.k8s.io", &["v1"]),
    ("authentication.k8s.io", &["v1"]),
    ("authorization.k8s.io", &["v1"]),
    ("autoscaling", &["v2", "v1"]),
    ("batch", &["v1"]),
    ("certificates.k8s.io", &["v1"]),
    ("networking.k8s.io", &["v1"]),
    ("policy", &["v1"]),
    ("rbac.authorization.k8s.io", &["v1"]),
    ("storage.k8s.io", &["v1"]),
    ("admissionregistration.k8s.io", &["v1"]),
    ("apiextensions.k8s.io", &["v1"]),
    ("scheduling.k8s.io", &["v1"]),
    ("coordination.k8s.io", &["v1"]),
    ("node.k8s.io", &["v1"]),
    ("discovery.k8s.io", &["v1"]),
    ("resource.k8s.io", &["v1"]),
    ("flowcontrol.apiserver.k8s.io", &["v1"]),
];

const ALL_VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const CHANGE: [&str; 3] = ["get", "patch", "update"];
const CONNECT: [&str; 5] = ["create", "delete", "get", "patch", "update"];

/// One resource or subresource of a version.
struct Resource {
    /// `pods`, `pods/log`.
    name: String,
    singular: String,
    namespaced: bool,
    kind: &'static str,
    /// Group and version of the kind, where they are not the list's.
    of: Option<(&'static str, &'static str)>,
    verbs: Vec<&'static str>,
    short: Vec<String>,
    categories: Vec<String>,
    /// Where its objects are stored.
    stored: Option<Kind>,
}

impl Resource {
    fn new(name: &str, singular: &str, namespaced: bool, kind: &'static str) -> Resource {
        Resource {
            name: name.to_owned(),
            singular: singular.to_owned(),
            namespaced,
            kind,
            of: None,
            verbs: Vec::new(),
            short: Vec::new(),
            categories: Vec::new(),
            stored: None,
        }
    }

    fn verbs(mut self, verbs: &[&'static str]) -> Resource {
        self.verbs = verbs.to_vec();
        self
    }

    fn of(mut self, group: &'static str, version: &'static str) -> Resource {
        self.of = Some((group, version));
        self
    }

    fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("name".to_owned(), self.name.as_str().into());
        map.insert("singularName".to_owned(), self.singular.as_str().into());
        map.insert("namespaced".to_owned(), self.namespaced.into());
        if let Some((group, version)) = self.of {
            map.insert("group".to_owned(), group.into());
            map.insert("version".to_owned(), version.into());
        }
        map.insert("kind".to_owned(), self.kind.into());
        map.insert("verbs".to_owned(), json!(self.verbs));
        if !self.short.is_empty() {
            map.insert("shortNames".to_owned(), json!(self.short));
        }
        if !self.categories.is_empty() {
            map.insert("categories".to_owned(), json!(self.categories));
        }
        if let Some(kind) = self.stored {
            map.insert("storageVersionHash".to_owned(), storage_hash(kind).into());
        }
        Value::Object(map)
    }

    fn response_kind(&self) -> Value {
        let (group, version) = self.of.unwrap_or_default();
        json!({"group": group, "version": version, "kind": self.kind})
    }
}

/// What changes when the stored version does (`discovery.StorageVersionHash`).
fn storage_hash(kind: Kind) -> String {
    let info = kind.info();
    // Not yet stored in the version that they are served in.
    let version = match kind {
        Kind::MutatingAdmissionPolicy
        | Kind::MutatingAdmissionPolicyBinding
        | Kind::CustomResourceDefinition => "v1beta1",
        _ => info.version,
    };
    let text = format!("{}/{version}/{}", info.group, info.kind);
    let hash = Sha256::digest(text.as_bytes());
    let short = hash.get(..8).unwrap_or_default();
    let text = base64::encode(short).replace('-', "+").replace('_', "/");
    format!("{text}=")
}

fn of_kind(kind: Kind) -> Resource {
    let info = kind.info();
    let mut resource = Resource::new(info.plural, info.singular, info.namespaced, info.kind);
    resource.stored = Some(kind);
    resource.verbs = ALL_VERBS
        .iter()
        .copied()
        .filter(|verb| kind != Kind::Namespace || *verb != "deletecollection")
        .collect();
    resource.short = match kind {
        Kind::CustomResourceDefinition => vec!["crd".to_owned(), "crds".to_owned()],
        _ => Some(info.short.to_owned())
            .filter(|short| !short.is_empty())
            .into_iter()
            .collect(),
    };
    resource.categories = match kind {
        Kind::Pod
        | Kind::ReplicationController
        | Kind::Service
        | Kind::DaemonSet
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::HorizontalPodAutoscaler
        | Kind::CronJob
        | Kind::Job => vec!["all".to_owned()],
        _ if matches!(
            info.group,
            "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "apiregistration.k8s.io"
        ) =>
        {
            vec!["api-extensions".to_owned()]
        }
        _ => Vec::new(),
    };
    resource
}

fn subresources(kind: Kind) -> Vec<Resource> {
    let info = kind.info();
    let sub = |name: &str, kind: &'static str| {
        Resource::new(
            &format!("{}/{name}", info.plural),
            "",
            info.namespaced,
            kind,
        )
    };
    let mut found = Vec::new();
    if strategy::has_status(kind) {
        found.push(sub("status", info.kind).verbs(&CHANGE));
    }
    if strategy::has_scale(kind) {
        found.push(sub("scale", "Scale").verbs(&CHANGE).of("autoscaling", "v1"));
    }
    match kind {
        Kind::Pod => {
            let both = ["create", "get"];
            found.extend([
                sub("attach", "PodAttachOptions").verbs(&both),
                sub("binding", "Binding").verbs(&["create"]),
                sub("ephemeralcontainers", "Pod").verbs(&CHANGE),
                sub("eviction", "Eviction")
                    .verbs(&["create"])
                    .of("policy", "v1"),
                sub("exec", "PodExecOptions").verbs(&both),
                sub("log", "Pod").verbs(&["get"]),
                sub("portforward", "PodPortForwardOptions").verbs(&both),
                sub("proxy", "PodProxyOptions").verbs(&CONNECT),
                sub("resize", "Pod").verbs(&CHANGE),
            ]);
        }
        Kind::Service => found.push(sub("proxy", "ServiceProxyOptions").verbs(&CONNECT)),
        Kind::Node => found.push(sub("proxy", "NodeProxyOptions").verbs(&CONNECT)),
        Kind::Namespace => found.push(sub("finalize", info.kind).verbs(&["update"])),
        Kind::ServiceAccount => found.push(
            sub("token", "TokenRequest")
                .verbs(&["create"])
                .of("authentication.k8s.io", "v1"),
        ),
        Kind::CertificateSigningRequest => {
            found.push(sub("approval", info.kind).verbs(&CHANGE));
        }
        _ => {}
    }
    found
}

/// The kinds of a version, stored in it or not.
fn kinds(group: &str, version: &str) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.info().group == group && kind.info().version == version)
        .collect();
    match (group, version) {
        ("autoscaling", "v1") => kinds.push(Kind::HorizontalPodAutoscaler),
        ("events.k8s.io", "v1") => kinds.push(Kind::Event),
        _ => {}
    }
    kinds
}

/// The verbs of custom resources, in the order of their handler.
const CUSTOM_VERBS: [&str; 8] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

/// The custom resources of a version.
fn custom_resources(definitions: &Definitions, group: &str, version: &str) -> Vec<Resource> {
    let mut found = Vec::new();
    for definition in definitions.served() {
        let info = definition.kind.info();
        let served = definition.versions.iter().find(|it| it.name == version);
        let Some(served) = served.filter(|it| it.served && info.group == group) else {
            continue;
        };
        let names = |key: &str| -> Vec<String> {
            let list = definition.names.get(key).and_then(Value::as_array);
            let list = list.into_iter().flatten();
            list.filter_map(|it| it.as_str().map(str::to_owned))
                .collect()
        };
        let mut top = Resource::new(info.plural, info.singular, info.namespaced, info.kind);
        top.stored = Some(definition.kind);
        top.short = names("shortNames");
        top.categories = names("categories");
        found.push(top.verbs(&CUSTOM_VERBS));
        let sub = |name: &str, kind: &'static str| {
            let name = format!("{}/{name}", info.plural);
            Resource::new(&name, "", info.namespaced, kind).verbs(&CHANGE)
        };
        if served.has_status {
            found.push(sub("status", info.kind));
        }
        if served.scale.is_some() {
            found.push(sub("scale", "Scale").of("autoscaling", "v1"));
        }
    }
    found
}

/// The groups that only custom resources have, with their versions: the most
/// stable first.
pub(super) fn custom_groups(definitions: &Definitions) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for definition in definitions.served() {
        let group = definition.kind.info().group;
        if GROUPS.iter().any(|(known, _)| *known == group) {
            continue;
        }
        let at = match groups.iter().position(|(name, _)| *name == group) {
            Some(at) => at,
            None => {
                groups.push((group, Vec::new()));
                groups.len() - 1
            }
        };
        let Some((_, versions)) = groups.get_mut(at) else {
            continue;
        };
        for served in definition.versions.iter().filter(|it| it.served) {
            if !versions.contains(&served.name) {
                versions.push(served.name);
            }
        }
        versions.order_by_key(|name| stability(name));
    }
    groups
}

/// `v2` before `v1` before `v1beta1` before `v1alpha1`, and all before other names
/// (`version.CompareKubeAwareVersionStrings`).
fn stability(name: &str) -> (u8, std::cmp::Reverse<(u32, u32)>, String) {
    let number = |text: &str| text.parse::<u32>().ok();
    let rest = name.strip_prefix('v').unwrap_or_default();
    let parsed = ["alpha", "beta"]
        .iter()
        .zip([2, 1])
        .find_map(|(word, rank)| {
            let (major, minor) = rest.split_once(word)?;
            Some((rank, number(major)?, number(minor)?))
        });
    match parsed.or_else(|| Some((0, number(rest)?, 0))) {
        Some((rank, major, minor)) => (rank, std::cmp::Reverse((major, minor)), String::new()),
        None => (3, std::cmp::Reverse((0, 0)), name.to_owned()),
    }
}

/// Every resource of a version, by name.
fn resources(definitions: &Definitions, group: &str, version: &str) -> Vec<Resource> {
    let custom = custom_resources(definitions, group, version);
    if !custom.is_empty() {
        return custom;
    }
    let mut found = Vec::new();
    for kind in kinds(group, version) {
        found.push(of_kind(kind));
        // Events have no parts in any version.
        found.extend(subresources(kind));
    }
    for review in Review::ALL {
        if review.group() == group {
            let singular = review.kind().to_lowercase();
            let plural = review.plural();
            found.push(
                Resource::new(&plural, &singular, review.is_namespaced(), review.kind())
                    .verbs(&["create"]),
            );
        }
    }
    if group.is_empty() {
        found.push(Resource::new("bindings", "binding", true, "Binding").verbs(&["create"]));
        let mut statuses = Resource::new(
            "componentstatuses",
            "componentstatus",
            false,
            "ComponentStatus",
        )
        .verbs(&["get", "list"]);
        statuses.short = vec!["cs".to_owned()];
        found.push(statuses);
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// `/api`.
pub(super) fn versions(server: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server}],
    })
}

fn group_value(name: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let all: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": all, "preferredVersion": all.first()})
}

/// `/apis`.
pub(super) fn groups(definitions: &Definitions) -> Value {
    let own = GROUPS
        .iter()
        .map(|(name, versions)| group_value(name, versions));
    let custom = custom_groups(definitions);
    let custom = custom
        .iter()
        .map(|(name, versions)| group_value(name, versions));
    let groups: Vec<Value> = own.chain(custom).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
pub(super) fn group(definitions: &Definitions, name: &str) -> Option<Value> {
    let own = GROUPS.iter().find(|(known, _)| *known == name);
    let custom = || {
        let mut groups = custom_groups(definitions).into_iter();
        groups.find(|(known, _)| *known == name)
    };
    let mut value = match own {
        Some((name, versions)) => group_value(name, versions),
        None => custom().map(|(name, versions)| group_value(name, &versions))?,
    };
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

/// Whether a group serves a version.
pub(super) fn serves(definitions: &Definitions, group: &str, version: &str) -> bool {
    let own = |(known, versions): &(&str, &[&str])| *known == group && versions.contains(&version);
    match group {
        "" => version == "v1",
        _ if GROUPS.iter().any(own) => true,
        group => custom_groups(definitions)
            .iter()
            .any(|(known, versions)| *known == group && versions.contains(&version)),
    }
}

/// Every group and version that is served.
pub(super) fn group_versions(definitions: &Definitions) -> Vec<(String, String)> {
    let pairs = |group: &str, versions: &[&str]| -> Vec<(String, String)> {
        let named = versions.iter();
        named
            .map(|version| (group.to_owned(), (*version).to_owned()))
            .collect()
    };
    let custom = custom_groups(definitions);
    let mut all = pairs("", &["v1"]);
    all.extend(
        GROUPS
            .iter()
            .flat_map(|(group, versions)| pairs(group, versions)),
    );
    all.extend(
        custom
            .iter()
            .flat_map(|(group, versions)| pairs(group, versions)),
    );
    all
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(super) fn resource_list(definitions: &Definitions, group: &str, version: &str) -> Value {
    let resources: Vec<Value> = resources(definitions, group, version)
        .iter()
        .map(Resource::to_json)
        .collect();
    let group_version = match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    let mut list = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version,
        "resources": resources,
    });
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    list
}

/// A version as aggregated discovery shows it.
fn aggregated_version(definitions: &Definitions, group: &str, version: &str) -> Value {
    let all = resources(definitions, group, version);
    let (subs, tops): (Vec<&Resource>, Vec<&Resource>) =
        all.iter().partition(|resource| resource.name.contains('/'));
    let shown: Vec<Value> = tops
        .into_iter()
        .map(|top| {
            let prefix = format!("{}/", top.name);
            let parts: Vec<Value> = subs
                .iter()
                .filter_map(|sub| {
                    let name = sub.name.strip_prefix(&prefix)?;
                    Some(json!({
                        "subresource": name,
                        "responseKind": sub.response_kind(),
                        "verbs": sub.verbs,
                    }))
                })
                .collect();
            let scope = if top.namespaced {
                "Namespaced"
            } else {
                "Cluster"
            };
            let mut value = json!({
                "resource": top.name,
                "responseKind": top.response_kind(),
                "scope": scope,
                "singularResource": top.singular,
                "verbs": top.verbs,
            });
            if !top.short.is_empty() {
                value["shortNames"] = json!(top.short);
            }
            if !top.categories.is_empty() {
                value["categories"] = json!(top.categories);
            }
            if !parts.is_empty() {
                value["subresources"] = json!(parts);
            }
            value
        })
        .collect();
    json!({"version": version, "resources": shown, "freshness": "Current"})
}

/// `/api` (`core`) or `/apis` with everything in them.
pub(super) fn aggregated(definitions: &Definitions, core: bool) -> Value {
    let shown = |name: &str, versions: &[&str]| {
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| aggregated_version(definitions, name, version))
            .collect();
        json!({"metadata": {"name": name}, "versions": versions})
    };
    let items: Vec<Value> = match core {
        true => {
            let version = aggregated_version(definitions, "", "v1");
            vec![json!({"metadata": {}, "versions": [version]})]
        }
        false => {
            let own = GROUPS.iter().map(|(name, versions)| shown(name, versions));
            let custom = custom_groups(definitions);
            let custom = custom.iter().map(|(name, versions)| shown(name, versions));
            own.chain(custom).collect()
        }
    };
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}
