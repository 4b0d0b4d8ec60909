//! What is wrong with a manifest before it is applied, and after.

use super::document::read_all;
use super::yaml::Span;
use super::{DIAGNOSTICS_MAX, Diagnostic, Document, Severity, fix, ignored, kinds};
use crate::api::decode::{self, UnknownField};
use crate::api::{Kind, Object, Status};
use crate::apiserver::{as_created, defaulting, validation};
use crate::sim::order::Order as _;
use std::sync::Arc;

/// Everything that can be said about a text, in its order.
pub fn check(text: &str) -> Vec<Diagnostic> {
    let (documents, mut diagnostics) = read_all(text);
    for document in &documents {
        check_document(document, &mut diagnostics);
        if diagnostics.len() > DIAGNOSTICS_MAX {
            break;
        }
    }
    diagnostics.order_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    if diagnostics.len() > DIAGNOSTICS_MAX {
        diagnostics.truncate(DIAGNOSTICS_MAX);
        let message = format!("more than {DIAGNOSTICS_MAX} remarks; the rest is left out");
        let last = diagnostics.last().map_or(1, |diagnostic| diagnostic.line);
        diagnostics.push(Diagnostic::new(Severity::Info, Span::at(last, 1), message));
    }
    diagnostics
}

fn check_document(document: &Document, out: &mut Vec<Diagnostic>) {
    let Some(kind) = known_kind(document, out) else {
        return;
    };
    if !kind.info().simulated {
        let message = format!(
            "{} is stored here, but nothing acts on it",
            kind.info().kind
        );
        let span = document.position("kind").span;
        out.push(Diagnostic::new(Severity::Info, span, message).path("kind"));
    }
    let before = out.len();
    let reading = decode::read(kind, &document.value);
    unknown_fields(document, &reading.unknown, out);
    match reading.result {
        Ok(object) => causes(document, object, out),
        Err(errors) => {
            for error in errors {
                let span = document.position(&error.path).span;
                let fix = type_fix(&error.message);
                let diagnostic = Diagnostic::new(Severity::Error, span, error.message);
                out.push(diagnostic.fix(fix).path(error.path));
            }
        }
    }
    let refused = out[before..]
        .iter()
        .any(|it| it.severity == Severity::Error);
    if refused {
        return;
    }
    for field in ignored::fields(kind, document) {
        let message = format!("stored; has no effect here: {}", field.why);
        out.push(Diagnostic::new(Severity::Info, field.span, message).path(field.path));
    }
}

fn known_kind(document: &Document, out: &mut Vec<Diagnostic>) -> Option<Kind> {
    let start = document.position("").span;
    if !document.value.is_object() {
        let message = "a document must be an object with apiVersion and kind";
        let fix = "write `apiVersion: …`, `kind: …`, `metadata: …`";
        out.push(Diagnostic::new(Severity::Error, start, message).fix(fix));
        return None;
    }
    for (field, text) in [
        ("apiVersion", &document.api_version),
        ("kind", &document.kind),
    ] {
        if text.is_empty() {
            let version = kinds::version_of(&document.kind);
            let fix = match (field, version) {
                ("apiVersion", Some(version)) => format!("add `apiVersion: {version}`"),
                _ => format!("add `{field}`"),
            };
            let span = document.position(field).span;
            let diagnostic = Diagnostic::new(Severity::Error, span, format!("{field} not set"));
            out.push(diagnostic.fix(fix).path(field));
        }
    }
    let (api_version, kind) = (&document.api_version, &document.kind);
    if api_version.is_empty() || kind.is_empty() {
        return None;
    }
    let known = Kind::from_api_version(api_version, kind);
    if known.is_none() {
        let message = format!("no matches for kind {kind:?} in version {api_version:?}");
        let fix = kinds::advice(api_version, kind);
        let span = document.position("kind").span;
        out.push(
            Diagnostic::new(Severity::Error, span, message)
                .fix(fix)
                .path("kind"),
        );
    }
    known
}

fn type_fix(message: &str) -> String {
    if message.contains("base64") {
        return "encode the value in base64, or write it under `stringData`".to_owned();
    }
    if message.contains("quantit") {
        return "write an amount like 500m, 2, 64Mi or 1Gi".to_owned();
    }
    let wanted = message.rsplit(" of type ").next().unwrap_or_default();
    match wanted {
        "string" => "put the value in quotes".to_owned(),
        "int32" | "int64" => "write a whole number, without quotes".to_owned(),
        "bool" => "write true or false, without quotes".to_owned(),
        list if list.starts_with("[]") => "write a list: begin each item with `- `".to_owned(),
        map if map.starts_with("map[") => "write a map: `key: value`".to_owned(),
        structure if structure.starts_with("v1.") => {
            "write fields under it: `name: value`".to_owned()
        }
        _ => "write a value of that type".to_owned(),
    }
}

fn unknown_fields(document: &Document, unknown: &[UnknownField], out: &mut Vec<Diagnostic>) {
    for field in unknown {
        let fix = match field.suggestion {
            Some(close) => format!("did you mean `{close}`?"),
            None => "remove it, or check where it belongs".to_owned(),
        };
        let span = document.position(&field.path).span;
        let message = format!("unknown field {:?}", field.path);
        let diagnostic = Diagnostic::new(Severity::Error, span, message);
        out.push(diagnostic.fix(fix).path(&field.path));
    }
}

/// What the API server would refuse about an object created as it is.
fn causes(document: &Document, mut object: Object, out: &mut Vec<Diagnostic>) {
    let kind = object.kind();
    let meta = object.meta_mut();
    if kind.info().namespaced {
        meta.namespace.get_or_insert_with(|| "default".to_owned());
    } else {
        meta.namespace = None;
    }
    if meta.name.as_deref().unwrap_or_default().is_empty()
        && let Some(prefix) = meta.generate_name.as_deref().filter(|it| !it.is_empty())
    {
        meta.name = Some(format!("{prefix}x2x4z"));
    }
    if let Object::Pod(pod) = &mut object
        && let Some(spec) = &mut Arc::make_mut(pod).spec
    {
        // Admission does this before validation.
        spec.service_account_name
            .get_or_insert_with(|| "default".to_owned());
    }
    defaulting::apply(&mut object);
    as_created(&mut object);
    for cause in validation::create(&object) {
        let path = cause.field.clone().unwrap_or_default();
        let message = cause.message.as_deref().unwrap_or_default();
        let diagnostic = Diagnostic::new(
            Severity::Error,
            document.position(&path).span,
            format!("{path}: {message}"),
        );
        out.push(diagnostic.fix(fix::of_cause(&cause, document)).path(path));
    }
}

/// The places that an error of the API server is about.
pub fn explain_status(document: &Document, status: &Status) -> Vec<Diagnostic> {
    let causes = status
        .details
        .as_ref()
        .and_then(|details| details.causes.as_deref())
        .unwrap_or_default();
    let message = status.message.as_deref().unwrap_or_default();
    let mut found: Vec<Diagnostic> = causes
        .iter()
        .map(|cause| {
            let path = cause.field.clone().unwrap_or_default();
            let text = cause.message.as_deref().unwrap_or_default();
            let text = match path.as_str() {
                "" => text.to_owned(),
                path => format!("{path}: {text}"),
            };
            Diagnostic::new(Severity::Error, document.position(&path).span, text)
                .fix(fix::of_cause(cause, document))
                .path(path)
        })
        .collect();
    if found.is_empty() {
        let fields = message.split("unknown field \"").skip(1);
        found.extend(fields.filter_map(|rest| {
            let path = rest.split('"').next()?;
            let span = document.position(path).span;
            let text = format!("unknown field {path:?}");
            let fix = "remove it, or check its spelling";
            Some(
                Diagnostic::new(Severity::Error, span, text)
                    .fix(fix)
                    .path(path),
            )
        }));
    }
    if found.is_empty() {
        let path = struct_field(message).unwrap_or_default();
        let span = document.position(&path).span;
        let diagnostic = Diagnostic::new(Severity::Error, span, message);
        found.push(diagnostic.fix(status_fix(status)).path(path));
    }
    found
}

/// `spec.replicas` of `… Go struct field DeploymentSpec.spec.replicas of type …`.
fn struct_field(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("Go struct field ")?;
    let (field, _) = rest.split_once(" of type")?;
    let (_, path) = field.split_once('.')?;
    Some(path.to_owned())
}

fn status_fix(status: &Status) -> &'static str {
    match status.reason.as_deref().unwrap_or_default() {
        "AlreadyExists" => "apply instead of create, or choose another name",
        "NotFound" => "create what it refers to first (a Namespace, for example)",
        "Conflict" => "apply once more: somebody else changed the object in between",
        "Forbidden" => "see what the message asks for",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, severity and a part of message or fix.
    fn found(text: &str) -> Vec<(u32, Severity, String)> {
        check(text)
            .into_iter()
            .map(|it| (it.line, it.severity, format!("{} | {}", it.message, it.fix)))
            .collect()
    }

    #[test]
    fn each_mistake_is_named_at_its_line() {
        const HEAD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n";
        let pod =
            |rest: &str| format!("{HEAD}spec:\n  containers:\n  - name: c\n    image: x\n{rest}");
        let table: Vec<(String, u32, &str)> = vec![
            (
                "apiVersion: v1\nkind: Podd\n".into(),
                2,
                "did you mean `kind: Pod`",
            ),
            (
                "kind: Pod\nmetadata: {name: a}\n".into(),
                1,
                "add `apiVersion: v1`",
            ),
            (
                "apiVersion: extensions/v1beta1\nkind: Deployment\n".into(),
                2,
                "apps/v1",
            ),
            (
                pod("    imagePullPolcy: Always\n"),
                9,
                "did you mean `imagePullPolicy`",
            ),
            (pod("    ports: [{containerPort: 99999}]\n"), 9, "65535"),
            (
                pod("    env:\n    - name: A\n      value: 1\n"),
                11,
                "put the value in quotes",
            ),
            (
                pod("    resources: {requests: {cpu: 1core}}\n"),
                9,
                "like 500m",
            ),
            (
                pod("    volumeMounts:\n    - {name: v, mountPath: /v}\n"),
                10,
                "Not found",
            ),
            (pod("  restartPolicy: Alwas\n"), 9, "did you mean `Always`"),
            (
                format!("{HEAD}spec:\n  containers:\n  - name: c\n"),
                7,
                "add `image`",
            ),
            (
                HEAD.replace("name: p", "name: P_P") + "spec: {}\n",
                4,
                "lower case",
            ),
            ("a: b\n\tc: d\n".into(), 2, "YAML"),
            ("- 1\n- 2\n".into(), 1, "must be an object"),
        ];
        for (text, line, part) in table {
            let found = found(&text);
            assert!(
                found.iter().any(|(at, severity, message)| *at == line
                    && *severity == Severity::Error
                    && message.contains(part)),
                "wanted {line} {part}\n{text}\n{found:#?}"
            );
        }
    }

    #[test]
    fn a_good_manifest_only_hears_what_has_no_effect() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  \
                    - {name: c, image: x}\n  topologySpreadConstraints:\n  - {maxSkew: 1, \
                    topologyKey: z, whenUnsatisfiable: DoNotSchedule}\n---\napiVersion: \
                    batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec: \
                    {restartPolicy: Never, containers: [{name: c, image: x}]}\n";
        let found = check(text);
        assert!(
            found.iter().all(|it| it.severity == Severity::Info),
            "{found:#?}"
        );
        let lines: Vec<u32> = found.iter().map(|it| it.line).collect();
        assert_eq!(lines, [7, 11]);
    }

    #[test]
    fn an_answer_of_the_server_is_brought_to_its_lines() {
        use crate::api::status;
        use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
        let text =
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  ports:\n  - port: 80\n";
        let documents = super::super::read(text).unwrap_or_default();
        let cause = StatusCause {
            field: Some("spec.ports[0].nodePort".into()),
            message: Some("Invalid value: 80: provided port is not in the valid range".into()),
            reason: Some("FieldValueInvalid".into()),
        };
        let status = status::invalid(Kind::Service, "s", vec![cause]);
        let found = explain_status(&documents[0], &status);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 6);
        let gone = status::not_found(Kind::Namespace, "web");
        let found = explain_status(&documents[0], &gone);
        assert!(found[0].message.contains("not found") && !found[0].fix.is_empty());
    }
}
