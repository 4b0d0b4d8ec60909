//! How kubectl tells of errors (`k8s.io/kubectl/pkg/cmd/util`, `checkErr`).

use crate::api::{Status, status};

/// What kubectl writes to the user. `doing` is what it was about
/// (`error when creating "STDIN"`), or empty.
pub fn error_text(error: &Status, doing: &str) -> String {
    let message = error.message.as_deref().unwrap_or_default();
    let reason = error.reason.as_deref().unwrap_or_default();
    let details = error.details.as_ref();
    if let Some(server) = status::refused_by(error) {
        return format!(
            "The connection to the server {server} was refused - did you specify the right host or port?"
        );
    }
    if error.code.is_none() {
        return format!("error: {message}");
    }
    if let (422, Some(details)) = (error.code.unwrap_or(0), details) {
        let kind = details.kind.as_deref().unwrap_or_default();
        let name = details.name.as_deref().unwrap_or_default();
        let lines: Vec<String> = details
            .causes
            .iter()
            .flatten()
            .map(|cause| {
                let field = cause.field.as_deref().unwrap_or_default();
                format!("{field}: {}", cause.message.as_deref().unwrap_or_default())
            })
            .collect();
        let about = match kind {
            "" => "The request is invalid".to_owned(),
            kind => format!("The {kind} {name:?} is invalid"),
        };
        return match lines.as_slice() {
            [] if kind.is_empty() => format!("{about}: {message}"),
            [] => about,
            [one] => format!("{about}: {one}"),
            many => format!("{about}: \n* {}", many.join("\n* ")),
        };
    }
    let about = match doing {
        "" => String::new(),
        doing => format!("{doing}: "),
    };
    match reason {
        "" => format!("Error from server: {about}{message}"),
        reason => format!("Error from server ({reason}): {about}{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;

    #[test]
    fn errors_read_as_kubectl_writes_them() {
        let cause = |field| status::cause("FieldValueRequired", field, "Required value");
        let table = [
            (
                status::connection_refused("172.18.0.2:6443"),
                "error when creating \"STDIN\"",
                "The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?",
            ),
            (
                status::not_found(Kind::Namespace, "none"),
                "error when creating \"STDIN\"",
                "Error from server (NotFound): error when creating \"STDIN\": namespaces \"none\" not found",
            ),
            (
                status::invalid(Kind::Service, "s", vec![cause("spec.ports")]),
                "",
                "The Service \"s\" is invalid: spec.ports: Required value",
            ),
            (
                status::invalid(Kind::Service, "s", vec![cause("spec.a"), cause("spec.b")]),
                "",
                "The Service \"s\" is invalid: \n* spec.a: Required value\n* spec.b: Required value",
            ),
        ];
        for (error, doing, expected) in table {
            assert_eq!(error_text(&error, doing), expected);
        }
    }
}
