//! Query strings.

use crate::api::status::{self, ApiError};
use crate::apiserver::{Options, Version};
use crate::sim::trace::Verb;

/// The parameters of a request, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Query {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Query(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key), decode(value))
                })
                .collect(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == key)
            .map(|(_, value)| value.as_str())
    }

    fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    /// As Go reads them: everything but a few words for no counts as yes.
    pub(super) fn flag(&self, key: &str) -> bool {
        !matches!(
            self.get(key),
            None | Some("0" | "false" | "f" | "F" | "FALSE" | "False")
        )
    }

    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(key).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            status::bad_request(format!(
                "strconv.ParseInt: parsing {text:?}: invalid syntax"
            ))
        })
    }

    pub(super) fn options(&self, verb: Verb) -> Result<Options, ApiError> {
        let writes = matches!(verb, Verb::Create | Verb::Update | Verb::Patch);
        let named = match verb {
            Verb::Create => "CreateOptions",
            Verb::Update => "UpdateOptions",
            Verb::Patch => "PatchOptions",
            _ => "DeleteOptions",
        };
        let dry_run = match self.get("dryRun") {
            None | Some("") => false,
            Some("All") => true,
            Some(other) => {
                let message = format!("Unsupported value: [{other:?}]: supported values: \"All\"");
                return Err(unsupported(named, "dryRun", message));
            }
        };
        let field_validation = self.text("fieldValidation");
        if writes && !matches!(field_validation.as_str(), "" | "Ignore" | "Strict" | "Warn") {
            let message = format!(
                "Unsupported value: {field_validation:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
            );
            return Err(unsupported(named, "fieldValidation", message));
        }
        if writes {
            manager(named, &self.text("fieldManager"))?;
        }
        let limit = self.integer("limit")?.unwrap_or(0).max(0);
        Ok(Options {
            label_selector: self.text("labelSelector"),
            field_selector: self.text("fieldSelector"),
            dry_run: dry_run && verb != Verb::Get,
            field_validation,
            field_manager: self.text("fieldManager"),
            force: self.get("force").map(|_| self.flag("force")),
            limit: limit.unsigned_abs(),
            continue_token: self.text("continue"),
            resource_version: self.text("resourceVersion"),
            resource_version_match: self.text("resourceVersionMatch"),
            send_initial_events: self
                .get("sendInitialEvents")
                .map(|_| self.flag("sendInitialEvents")),
            allow_bookmarks: self.flag("allowWatchBookmarks"),
            timeout_seconds: self
                .integer("timeoutSeconds")?
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0),
            version: Version::default(),
        })
    }
}

/// The longest name of a field manager (`FieldManagerMaxLength`).
const MANAGER_BYTES_MAX: usize = 128;

/// A field manager's name must be short and printable.
fn manager(options: &str, name: &str) -> Result<(), ApiError> {
    let refuse = |reason: &str, message: String| {
        let cause = status::cause(reason, "fieldManager", message);
        Err(status::invalid_input(
            "meta.k8s.io",
            options,
            "",
            vec![cause],
        ))
    };
    if name.len() > MANAGER_BYTES_MAX {
        let message = format!("Too long: may not be more than {MANAGER_BYTES_MAX} bytes");
        return refuse("FieldValueTooLong", message);
    }
    match name.chars().enumerate().find(|(_, it)| it.is_control()) {
        Some((at, it)) => {
            let shown: String = name
                .chars()
                .map(|it| match it.is_control() {
                    true => format!("\\x{:02x}", u32::from(it)),
                    false => it.to_string(),
                })
                .collect();
            let code = u32::from(it);
            refuse(
                "FieldValueInvalid",
                format!(
                    "Invalid value: \"{shown}\": invalid character U+{code:04X} (at position {at})"
                ),
            )
        }
        None => Ok(()),
    }
}

/// What only an apply needs, and what only an apply may say.
pub(super) fn check_patch(applies: bool, options: &Options) -> Result<(), ApiError> {
    let (reason, field, message) = match (applies, options.force) {
        (true, _) if options.field_manager.is_empty() => (
            "FieldValueRequired",
            "fieldManager",
            "Required value: is required for apply patch",
        ),
        (false, Some(_)) => (
            "FieldValueForbidden",
            "force",
            "Forbidden: may not be specified for non-apply patch",
        ),
        _ => return Ok(()),
    };
    let cause = status::cause(reason, field, message);
    Err(status::invalid_input(
        "meta.k8s.io",
        "PatchOptions",
        "",
        vec![cause],
    ))
}

/// 422 about an option.
pub(super) fn unsupported(options: &str, field: &str, message: String) -> ApiError {
    let cause = status::cause("FieldValueNotSupported", field, message);
    status::invalid_input("meta.k8s.io", options, "", vec![cause])
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = (ahead.next().and_then(hex), ahead.next().and_then(hex));
                match digits {
                    (Some(high), Some(low)) => {
                        bytes.push(high * 16 + low);
                        rest = ahead;
                    }
                    _ => bytes.push(b'%'),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
