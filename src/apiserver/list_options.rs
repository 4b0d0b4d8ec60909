//! Which options of lists and watches go together
//! (`apimachinery/pkg/apis/meta/internalversion/validation`).

use super::Options;
use crate::api::status::{self, ApiError};

const MATCH: &str = "resourceVersionMatch";

/// Refuses what contradicts itself.
pub(super) fn check(options: &Options, watch: bool) -> Result<(), ApiError> {
    let wrong = match watch {
        true => of_watch(options),
        false => of_list(options),
    };
    if wrong.is_empty() {
        return Ok(());
    }
    let causes = wrong.into_iter().map(|(field, message)| {
        let reason = match message.starts_with("Unsupported") {
            true => "FieldValueNotSupported",
            false => "FieldValueForbidden",
        };
        status::cause(reason, field, message)
    });
    Err(status::invalid_input(
        "meta.k8s.io",
        "ListOptions",
        "",
        causes.collect(),
    ))
}

type Wrong = Vec<(&'static str, String)>;

fn forbidden(why: &str) -> String {
    format!("Forbidden: {why}")
}

fn of_list(options: &Options) -> Wrong {
    let mut wrong = Wrong::new();
    let (version, matched) = (&options.resource_version, &options.resource_version_match);
    if !matched.is_empty() {
        if version.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            wrong.push((MATCH, forbidden(why)));
        }
        if !options.continue_token.is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            wrong.push((MATCH, forbidden(why)));
        }
        if !matches!(matched.as_str(), "Exact" | "NotOlderThan") {
            wrong.push((
                MATCH,
                format!(
                    "Unsupported value: {matched:?}: supported values: \"Exact\", \"NotOlderThan\", \"\""
                ),
            ));
        }
        if matched == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong.push((MATCH, forbidden(why)));
        }
    }
    if options.send_initial_events.is_some() {
        let why = "sendInitialEvents is forbidden for list";
        wrong.push(("sendInitialEvents", forbidden(why)));
    }
    wrong
}

fn of_watch(options: &Options) -> Wrong {
    let mut wrong = Wrong::new();
    let matched = options.resource_version_match.as_str();
    if options.send_initial_events.is_some() && matched != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        wrong.push((MATCH, forbidden(why)));
    }
    if !matched.is_empty() {
        if options.send_initial_events.is_none() {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            wrong.push((MATCH, forbidden(why)));
        }
        if matched != "NotOlderThan" {
            wrong.push((
                MATCH,
                format!("Unsupported value: {matched:?}: supported values: \"NotOlderThan\""),
            ));
        }
    }
    if !options.continue_token.is_empty() {
        let why = "resourceVersionMatch is forbidden when continue is provided";
        wrong.push((MATCH, forbidden(why)));
    }
    wrong
}
