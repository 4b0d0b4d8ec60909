//! Field selectors (`spec.nodeName=node-1,status.phase!=Running`): which fields
//! each kind can be selected by (upstream: the `AddFieldLabelConversionFunc` and
//! `ToSelectableFields` of each kind).

use super::Version;
use crate::api::{Event, Kind, Node, Object, Pod, Untyped};
use std::borrow::Cow;

/// Which fields an object must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Reads the text form.
    pub(super) fn parse(text: &str) -> Result<FieldSelector, String> {
        let mut terms = Vec::new();
        for term in split_terms(text)
            .into_iter()
            .filter(|term| !term.is_empty())
        {
            let (field, value, equal) = split_term(term)
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            terms.push(Term {
                field: field.to_owned(),
                value: unescape(value)?,
                equal,
            });
        }
        Ok(FieldSelector { terms })
    }

    /// Refuses fields that objects of this kind cannot be selected by. `probe` is
    /// any object of the kind.
    pub(super) fn check(&self, probe: &Object, version: Version) -> Result<(), String> {
        match self
            .terms
            .iter()
            .find(|term| field_of(probe, &term.field).is_none())
        {
            Some(term) => Err(unsupported(probe.kind(), shown_name(&term.field, version))),
            None => Ok(()),
        }
    }

    /// Reads the field names of another version as those of the stored one.
    pub(super) fn of_version(mut self, version: Version) -> FieldSelector {
        if version == Version::EventsV1 {
            for term in &mut self.terms {
                term.field = stored_name(&term.field);
            }
        }
        self
    }

    /// Whether nothing is asked for.
    pub(super) fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn matches(&self, object: &Object) -> bool {
        self.terms.iter().all(|term| {
            let found = field_of(object, &term.field).unwrap_or_default();
            (found == term.value) == term.equal
        })
    }
}

/// Fields of `events.k8s.io/v1` and what they are in the stored version.
const EVENT_FIELDS: [(&str, &str); 2] = [
    ("regarding", "involvedObject"),
    ("reportingController", "reportingComponent"),
];

fn stored_name(field: &str) -> String {
    for (shown, stored) in EVENT_FIELDS {
        if let Some(rest) = field.strip_prefix(shown) {
            return format!("{stored}{rest}");
        }
        // The old name is no name of the new version.
        if field.starts_with(stored) {
            return format!("{NOT_SERVED}{field}");
        }
    }
    field.to_owned()
}

/// Marks a name that the version asked in does not have.
const NOT_SERVED: &str = "\0";

fn shown_name(field: &str, version: Version) -> &str {
    match version {
        Version::EventsV1 => field.trim_start_matches(NOT_SERVED),
        _ => field,
    }
}

/// Commas part terms unless a backslash stands before them.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == ',' && !escaped {
            terms.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    terms.push(text.get(start..).unwrap_or_default());
    terms
}

fn split_term(term: &str) -> Option<(&str, &str, bool)> {
    let at = term.find(['=', '!'])?;
    let (field, rest) = term.split_at(at);
    for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some(value) = rest.strip_prefix(operator) {
            return Some((field, value, equal));
        }
    }
    None
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                other => {
                    let after: String = other.into_iter().collect();
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{after}"
                    ));
                }
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {}",
                    c as u32
                ));
            }
            c => plain.push(c),
        }
    }
    Ok(plain)
}

fn text(value: &Option<String>) -> Cow<'_, str> {
    Cow::Borrowed(value.as_deref().unwrap_or_default())
}

fn field_of<'a>(object: &'a Object, field: &str) -> Option<Cow<'a, str>> {
    match field {
        "metadata.name" => return Some(text(&object.meta().name)),
        "metadata.namespace" if object.kind().info().namespaced => {
            return Some(text(&object.meta().namespace));
        }
        _ => {}
    }
    match object {
        Object::Pod(pod) => pod_field(pod, field),
        Object::Node(node) => node_field(node, field),
        Object::Event(event) => event_field(event, field),
        Object::Namespace(namespace) => (field == "status.phase").then(|| {
            let status = namespace.status.as_ref();
            status.map(|status| text(&status.phase)).unwrap_or_default()
        }),
        Object::Secret(secret) => (field == "type").then(|| text(&secret.type_)),
        Object::Service(service) => {
            let spec = service.spec.as_ref();
            match field {
                "spec.clusterIP" => Some(spec.map(|spec| text(&spec.cluster_ip))),
                "spec.type" => Some(spec.map(|spec| text(&spec.type_))),
                _ => None,
            }
            .map(Option::unwrap_or_default)
        }
        Object::Other(kind, untyped) => untyped_field(*kind, untyped, field),
        _ => None,
    }
}

fn untyped_field<'a>(kind: Kind, untyped: &'a Untyped, field: &str) -> Option<Cow<'a, str>> {
    if let Some(custom) = kind.custom() {
        let known = |it: &String| it.trim_start_matches('.') == field;
        if !custom.custom().selectable.iter().any(known) {
            return None;
        }
        let (first, rest) = field.split_once('.').unwrap_or((field, ""));
        let value = untyped.rest.get(first);
        let value = value.and_then(|value| super::custom::at(value, rest));
        return Some(match value {
            Some(serde_json::Value::String(text)) => Cow::Borrowed(text),
            Some(serde_json::Value::Null) | None => Cow::Borrowed(""),
            Some(other) => Cow::Owned(other.to_string()),
        });
    }
    if (kind, field) == (Kind::CertificateSigningRequest, "spec.signerName") {
        let spec = untyped.rest.get("spec");
        let name = spec.and_then(|spec| spec.get("signerName")?.as_str());
        return Some(Cow::Borrowed(name.unwrap_or_default()));
    }
    let pointer = match (kind, field) {
        (Kind::ReplicationController, "status.replicas") => "replicas",
        (Kind::Job, "status.successful") => "succeeded",
        _ => return None,
    };
    let status = untyped.rest.get("status");
    let number = status.and_then(|status| status.get(pointer)?.as_i64());
    Some(Cow::Owned(number.unwrap_or(0).to_string()))
}

/// Core kinds and others refuse unknown fields in different words.
fn unsupported(kind: Kind, field: &str) -> String {
    match kind {
        Kind::Pod
        | Kind::Node
        | Kind::Event
        | Kind::Namespace
        | Kind::Secret
        | Kind::Service
        | Kind::CertificateSigningRequest
        | Kind::Custom(_)
        | Kind::ReplicationController => format!("field label not supported: {field}"),
        Kind::Job => format!("field label {field:?} not supported for Job"),
        _ => format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
    }
}

fn pod_field<'a>(pod: &'a Pod, field: &str) -> Option<Cow<'a, str>> {
    let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
    let found = match field {
        "spec.nodeName" => spec.map(|spec| text(&spec.node_name)),
        "spec.restartPolicy" => spec.map(|spec| text(&spec.restart_policy)),
        "spec.schedulerName" => spec.map(|spec| text(&spec.scheduler_name)),
        "spec.serviceAccountName" => spec.map(|spec| text(&spec.service_account_name)),
        "spec.hostNetwork" => {
            let host = spec.and_then(|spec| spec.host_network).unwrap_or(false);
            Some(Cow::Borrowed(if host { "true" } else { "false" }))
        }
        "status.phase" => status.map(|status| text(&status.phase)),
        "status.podIP" | "status.podIPs" => status.map(|status| text(&status.pod_ip)),
        "status.nominatedNodeName" => status.map(|status| text(&status.nominated_node_name)),
        _ => return None,
    };
    Some(found.unwrap_or_default())
}

fn node_field<'a>(node: &'a Node, field: &str) -> Option<Cow<'a, str>> {
    (field == "spec.unschedulable").then(|| {
        let spec = node.spec.as_ref();
        let cordoned = spec.and_then(|spec| spec.unschedulable).unwrap_or(false);
        Cow::Borrowed(if cordoned { "true" } else { "false" })
    })
}

fn event_field<'a>(event: &'a Event, field: &str) -> Option<Cow<'a, str>> {
    let involved = &event.involved_object;
    Some(match field {
        "involvedObject.kind" => text(&involved.kind),
        "involvedObject.namespace" => text(&involved.namespace),
        "involvedObject.name" => text(&involved.name),
        "involvedObject.uid" => text(&involved.uid),
        "involvedObject.apiVersion" => text(&involved.api_version),
        "involvedObject.resourceVersion" => text(&involved.resource_version),
        "involvedObject.fieldPath" => text(&involved.field_path),
        "reason" => text(&event.reason),
        "reportingComponent" => text(&event.reporting_component),
        "source" => {
            let source = event.source.as_ref();
            let component = source.map(|source| text(&source.component));
            component
                .filter(|component| !component.is_empty())
                .unwrap_or_else(|| text(&event.reporting_component))
        }
        "type" => text(&event.type_),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Object {
        let mut pod = Pod::default();
        pod.metadata.name = Some("web".into());
        pod.spec.get_or_insert_default().node_name = Some("node-1".into());
        pod.status.get_or_insert_default().phase = Some("Running".into());
        Object::of(pod)
    }

    #[test]
    fn fields_select() {
        let table = [
            ("", true),
            ("metadata.name=web,spec.nodeName=node-1", true),
            ("status.phase!=Running", false),
            ("status.phase==Running", true),
            ("spec.hostNetwork=false", true),
        ];
        for (text, expected) in table {
            let selector = FieldSelector::parse(text).unwrap_or_default();
            assert_eq!(selector.matches(&running()), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_as_the_server_names_them() {
        let table = [
            (
                "metadata.name",
                "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
            ),
            (
                "metadata.name=s1=",
                "invalid field selector: unescaped character in value: 61",
            ),
            (
                "spec.priority=0",
                "field label not supported: spec.priority",
            ),
        ];
        for (text, expected) in table {
            let outcome = FieldSelector::parse(text)
                .and_then(|selector| selector.check(&running(), Version::Stored));
            assert_eq!(outcome, Err(expected.to_owned()), "{text}");
        }
    }
}
