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

/// 409: an apply wants fields that others manage.
pub fn apply_conflict(message: String, causes: Vec<StatusCause>) -> ApiError {
    Box::new(Status {
        details: Some(StatusDetails {
            causes: Some(causes),
            ..StatusDetails::default()
        }),
        ..failure(409, "Conflict", message)
    })
}

/// The reason that optimistic concurrency gives for a [`conflict`].
pub const OBJECT_MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

const DIAL: &str = "dial tcp ";
const CONNECTION_REFUSED: &str = ": connect: connection refused";

/// No answer at all: nobody listens at `server`. It has no code.
pub fn connection_refused(server: &str) -> ApiError {
    Box::new(Status {
        message: Some(format!("{DIAL}{server}{CONNECTION_REFUSED}")),
        status: Some("Failure".to_owned()),
        ..Status::default()
    })
}

/// The server that refused the connection, where that is what went wrong.
pub fn refused_by(error: &Status) -> Option<&str> {
    let message = error.message.as_deref().filter(|_| error.code.is_none())?;
    message.strip_prefix(DIAL)?.strip_suffix(CONNECTION_REFUSED)
}

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

/// 405 for a path that exists and does not know the method.
pub fn method_not_allowed() -> ApiError {
    let message = "the server does not allow this method on the requested resource";
    Box::new(Status {
        details: Some(StatusDetails::default()),
        ..failure(405, "MethodNotAllowed", message.to_owned())
    })
}

/// 422 for a patch that does not fit the object.
pub fn rejected() -> ApiError {
    let message = "the server rejected our request due to an error in our request";
    Box::new(Status {
        details: Some(StatusDetails::default()),
        ..failure(422, "Invalid", message.to_owned())
    })
}

/// 415.
pub fn unsupported_media_type(message: &str) -> ApiError {
    Box::new(failure(415, "UnsupportedMediaType", message.to_owned()))
}

/// 406: nothing that the client accepts can be served.
pub fn not_acceptable(message: &str) -> ApiError {
    Box::new(failure(406, "NotAcceptable", message.to_owned()))
}

/// 406 of the router: the client accepts no type that is served at all.
pub fn no_representation() -> ApiError {
    let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    Box::new(Status {
        details: Some(StatusDetails::default()),
        ..failure(406, "NotAcceptable", message.to_owned())
    })
}

/// 504: the revision asked for lies ahead.
pub fn version_too_large(wanted: u64, present: u64) -> ApiError {
    let message = format!("Timeout: Too large resource version: {wanted}, current: {present}");
    let too_large = StatusCause {
        reason: Some("ResourceVersionTooLarge".to_owned()),
        message: Some("Too large resource version".to_owned()),
        field: None,
    };
    Box::new(Status {
        details: Some(StatusDetails {
            causes: Some(vec![too_large]),
            retry_after_seconds: Some(1),
            ..StatusDetails::default()
        }),
        ..failure(504, "Timeout", message)
    })
}

/// 429 with a cause; `retry_after_seconds` is left out where it is 0.
pub fn too_many_requests(
    message: &str,
    retry_after_seconds: i32,
    cause: Option<StatusCause>,
) -> ApiError {
    Box::new(Status {
        details: Some(StatusDetails {
            causes: cause.map(|cause| vec![cause]),
            retry_after_seconds: Some(retry_after_seconds).filter(|seconds| *seconds > 0),
            ..StatusDetails::default()
        }),
        ..failure(429, "TooManyRequests", message.to_owned())
    })
}

/// 404 for a path that does not exist.
pub fn no_such_path() -> ApiError {
    let message = "the server could not find the requested resource";
    Box::new(Status {
        details: Some(StatusDetails::default()),
        ..failure(404, "NotFound", message.to_owned())
    })
}

/// 500. `reason` stays empty where upstream lets a plain error through.
pub fn internal(message: impl Into<String>) -> ApiError {
    let mut status = failure(500, "", message.into());
    status.reason = None;
    Box::new(status)
}

/// 500 (`NewInternalError`).
pub fn internal_error(why: &str) -> ApiError {
    let message = format!("Internal error occurred: {why}");
    Box::new(Status {
        details: Some(StatusDetails {
            causes: Some(vec![StatusCause {
                message: Some(why.to_owned()),
                ..StatusCause::default()
            }]),
            ..StatusDetails::default()
        }),
        ..failure(500, "InternalError", message)
    })
}

/// 409: the name stands on an object that is still being deleted.
pub fn being_deleted(kind: Kind, name: &str) -> ApiError {
    let message = format!(
        "object is being deleted: {} \"{name}\" already exists",
        kind.group_resource()
    );
    Box::new(Status {
        details: Some(details(kind, name)),
        ..failure(409, "AlreadyExists", message)
    })
}

/// 409: no free name was found for a `generateName`.
pub fn generate_name_conflict(kind: Kind, name: &str) -> ApiError {
    let message = format!(
        "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
        kind.group_resource()
    );
    let mut status = Status {
        details: Some(details(kind, name)),
        ..failure(409, "AlreadyExists", message)
    };
    if let Some(details) = &mut status.details {
        details.retry_after_seconds = Some(1);
    }
    Box::new(status)
}

/// 403 with a cause that clients can tell apart.
pub fn forbidden_because(kind: Kind, name: &str, why: &str, cause: StatusCause) -> ApiError {
    let mut status = forbidden(kind, name, why);
    if let Some(details) = &mut status.details {
        details.causes = Some(vec![cause]);
    }
    status
}

/// 409 on something that is not quite a resource (`pods/binding`, `ConfigMap`).
pub fn conflict_on(resource: &str, name: &str, why: &str) -> ApiError {
    let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
    Box::new(Status {
        details: Some(StatusDetails {
            name: Some(name.to_owned()),
            kind: Some(resource.to_owned()),
            ..StatusDetails::default()
        }),
        ..failure(409, "Conflict", message)
    })
}

/// 422 about something that is no stored kind: `group` and `kind` as details name
/// them, `of_kind` as the message does (`Scale.autoscaling`).
pub fn invalid_input(group: &str, kind: &str, name: &str, causes: Vec<StatusCause>) -> ApiError {
    let of_kind = match group {
        "" => kind.to_owned(),
        group => format!("{kind}.{group}"),
    };
    let message = format!("{of_kind} \"{name}\" is invalid: {}", list_causes(&causes));
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Box::new(Status {
        details: Some(StatusDetails {
            name: some(name),
            group: some(group),
            kind: some(kind),
            causes: Some(causes),
            ..StatusDetails::default()
        }),
        ..failure(422, "Invalid", message)
    })
}

/// A cause of a 422.
pub fn cause(reason: &str, field: &str, message: impl Into<String>) -> StatusCause {
    StatusCause {
        reason: Some(reason.to_owned()),
        field: Some(field.to_owned()),
        message: Some(message.into()),
    }
}

/// A cause that concerns no field.
pub fn cause_without_field(reason: &str, message: impl Into<String>) -> StatusCause {
    StatusCause {
        reason: Some(reason.to_owned()),
        field: None,
        message: Some(message.into()),
    }
}

/// 422 where upstream names the resource instead of the kind.
pub fn invalid_resource(kind: Kind, name: &str, causes: Vec<StatusCause>) -> ApiError {
    let list = list_causes(&causes);
    let message = format!("{} \"{name}\" is invalid: {list}", kind.group_resource());
    let details = StatusDetails {
        causes: Some(causes),
        ..details(kind, name)
    };
    Box::new(Status {
        details: Some(details),
        ..failure(422, "Invalid", message)
    })
}

/// 401.
pub fn unauthorized() -> ApiError {
    Box::new(failure(401, "Unauthorized", "Unauthorized".to_owned()))
}

fn list_causes(causes: &[StatusCause]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(causes.len());
    for cause in causes {
        let field = cause.field.as_deref().unwrap_or_default();
        let line = format!("{field}: {}", cause.message.as_deref().unwrap_or_default());
        // Upstream's aggregate says the same thing once.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
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
    let list = list_causes(&causes);
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
