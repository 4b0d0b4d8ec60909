//! Telling the API server's errors apart.

use crate::api::status::ApiError;

fn reason(error: &ApiError) -> &str {
    error.reason.as_deref().unwrap_or_default()
}

pub(super) fn is_not_found(error: &ApiError) -> bool {
    reason(error) == "NotFound"
}

pub(super) fn is_conflict(error: &ApiError) -> bool {
    reason(error) == "Conflict"
}

pub(super) fn is_already_exists(error: &ApiError) -> bool {
    reason(error) == "AlreadyExists"
}

/// Nothing can be created in a namespace that is going away; whoever tried has
/// nothing left to do.
pub(super) fn is_namespace_terminating(error: &ApiError) -> bool {
    let details = error.details.as_ref();
    let causes = details.and_then(|details| details.causes.as_ref());
    let named = causes
        .into_iter()
        .flatten()
        .any(|cause| cause.reason.as_deref() == Some("NamespaceTerminating"));
    named || message(error).contains("because it is being terminated")
}

pub(super) fn message(error: &ApiError) -> &str {
    error.message.as_deref().unwrap_or_default()
}

/// Done is done: what is gone already needs no deletion.
pub(super) fn ignore_not_found(result: Result<(), ApiError>) -> Result<(), ApiError> {
    match result {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other,
    }
}
