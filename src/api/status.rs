//! `Status`: the errors that the API server answers with. Reasons, codes and
//! wording are those of `k8s.io/apimachinery/pkg/api/errors`.

use super::{Kind, Status};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{StatusCause, StatusDetails};

/// An error of the API server. Boxed because it is large and rare.
pub type ApiError = Box<Status>;

fn failure(code: i32, reason: &str, message: String) -> Status {
    Status {
        code: Some(code),
        reason: Some(reason.to_owned()),
        message: Some(message),
        status: Some("Failure".to_owned()),
        ..Status::default()
    }
}

fn details(kind: Kind, name: &str) -> StatusDetails {
    let info = kind.info();
    StatusDetails {
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        group: Some(info.group.to_owned()).filter(|group| !group.is_empty()),
        kind: Some(info.plural.to_owned()),
        ..StatusDetails::default()
    }
}

/// 404: `pods "web" not found`.
pub fn not_found(kind: Kind, name: &str) -> ApiError {
    let message = format!("{} \"{name}\" not found", kind.group_resource());
    Box::new(Status {
        details: Some(details(kind, name)),
        ..failure(404, "NotFound", message)
    })
}

/// 409: `pods "web" already exists`.
pub fn already_exists(kind: Kind, name: &str) -> ApiError {
    let message = format!("{} \"{name}\" already exists", kind.group_resource());
    Box::new(Status {
        details: Some(details(kind, name)),
        ..failure(409, "AlreadyExists", message)
    })
}

/// 409: the object changed, or something else stands in the way.
pub fn conflict(kind: Kind, name: &str, why: &str) -> ApiError {
    let message = format!(
        "Operation cannot be fulfilled on {} \"{name}\": {why}",
        kind.group_resource()
    );
    Box::new(Status {
        details: Some(details(kind, name)),
        ..failure(409, "Conflict", message)
    })
}

/// The reason that optimistic concurrency gives for a [`conflict`].
pub const OBJECT_MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// 400.
pub fn bad_request(message: impl Into<String>) -> ApiError {
    Box::new(failure(400, "BadRequest", message.into()))
}

/// 403: `pods "web" is forbidden: …`.
pub fn forbidden(kind: Kind, name: &str, why: &str) -> ApiError {
    let message = format!("{} \"{name}\" is forbidden: {why}", kind.group_resource());
    Box::new(Status {
        details: Some(details(kind, name)),
        ..failure(403, "Forbidden", message)
    })
}

/// 405.
pub fn method_not_supported(kind: Kind, action: &str) -> ApiError {
    let message = format!(
        "{action} is not supported on resources of kind \"{}\"",
        kind.group_resource()
    );
    Box::new(Status {
        details: Some(details(kind, "")),
        ..failure(405, "MethodNotAllowed", message)
    })
}

/// 410: the revision asked for has been compacted away.
pub fn expired(message: impl Into<String>) -> ApiError {
    Box::new(failure(410, "Expired", message.into()))
}

/// 422: every cause at once, as upstream's `NewInvalid` writes it. A cause is
/// (`FieldValueRequired`, `spec.containers`, `Required value`).
pub fn invalid(kind: Kind, name: &str, causes: Vec<StatusCause>) -> ApiError {
    let info = kind.info();
    let of_kind = match info.group {
        "" => info.kind.to_owned(),
        group => format!("{}.{group}", info.kind),
    };
    let lines: Vec<String> = causes
        .iter()
        .map(|cause| {
            let field = cause.field.as_deref().unwrap_or_default();
            format!("{field}: {}", cause.message.as_deref().unwrap_or_default())
        })
        .collect();
    let list = match lines.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let message = format!("{of_kind} \"{name}\" is invalid: {list}");
    let details = StatusDetails {
        kind: Some(info.kind.to_owned()),
        causes: Some(causes),
        ..details(kind, name)
    };
    Box::new(Status {
        details: Some(details),
        ..failure(422, "Invalid", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_resource_as_kubernetes_does() {
        let error = not_found(Kind::Deployment, "web");
        assert_eq!(
            error.message.as_deref(),
            Some("deployments.apps \"web\" not found")
        );
        assert_eq!(error.code, Some(404));
    }
}
