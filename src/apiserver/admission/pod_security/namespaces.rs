//! Labels of namespaces: whether they say something, and which pods that are
//! there already break what they ask for anew.

use super::checks;
use super::policy::{Policy, Wrong};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Namespace, Pod};
use crate::apiserver::storage::Call;
use std::collections::BTreeMap;

/// Pods that are looked at (`defaultNamespaceMaxPodsToCheck`).
const PODS_MAX: usize = 3000;

/// Refuses labels that say nothing; warns of pods that break a stricter level.
pub(in crate::apiserver::admission) fn validate_namespace(
    call: &mut Call<'_>,
    namespace: &Namespace,
    old: Option<&Namespace>,
) -> Result<(), ApiError> {
    let none = BTreeMap::new();
    let labels = namespace.metadata.labels.as_ref().unwrap_or(&none);
    let (policy, wrong) = Policy::read(labels);
    let before = old.map(|old| Policy::read(old.metadata.labels.as_ref().unwrap_or(&none)));
    let were_wrong = before.as_ref().map_or(0, |(_, wrong)| wrong.len());
    let name = namespace.metadata.name.as_deref().unwrap_or_default();
    if wrong.len() > were_wrong || (old.is_none() && !wrong.is_empty()) {
        return Err(invalid(name, wrong));
    }
    let Some((before, _)) = before else {
        return Ok(());
    };
    let stricter = policy.enforce != before.enforce && policy.enforce.level >= before.enforce.level;
    if stricter && !policy.enforce.is_privileged() {
        warn_of_pods(call, name, &policy);
    }
    Ok(())
}

fn invalid(name: &str, wrong: Vec<Wrong>) -> ApiError {
    let causes = wrong.into_iter().map(|(key, value, rule)| {
        let message = format!("Invalid value: {value:?}: {rule}");
        let field = format!("metadata.labels[{key}]");
        status::cause("FieldValueInvalid", &field, message)
    });
    status::invalid(Kind::Namespace, name, causes.collect())
}

fn warn_of_pods(call: &mut Call<'_>, namespace: &str, policy: &Policy) {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let pods = call.api.etcd.range(Kind::Pod, Some(namespace));
    for (key, entry) in pods.take(PODS_MAX) {
        let Some(pod) = entry.object.as_kind::<Pod>() else {
            continue;
        };
        let spec = pod.spec.clone().unwrap_or_default();
        let findings = checks::evaluate(&policy.enforce, &pod.metadata, &spec);
        if findings.is_empty() {
            continue;
        }
        let reasons: Vec<&str> = findings
            .iter()
            .map(|finding| finding.reason.as_str())
            .collect();
        let reasons = reasons.join(", ");
        match found.iter_mut().find(|(known, _)| *known == reasons) {
            Some((_, names)) => names.push(key.name.to_string()),
            None => found.push((reasons, vec![key.name.to_string()])),
        }
    }
    if found.is_empty() {
        return;
    }
    call.warnings.push(format!(
        "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level {:?}",
        policy.enforce.to_string()
    ));
    for (reasons, names) in found {
        let first = names.first().map(String::as_str).unwrap_or_default();
        let who = match names.len() {
            1 => first.to_owned(),
            2 => format!("{first} (and 1 other pod)"),
            many => format!("{first} (and {} other pods)", many - 1),
        };
        call.warnings.push(format!("{who}: {reasons}"));
    }
}
