//! Priority: a pod's class becomes a number.

use super::name_of;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind, Object, Pod};
use crate::apiserver::storage::Call;

/// The classes that every cluster has, with their values.
const SYSTEM_CLASSES: [(&str, i32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];
const DEFAULT_POLICY: &str = "PreemptLowerPriority";

struct Class {
    name: String,
    value: i32,
    policy: String,
}

impl Class {
    fn of(object: &Object) -> Option<Class> {
        let Object::Other(Kind::PriorityClass, class) = object else {
            return None;
        };
        let value = class.rest.get("value")?.as_i64()?;
        let policy = class.rest.get("preemptionPolicy").and_then(|p| p.as_str());
        Some(Class {
            name: class.metadata.name.clone()?,
            value: i32::try_from(value).ok()?,
            policy: policy.unwrap_or(DEFAULT_POLICY).to_owned(),
        })
    }
}

/// Gives the pod its priority and says whether it may preempt.
pub(super) fn admit(call: &Call<'_>, pod: &mut Pod) -> Result<(), ApiError> {
    let spec = pod.spec.get_or_insert_default();
    let class = match spec.priority_class_name.as_deref() {
        None | Some("") => default_class(call),
        Some(name) => match find(call, name) {
            Some(class) => Some(class),
            None => {
                let why = format!("no PriorityClass with name {name} was found");
                return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
            }
        },
    };
    let (value, policy) = match class {
        Some(class) => {
            spec.priority_class_name = Some(class.name);
            (class.value, class.policy)
        }
        None => (0, DEFAULT_POLICY.to_owned()),
    };
    if let Some(given) = spec.priority.filter(|given| *given != value) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        );
        return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
    }
    if let Some(given) = spec
        .preemption_policy
        .as_deref()
        .filter(|given| *given != policy)
    {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        );
        return Err(status::forbidden(Kind::Pod, name_of(&pod.metadata), &why));
    }
    spec.priority = Some(value);
    spec.preemption_policy = Some(policy);
    Ok(())
}

/// Only one class is the default.
pub(super) fn validate_class(call: &Call<'_>, object: &Object) -> Result<(), ApiError> {
    let Object::Other(_, class) = object else {
        return Ok(());
    };
    if class.rest.get("globalDefault").and_then(|d| d.as_bool()) != Some(true) {
        return Ok(());
    }
    let other =
        default_class(call).filter(|other| Some(&other.name) != class.metadata.name.as_ref());
    match other {
        Some(other) => {
            let why = format!(
                "PriorityClass {} is already marked as default. Only one default can exist",
                other.name
            );
            Err(status::forbidden(
                Kind::PriorityClass,
                name_of(&class.metadata),
                &why,
            ))
        }
        None => Ok(()),
    }
}

fn find(call: &Call<'_>, name: &str) -> Option<Class> {
    if let Some(entry) = call.look_up(Kind::PriorityClass, Key::new("", name)) {
        return Class::of(&entry.object);
    }
    let (name, value) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name)?;
    Some(Class {
        name: (*name).to_owned(),
        value: *value,
        policy: DEFAULT_POLICY.to_owned(),
    })
}

/// The lowest of the classes marked `globalDefault`. There are few classes.
fn default_class(call: &Call<'_>) -> Option<Class> {
    let is_default = |object: &Object| match object {
        Object::Other(_, class) => class.rest.get("globalDefault").and_then(|d| d.as_bool()),
        _ => None,
    };
    call.api
        .etcd
        .range(Kind::PriorityClass, None)
        .filter(|(_, entry)| is_default(&entry.object) == Some(true))
        .filter_map(|(_, entry)| Class::of(&entry.object))
        .min_by_key(|class| class.value)
}
