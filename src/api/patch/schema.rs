//! How strategic merge treats each list of the built-in kinds: the
//! `patchStrategy` and `patchMergeKey` tags of `k8s.io/api`. A list that is not
//! named here is replaced as a whole.

/// What happens to a list that both sides have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListMerge {
    /// It is replaced.
    Replace,
    /// Elements with the same value under this key are merged.
    ByKey(&'static str),
    /// A set of plain values: joined.
    Set,
}

/// How the list `field` is merged that lies under the fields `path`, from the
/// top of the object.
pub(super) fn list(path: &[&str], field: &str) -> ListMerge {
    let parent = path.last().copied().unwrap_or_default();
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "resourceClaims"
        | "schedulingGates"
        | "resourceClaimStatuses"
        | "webhooks" => ListMerge::ByKey("name"),
        "secrets" if path.is_empty() => ListMerge::ByKey("name"),
        "volumeMounts" => ListMerge::ByKey("mountPath"),
        "volumeDevices" => ListMerge::ByKey("devicePath"),
        "hostAliases" | "podIPs" | "hostIPs" => ListMerge::ByKey("ip"),
        "topologySpreadConstraints" => ListMerge::ByKey("topologyKey"),
        "ports" if is_container_list(parent) => ListMerge::ByKey("containerPort"),
        // spec.ports of a Service; NetworkPolicies have theirs deeper.
        "ports" if path == ["spec"] => ListMerge::ByKey("port"),
        "conditions" => ListMerge::ByKey("type"),
        // Of a node's status.
        "addresses" if path == ["status"] => ListMerge::ByKey("type"),
        "ownerReferences" => ListMerge::ByKey("uid"),
        "finalizers" if parent == "metadata" => ListMerge::Set,
        "podCIDRs" => ListMerge::Set,
        _ => ListMerge::Replace,
    }
}

fn is_container_list(field: &str) -> bool {
    matches!(
        field,
        "containers" | "initContainers" | "ephemeralContainers"
    )
}
/// Whether clients send `$retainKeys` with a map (one member at a time may be
/// set): volumes and the strategy of a Deployment.
pub(super) fn retains_keys(path: &[&str]) -> bool {
    matches!(path, [.., "volumes"] | ["spec", "strategy"])
}
