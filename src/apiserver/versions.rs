//! Kinds that are served in more versions than the one they are stored in.

use crate::api::{Kind, schema};
use serde_json::{Map, Value, json};

/// The version that a request speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// The one that objects are stored in.
    #[default]
    Stored,
    /// `autoscaling/v1`, where autoscalers know one metric.
    AutoscalingV1,
    /// `events.k8s.io/v1`, where an event regards something.
    EventsV1,
    /// Another version of a custom resource; all are alike but for the name
    /// (conversion strategy None).
    Custom(&'static str),
}

impl Version {
    /// The kind and version of `plural` in a group and version.
    pub fn find(group: &str, version: &str, plural: &str) -> Option<(Kind, Version)> {
        let found = match (group, version, plural) {
            ("autoscaling", "v1", "horizontalpodautoscalers") => {
                (Kind::HorizontalPodAutoscaler, Version::AutoscalingV1)
            }
            ("events.k8s.io", "v1", "events") => (Kind::Event, Version::EventsV1),
            _ => (Kind::from_plural(group, plural)?, Version::Stored),
        };
        (found.1 != Version::Stored || found.0.info().version == version).then_some(found)
    }

    /// `apps/v1`, as objects of `kind` name it.
    pub fn api_version(self, kind: Kind) -> String {
        match self {
            Version::Stored => kind.api_version(),
            Version::AutoscalingV1 => "autoscaling/v1".to_owned(),
            Version::EventsV1 => "events.k8s.io/v1".to_owned(),
            Version::Custom(version) => format!("{}/{version}", kind.info().group),
        }
    }
}

impl Version {
    /// A body of this version as the stored one.
    pub(super) fn to_stored(self, kind: Kind, mut value: Value) -> Value {
        let Value::Object(object) = &mut value else {
            return value;
        };
        match self {
            Version::Stored => return value,
            Version::AutoscalingV1 => autoscaler_to_v2(object),
            Version::EventsV1 => rename(object, &EVENT_FIELDS, false),
            Version::Custom(_) => {}
        }
        if object.get("apiVersion").and_then(Value::as_str) == Some(&self.api_version(kind)) {
            object.insert("apiVersion".to_owned(), kind.api_version().into());
        }
        value
    }

    /// A stored object as this version shows it.
    // The counterpart of `to_stored`; it is the version that converts.
    #[allow(clippy::wrong_self_convention)]
    pub(super) fn from_stored(self, kind: Kind, mut value: Value) -> Value {
        value = schema::as_written(kind, value);
        let Value::Object(object) = &mut value else {
            return value;
        };
        match self {
            Version::Stored => return value,
            Version::AutoscalingV1 => autoscaler_to_v1(object),
            Version::EventsV1 => {
                rename(object, &EVENT_FIELDS, true);
                event_zeros(object);
            }
            Version::Custom(_) => {}
        }
        object.insert("apiVersion".to_owned(), self.api_version(kind).into());
        value
    }
}

/// Fields of an Event: in `v1`, and in `events.k8s.io/v1`.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(object: &mut Map<String, Value>, fields: &[(&str, &str)], forward: bool) {
    for (stored, shown) in fields {
        let (from, to) = if forward {
            (stored, shown)
        } else {
            (shown, stored)
        };
        if let Some(value) = object.remove(*from) {
            object.insert((*to).to_owned(), value);
        }
    }
}

/// What `v1` shows of an empty event, and this version does not.
fn event_zeros(object: &mut Map<String, Value>) {
    for field in ["reportingController", "reportingInstance"] {
        if object.get(field).and_then(Value::as_str) == Some("") {
            object.remove(field);
        }
    }
}

/// Where `autoscaling/v1` keeps what it has no fields for.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

fn annotations(object: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    let annotations = metadata
        .as_object_mut()?
        .entry("annotations")
        .or_insert_with(|| json!({}));
    annotations.as_object_mut()
}

fn drop_empty_annotations(object: &mut Map<String, Value>) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata")
        && metadata
            .get("annotations")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
    {
        metadata.remove("annotations");
    }
}

/// Takes a JSON text out of an annotation.
fn take_json(object: &mut Map<String, Value>, annotation: &str) -> Option<Value> {
    let text = annotations(object)?.remove(annotation)?;
    serde_json::from_str(text.as_str()?).ok()
}

fn put_json(object: &mut Map<String, Value>, annotation: &str, value: &Value) {
    if let Some(annotations) = annotations(object) {
        annotations.insert(annotation.to_owned(), value.to_string().into());
    }
}

fn is_cpu_use(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric["resource"]["name"] == "cpu"
}

fn autoscaler_to_v2(object: &mut Map<String, Value>) {
    let others = take_json(object, METRICS);
    let behavior = take_json(object, BEHAVIOR);
    let current = take_json(object, CURRENT_METRICS);
    let conditions = take_json(object, CONDITIONS);
    drop_empty_annotations(object);
    if let Some(Value::Object(spec)) = object.get_mut("spec") {
        let mut metrics: Vec<Value> = match others {
            Some(Value::Array(metrics)) => metrics,
            _ => Vec::new(),
        };
        if let Some(percent) = spec.remove("targetCPUUtilizationPercentage") {
            let target = json!({"type": "Utilization", "averageUtilization": percent});
            metrics.insert(
                0,
                json!({"type": "Resource", "resource": {"name": "cpu", "target": target}}),
            );
        }
        if !metrics.is_empty() {
            spec.insert("metrics".to_owned(), metrics.into());
        }
        if let Some(behavior) = behavior {
            spec.insert("behavior".to_owned(), behavior);
        }
    }
    if let Some(Value::Object(status)) = object.get_mut("status") {
        let mut metrics = match current {
            Some(Value::Array(metrics)) => metrics,
            _ => Vec::new(),
        };
        if let Some(percent) = status.remove("currentCPUUtilizationPercentage") {
            let current = json!({"averageUtilization": percent, "averageValue": "0"});
            metrics.insert(
                0,
                json!({"type": "Resource", "resource": {"name": "cpu", "current": current}}),
            );
        }
        if !metrics.is_empty() {
            status.insert("currentMetrics".to_owned(), metrics.into());
        }
        if let Some(conditions) = conditions {
            status.insert("conditions".to_owned(), conditions);
        }
    }
}

fn autoscaler_to_v1(object: &mut Map<String, Value>) {
    let mut kept = Vec::new();
    if let Some(Value::Object(spec)) = object.get_mut("spec") {
        if let Some(Value::Array(mut metrics)) = spec.remove("metrics") {
            let cpu = metrics
                .iter()
                .position(|metric| is_cpu_use(metric) && metric.pointer(UTILIZATION).is_some());
            if let Some(at) = cpu {
                let metric = metrics.remove(at);
                let percent = metric.pointer(UTILIZATION).cloned().unwrap_or_default();
                spec.insert("targetCPUUtilizationPercentage".to_owned(), percent);
            }
            if !metrics.is_empty() {
                kept.push((METRICS, Value::Array(metrics)));
            }
        }
        if let Some(behavior) = spec.remove("behavior") {
            kept.push((BEHAVIOR, behavior));
        }
    }
    if let Some(Value::Object(status)) = object.get_mut("status") {
        if let Some(Value::Array(mut metrics)) = status.remove("currentMetrics") {
            let pointer = "/resource/current/averageUtilization";
            let cpu = metrics
                .iter()
                .position(|metric| is_cpu_use(metric) && metric.pointer(pointer).is_some());
            if let Some(at) = cpu {
                let metric = metrics.remove(at);
                let percent = metric.pointer(pointer).cloned().unwrap_or_default();
                status.insert("currentCPUUtilizationPercentage".to_owned(), percent);
            }
            if !metrics.is_empty() {
                kept.push((CURRENT_METRICS, Value::Array(metrics)));
            }
        }
        if let Some(conditions) = status.remove("conditions") {
            kept.push((CONDITIONS, conditions));
        }
    }
    for (annotation, value) in kept {
        put_json(object, annotation, &value);
    }
}

const UTILIZATION: &str = "/resource/target/averageUtilization";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_goes_to_v2_and_back() {
        let v1 = json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"},
            "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 80},
        });
        let kind = Kind::HorizontalPodAutoscaler;
        let stored = Version::AutoscalingV1.to_stored(kind, v1.clone());
        assert_eq!(stored["apiVersion"], "autoscaling/v2");
        let target = &stored["spec"]["metrics"][0]["resource"]["target"];
        assert_eq!(target["averageUtilization"], 80);
        let mut back = Version::AutoscalingV1.from_stored(kind, stored);
        if let Some(object) = back.as_object_mut() {
            drop_empty_annotations(object);
        }
        assert_eq!(back["spec"]["targetCPUUtilizationPercentage"], 80);
        assert_eq!(back["metadata"], v1["metadata"]);
    }

    #[test]
    fn an_event_regards_what_it_involves() {
        let core = json!({"apiVersion": "v1", "kind": "Event", "message": "m", "involvedObject": {"name": "p"}});
        let shown = Version::EventsV1.from_stored(Kind::Event, core);
        assert_eq!(shown["regarding"]["name"], "p");
        assert_eq!(shown["note"], "m");
        assert_eq!(
            Version::EventsV1.to_stored(Kind::Event, shown)["message"],
            "m"
        );
    }
}
