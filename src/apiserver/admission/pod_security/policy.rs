//! Levels, versions, and the labels that name them.

use std::collections::BTreeMap;
use std::fmt;

/// How much a pod may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }
}

/// A level as some version of Kubernetes understood it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LevelVersion {
    pub(super) level: Level,
    /// The minor version; the latest where it is none.
    minor: Option<u32>,
}

impl Default for LevelVersion {
    fn default() -> Self {
        LevelVersion {
            level: Level::Privileged,
            minor: None,
        }
    }
}

impl LevelVersion {
    pub(super) fn is_privileged(&self) -> bool {
        self.level == Level::Privileged
    }

    /// Whether the checks of version 1.`minor` are in force.
    pub(super) fn since(&self, minor: u32) -> bool {
        self.minor.is_none_or(|own| own >= minor)
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.minor {
            None => write!(f, "{level}:latest"),
            Some(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

/// What a namespace asks of its pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) enforce: LevelVersion,
    pub(super) warn: LevelVersion,
}

type Labels = BTreeMap<String, String>;

/// What is wrong with a label: its key, its value, the rule.
pub(super) type Wrong = (String, String, &'static str);

const PREFIX: &str = "pod-security.kubernetes.io/";
const LEVELS: &str = "must be one of privileged, baseline, restricted";
const VERSIONS: &str = "must be \"latest\" or \"v1.x\"";

impl Policy {
    pub(super) fn is_privileged(&self) -> bool {
        self.enforce.is_privileged() && self.warn.is_privileged()
    }

    pub(super) fn of_labels(labels: &Labels) -> Policy {
        Policy::read(labels).0
    }

    /// The policy, and what is wrong with the labels.
    pub(super) fn read(labels: &Labels) -> (Policy, Vec<Wrong>) {
        let mut wrong = Vec::new();
        let enforce = read(labels, "enforce", Level::Restricted, &mut wrong);
        read(labels, "audit", Level::Restricted, &mut wrong);
        let mut warn = read(labels, "warn", Level::Privileged, &mut wrong);
        // Whoever only enforces is warned of what would not be let in.
        if !labels.contains_key("pod-security.kubernetes.io/warn") {
            warn = enforce;
        }
        (Policy { enforce, warn }, wrong)
    }
}

/// One level with its version; `fallback` where the label is nonsense.
fn read(labels: &Labels, mode: &str, fallback: Level, wrong: &mut Vec<Wrong>) -> LevelVersion {
    let mut found = LevelVersion::default();
    let key = format!("{PREFIX}{mode}");
    if let Some(text) = labels.get(&key) {
        found.level = Level::parse(text).unwrap_or_else(|| {
            wrong.push((key.clone(), text.clone(), LEVELS));
            fallback
        });
    }
    let key = format!("{key}-version");
    if let Some(text) = labels.get(&key).filter(|text| *text != "latest") {
        let minor = text.strip_prefix("v1.").and_then(|minor| {
            let plain = minor == "0" || !minor.starts_with('0');
            minor
                .parse()
                .ok()
                .filter(|_| plain && minor.bytes().all(|b| b.is_ascii_digit()))
        });
        if minor.is_none() {
            wrong.push((key, text.clone(), VERSIONS));
        }
        found.minor = minor;
    }
    found
}
