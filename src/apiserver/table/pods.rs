//! Pods, their templates, and their budgets.

use super::cells::{self, NONE, is_true, items, number, str_at};
use super::column::Cell::{By, Number, Text};
use super::column::{AGE, CONTAINERS_OF_TEMPLATE, Column, IMAGES_OF_TEMPLATE, NAME};
use crate::sim::Instant;
use serde_json::{Value, json};

pub(super) const POD: &[Column] = &[
    NAME,
    Column::text("Ready", By(ready), "The aggregate readiness state of this pod for accepting traffic."),
    Column::text("Status", By(status), "The aggregate status of the containers in this pod."),
    Column::text("Restarts", By(restarts), "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted."),
    AGE,
    Column::text("IP", By(ip), "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.").wide(),
    Column::text("Node", Text("/spec/nodeName", "<none>"), "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename").wide(),
    Column::text("Nominated Node", Text("/status/nominatedNodeName", "<none>"), "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.").wide(),
    Column::text("Readiness Gates", By(readiness_gates), "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates").wide(),
];

pub(super) const POD_TEMPLATE: &[Column] = &[
    NAME,
    Column::text("Containers", By(names), CONTAINERS_OF_TEMPLATE),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE),
    Column::text("Pod Labels", By(labels), "The labels for the pod template."),
];

pub(super) const POD_DISRUPTION_BUDGET: &[Column] = &[
    NAME,
    Column::text(
        "Min Available",
        Text("/spec/minAvailable", "N/A"),
        "The minimum number of pods that must be available.",
    ),
    Column::text(
        "Max Unavailable",
        Text("/spec/maxUnavailable", "N/A"),
        "The maximum number of pods that may be unavailable.",
    ),
    Column::integer(
        "Allowed Disruptions",
        Number("/status/disruptionsAllowed"),
        "Calculated number of pods that may be disrupted at this time.",
    ),
    AGE,
];
/// What a finished pod says beside its row.
pub(super) fn condition(pod: &Value) -> Option<Value> {
    let (reason, message) = match str_at(pod, "/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!({"type": "Completed", "status": "True", "reason": reason, "message": message}))
}

/// What is told of a pod's containers together.
struct Summary<'a> {
    ready: i64,
    total: usize,
    reason: String,
    restarts: i64,
    /// When the last of them ended before it was started again.
    restarted_at: &'a str,
}

fn is_sidecar(container: &Value) -> bool {
    container.get("restartPolicy").and_then(Value::as_str) == Some("Always")
}

fn flag(status: &Value, field: &str) -> bool {
    status.get(field).and_then(Value::as_bool) == Some(true)
}

impl<'a> Summary<'a> {
    fn of(pod: &'a Value) -> Summary<'a> {
        let phase = str_at(pod, "/status/phase");
        let gated = items(pod, "/status/conditions")
            .iter()
            .any(|it| it["type"] == "PodScheduled" && it["reason"] == "SchedulingGated");
        let reason = match str_at(pod, "/status/reason") {
            _ if gated => "SchedulingGated",
            "" => phase,
            reason => reason,
        };
        let sidecars = items(pod, "/spec/initContainers")
            .iter()
            .filter(|it| is_sidecar(it));
        let mut summary = Summary {
            ready: 0,
            total: items(pod, "/spec/containers").len() + sidecars.count(),
            reason: reason.to_owned(),
            restarts: 0,
            restarted_at: "",
        };
        let initializing = summary.initialize(pod);
        if !initializing || is_true(pod, "Initialized") {
            summary.run(pod);
        }
        let deleted = !str_at(pod, "/metadata/deletionTimestamp").is_empty();
        if deleted && str_at(pod, "/status/reason") == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if deleted && !matches!(phase, "Succeeded" | "Failed") {
            summary.reason = "Terminating".to_owned();
        }
        summary
    }

    fn restarted(&mut self, status: &'a Value) {
        self.restarts += number(status, "/restartCount");
        let at = str_at(status, "/lastState/terminated/finishedAt");
        self.restarted_at = self.restarted_at.max(at);
    }

    /// Looks at init containers until one is not done. Answers whether there is
    /// such a one; afterwards only the restarts of sidecars count.
    fn initialize(&mut self, pod: &'a Value) -> bool {
        let specs = items(pod, "/spec/initContainers");
        let statuses = items(pod, "/status/initContainerStatuses");
        let is_sidecar = |status: &Value| {
            let mut specs = specs.iter();
            specs.any(|spec| spec["name"] == status["name"] && is_sidecar(spec))
        };
        let (mut all, mut at) = (0, "");
        for (index, status) in statuses.iter().enumerate() {
            all += number(status, "/restartCount");
            at = at.max(str_at(status, "/lastState/terminated/finishedAt"));
            if is_sidecar(status) {
                self.restarted(status);
            }
            let terminated = status.pointer("/state/terminated");
            if terminated.is_some_and(|it| number(it, "/exitCode") == 0) {
                continue;
            }
            if is_sidecar(status) && flag(status, "started") {
                self.ready += i64::from(flag(status, "ready"));
                continue;
            }
            let waiting = str_at(status, "/state/waiting/reason");
            self.reason = match terminated {
                Some(terminated) => format!("Init:{}", ended(terminated)),
                None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}"),
                None => format!("Init:{index}/{}", specs.len()),
            };
            if !is_true(pod, "Initialized") {
                (self.restarts, self.restarted_at) = (all, at);
            }
            return true;
        }
        false
    }

    fn run(&mut self, pod: &'a Value) {
        let (mut running, mut failed) = (false, None);
        for status in items(pod, "/status/containerStatuses").iter().rev() {
            self.restarted(status);
            let waiting = str_at(status, "/state/waiting/reason");
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if let Some(terminated) = status.pointer("/state/terminated") {
                self.reason = ended(terminated);
                if number(terminated, "/exitCode") != 0 {
                    failed = Some(self.reason.clone());
                }
            } else if flag(status, "ready") && status.pointer("/state/running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason != "Completed" {
            return;
        }
        // One container that is done says nothing of the others.
        match failed {
            _ if running && is_true(pod, "Ready") => self.reason = "Running".to_owned(),
            Some(reason) => self.reason = reason,
            None if running => self.reason = "NotReady".to_owned(),
            None => {}
        }
    }
}

/// How a container ended.
fn ended(terminated: &Value) -> String {
    match (str_at(terminated, "/reason"), number(terminated, "/signal")) {
        ("", 0) => format!("ExitCode:{}", number(terminated, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn ready(pod: &Value, _: Instant) -> Value {
    let summary = Summary::of(pod);
    format!("{}/{}", summary.ready, summary.total).into()
}

fn status(pod: &Value, _: Instant) -> Value {
    Summary::of(pod).reason.into()
}

fn restarts(pod: &Value, now: Instant) -> Value {
    let summary = Summary::of(pod);
    let at = json!({"at": summary.restarted_at});
    match (summary.restarts, summary.restarted_at) {
        (0, _) | (_, "") => summary.restarts.to_string().into(),
        (restarts, _) => format!("{restarts} ({} ago)", cells::age(&at, "/at", now)).into(),
    }
}

fn ip(pod: &Value, _: Instant) -> Value {
    cells::text(pod, "/status/podIPs/0/ip", NONE).into()
}

fn readiness_gates(pod: &Value, _: Instant) -> Value {
    let gates = items(pod, "/spec/readinessGates");
    let open = gates
        .iter()
        .filter(|gate| is_true(pod, str_at(gate, "/conditionType")));
    match gates.len() {
        0 => NONE.into(),
        all => format!("{}/{all}", open.count()).into(),
    }
}

fn names(template: &Value, _: Instant) -> Value {
    cells::each(template, "/template/spec/containers", "name").into()
}

fn images(template: &Value, _: Instant) -> Value {
    cells::each(template, "/template/spec/containers", "image").into()
}

fn labels(template: &Value, _: Instant) -> Value {
    cells::labels(template, "/template/metadata/labels").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_says_what_its_containers_do() {
        let container = |state: Value| json!([{"name": "c", "restartCount": 0, "state": state}]);
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let table = [
            (json!({"phase": "Pending"}), "Pending"),
            (
                json!({"phase": "Running", "containerStatuses": container(waiting)}),
                "CrashLoopBackOff",
            ),
            (
                json!({"phase": "Failed", "containerStatuses":
                    container(json!({"terminated": {"exitCode": 3}}))}),
                "ExitCode:3",
            ),
            (json!({"phase": "Failed", "reason": "Evicted"}), "Evicted"),
            (
                json!({"phase": "Pending", "initContainerStatuses":
                    container(json!({"running": {}}))}),
                "Init:0/1",
            ),
            (
                json!({"phase": "Pending", "conditions":
                    [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
                "SchedulingGated",
            ),
        ];
        for (found, expected) in table {
            let spec = json!({"initContainers": [{"name": "c"}], "containers": [{"name": "c"}]});
            let pod = json!({"metadata": {}, "spec": spec, "status": found});
            assert_eq!(status(&pod, Instant::ZERO), expected);
        }
    }
}
