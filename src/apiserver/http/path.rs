//! Which object a path names.

use crate::api::Kind;
use crate::apiserver::custom::Definitions;
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
    pub fn parse(path: &str, definitions: &Definitions) -> Result<Address, Missing> {
        let of = |group_version: (&str, &str), namespace: &str, plural: &str, name: &str| {
            Address::of(definitions, group_version, namespace, plural, name)
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        let (group, version, rest) = match steps.as_slice() {
            ["api", "v1", rest @ ..] => ("", "v1", rest),
            ["apis", group, version, rest @ ..]
                if is_group(group) || definitions.has_group(group) =>
            {
                (*group, *version, rest)
            }
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
            ["namespaces", name] if group.is_empty() => of(("", "v1"), "", "namespaces", name),
            ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => {
                of(("", "v1"), "", "namespaces", name).and_then(|address| address.sub(sub))
            }
            ["namespaces", namespace, "bindings"] if group.is_empty() => {
                of(("", "v1"), namespace, "pods", "").map(|address| Address {
                    subresource: Subresource::Binding,
                    is_binding_collection: true,
                    ..address
                })
            }
            ["namespaces", namespace, plural] => of((group, version), namespace, plural, ""),
            ["namespaces", namespace, plural, name] => {
                of((group, version), namespace, plural, name)
            }
            ["namespaces", namespace, plural, name, sub] => {
                of((group, version), namespace, plural, name).and_then(|address| address.sub(sub))
            }
            [plural] => of((group, version), "", plural, ""),
            [plural, name] => of((group, version), "", plural, name),
            [plural, name, sub] => {
                of((group, version), "", plural, name).and_then(|address| address.sub(sub))
            }
            _ => None,
        }
        .ok_or(Missing::Resource)?;
        address.is_watch = is_watch;
        Ok(address)
    }

    fn of(
        definitions: &Definitions,
        (group, version): (&str, &str),
        namespace: &str,
        plural: &str,
        name: &str,
    ) -> Option<Address> {
        let (kind, version) = Version::find(group, version, plural)
            .or_else(|| definitions.find(group, version, plural))?;
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
        let subresource = match name {
            "status" if strategy::has_status(self.kind) => Subresource::Status,
            "scale" if strategy::has_scale(self.kind) => Subresource::Scale,
            "binding" if self.kind == Kind::Pod => Subresource::Binding,
            "eviction" if self.kind == Kind::Pod => Subresource::Eviction,
            "finalize" if self.kind == Kind::Namespace => Subresource::Finalize,
            "ephemeralcontainers" if self.kind == Kind::Pod => Subresource::EphemeralContainers,
            "resize" if self.kind == Kind::Pod => Subresource::Resize,
            "approval" if self.kind == Kind::CertificateSigningRequest => Subresource::Approval,
            "token" if self.kind == Kind::ServiceAccount => Subresource::Token,
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
