//! What objects must fulfil.

use crate::api::Object;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;

/// What is wrong with a new object.
pub fn create(_object: &Object) -> Vec<StatusCause> {
    Vec::new()
}

/// What is wrong with an update.
pub fn update(_new: &Object, _old: &Object) -> Vec<StatusCause> {
    Vec::new()
}

/// What is wrong with an update of the status.
pub fn update_status(_new: &Object, _old: &Object) -> Vec<StatusCause> {
    Vec::new()
}
