//! CustomResourceDefinitions and the resources that they make
//! (`apiextensions-apiserver`).
//!
//! Schemas are structural: they prune, default and validate. Rules in CEL
//! (`x-kubernetes-validations`) are stored and not evaluated; conversion webhooks
//! are stored and not called.

mod check;
mod decode;
mod definition;
mod lifecycle;
mod pattern;
mod validate;

pub use definition::{Definition, Served};

use super::Version;
use crate::api::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use check::check;
pub(super) use decode::{read, read_patched};
pub(super) use lifecycle::{before_create, before_delete};
pub(super) use validate::validate;

/// Every definition by group and plural.
#[derive(Clone, Debug, Default)]
pub struct Definitions(BTreeMap<(String, String), Arc<Definition>>);

impl Definitions {
    /// The definition of a kind.
    pub fn of(&self, kind: Kind) -> Option<&Arc<Definition>> {
        kind.custom()?;
        let info = kind.info();
        self.0.get(&(info.group.to_owned(), info.plural.to_owned()))
    }

    /// Those that are served.
    pub fn served(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.0.values().filter(|definition| definition.established)
    }

    /// Whether some served kind is of a group.
    pub fn has_group(&self, group: &str) -> bool {
        self.served()
            .any(|definition| definition.kind.info().group == group)
    }

    /// The kind and version that a path names.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<(Kind, Version)> {
        let definition = self.0.get(&(group.to_owned(), plural.to_owned()))?;
        if !definition.established {
            return None;
        }
        let served = definition.versions.iter().find(|it| it.name == version)?;
        if !served.served {
            return None;
        }
        let version = match served.storage {
            true => Version::Stored,
            false => Version::Custom(served.name),
        };
        Some((definition.kind, version))
    }
}

/// Follows a simple JSON path (`.spec.replicas`).
pub(super) fn at<'v>(value: &'v serde_json::Value, path: &str) -> Option<&'v serde_json::Value> {
    let steps = path.trim_start_matches('.').split('.');
    steps
        .filter(|step| !step.is_empty())
        .try_fold(value, |value, step| value.get(step))
}

#[cfg(test)]
mod tests;
