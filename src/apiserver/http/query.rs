//! Query strings.

use crate::api::status::{self, ApiError};
use crate::apiserver::{Options, Version};
use crate::sim::trace::Verb;

/// Bytes of a field manager's name at most (`FieldManagerMaxLength`).
const MANAGER_MAX: usize = 128;

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

    /// Every value of a parameter that may be given several times.
    pub(super) fn all(&self, key: &str) -> Vec<String> {
        let given = self.0.iter().filter(|(found, _)| found == key);
        given.map(|(_, value)| value.clone()).collect()
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

    /// The field manager is a short text; only an apply is forced.
    fn check_manager(&self, named: &str) -> Result<(), ApiError> {
        let mut causes = Vec::new();
        let manager = self.get("fieldManager").unwrap_or_default();
        if manager.len() > MANAGER_MAX {
            let message = format!("Too long: may not be more than {MANAGER_MAX} bytes");
            causes.push(status::cause("FieldValueTooLong", "fieldManager", message));
        }
        if let Some((at, wrong)) = manager.char_indices().find(|(_, c)| c.is_control()) {
            let message = format!(
                "Invalid value: {}: invalid character {} (at position {at})",
                crate::apiserver::validation::go_quoted(manager),
                format_args!("U+{:04X}", wrong as u32)
            );
            causes.push(status::cause("FieldValueInvalid", "fieldManager", message));
        }
        if causes.is_empty() {
            return Ok(());
        }
        Err(status::invalid_input("meta.k8s.io", named, "", causes))
    }

    /// `force` goes with an apply alone.
    pub(super) fn check_force(&self, apply: bool) -> Result<(), ApiError> {
        if apply || self.get("force").is_none() {
            return Ok(());
        }
        let message = "Forbidden: may not be specified for non-apply patch";
        let cause = status::cause("FieldValueForbidden", "force", message);
        Err(status::invalid_input(
            "meta.k8s.io",
            "PatchOptions",
            "",
            vec![cause],
        ))
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
            self.check_manager(named)?;
        }
        let limit = self.integer("limit")?.unwrap_or(0).max(0);
        Ok(Options {
            label_selector: self.text("labelSelector"),
            field_selector: self.text("fieldSelector"),
            dry_run: dry_run && verb != Verb::Get,
            field_validation,
            field_manager: self.text("fieldManager"),
            written: Default::default(),
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

/// An apply must say who applies.
pub(super) fn check_applier(options: &Options) -> Result<(), ApiError> {
    if !options.field_manager.is_empty() {
        return Ok(());
    }
    let message = "Required value: is required for apply patch";
    let cause = status::cause("FieldValueRequired", "fieldManager", message);
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

/// A step of a path, decoded: a plus sign is one.
pub(super) fn decode_path(text: &str) -> String {
    decode(&text.replace('+', "%2B"))
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
