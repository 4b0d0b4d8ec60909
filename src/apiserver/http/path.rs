//! Which object a path names.

use crate::api::Kind;
use crate::apiserver::strategy;
use crate::apiserver::{Subresource, Version};

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Kind.
    pub kind: Kind,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name, or empty for collections.
    pub name: String,
    /// Subresource.
    pub subresource: Subresource,
    /// The version that the path names.
    pub version: Version,
    /// Whether the old `/watch/` prefix was used.
    pub is_watch: bool,
    /// Whether the path is `/bindings`, where the body names the pod.
    pub is_binding_collection: bool,
}

/// Nothing is served at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No API group: a plain page says so.
    Page,
    /// No such resource in the group: a `Status` says so.
    Resource,
}

impl Address {
    /// Reads `/api/v1/namespaces/default/pods/web/status` and the like.
    pub fn parse(path: &str) -> Result<Address, Missing> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        let (group, version, rest) = match steps.as_slice() {
            ["api", "v1", rest @ ..] => ("", "v1", rest),
            ["apis", group, version, rest @ ..] if is_group(group) => (*group, *version, rest),
            _ => return Err(Missing::Page),
        };
        let (is_watch, rest) = match rest {
            ["watch", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        if rest.iter().any(|step| step.is_empty()) {
            return Err(Missing::Resource);
        }
        let mut address = match rest {
            ["namespaces", name] if group.is_empty() => {
                Address::of(("", "v1"), "", "namespaces", name)
            }
            ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => {
                Address::of(("", "v1"), "", "namespaces", name).and_then(|address| address.sub(sub))
            }
            ["namespaces", namespace, "bindings"] if group.is_empty() => {
                Address::of(("", "v1"), namespace, "pods", "").map(|address| Address {
                    subresource: Subresource::Binding,
                    is_binding_collection: true,
                    ..address
                })
            }
            ["namespaces", namespace, plural] => {
                Address::of((group, version), namespace, plural, "")
            }
            ["namespaces", namespace, plural, name] => {
                Address::of((group, version), namespace, plural, name)
            }
            ["namespaces", namespace, plural, name, sub] => {
                Address::of((group, version), namespace, plural, name)
                    .and_then(|address| address.sub(sub))
            }
            [plural] => Address::of((group, version), "", plural, ""),
            [plural, name] => Address::of((group, version), "", plural, name),
            [plural, name, sub] => {
                Address::of((group, version), "", plural, name).and_then(|address| address.sub(sub))
            }
            _ => None,
        }
        .ok_or(Missing::Resource)?;
        address.is_watch = is_watch;
        Ok(address)
    }

    fn of(
        (group, version): (&str, &str),
        namespace: &str,
        plural: &str,
        name: &str,
    ) -> Option<Address> {
        let (kind, version) = Version::find(group, version, plural)?;
        let namespaced = kind.info().namespaced;
        if !namespaced && !namespace.is_empty() {
            return None;
        }
        if namespaced && namespace.is_empty() && !name.is_empty() {
            return None;
        }
        Some(Address {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: Subresource::None,
            version,
            is_watch: false,
            is_binding_collection: false,
        })
    }

    fn sub(self, name: &str) -> Option<Address> {
        let scales = matches!(
            self.kind,
            Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::ReplicationController
        );
        let subresource = match name {
            "status" if strategy::has_status(self.kind) => Subresource::Status,
            "scale" if scales => Subresource::Scale,
            "binding" if self.kind == Kind::Pod => Subresource::Binding,
            "eviction" if self.kind == Kind::Pod => Subresource::Eviction,
            "finalize" if self.kind == Kind::Namespace => Subresource::Finalize,
            _ => return None,
        };
        Some(Address {
            subresource,
            ..self
        })
    }
}

fn is_group(group: &str) -> bool {
    group == "events.k8s.io"
        || (!group.is_empty() && Kind::ALL.iter().any(|kind| kind.info().group == group))
}
