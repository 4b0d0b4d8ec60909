//! What Go never keeps of a body: fields that are neither pointers nor always
//! written (`omitempty`) and hold their zero are as if they had not been given.

use crate::api::Kind;
use serde_json::Value;

/// Such switches of pods, nodes and workloads, by name.
const SWITCHES: [&str; 10] = [
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "publishNotReadyAddresses",
    "stdin",
    "stdinOnce",
    "tty",
    "unschedulable",
    "globalDefault",
];
/// Such numbers.
const NUMBERS: [&str; 2] = ["minReadySeconds", "hostPort"];

/// Takes them out of a body.
pub(super) fn tidy(kind: Kind, value: &mut Value) {
    // Schemas of custom resources may use the same names for anything.
    if kind == Kind::CustomResourceDefinition {
        return;
    }
    // Kubelets no longer take their configuration from the API.
    if kind == Kind::Node
        && let Some(Value::Object(spec)) = value.get_mut("spec")
    {
        spec.remove("configSource");
    }
    for part in ["spec", "template", "globalDefault"] {
        if let Some(inner) = value.get_mut(part) {
            walk(inner);
        }
    }
    if let Value::Object(map) = value {
        map.retain(|key, value| !is_zero(key, value));
    }
}

fn is_zero(key: &str, value: &Value) -> bool {
    match value {
        Value::Bool(false) => SWITCHES.contains(&key),
        Value::Number(number) => number.as_i64() == Some(0) && NUMBERS.contains(&key),
        _ => false,
    }
}

fn walk(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| !is_zero(key, value));
            map.values_mut().for_each(walk);
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        _ => {}
    }
}

/// Times that carry microseconds, by kind.
fn micro_times(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Lease => &["/spec/acquireTime", "/spec/renewTime"],
        Kind::Event => &["/eventTime", "/series/lastObservedTime"],
        _ => &[],
    }
}

/// What is wrong with a time that should carry microseconds and does not.
pub(super) fn micro_time_fault(kind: Kind, value: &Value) -> Option<String> {
    let times = micro_times(kind).iter();
    let mut times = times.filter_map(|pointer| value.pointer(pointer)?.as_str());
    times.find_map(fault)
}

fn fault(text: &str) -> Option<String> {
    const FORM: &str = "2006-01-02T15:04:05.000000Z07:00";
    let rest = text.get("2006-01-02T15:04:05".len()..)?;
    let digits = rest.strip_prefix('.').unwrap_or_default();
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    (count != 6).then(|| {
        format!(
            "parsing time {0} as {FORM:?}: cannot parse {1} as \".000000\"",
            Value::from(text),
            Value::from(rest)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn zeros_vanish_where_go_would_not_write_them() {
        let mut node = json!({"spec": {"unschedulable": false, "podCIDR": ""}});
        tidy(Kind::Node, &mut node);
        assert_eq!(node, json!({"spec": {"podCIDR": ""}}));
    }

    #[test]
    fn times_of_leases_carry_microseconds() {
        let lease = |text: &str| json!({"spec": {"renewTime": text}});
        let of = |text: &str| micro_time_fault(Kind::Lease, &lease(text));
        assert_eq!(of("2020-01-01T00:00:00.000000Z"), None);
        assert!(of("2020-01-01T00:00:00Z").is_some_and(|why| why.contains("cannot parse")));
    }
}
