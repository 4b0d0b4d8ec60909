//! Who may do what: bindings, certificates, the order of requests, other servers.

use super::cells::{self, NONE, items, number, str_at};
use super::column::Cell::{By, Number, Text};
use super::column::{AGE, Column, NAME};
use crate::api::age::human_duration;
use crate::sim::Instant;
use serde_json::Value;

pub(super) const ROLE_BINDING: &[Column] = &[
    NAME,
    Column::text(
        "Role",
        By(role),
        "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    AGE,
    Column::text("Users", By(users), "Users in the roleBinding").wide(),
    Column::text("Groups", By(groups), "Groups in the roleBinding").wide(),
    Column::text(
        "ServiceAccounts",
        By(accounts),
        "ServiceAccounts in the roleBinding",
    )
    .wide(),
];

pub(super) const CLUSTER_ROLE_BINDING: &[Column] = &[
    NAME,
    Column::text(
        "Role",
        By(role),
        "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    AGE,
    Column::text("Users", By(users), "Users in the clusterRoleBinding").wide(),
    Column::text("Groups", By(groups), "Groups in the clusterRoleBinding").wide(),
    Column::text(
        "ServiceAccounts",
        By(accounts),
        "ServiceAccounts in the clusterRoleBinding",
    )
    .wide(),
];

pub(super) const CERTIFICATE_SIGNING_REQUEST: &[Column] = &[
    NAME,
    AGE,
    Column::text(
        "SignerName",
        Text("/spec/signerName", "<none>"),
        "Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it's a kubelet client certificate, it is assigned\n    \"kubernetes.io/kube-apiserver-client-kubelet\".\n 2. If it's a kubelet serving certificate, it is assigned\n    \"kubernetes.io/kubelet-serving\".\n 3. Otherwise, it is assigned \"kubernetes.io/legacy-unknown\".\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.",
    ),
    Column::text(
        "Requestor",
        Text("/spec/username", ""),
        "Base64-encoded PKCS#10 CSR data",
    ),
    Column::text(
        "RequestedDuration",
        By(requested_duration),
        "expirationSeconds is the requested duration of validity of the issued certificate. The certificate signer may issue a certificate with a different validity duration so a client must check the delta between the notBefore and and notAfter fields in the issued certificate to determine the actual duration.\n\nThe v1.22+ in-tree implementations of the well-known Kubernetes signers will honor this field as long as the requested duration is not greater than the maximum duration they will honor per the --cluster-signing-duration CLI flag to the Kubernetes controller manager.\n\nCertificate signers may not honor this field for various reasons:\n\n  1. Old signer that is unaware of the field (such as the in-tree\n     implementations prior to v1.22)\n  2. Signer whose configured maximum is shorter than the requested duration\n  3. Signer whose configured minimum is longer than the requested duration\n\nThe minimum valid value for expirationSeconds is 600, i.e. 10 minutes.",
    ),
    Column::text(
        "Condition",
        By(condition),
        "Conditions applied to the request, such as approval or denial.",
    ),
];

pub(super) const FLOW_SCHEMA: &[Column] = &[
    NAME,
    Column::text(
        "PriorityLevel",
        Text("/spec/priorityLevelConfiguration/name", ""),
        "`name` is the name of the priority level configuration being referenced Required.",
    ),
    Column::text(
        "MatchingPrecedence",
        Number("/spec/matchingPrecedence"),
        "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.",
    ),
    Column::text(
        "DistinguisherMethod",
        Text("/spec/distinguisherMethod/type", "<none>"),
        "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.",
    ),
    AGE,
    Column::text(
        "MissingPL",
        By(dangling),
        "references a broken or non-existent PriorityLevelConfiguration",
    ),
];

pub(super) const PRIORITY_LEVEL_CONFIGURATION: &[Column] = &[
    NAME,
    Column::text(
        "Type",
        Text("/spec/type", ""),
        "`type` indicates whether this priority level is subject to limitation on request execution.  A value of `\"Exempt\"` means that requests of this priority level are not subject to a limit (and thus are never queued) and do not detract from the capacity made available to other priority levels.  A value of `\"Limited\"` means that (a) requests of this priority level _are_ subject to limits and (b) some of the server's limited capacity is made available exclusively to this priority level. Required.",
    ),
    Column::text(
        "NominalConcurrencyShares",
        By(shares),
        "`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level. This is the number of execution seats available at this priority level. This is used both for requests dispatched from this priority level as well as requests dispatched from other priority levels borrowing seats from this level. The server's concurrency limit (ServerCL) is divided among the Limited priority levels in proportion to their NCS values:\n\nNominalCL(i)  = ceil( ServerCL * NCS(i) / sum_ncs ) sum_ncs = sum[priority level k] NCS(k)\n\nBigger numbers mean a larger nominal concurrency limit, at the expense of every other priority level.\n\nIf not specified, this field defaults to a value of 30.\n\nSetting this field to zero supports the construction of a \"jail\" for this priority level that is used to hold some request(s)",
    ),
    Column::text(
        "Queues",
        By(queues),
        "`queues` is the number of queues for this priority level. The queues exist independently at each apiserver. The value must be positive.  Setting it to 1 effectively precludes shufflesharding and thus makes the distinguisher method of associated flow schemas irrelevant.  This field has a default value of 64.",
    ),
    Column::text(
        "HandSize",
        By(hand_size),
        "`handSize` is a small positive number that configures the shuffle sharding of requests into queues.  When enqueuing a request at this priority level the request's flow identifier (a string pair) is hashed and the hash value is used to shuffle the list of queues and deal a hand of the size specified here.  The request is put into one of the shortest queues in that hand. `handSize` must be no larger than `queues`, and should be significantly smaller (so that a few heavy flows do not saturate most of the queues).  See the user-facing documentation for more extensive guidance on setting this field.  This field has a default value of 8.",
    ),
    Column::text(
        "QueueLengthLimit",
        By(queue_length),
        "`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.  This value must be positive.  If not specified, it will be defaulted to 50.",
    ),
    AGE,
];
// `kube-aggregator` has its own.
pub(super) const API_SERVICE: &[Column] = &[
    NAME,
    Column::text(
        "Service",
        By(service),
        "The reference to the service that hosts this API endpoint.",
    ),
    Column::text(
        "Available",
        By(available),
        "Whether this service is available.",
    ),
    AGE,
];

fn role(binding: &Value, _: Instant) -> Value {
    let reference = |field| str_at(binding, field);
    format!(
        "{}/{}",
        reference("/roleRef/kind"),
        reference("/roleRef/name")
    )
    .into()
}

/// The subjects of a kind.
fn subjects(binding: &Value, kind: &str) -> Value {
    let name = |subject| match (str_at(subject, "/namespace"), str_at(subject, "/name")) {
        (namespace, name) if kind == "ServiceAccount" => format!("{namespace}/{name}"),
        (_, name) => name.to_owned(),
    };
    let of_kind = items(binding, "/subjects")
        .iter()
        .filter(|subject| subject["kind"] == kind);
    of_kind.map(name).collect::<Vec<String>>().join(", ").into()
}

fn users(binding: &Value, _: Instant) -> Value {
    subjects(binding, "User")
}

fn groups(binding: &Value, _: Instant) -> Value {
    subjects(binding, "Group")
}

fn accounts(binding: &Value, _: Instant) -> Value {
    subjects(binding, "ServiceAccount")
}

fn requested_duration(request: &Value, _: Instant) -> Value {
    match number(request, "/spec/expirationSeconds") {
        0 => NONE.into(),
        seconds => human_duration(seconds).into(),
    }
}

fn condition(request: &Value, _: Instant) -> Value {
    let has = |wanted: &str| {
        let mut conditions = items(request, "/status/conditions").iter();
        conditions.any(|condition| condition["type"] == wanted)
    };
    let mut text = match () {
        () if has("Denied") => "Denied",
        () if has("Approved") => "Approved",
        () => "Pending",
    }
    .to_owned();
    if has("Failed") {
        text.push_str(",Failed");
    }
    if !str_at(request, "/status/certificate").is_empty() {
        text.push_str(",Issued");
    }
    text.into()
}

fn dangling(schema: &Value, _: Instant) -> Value {
    let mut conditions = items(schema, "/status/conditions").iter();
    match conditions.find(|condition| condition["type"] == "Dangling") {
        Some(condition) => str_at(condition, "/status").into(),
        None => "?".into(),
    }
}

fn limited(level: &Value, pointer: &str) -> Value {
    match level.pointer(pointer) {
        Some(number) => number.clone(),
        None => NONE.into(),
    }
}

fn shares(level: &Value, _: Instant) -> Value {
    limited(level, "/spec/limited/nominalConcurrencyShares")
}

fn queues(level: &Value, _: Instant) -> Value {
    limited(level, "/spec/limited/limitResponse/queuing/queues")
}

fn hand_size(level: &Value, _: Instant) -> Value {
    limited(level, "/spec/limited/limitResponse/queuing/handSize")
}

fn queue_length(level: &Value, _: Instant) -> Value {
    limited(
        level,
        "/spec/limited/limitResponse/queuing/queueLengthLimit",
    )
}

fn service(api: &Value, _: Instant) -> Value {
    let Some(service) = api.pointer("/spec/service").filter(|it| it.is_object()) else {
        return "Local".into();
    };
    let (namespace, name) = (str_at(service, "/namespace"), str_at(service, "/name"));
    format!("{namespace}/{name}").into()
}

fn available(api: &Value, _: Instant) -> Value {
    let mut conditions = items(api, "/status/conditions").iter();
    let Some(condition) = conditions.find(|condition| condition["type"] == "Available") else {
        return "Unknown".into();
    };
    match str_at(condition, "/status") {
        "True" => "True".into(),
        status => format!("{status} ({})", cells::text(condition, "/reason", "")).into(),
    }
}
