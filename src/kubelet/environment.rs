//! The environment of a container, and the expansion of `$(VAR)`.

use super::admission::{cpu_millis, memory_bytes};
use super::worker::PodWorker;
use super::{NodeConfig, Timer};
use crate::api::core::{EnvVar, EnvVarSource, ResourceFieldSelector};
use crate::api::{ConfigMap, Key, Name, Secret, quantity};
use crate::client::Ctx;
use std::collections::BTreeMap;

/// Something that the environment refers to is not there; the kubelet's words.
pub(super) struct Missing(pub String);

type Env = BTreeMap<String, String>;

/// The whole environment of a container.
pub(super) fn resolve(
    worker: &PodWorker,
    index: usize,
    node: &NodeConfig,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Env, Missing> {
    let mut env = standard(worker);
    let Some(spec) = worker
        .containers
        .get(index)
        .and_then(|container| container.spec(&worker.pod))
    else {
        return Ok(env);
    };
    for source in spec.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        if let Some(from) = &source.config_map_ref {
            let map = config_map(worker, &from.name, from.optional, ctx)?;
            env.extend(
                map.into_iter()
                    .map(|(key, value)| (format!("{prefix}{key}"), value)),
            );
        }
        if let Some(from) = &source.secret_ref {
            let map = secret(worker, &from.name, from.optional, ctx)?;
            env.extend(
                map.into_iter()
                    .map(|(key, value)| (format!("{prefix}{key}"), value)),
            );
        }
    }
    for var in spec.env.iter().flatten() {
        if let Some(value) = value(worker, index, var, &env, node, ctx)? {
            env.insert(var.name.clone(), value);
        }
    }
    Ok(env)
}

fn standard(worker: &PodWorker) -> Env {
    let set = [
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("HOME", "/root"),
        ("HOSTNAME", &worker.key.name),
        ("KUBERNETES_PORT", "tcp://10.96.0.1:443"),
        ("KUBERNETES_PORT_443_TCP", "tcp://10.96.0.1:443"),
        ("KUBERNETES_PORT_443_TCP_ADDR", "10.96.0.1"),
        ("KUBERNETES_PORT_443_TCP_PORT", "443"),
        ("KUBERNETES_PORT_443_TCP_PROTO", "tcp"),
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
        ("KUBERNETES_SERVICE_PORT_HTTPS", "443"),
    ];
    set.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn value(
    worker: &PodWorker,
    index: usize,
    var: &EnvVar,
    env: &Env,
    node: &NodeConfig,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Option<String>, Missing> {
    let Some(from) = &var.value_from else {
        return Ok(Some(expand(var.value.as_deref().unwrap_or_default(), env)));
    };
    if let Some(field_ref) = &from.field_ref {
        return Ok(Some(
            field(worker, &field_ref.field_path, Some(node)).unwrap_or_default(),
        ));
    }
    if let Some(of) = &from.resource_field_ref {
        return Ok(Some(resource(worker, index, of, node)));
    }
    from_map(worker, from, ctx)
}

fn from_map(
    worker: &PodWorker,
    from: &EnvVarSource,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Option<String>, Missing> {
    let namespace = &worker.key.namespace;
    let (kind, name, key, optional, map) = if let Some(of) = &from.config_map_key_ref {
        let map = config_map(worker, &of.name, of.optional, ctx)?;
        ("ConfigMap", &of.name, &of.key, of.optional, map)
    } else if let Some(of) = &from.secret_key_ref {
        let map = secret(worker, &of.name, of.optional, ctx)?;
        ("Secret", &of.name, &of.key, of.optional, map)
    } else {
        return Ok(None);
    };
    match map.get(key) {
        Some(value) => Ok(Some(value.clone())),
        None if optional == Some(true) => Ok(None),
        None => Err(Missing(format!(
            "couldn't find key {key} in {kind} {namespace}/{name}"
        ))),
    }
}

fn config_map(
    worker: &PodWorker,
    name: &str,
    optional: Option<bool>,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Env, Missing> {
    let key = Key::new(worker.key.namespace.clone(), Name::from(name));
    match ctx.get::<ConfigMap>(&key) {
        Ok(map) => Ok(map.data.clone().unwrap_or_default()),
        Err(_) if optional == Some(true) => Ok(Env::new()),
        Err(_) => Err(Missing(format!("configmap \"{name}\" not found"))),
    }
}

fn secret(
    worker: &PodWorker,
    name: &str,
    optional: Option<bool>,
    ctx: &mut Ctx<'_, Timer>,
) -> Result<Env, Missing> {
    let key = Key::new(worker.key.namespace.clone(), Name::from(name));
    match ctx.get::<Secret>(&key) {
        Ok(secret) => Ok(secret_texts(&secret)),
        Err(_) if optional == Some(true) => Ok(Env::new()),
        Err(_) => Err(Missing(format!("secret \"{name}\" not found"))),
    }
}

/// A secret's data as text.
pub(super) fn secret_texts(secret: &Secret) -> BTreeMap<String, String> {
    let data = secret.data.iter().flatten();
    let plain = secret.string_data.iter().flatten();
    data.map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned()))
        .chain(plain.map(|(key, value)| (key.clone(), value.clone())))
        .collect()
}

/// The value of a `fieldRef`.
pub(super) fn field(worker: &PodWorker, path: &str, node: Option<&NodeConfig>) -> Option<String> {
    let meta = &worker.pod.metadata;
    let spec = worker.pod.spec.as_ref();
    let lines = |map: &Option<BTreeMap<String, String>>| {
        let lines: Vec<String> = map
            .iter()
            .flatten()
            .map(|(key, value)| format!("{key}=\"{value}\""))
            .collect();
        lines.join("\n")
    };
    let one = |map: &Option<BTreeMap<String, String>>, rest: &str| {
        let key = rest.trim_start_matches("['").trim_end_matches("']");
        map.as_ref().and_then(|map| map.get(key).cloned())
    };
    match path {
        "metadata.name" => Some(worker.key.name.to_string()),
        "metadata.namespace" => Some(worker.key.namespace.to_string()),
        "metadata.uid" => Some(worker.uid.to_string()),
        "metadata.labels" => Some(lines(&meta.labels)),
        "metadata.annotations" => Some(lines(&meta.annotations)),
        "spec.nodeName" => spec.and_then(|spec| spec.node_name.clone()),
        "spec.serviceAccountName" => spec.and_then(|spec| spec.service_account_name.clone()),
        "status.podIP" | "status.podIPs" => worker.ip().map(|ip| ip.to_string()),
        "status.hostIP" | "status.hostIPs" => node.map(|node| node.ip.to_string()),
        path => match (
            path.strip_prefix("metadata.labels"),
            path.strip_prefix("metadata.annotations"),
        ) {
            (Some(rest), _) => one(&meta.labels, rest),
            (_, Some(rest)) => one(&meta.annotations, rest),
            _ => None,
        },
    }
}

/// The value of a `resourceFieldRef`: a missing limit is the node's capacity.
fn resource(
    worker: &PodWorker,
    index: usize,
    of: &ResourceFieldSelector,
    node: &NodeConfig,
) -> String {
    let named = of.container_name.as_deref();
    let mut containers = worker.containers.iter().enumerate();
    let container = containers.find(|(at, container)| match named {
        Some(name) => *container.name == *name,
        None => *at == index,
    });
    let resources =
        container.and_then(|(_, container)| container.spec(&worker.pod)?.resources.as_ref());
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let or = |amount: u64, otherwise: u64| if amount == 0 { otherwise } else { amount };
    let thousandths = match of.resource.as_str() {
        "requests.cpu" => cpu_millis(requests),
        "limits.cpu" => or(cpu_millis(limits), node.cpu_millis),
        "requests.memory" => memory_bytes(requests).saturating_mul(1000),
        "limits.memory" => or(memory_bytes(limits), node.memory_bytes).saturating_mul(1000),
        _ => 0,
    };
    let divisor = of.divisor.as_ref().map(|of| quantity::amount(of).millis());
    let divisor = divisor.and_then(|millis| u64::try_from(millis).ok());
    let divisor = divisor.filter(|millis| *millis > 0).unwrap_or(1000);
    thousandths.div_ceil(divisor).to_string()
}

/// Replaces `$(NAME)` where the name is known; `$$(NAME)` stays `$(NAME)`.
pub(super) fn expand(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
            continue;
        }
        let inner = after
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'));
        match inner {
            Some((name, tail)) => {
                match env.get(name) {
                    Some(value) => out.push_str(value),
                    None => out.push_str(&format!("$({name})")),
                }
                rest = tail;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_as_the_kubelet_does() {
        let env = Env::from([("A".to_owned(), "1".to_owned())]);
        let table = [
            ("x$(A)y", "x1y"),
            ("$$(A)", "$(A)"),
            ("$(B)", "$(B)"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
        ];
        for (text, expanded) in table {
            assert_eq!(expand(text, &env), expanded, "{text}");
        }
    }
}
