//! LimitRanges and ResourceQuotas.

use super::{Fields, items, present, quantities, struct_in};
use serde_json::Value;

const LISTS: [&str; 5] = [
    "max",
    "min",
    "default",
    "defaultRequest",
    "maxLimitRequestRatio",
];

pub(super) fn limit_range(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    for item in items(spec, "limits") {
        for list in LISTS {
            quantities(item.get_mut(list));
        }
        if item.get("type").and_then(Value::as_str) == Some("Container") {
            // What is allowed at most is the limit, the limit is the request.
            fill(item, "max", "default");
            fill(item, "default", "defaultRequest");
            fill(item, "min", "defaultRequest");
        }
    }
}

/// Resources of one list that the other does not have.
fn fill(item: &mut Fields, from: &str, to: &str) {
    let Some(Value::Object(source)) = item.get(from).cloned() else {
        return;
    };
    if source.is_empty() {
        return;
    }
    let Some(target) = struct_in(item, to) else {
        return;
    };
    for (resource, amount) in source {
        target.entry(resource).or_insert(amount);
    }
}

pub(super) fn quota(fields: &mut Fields) {
    if let Some(spec) = present(fields, "spec") {
        quantities(spec.get_mut("hard"));
    }
    if let Some(status) = present(fields, "status") {
        quantities(status.get_mut("hard"));
        quantities(status.get_mut("used"));
    }
}
