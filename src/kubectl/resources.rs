//! Types of resources, as discovery lists them, and how users name them.

use super::value::{items, text};
use serde_json::Value;

/// A type of resources in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) short: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
    /// `scale`, `status`, …
    pub(super) subresources: Vec<String>,
}

impl Resource {
    /// `deployments.apps`, as errors name it.
    pub(super) fn group_resource(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// `deployment.apps`, as lines name an object.
    pub(super) fn line_kind(&self) -> String {
        let kind = self.kind.to_lowercase();
        match self.group.as_str() {
            "" => kind,
            group => format!("{kind}.{group}"),
        }
    }

    /// `apps/v1, Resource=deployments`.
    pub(super) fn shown(&self) -> String {
        format!("{}/{}, Resource={}", self.group, self.version, self.plural)
    }

    /// `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The path of all in a namespace, or of all.
    pub(super) fn path(&self, namespace: &str) -> String {
        let root = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        match namespace {
            namespace if self.namespaced && !namespace.is_empty() => {
                format!("{root}/namespaces/{namespace}/{}", self.plural)
            }
            _ => format!("{root}/{}", self.plural),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        self.plural == name
            || self.singular == name
            || self.kind.to_lowercase() == name
            || self.short.iter().any(|short| short == name)
    }
}

/// Reads aggregated discovery.
pub(super) fn read(document: &Value) -> Vec<Resource> {
    let mut found = Vec::new();
    for group in items(document, "/items") {
        for version in items(group, "/versions") {
            for resource in items(version, "/resources") {
                let texts = |pointer: &str| {
                    let texts = items(resource, pointer).iter().filter_map(Value::as_str);
                    texts.map(str::to_owned).collect::<Vec<String>>()
                };
                found.push(Resource {
                    group: text(group, "/metadata/name").to_owned(),
                    version: text(version, "/version").to_owned(),
                    kind: text(resource, "/responseKind/kind").to_owned(),
                    plural: text(resource, "/resource").to_owned(),
                    singular: text(resource, "/singularResource").to_owned(),
                    short: texts("/shortNames"),
                    categories: texts("/categories"),
                    namespaced: text(resource, "/scope") == "Namespaced",
                    verbs: texts("/verbs"),
                    subresources: items(resource, "/subresources")
                        .iter()
                        .map(|it| text(it, "/subresource").to_owned())
                        .collect(),
                });
            }
        }
    }
    found
}

/// The type that a user means by `pods`, `po`, `deployments.apps`,
/// `deployments.v1.apps`; the first of several wins.
pub(super) fn find<'r>(all: &'r [Resource], named: &str) -> Option<&'r Resource> {
    let named = named.to_lowercase();
    let (name, rest) = named.split_once('.').unwrap_or((&named, ""));
    if rest.is_empty() {
        return all.iter().find(|it| it.is_called(name));
    }
    let by_version = rest.split_once('.').unwrap_or((rest, ""));
    let exactly = |it: &&Resource| {
        it.is_called(name) && (it.version.as_str(), it.group.as_str()) == by_version
    };
    // A group may be told by its beginning.
    all.iter()
        .find(exactly)
        .or_else(|| all.iter().find(|it| it.is_called(name) && it.group == rest))
        .or_else(|| {
            let mut all = all.iter();
            all.find(|it| it.is_called(name) && it.group.starts_with(rest))
        })
}

/// The type of a manifest's `apiVersion` and `kind`.
pub(super) fn of_kind<'r>(all: &'r [Resource], object: &Value) -> Option<&'r Resource> {
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    all.iter()
        .find(|it| it.api_version() == version && it.kind == kind)
}
