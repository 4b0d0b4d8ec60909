//! ResourceQuota: what is used up may not be used more
//! (`apiserver/pkg/admission/plugin/resourcequota`).

use super::name_of;
use crate::api::quantity::Amount;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object};
use crate::apiserver::quota::{self, Usage};
use crate::apiserver::storage::Call;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A quota that counts an object.
struct Interested {
    key: Key,
    hard: Usage,
    used: Usage,
}

/// Charges every quota that counts the object; refuses where one is exceeded.
pub(super) fn admit(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), ApiError> {
    let kind = object.kind();
    if !kind.info().namespaced {
        return Ok(());
    }
    let namespace = object.key().namespace;
    let quotas: Vec<Object> = call
        .api
        .etcd
        .range(Kind::ResourceQuota, Some(&namespace))
        .map(|(_, entry)| entry.object.clone())
        .collect();
    if quotas.is_empty() {
        return Ok(());
    }
    let forbid = |why: String| status::forbidden(kind, name_of(object.meta()), &why);
    let mut interested = Vec::new();
    for quota in &quotas {
        if let Some(found) = interest(quota, object, old.is_none()).map_err(forbid)? {
            interested.push(found);
        }
    }
    let delta = difference(quota::usage(object), old.map(quota::usage));
    if delta.is_empty() {
        return Ok(());
    }
    for quota in &interested {
        check(quota, &delta).map_err(forbid)?;
    }
    for quota in interested {
        charge(call, quota, &delta)?;
    }
    Ok(())
}

fn interest(quota: &Object, object: &Object, created: bool) -> Result<Option<Interested>, String> {
    let Object::Other(_, untyped) = quota else {
        return Ok(None);
    };
    let kind = object.kind();
    let hard = quota::amounts(untyped.rest.get("status").and_then(|s| s.get("hard")));
    let limited: BTreeSet<String> = hard
        .keys()
        .filter(|name| quota::is_of(kind, name))
        .cloned()
        .collect();
    let spec = untyped.rest.get("spec").unwrap_or(&Value::Null);
    if limited.is_empty() || !quota::matches_scopes(spec, object) {
        return Ok(None);
    }
    let key = quota.key();
    if let (Object::Pod(pod), true) = (object, created)
        && let Some(missing) = quota::missing_resources(pod, &limited)
    {
        return Err(format!("failed quota: {}: {missing}", key.name));
    }
    let used = quota::amounts(untyped.rest.get("status").and_then(|s| s.get("used")));
    let unknown: Vec<&str> = limited
        .iter()
        .filter(|name| !used.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        return Err(format!(
            "status unknown for quota: {}, resources: {}",
            key.name,
            unknown.join(",")
        ));
    }
    Ok(Some(Interested { key, hard, used }))
}

/// What more is used now; what is used less is left to the controller.
fn difference(now: Usage, before: Option<Usage>) -> Usage {
    let before = before.unwrap_or_default();
    now.into_iter()
        .map(|(name, amount)| match before.get(&name) {
            Some(before) => (name, amount - *before),
            None => (name, amount),
        })
        .filter(|(_, amount)| !amount.is_zero() && !amount.is_negative())
        .collect()
}

fn check(quota: &Interested, delta: &Usage) -> Result<(), String> {
    let zero = || Amount::from_millis(0);
    let used = |name: &String| quota.used.get(name).copied().unwrap_or_else(zero);
    let exceeded: Vec<&String> = delta
        .iter()
        .filter(|(name, more)| {
            let hard = quota.hard.get(*name);
            hard.is_some_and(|hard| used(name) + **more > *hard)
        })
        .map(|(name, _)| name)
        .collect();
    // A resource of which nothing is allowed is exceeded by anything at all.
    if exceeded.is_empty() {
        return Ok(());
    }
    let list = |amount: &dyn Fn(&String) -> Amount| {
        let parts: Vec<String> = exceeded
            .iter()
            .map(|name| format!("{name}={}", amount(name)))
            .collect();
        parts.join(",")
    };
    Err(format!(
        "exceeded quota: {}, requested: {}, used: {}, limited: {}",
        quota.key.name,
        list(&|name| delta.get(name).copied().unwrap_or_else(zero)),
        list(&used),
        list(&|name| quota.hard.get(name).copied().unwrap_or_else(zero)),
    ))
}

/// Writes what is used with the object in place.
fn charge(call: &mut Call<'_>, quota: Interested, delta: &Usage) -> Result<(), ApiError> {
    let used: Map<String, Value> = quota
        .used
        .iter()
        .map(|(name, amount)| {
            let more = delta.get(name).filter(|_| quota.hard.contains_key(name));
            let sum = more.map_or(*amount, |more| *amount + *more);
            (name.clone(), sum.to_quantity().0.into())
        })
        .collect();
    let Some(entry) = call.look_up(Kind::ResourceQuota, quota.key.clone()) else {
        return Ok(());
    };
    let (mut object, revision) = (entry.object.clone(), entry.mod_revision);
    let before = object.clone();
    if let Object::Other(_, untyped) = &mut object
        && let Some(Value::Object(status)) = Arc::make_mut(untyped).rest.get_mut("status")
    {
        status.insert("used".to_owned(), Value::Object(used));
    }
    if object != before {
        call.write_other(Kind::ResourceQuota, quota.key, revision, object)?;
    }
    Ok(())
}
