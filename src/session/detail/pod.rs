//! A pod, looked at closely.

use super::super::mirror::Mirror;
use super::super::protocol::{ContainerState, Detail, PodState, PodView, Why};
use super::super::view;
use super::{fact, object, pairs};
use crate::api::{Key, Kind, Pod, Resource};
use crate::cluster::Cluster;

pub(super) fn write(cluster: &Cluster, mirror: &Mirror, pod: &Pod, detail: &mut Detail) {
    let seen = view::pod(mirror, pod);
    detail.headline = headline(&seen);
    let spec = pod.spec.as_ref();
    fact(detail, "Status", &*seen.status);
    fact(detail, "Node", seen.node.as_deref().unwrap_or("none yet"));
    fact(detail, "IP", &*seen.ip);
    fact(detail, "Restarts", seen.restarts.to_string());
    let service_account = spec.and_then(|spec| spec.service_account_name.clone());
    fact(
        detail,
        "Service account",
        service_account.unwrap_or_default(),
    );
    let class = pod
        .status
        .as_ref()
        .and_then(|status| status.qos_class.clone());
    fact(detail, "QoS class", class.unwrap_or_default());
    fact(
        detail,
        "Labels",
        pod.metadata.labels.as_ref().map(pairs).unwrap_or_default(),
    );
    fact(detail, "veth on its node", &*seen.veth);
    for container in &seen.containers {
        fact(
            detail,
            &format!("Container {}", container.name),
            container_line(container),
        );
    }
    detail.decision = mirror.decisions.get(&pod.key()).cloned();
    detail.why.extend(why_placed(detail, &seen));
    detail.why.extend(why_not_ready(pod, &seen));
    relate(mirror, pod, &seen, detail);
    write_logs(cluster, pod, &seen, detail);
    detail
        .texts
        .extend(cluster.network().pod_tables(pod.uid(), cluster.now()));
}

fn headline(pod: &PodView) -> String {
    let node = pod.node.as_deref().unwrap_or_default();
    match pod.state {
        PodState::Pending => "Waits for the scheduler to find it a node.".into(),
        PodState::Starting => format!("{node} pulls its images and starts its containers."),
        PodState::Running => format!("Runs on {node} and is ready."),
        PodState::NotReady => format!("Runs on {node}, but is not ready: services leave it out."),
        PodState::BackOff => "A container keeps ending. Its kubelet waits before it starts it again, longer each time.".into(),
        PodState::Blocked => "A container cannot be started.".into(),
        PodState::Succeeded => "All its containers ended well; it is done.".into(),
        PodState::Failed => "It failed and will not be started again.".into(),
        PodState::Terminating => "It is being deleted: its containers were asked to stop.".into(),
        PodState::Unknown => format!("{node} does not report; nobody knows how the pod is."),
    }
}

fn container_line(container: &super::super::protocol::ContainerView) -> String {
    let state = match container.state {
        ContainerState::Waiting => "waiting",
        ContainerState::Running => "running, not ready",
        ContainerState::Ready => "running, ready",
        ContainerState::Completed => "ended well",
        ContainerState::Failed => "ended with an error",
        ContainerState::BackOff => "waits for its restart",
    };
    let init = if container.init { "init, " } else { "" };
    let reason = match &*container.reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let restarts = match container.restarts {
        1 => "1 restart".to_owned(),
        count => format!("{count} restarts"),
    };
    format!("{init}{}: {state}{reason}, {restarts}", container.image)
}

fn why_placed(detail: &Detail, seen: &PodView) -> Option<Why> {
    let decision = detail.decision.as_ref()?;
    let Some(node) = &decision.node else {
        let answer = vec![decision.message.clone()];
        return Some(Why {
            question: "Why is it Pending?".into(),
            answer,
        });
    };
    let ruled_out = decision
        .verdicts
        .iter()
        .filter(|verdict| verdict.rejected.is_some())
        .count();
    let mut answer = vec![format!(
        "{} of {} nodes passed every filter; ruled out: {ruled_out}.",
        decision.verdicts.len() - ruled_out,
        decision.nodes_total,
    )];
    if let Some(best) = decision.scores.first() {
        let rest: Vec<String> = decision
            .scores
            .iter()
            .skip(1)
            .take(3)
            .map(|score| format!("{} {}", score.node, score.total))
            .collect();
        let others = if rest.is_empty() {
            String::new()
        } else {
            format!("; then {}", rest.join(", "))
        };
        answer.push(format!(
            "{} scored highest with {}{others}.",
            best.node, best.total
        ));
    }
    let name = seen.node.as_ref().unwrap_or(node);
    Some(Why {
        question: format!("Why on {name}?"),
        answer,
    })
}

fn why_not_ready(pod: &Pod, seen: &PodView) -> Option<Why> {
    if seen.ready || seen.node.is_none() || matches!(seen.state, PodState::Succeeded) {
        return None;
    }
    let status = pod.status.as_ref()?;
    let mut answer = Vec::new();
    let all = [&status.init_container_statuses, &status.container_statuses];
    for container in all.into_iter().flatten().flatten() {
        let Some(state) = &container.state else {
            continue;
        };
        if let Some(waiting) = &state.waiting {
            let message = waiting.message.as_deref().unwrap_or("waits");
            let reason = waiting.reason.as_deref().unwrap_or("Waiting");
            answer.push(format!("Container {}: {reason}: {message}", container.name));
        } else if let Some(ended) = &state.terminated {
            answer.push(format!(
                "Container {} ended with exit code {}.",
                container.name, ended.exit_code
            ));
        } else if !container.ready && container.started == Some(false) {
            answer.push(format!(
                "Container {} runs; its startup probe has not passed yet.",
                container.name
            ));
        } else if !container.ready {
            answer.push(format!(
                "Container {} runs; its readiness probe does not pass.",
                container.name
            ));
        }
    }
    for condition in status.conditions.as_deref().unwrap_or_default() {
        if condition.status != "True" && condition.type_ != "DisruptionTarget" {
            let message = condition
                .message
                .as_deref()
                .or(condition.reason.as_deref())
                .unwrap_or_default();
            if !message.is_empty() {
                answer.push(format!(
                    "Condition {} is {}: {message}",
                    condition.type_, condition.status
                ));
            }
        }
    }
    (!answer.is_empty()).then(|| Why {
        question: "Why is it not Ready?".into(),
        answer,
    })
}

fn relate(mirror: &Mirror, pod: &Pod, seen: &PodView, detail: &mut Detail) {
    if let Some(node) = &seen.node {
        detail.related.push((
            "runs on".into(),
            object(Kind::Node, Key::new("", node.clone())),
        ));
    }
    for owner in pod.metadata.owner_references.as_deref().unwrap_or_default() {
        if let Some(kind) = Kind::from_api_version(&owner.api_version, &owner.kind) {
            let namespace = if kind.info().namespaced {
                pod.namespace()
            } else {
                ""
            };
            detail.related.push((
                "made by".into(),
                object(kind, Key::new(namespace, owner.name.as_str())),
            ));
        }
    }
    let uid = pod.uid();
    for slice in mirror.slices.in_namespace(pod.namespace()) {
        let holds = slice.endpoints.iter().flatten().any(|endpoint| {
            endpoint
                .target_ref
                .as_ref()
                .and_then(|target| target.uid.as_deref())
                == Some(uid)
        });
        if let (true, Some(service)) = (holds, view::service_of(slice)) {
            detail
                .related
                .push(("endpoint of".into(), object(Kind::Service, service)));
        }
    }
}

/// Lines shown of a log.
const LOG_LINES: usize = 40;

fn write_logs(cluster: &Cluster, pod: &Pod, seen: &PodView, detail: &mut Detail) {
    let Some(kubelet) = seen.node.as_deref().and_then(|node| cluster.kubelet(node)) else {
        return;
    };
    for container in &seen.containers {
        for (previous, when) in [(false, ""), (true, " before its restart")] {
            let log = kubelet.log(&pod.key(), &container.name, previous);
            let text = log.map(|log| log.tail(LOG_LINES)).unwrap_or_default();
            if !text.is_empty() {
                detail
                    .texts
                    .push((format!("Log of {}{when}", container.name), text));
            }
        }
    }
}
