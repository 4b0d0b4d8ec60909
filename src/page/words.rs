//! Numbers, times and names as people read them.

use crate::session::protocol::{ContainerState, NodeState, PodState, PodView, Subject};
use crate::sim::{Actor, Instant};

/// Virtual time as a clock shows it: `1:23.4`, `2:03:04`, `3d 02:03`.
pub fn clock(now: Instant) -> String {
    let tenths = now.0 / 100_000_000;
    let seconds = tenths / 10;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{rest:02}.{}", tenths % 10),
        (0, hours) => format!("{hours}:{minutes:02}:{rest:02}"),
        (days, hours) => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

/// An age as kubectl prints it: `42s`, `3m12s`, `5h`, `2d3h`.
pub fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => match seconds % 60 {
            0 => format!("{}m", seconds / 60),
            rest => format!("{}m{rest}s", seconds / 60),
        },
        600..10_800 => format!("{}m", seconds / 60),
        10_800..28_800 => match seconds / 60 % 60 {
            0 => format!("{}h", seconds / 3_600),
            rest => format!("{}h{rest}m", seconds / 3_600),
        },
        28_800..172_800 => format!("{}h", seconds / 3_600),
        _ => match seconds / 3_600 % 24 {
            0 => format!("{}d", seconds / 86_400),
            rest => format!("{}d{rest}h", seconds / 86_400),
        },
    }
}

/// Thousandths of a CPU: `0.4`, `4`, `1.35`.
pub fn cpu(millis: i64) -> String {
    let text = format!("{:.2}", millis as f64 / 1000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in binary units: `8Gi`, `1.5Gi`, `200Mi`.
pub fn bytes(bytes: i64) -> String {
    let units = ["", "Ki", "Mi", "Gi", "Ti"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = match value.abs() {
        small if small < 10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    format!(
        "{}{}",
        text.strip_suffix(".0").unwrap_or(&text),
        units[unit]
    )
}

/// A count with its noun: `1 pod`, `3 pods`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A pod's name in two parts: what it is, and the random tail.
pub fn pod_name(pod: &PodView) -> (&str, &str) {
    let name: &str = &pod.key.name;
    if pod.system {
        return split_system(pod);
    }
    if let Some(rest) = name.strip_prefix(&*pod.workload)
        && !pod.workload.is_empty()
        && let Some(rest) = rest.strip_prefix('-')
    {
        let tail = rest.rsplit('-').next().unwrap_or(rest);
        return (&pod.workload, tail);
    }
    (name, "")
}

fn split_system(pod: &PodView) -> (&str, &str) {
    let name: &str = &pod.key.name;
    if let Some(node) = &pod.node
        && let Some(head) = name.strip_suffix(&**node)
    {
        // A static pod: its name ends in its node's.
        return (head.trim_end_matches('-'), "");
    }
    if !pod.workload.is_empty()
        && let Some(rest) = name.strip_prefix(&*pod.workload)
    {
        let tail = rest.rsplit('-').next().unwrap_or(rest);
        return (&pod.workload, tail);
    }
    // A DaemonSet's: five random characters.
    match name.rsplit_once('-') {
        Some((head, tail)) if tail.len() == 5 => (head, tail),
        _ => (name, ""),
    }
}

/// A pod's state in words, as the list for screen readers says it.
pub fn pod_state(state: PodState) -> &'static str {
    match state {
        PodState::Pending => "pending",
        PodState::Starting => "starting",
        PodState::Running => "running and ready",
        PodState::NotReady => "running, not ready",
        PodState::BackOff => "waiting to restart",
        PodState::Blocked => "blocked",
        PodState::Succeeded => "succeeded",
        PodState::Failed => "failed",
        PodState::Terminating => "terminating",
        PodState::Unknown => "unknown, its node does not report",
    }
}

/// A container's state in words.
pub fn container_state(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Waiting => "waiting",
        ContainerState::Running => "running, not ready",
        ContainerState::Ready => "ready",
        ContainerState::Completed => "completed",
        ContainerState::Failed => "failed",
        ContainerState::BackOff => "waiting to restart",
    }
}

/// A node's state as `kubectl get nodes` words it.
pub fn node_state(state: NodeState) -> &'static str {
    match state {
        NodeState::Ready => "Ready",
        NodeState::NotReady => "NotReady",
        NodeState::Unknown => "Unknown",
    }
}

/// An actor as the page calls it.
pub fn actor(actor: &Actor) -> String {
    match actor {
        Actor::User => "you".into(),
        Actor::ApiServer => "API server".into(),
        Actor::Scheduler => "scheduler".into(),
        Actor::Controller(name) => name.to_string(),
        Actor::CloudController => "cloud controller manager".into(),
        Actor::Kubelet(node) => format!("kubelet on {node}"),
        Actor::KubeProxy(node) => format!("kube-proxy on {node}"),
        Actor::CoreDns => "CoreDNS".into(),
        Actor::World => "the world".into(),
    }
}

/// A subject as one reads it: `Pod default/web-1`, `kubelet on node-1`.
pub fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Object { kind, key } => format!("{} {key}", kind.info().kind),
        Subject::Component(who) => actor(who),
    }
}

/// `text` cut to so many characters, with an ellipsis where something is lost.
pub fn shorten(text: &str, characters: usize) -> std::borrow::Cow<'_, str> {
    if text.chars().count() <= characters {
        return text.into();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end_matches(['-', '.', ' '])).into()
}

/// `text` cut to so many characters at its beginning: of numbered names the end
/// tells them apart.
pub fn shorten_front(text: &str, characters: usize) -> std::borrow::Cow<'_, str> {
    let length = text.chars().count();
    if length <= characters {
        return text.into();
    }
    let kept: String = text.chars().skip(length + 1 - characters.max(1)).collect();
    format!("…{}", kept.trim_start_matches('-')).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    #[test]
    fn times_read_as_people_say_them() {
        for (nanos, text) in [
            (0, "0:00.0"),
            (83_450_000_000, "1:23.4"),
            (7_384_000_000_000, "2:03:04"),
            (266_584_000_000_000, "3d 02:03"),
        ] {
            assert_eq!(clock(Instant(nanos)), text);
        }
        for (seconds, text) in [
            (7, "7s"),
            (119, "119s"),
            (192, "3m12s"),
            (7_200, "120m"),
            (90_000, "25h"),
            (180_000, "2d2h"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn quantities_are_short() {
        assert_eq!(cpu(400), "0.4");
        assert_eq!(cpu(4000), "4");
        assert_eq!(cpu(1350), "1.35");
        assert_eq!(bytes(8 << 30), "8Gi");
        assert_eq!(bytes(3 << 29), "1.5Gi");
        assert_eq!(bytes(200 << 20), "200Mi");
        assert_eq!(bytes(0), "0");
    }

    #[test]
    fn random_tails_are_told_apart() {
        let mut pod = fixture::pod("x2x9z", "web", Some("node-1"));
        assert_eq!(pod_name(&pod), ("web", "x2x9z"));
        pod.workload = "".into();
        assert_eq!(pod_name(&pod), ("web-7d4b9c6f5-x2x9z", ""));
        pod.system = true;
        pod.key.name = "etcd-node-1".into();
        assert_eq!(pod_name(&pod), ("etcd", ""));
        pod.key.name = "kube-proxy-24njf".into();
        assert_eq!(pod_name(&pod), ("kube-proxy", "24njf"));
    }

    #[test]
    fn cut_names_say_so() {
        assert_eq!(shorten("frontend", 8), "frontend");
        assert_eq!(shorten("frontend-web", 9), "frontend…");
        assert_eq!(shorten("ä", 0), "…");
        assert_eq!(shorten_front("node-171", 5), "…171");
        assert_eq!(shorten_front("node-1", 6), "node-1");
    }
}
