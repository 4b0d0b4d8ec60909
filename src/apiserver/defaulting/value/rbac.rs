//! RoleBindings and ClusterRoleBindings.

use super::{Fields, items, present, set};
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn binding(fields: &mut Fields) {
    if let Some(role) = present(fields, "roleRef") {
        set(role, "apiGroup", GROUP.into());
    }
    for subject in items(fields, "subjects") {
        if matches!(
            subject.get("kind").and_then(Value::as_str),
            Some("User" | "Group")
        ) {
            set(subject, "apiGroup", GROUP.into());
        }
    }
}
