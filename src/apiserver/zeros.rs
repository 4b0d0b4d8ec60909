//! What answers show of fields that nobody set: Go writes a struct always, and a
//! field without `omitempty` with its zero.

use crate::api::Kind;
use serde_json::{Map, Value, json};

/// A field that is always written, and how it is when it says nothing. `*` goes
/// through a list; a struct is named before its fields.
type Zeros = &'static [(&'static str, Zero)];

#[derive(Clone, Copy)]
enum Zero {
    Struct,
    Null,
    Number,
    Text,
    False,
}

use Zero::{False, Null, Number, Struct, Text};

const CONDITION_TIME: (&str, Zero) = ("status.conditions.*.lastTransitionTime", Null);

fn of_kind(kind: Kind) -> Zeros {
    match kind {
        Kind::Pod => &[
            ("spec", Struct),
            ("spec.containers", Null),
            ("status", Struct),
            ("status.conditions.*.lastProbeTime", Null),
            CONDITION_TIME,
            ("status.containerStatuses.*.lastState", Struct),
            ("status.containerStatuses.*.state", Struct),
            ("status.initContainerStatuses.*.lastState", Struct),
            ("status.initContainerStatuses.*.state", Struct),
        ],
        Kind::Node => &[
            ("spec", Struct),
            ("status", Struct),
            ("status.conditions.*.lastHeartbeatTime", Null),
            CONDITION_TIME,
            ("status.daemonEndpoints", Struct),
            ("status.daemonEndpoints.kubeletEndpoint", Struct),
            ("status.daemonEndpoints.kubeletEndpoint.Port", Number),
            ("status.nodeInfo", Struct),
            ("status.nodeInfo.machineID", Text),
            ("status.nodeInfo.systemUUID", Text),
            ("status.nodeInfo.bootID", Text),
            ("status.nodeInfo.kernelVersion", Text),
            ("status.nodeInfo.osImage", Text),
            ("status.nodeInfo.containerRuntimeVersion", Text),
            ("status.nodeInfo.kubeletVersion", Text),
            ("status.nodeInfo.kubeProxyVersion", Text),
            ("status.nodeInfo.operatingSystem", Text),
            ("status.nodeInfo.architecture", Text),
        ],
        Kind::Namespace => &[("spec", Struct), ("status", Struct), CONDITION_TIME],
        Kind::Service => &[
            ("spec", Struct),
            ("status", Struct),
            ("status.loadBalancer", Struct),
        ],
        Kind::Event => &[
            ("involvedObject", Struct),
            ("source", Struct),
            ("firstTimestamp", Null),
            ("lastTimestamp", Null),
            ("eventTime", Null),
            ("reportingComponent", Text),
            ("reportingInstance", Text),
        ],
        Kind::EndpointSlice => &[
            ("endpoints", Null),
            ("endpoints.*.addresses", Null),
            ("endpoints.*.conditions", Struct),
            ("ports", Null),
        ],
        Kind::Lease => &[("spec", Struct)],
        Kind::Deployment => &[
            ("spec", Struct),
            ("spec.selector", Null),
            ("spec.strategy", Struct),
            ("spec.template", Struct),
            ("spec.template.metadata", Struct),
            ("spec.template.spec", Struct),
            ("spec.template.spec.containers", Null),
            ("status", Struct),
            ("status.conditions.*.lastUpdateTime", Null),
            CONDITION_TIME,
        ],
        Kind::ReplicaSet => &[
            ("spec", Struct),
            ("spec.selector", Null),
            ("spec.template", Struct),
            ("spec.template.metadata", Struct),
            ("spec.template.spec", Struct),
            ("spec.template.spec.containers", Null),
            ("status", Struct),
            ("status.replicas", Number),
            CONDITION_TIME,
        ],
        Kind::StatefulSet => &[
            ("spec", Struct),
            ("spec.selector", Null),
            ("spec.template", Struct),
            ("spec.template.metadata", Struct),
            ("spec.template.spec", Struct),
            ("spec.template.spec.containers", Null),
            ("spec.updateStrategy", Struct),
            ("spec.volumeClaimTemplates.*.metadata", Struct),
            ("spec.volumeClaimTemplates.*.spec", Struct),
            ("spec.volumeClaimTemplates.*.spec.resources", Struct),
            ("spec.volumeClaimTemplates.*.status", Struct),
            ("status", Struct),
            ("status.replicas", Number),
            ("status.availableReplicas", Number),
            CONDITION_TIME,
        ],
        Kind::DaemonSet => &[
            ("spec", Struct),
            ("spec.selector", Null),
            ("spec.template", Struct),
            ("spec.template.metadata", Struct),
            ("spec.template.spec", Struct),
            ("spec.template.spec.containers", Null),
            ("spec.updateStrategy", Struct),
            ("status", Struct),
            ("status.currentNumberScheduled", Number),
            ("status.numberMisscheduled", Number),
            ("status.desiredNumberScheduled", Number),
            ("status.numberReady", Number),
            CONDITION_TIME,
        ],
        Kind::ReplicationController => &[
            ("spec", Struct),
            ("status", Struct),
            ("status.replicas", Number),
            CONDITION_TIME,
        ],
        Kind::Job => &[
            ("spec", Struct),
            ("spec.template", Struct),
            ("spec.template.metadata", Struct),
            ("spec.template.spec", Struct),
            ("spec.template.spec.containers", Null),
            ("status", Struct),
            ("status.conditions.*.lastProbeTime", Null),
            CONDITION_TIME,
        ],
        Kind::CronJob => &[
            ("spec", Struct),
            ("spec.schedule", Text),
            ("spec.jobTemplate", Struct),
            ("spec.jobTemplate.metadata", Struct),
            ("spec.jobTemplate.spec", Struct),
            ("spec.jobTemplate.spec.template", Struct),
            ("spec.jobTemplate.spec.template.metadata", Struct),
            ("spec.jobTemplate.spec.template.spec", Struct),
            ("spec.jobTemplate.spec.template.spec.containers", Null),
            ("status", Struct),
        ],
        Kind::HorizontalPodAutoscaler => &[
            ("spec", Struct),
            ("spec.scaleTargetRef", Struct),
            ("spec.maxReplicas", Number),
            ("status", Struct),
            ("status.desiredReplicas", Number),
            ("status.currentMetrics", Null),
            CONDITION_TIME,
        ],
        Kind::PodDisruptionBudget => &[
            ("spec", Struct),
            ("status", Struct),
            ("status.disruptionsAllowed", Number),
            ("status.currentHealthy", Number),
            ("status.desiredHealthy", Number),
            ("status.expectedPods", Number),
            CONDITION_TIME,
            ("status.conditions.*.reason", Text),
            ("status.conditions.*.message", Text),
        ],
        Kind::Ingress => &[
            ("spec", Struct),
            ("status", Struct),
            ("status.loadBalancer", Struct),
        ],
        Kind::IngressClass => &[("spec", Struct)],
        Kind::NetworkPolicy => &[("spec", Struct), ("spec.podSelector", Struct)],
        Kind::PersistentVolume => &[("spec", Struct), ("status", Struct)],
        Kind::PersistentVolumeClaim => &[
            ("spec", Struct),
            ("spec.resources", Struct),
            ("status", Struct),
            ("status.conditions.*.lastProbeTime", Null),
            CONDITION_TIME,
        ],
        Kind::ResourceQuota => &[("spec", Struct), ("status", Struct)],
        Kind::LimitRange => &[("spec", Struct), ("spec.limits", Null)],
        Kind::PodTemplate => &[
            ("template", Struct),
            ("template.metadata", Struct),
            ("template.spec", Struct),
            ("template.spec.containers", Null),
        ],
        Kind::ControllerRevision => &[("revision", Number)],
        Kind::StorageClass => &[("provisioner", Text)],
        Kind::CSIDriver => &[("spec", Struct)],
        Kind::VolumeAttachment => &[
            ("spec", Struct),
            ("spec.attacher", Text),
            ("spec.source", Struct),
            ("spec.nodeName", Text),
            ("status", Struct),
            ("status.attached", False),
        ],
        Kind::PriorityClass => &[("value", Number)],
        Kind::RuntimeClass => &[("handler", Text)],
        Kind::Role | Kind::ClusterRole => &[("rules", Null), ("rules.*.verbs", Null)],
        Kind::RoleBinding | Kind::ClusterRoleBinding => &[
            ("roleRef", Struct),
            ("roleRef.apiGroup", Text),
            ("roleRef.kind", Text),
            ("roleRef.name", Text),
        ],
        Kind::ValidatingAdmissionPolicy => &[("spec", Struct), ("status", Struct)],
        Kind::ValidatingAdmissionPolicyBinding => &[("spec", Struct)],
        Kind::CertificateSigningRequest => &[
            ("spec", Struct),
            ("spec.request", Null),
            ("spec.signerName", Text),
            ("status", Struct),
        ],
        _ => &[],
    }
}

/// Writes the zeros of an object of `kind` into its JSON.
pub(super) fn fill(kind: Kind, value: &mut Value) {
    let Value::Object(object) = value else { return };
    for (path, zero) in of_kind(kind) {
        fill_path(object, path, *zero);
    }
    let pods = match kind {
        Kind::Pod => "/spec",
        Kind::PodTemplate => "/template/spec",
        Kind::CronJob => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    if let Some(spec) = value.pointer_mut(pods) {
        drop_empty_names(spec);
    }
}

/// References to objects nearby leave out a name that is empty.
fn drop_empty_names(pod_spec: &mut Value) {
    let secrets = pod_spec.get_mut("imagePullSecrets");
    let secrets = secrets.and_then(Value::as_array_mut);
    for secret in secrets.into_iter().flatten() {
        if let Value::Object(secret) = secret {
            secret.retain(|key, value| key != "name" || value != "");
        }
    }
}

fn fill_path(object: &mut Map<String, Value>, path: &str, zero: Zero) {
    let Some((first, rest)) = path.split_once('.') else {
        if object.get(path).is_none_or(Value::is_null) {
            object.insert(path.to_owned(), value_of(zero));
        }
        return;
    };
    match (object.get_mut(first), rest.strip_prefix("*.")) {
        (Some(Value::Array(items)), Some(rest)) => {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                fill_path(item, rest, zero);
            }
        }
        (Some(Value::Object(inner)), None) => fill_path(inner, rest, zero),
        _ => {}
    }
}

fn value_of(zero: Zero) -> Value {
    match zero {
        Struct => json!({}),
        Null => Value::Null,
        Number => 0.into(),
        Text => "".into(),
        False => false.into(),
    }
}
