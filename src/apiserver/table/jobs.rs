//! Jobs, what makes them, and autoscalers.

use super::cells::{self, NONE, UNKNOWN, UNSET, is_true, items, number, str_at, text};
use super::column::Cell::{By, Count, Number, Text};
use super::column::{AGE, CONTAINERS_OF_TEMPLATE, Column, IMAGES_OF_TEMPLATE, NAME};
use crate::api::age::human_duration;
use crate::sim::Instant;
use serde_json::Value;

pub(super) const JOB: &[Column] = &[
    NAME,
    Column::text("Status", By(status), "Status of the job."),
    Column::text("Completions", By(completions), "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs."),
    Column::text("Duration", By(duration), "Time required to complete the job."),
    AGE,
    Column::text("Containers", By(containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(selector), "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors").wide(),
];

pub(super) const CRON_JOB: &[Column] = &[
    NAME,
    Column::text("Schedule", Text("/spec/schedule", ""), "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron."),
    Column::text("Timezone", Text("/spec/timeZone", "<none>"), "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"),
    Column::boolean("Suspend", By(suspend), "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false."),
    Column::integer("Active", Count("/status/active"), "A list of pointers to currently running jobs."),
    Column::text("Last Schedule", By(last_schedule), "Information when was the last time the job was successfully scheduled."),
    AGE,
    Column::text("Containers", By(job_containers), CONTAINERS_OF_TEMPLATE).wide(),
    Column::text("Images", By(job_images), IMAGES_OF_TEMPLATE).wide(),
    Column::text("Selector", By(job_selector), "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors").wide(),
];

pub(super) const HORIZONTAL_POD_AUTOSCALER: &[Column] = &[
    NAME,
    Column::text(
        "Reference",
        By(reference),
        "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.",
    ),
    Column::text(
        "Targets",
        By(targets),
        "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond. If not set, the default metric will be set to 80% average CPU utilization.",
    ),
    Column::text(
        "MinPods",
        Text("/spec/minReplicas", "<unset>"),
        "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is active as long as at least one metric value is available.",
    ),
    Column::text(
        "MaxPods",
        Number("/spec/maxReplicas"),
        "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.",
    ),
    Column::text(
        "Replicas",
        Number("/status/currentReplicas"),
        "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.",
    ),
    AGE,
];
fn status(job: &Value, _: Instant) -> Value {
    let deleted = !str_at(job, "/metadata/deletionTimestamp").is_empty();
    let status = match () {
        () if is_true(job, "Complete") => "Complete",
        () if is_true(job, "Failed") => "Failed",
        () if deleted => "Terminating",
        () if is_true(job, "Suspended") => "Suspended",
        () if is_true(job, "FailureTarget") => "FailureTarget",
        () if is_true(job, "SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    };
    status.into()
}

fn completions(job: &Value, _: Instant) -> Value {
    let succeeded = number(job, "/status/succeeded");
    let parallelism = number(job, "/spec/parallelism");
    match job.pointer("/spec/completions").and_then(Value::as_i64) {
        Some(completions) => format!("{succeeded}/{completions}").into(),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}").into(),
        None => format!("{succeeded}/1").into(),
    }
}

fn duration(job: &Value, now: Instant) -> Value {
    let Some(started) = cells::seconds_since(job, "/status/startTime", now) else {
        return "".into();
    };
    let ended = cells::seconds_since(job, "/status/completionTime", now);
    // Both are whole seconds; the fraction of now must not count.
    let whole = |pointer| str_at(job, pointer).parse::<jiff::Timestamp>().ok();
    match (
        ended,
        whole("/status/startTime"),
        whole("/status/completionTime"),
    ) {
        (Some(_), Some(from), Some(to)) => human_duration(to.as_second() - from.as_second()).into(),
        _ => human_duration(started).into(),
    }
}

fn containers(job: &Value, _: Instant) -> Value {
    cells::each(job, "/spec/template/spec/containers", "name").into()
}

fn images(job: &Value, _: Instant) -> Value {
    cells::each(job, "/spec/template/spec/containers", "image").into()
}

fn selector(job: &Value, _: Instant) -> Value {
    cells::selector_or_none(job, "/spec/selector").into()
}

fn suspend(job: &Value, _: Instant) -> Value {
    match job.pointer("/spec/suspend").and_then(Value::as_bool) {
        Some(true) => "True".into(),
        Some(false) => "False".into(),
        None => UNSET.into(),
    }
}

fn last_schedule(job: &Value, now: Instant) -> Value {
    match str_at(job, "/status/lastScheduleTime") {
        "" => NONE.into(),
        _ => cells::age(job, "/status/lastScheduleTime", now).into(),
    }
}

const TEMPLATE: &str = "/spec/jobTemplate/spec/template/spec/containers";

fn job_containers(job: &Value, _: Instant) -> Value {
    cells::each(job, TEMPLATE, "name").into()
}

fn job_images(job: &Value, _: Instant) -> Value {
    cells::each(job, TEMPLATE, "image").into()
}

fn job_selector(job: &Value, _: Instant) -> Value {
    cells::selector_or_none(job, "/spec/jobTemplate/spec/selector").into()
}

fn reference(autoscaler: &Value, _: Instant) -> Value {
    let target = |field| str_at(autoscaler, field);
    let kind = target("/spec/scaleTargetRef/kind");
    format!("{kind}/{}", target("/spec/scaleTargetRef/name")).into()
}

/// Metrics told at most.
const METRICS_MAX: usize = 2;

fn targets(autoscaler: &Value, _: Instant) -> Value {
    let current = items(autoscaler, "/status/currentMetrics");
    let list: Vec<String> = items(autoscaler, "/spec/metrics")
        .iter()
        .enumerate()
        .map(|(index, metric)| target(metric, current.get(index).unwrap_or(&Value::Null)))
        .collect();
    let shown = list.get(..METRICS_MAX).unwrap_or(&list).join(", ");
    match list.len() {
        0 => NONE.into(),
        all if all > METRICS_MAX => format!("{shown} + {} more...", all - METRICS_MAX).into(),
        _ => shown.into(),
    }
}

/// `cpu: 10%/50%`, `<unknown>/100Mi (avg)`: a metric's present and wanted value.
fn target(metric: &Value, status: &Value) -> String {
    let (field, about, suffix) = match str_at(metric, "/type") {
        "External" => ("external", String::new(), " (avg)"),
        "Object" => ("object", String::new(), " (avg)"),
        "Pods" => ("pods", String::new(), ""),
        "Resource" => ("resource", resource(metric, "/resource/name"), ""),
        "ContainerResource" => {
            let name = resource(metric, "/containerResource/name");
            ("containerResource", name, "")
        }
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = |of: &str| text(metric, &format!("/{field}/target/{of}"), "");
    let now = |of: &str| text(status, &format!("/{field}/current/{of}"), UNKNOWN);
    let average = wanted("averageValue");
    if !average.is_empty() {
        return format!("{about}{}/{average}{suffix}", now("averageValue"));
    }
    if about.is_empty() {
        return format!("{}/{}", now("value"), wanted("value"));
    }
    let percent = |text: String| match text.as_str() {
        "" => "<auto>".to_owned(),
        UNKNOWN => text,
        _ => format!("{text}%"),
    };
    let (present, wanted) = (now("averageUtilization"), wanted("averageUtilization"));
    format!("{about}{}/{}", percent(present), percent(wanted))
}

fn resource(metric: &Value, pointer: &str) -> String {
    format!("{}: ", str_at(metric, pointer))
}
