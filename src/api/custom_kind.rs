//! Kinds that CustomResourceDefinitions make while the cluster runs.
//!
//! A kind is a small value that is copied everywhere, so what is known of one is
//! kept once for all clusters of the process and never freed. Group and plural
//! alone tell kinds apart: objects outlive changes of the rest.

use super::KindInfo;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// How many different kinds a process learns in its life.
const KINDS_MAX: usize = 4096;

/// Where a custom resource keeps what `/scale` shows, as simple JSON paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalePaths {
    /// `.spec.replicas`.
    pub spec_replicas: String,
    /// `.status.replicas`.
    pub status_replicas: String,
    /// `.status.selector`, or empty.
    pub selector: String,
}

/// What a definition says of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomInfo {
    /// API group.
    pub group: String,
    /// The version that it is stored in.
    pub version: String,
    /// Its name (`Widget`).
    pub kind: String,
    /// Its name in paths (`widgets`).
    pub plural: String,
    /// `widget`.
    pub singular: String,
    /// Its first short name, or empty.
    pub short: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether it has a `/status`.
    pub has_status: bool,
    /// Its `/scale`.
    pub scale: Option<ScalePaths>,
    /// Fields that lists are selected by (`.spec.color`).
    pub selectable: Vec<String>,
}

struct Known {
    info: KindInfo,
    custom: CustomInfo,
}

/// A custom kind.
#[derive(Clone, Copy)]
pub struct CustomKind(&'static Known);

static KNOWN: Mutex<Vec<&'static Known>> = Mutex::new(Vec::new());

fn keep(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

impl CustomKind {
    /// The kind that a definition describes; nothing once too many were learned.
    pub fn of(custom: CustomInfo) -> Option<CustomKind> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.iter().find(|found| found.custom == custom) {
            return Some(CustomKind(found));
        }
        if known.len() >= KINDS_MAX {
            return None;
        }
        let info = KindInfo {
            group: keep(&custom.group),
            version: keep(&custom.version),
            kind: keep(&custom.kind),
            plural: keep(&custom.plural),
            singular: keep(&custom.singular),
            short: keep(&custom.short),
            namespaced: custom.namespaced,
            simulated: false,
        };
        let found: &'static Known = Box::leak(Box::new(Known { info, custom }));
        known.push(found);
        Some(CustomKind(found))
    }

    /// What discovery says of it.
    pub const fn info(self) -> &'static KindInfo {
        &self.0.info
    }

    /// What its definition says of it.
    pub fn custom(self) -> &'static CustomInfo {
        &self.0.custom
    }

    fn name(&self) -> (&'static str, &'static str) {
        (self.0.info.group, self.0.info.plural)
    }
}

impl std::fmt::Debug for CustomKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.0.info.plural, self.0.info.group)
    }
}

impl PartialEq for CustomKind {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for CustomKind {}

impl PartialOrd for CustomKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CustomKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl Hash for CustomKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Serialize for CustomKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.custom.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CustomKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let info = CustomInfo::deserialize(deserializer)?;
        CustomKind::of(info).ok_or_else(|| serde::de::Error::custom("too many custom kinds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;

    #[test]
    fn group_and_plural_tell_kinds_apart() {
        let widget = |short: &str, plural: &str| {
            let info = CustomInfo {
                group: "kind.example".to_owned(),
                version: "v1".to_owned(),
                kind: "Widget".to_owned(),
                plural: plural.to_owned(),
                short: short.to_owned(),
                ..CustomInfo::default()
            };
            Kind::Custom(CustomKind::of(info).expect("a kind"))
        };
        assert_eq!(widget("wd", "widgets"), widget("wi", "widgets"));
        assert_ne!(widget("wd", "widgets"), widget("wd", "widgetz"));
        assert_eq!(widget("wi", "widgets").info().short, "wi");
        let text = serde_json::to_string(&widget("wd", "widgets")).expect("text");
        let back: Kind = serde_json::from_str(&text).expect("a kind");
        assert_eq!(back.info(), widget("wd", "widgets").info());
    }
}
