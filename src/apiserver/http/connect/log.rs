//! `pods/log` (`pkg/registry/core/pod/rest/log.go`, `ValidatePodLogOptions`).

use super::super::query::Query;
use super::{Connect, ContainerAt, container, kubelet_address, node_of, pod};
use crate::api::Key;
use crate::api::status::{self, ApiError};
use crate::apiserver::ApiServer;
use crate::sim::Instant;

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on as more is written.
    pub follow: bool,
    /// Of the instance before.
    pub previous: bool,
    /// With the time before each line.
    pub timestamps: bool,
    /// Lines of the last so many seconds.
    pub since_seconds: Option<i64>,
    /// Lines since.
    pub since_time: Option<Instant>,
    /// The last so many lines.
    pub tail_lines: Option<i64>,
    /// So many bytes.
    pub limit_bytes: Option<i64>,
}

pub(super) fn find(api: &ApiServer, key: Key, query: &Query) -> Result<Connect, ApiError> {
    let options = read(&key, query)?;
    let pod = pod(api, &key)?;
    let container = container(&pod, query.get("container").unwrap_or_default())?;
    let Some(node) = node_of(&pod) else {
        return Ok(Connect::Nothing);
    };
    Ok(Connect::Log {
        container: ContainerAt {
            address: kubelet_address(api, &node)?,
            node,
            pod: key,
            container: container.as_str().into(),
        },
        options,
    })
}

fn read(pod: &Key, query: &Query) -> Result<LogOptions, ApiError> {
    let since_time = match query.get("sinceTime").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| {
                status::bad_request(format!(
                    "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\""
                ))
            })?;
            Some(Instant::from_timestamp(time))
        }
    };
    let options = LogOptions {
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        timestamps: query.flag("timestamps"),
        since_seconds: query.integer("sinceSeconds")?,
        since_time,
        tail_lines: query.integer("tailLines")?,
        limit_bytes: query.integer("limitBytes")?,
    };
    let mut causes = Vec::new();
    let mut invalid = |field: &str, value: i64, why: &str| {
        let message = format!("Invalid value: {value}: {why}");
        causes.push(status::cause("FieldValueInvalid", field, message));
    };
    if let Some(lines) = options.tail_lines.filter(|lines| *lines < 0) {
        invalid("tailLines", lines, "must be greater than or equal to 0");
    }
    if let Some(bytes) = options.limit_bytes.filter(|bytes| *bytes < 1) {
        invalid("limitBytes", bytes, "must be greater than 0");
    }
    match (options.since_seconds, options.since_time) {
        (Some(_), Some(_)) => causes.push(status::cause(
            "FieldValueForbidden",
            "[]",
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        )),
        (Some(seconds), None) if seconds < 1 => {
            invalid("sinceSeconds", seconds, "must be greater than 0");
        }
        _ => {}
    }
    match causes.is_empty() {
        true => Ok(options),
        false => Err(status::invalid_input(
            "",
            "PodLogOptions",
            &pod.name,
            causes,
        )),
    }
}
