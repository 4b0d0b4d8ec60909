//! `kubectl logs`: what containers wrote.

use super::body::{self, Body, Outbox};
use super::engine::Engine;
use super::follow::{Follow, Next};
use super::route;
use crate::api::core::{ContainerState, ContainerStatus};
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Pod};
use crate::apiserver::http::{ContainerAt, LogOptions};
use crate::cluster::Cluster;
use crate::etcd::StoreKey;
use crate::kubelet::runtime::Line;
use crate::sim::{EPOCH_UNIX_SECONDS, Instant};
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use std::time::Duration;

/// Answers with a log.
pub(super) fn answer(engine: &mut Engine, at: ContainerAt, options: &LogOptions) -> Response<Body> {
    engine.cluster.note_connection(&at.pod, "log");
    let previous = match source(&engine.cluster, &at, options.previous) {
        Ok(previous) => previous,
        Err(error) => return route::failure(error),
    };
    let cluster = &engine.cluster;
    let mut reader = Reader::new(at, options, previous);
    let text = reader.first(cluster);
    let body = match options.follow && !previous && !reader.is_full() {
        false => body::whole(text),
        true => {
            let (outbox, body) = body::stream();
            // A new queue takes a first piece of any length.
            let _new = outbox.send(text);
            engine.keep(Box::new(Follower { reader, outbox }));
            body
        }
    };
    let mut answer = Response::new(body);
    let plain = HeaderValue::from_static("text/plain");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}

/// Whether the log of the instance before is the one to show; or why there is none
/// (`validateContainerLogStatus` of the kubelet).
pub(super) fn source(
    cluster: &Cluster,
    at: &ContainerAt,
    previous: bool,
) -> Result<bool, ApiError> {
    if !cluster.is_powered(&at.node) {
        let (address, pod) = (&at.address, &at.pod);
        return Err(status::internal(format!(
            "Get \"https://{address}:10250/containerLogs/{}/{}/{}\": dial tcp {address}:10250: connect: no route to host",
            pod.namespace, pod.name, at.container
        )));
    }
    let named = format!("container {:?} in pod {:?}", at.container, at.pod.name);
    let Some(found) = container_status(cluster, at) else {
        return Err(status::bad_request(format!("{named} is not available")));
    };
    let state = found.state.unwrap_or_default();
    let last = found.last_state.and_then(|state| state.terminated);
    match state {
        _ if previous && last.is_none() => Err(status::bad_request(format!(
            "previous terminated container {:?} in pod {:?} not found",
            at.container, at.pod.name
        ))),
        ContainerState {
            running: None,
            terminated: None,
            ..
        } if last.is_some() => Ok(false),
        ContainerState {
            running: Some(_), ..
        }
        | ContainerState {
            terminated: Some(_),
            ..
        } => Ok(previous),
        ContainerState {
            waiting: Some(waiting),
            ..
        } => {
            let why = match waiting.reason.as_deref().unwrap_or_default() {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                reason => reason,
            };
            let message = format!("{named} is waiting to start: {why}");
            Err(status::bad_request(message))
        }
        _ => Err(status::bad_request(format!(
            "{named} is waiting to start - no logs yet"
        ))),
    }
}

fn container_status(cluster: &Cluster, at: &ContainerAt) -> Option<ContainerStatus> {
    let key = StoreKey {
        kind: Kind::Pod,
        key: at.pod.clone(),
    };
    let entry = cluster.api().etcd().get(&key)?;
    let status = entry.object.as_kind::<Pod>()?.status.as_ref()?;
    let regular = status.container_statuses.iter().flatten();
    let init = status.init_container_statuses.iter().flatten();
    let ephemeral = status.ephemeral_container_statuses.iter().flatten();
    let mut all = regular.chain(init).chain(ephemeral);
    all.find(|status| *status.name == *at.container).cloned()
}

/// Reads a log as its options say.
struct Reader {
    at: ContainerAt,
    previous: bool,
    timestamps: bool,
    since: Instant,
    since_seconds: Option<u64>,
    tail: Option<usize>,
    /// Bytes that may still be written.
    left: Option<usize>,
    /// Lines that were ever written and are dealt with.
    known: u64,
    instance: Option<u32>,
}

impl Reader {
    fn new(at: ContainerAt, options: &LogOptions, previous: bool) -> Reader {
        let size = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
        Reader {
            at,
            previous,
            timestamps: options.timestamps,
            since: options.since_time.unwrap_or(Instant::ZERO),
            since_seconds: options.since_seconds.and_then(|it| u64::try_from(it).ok()),
            tail: size(options.tail_lines),
            left: size(options.limit_bytes),
            known: 0,
            instance: None,
        }
    }

    fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// All that is there.
    fn first(&mut self, cluster: &Cluster) -> String {
        if let Some(seconds) = self.since_seconds {
            self.since = cluster.now() - Duration::from_secs(seconds);
        }
        let Some(kubelet) = cluster.kubelet(&self.at.node) else {
            return String::new();
        };
        let (pod, container) = (&self.at.pod, &self.at.container);
        self.instance = kubelet.instance(pod, container).map(|(number, _)| number);
        let Some(log) = kubelet.log(pod, container, self.previous) else {
            return String::new();
        };
        self.known = log.written();
        let lines: Vec<&Line> = log.lines().filter(|line| line.at >= self.since).collect();
        let skip = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let text: String = lines
            .into_iter()
            .skip(skip)
            .map(|line| self.text(line))
            .collect();
        self.limited(text)
    }

    /// What was written since; none where no more will come.
    fn more(&mut self, cluster: &Cluster) -> Option<String> {
        let kubelet = cluster.kubelet(&self.at.node)?;
        let (pod, container) = (&self.at.pod, &self.at.container);
        let (instance, runs) = kubelet.instance(pod, container)?;
        // A new instance began: the end of the old one is in the log before.
        let is_old = self.instance != Some(instance);
        let log = kubelet.log(pod, container, is_old)?;
        let text: String = log.after(self.known).map(|line| self.text(line)).collect();
        self.known = log.written();
        let text = self.limited(text);
        let over = is_old || !runs || self.is_full() || !cluster.is_powered(&self.at.node);
        match over && text.is_empty() {
            true => None,
            false => Some(text),
        }
    }

    fn text(&self, line: &Line) -> String {
        match self.timestamps {
            true => format!("{} {}\n", nanoseconds(line.at), line.text),
            false => format!("{}\n", line.text),
        }
    }

    fn limited(&mut self, mut text: String) -> String {
        if let Some(left) = &mut self.left {
            let cut = (0..=text.len().min(*left)).rev();
            let cut = cut.into_iter().find(|at| text.is_char_boundary(*at));
            text.truncate(cut.unwrap_or(0));
            *left = match text.len() < *left {
                true => *left - text.len(),
                false => 0,
            };
        }
        text
    }
}

/// A time with all nine digits, as the kubelet writes it.
fn nanoseconds(at: Instant) -> String {
    let second = EPOCH_UNIX_SECONDS.saturating_add((at.0 / 1_000_000_000) as i64);
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX);
    let text = time.to_string();
    let text = text.trim_end_matches('Z');
    format!("{text}.{:09}Z", at.0 % 1_000_000_000)
}

/// A log that is followed.
struct Follower {
    reader: Reader,
    outbox: Outbox,
}

impl Follow for Follower {
    fn follow(&mut self, cluster: &mut Cluster) -> Next {
        let Some(text) = self.reader.more(cluster) else {
            return Next::End;
        };
        match self.outbox.send(text) {
            Ok(()) => Next::Stay,
            Err(_) => Next::End,
        }
    }

    fn is_deserted(&self) -> bool {
        self.outbox.is_closed()
    }
}

/// The streams of a container from now on, for `attach`: pieces with whether they
/// went to standard error; none once the container has ended.
pub(super) struct Live {
    at: ContainerAt,
    known: u64,
    instance: Option<u32>,
}

impl Live {
    pub(super) fn new(cluster: &Cluster, at: ContainerAt) -> Live {
        let kubelet = cluster.kubelet(&at.node);
        let log = kubelet.and_then(|kubelet| kubelet.log(&at.pod, &at.container, false));
        let instance = kubelet.and_then(|kubelet| kubelet.instance(&at.pod, &at.container));
        Live {
            known: log.map_or(0, |log| log.written()),
            instance: instance.map(|(number, _)| number),
            at,
        }
    }

    pub(super) fn more(&mut self, cluster: &Cluster) -> Option<Vec<(bool, String)>> {
        let kubelet = cluster.kubelet(&self.at.node)?;
        let (instance, runs) = kubelet.instance(&self.at.pod, &self.at.container)?;
        let is_old = self.instance != Some(instance);
        let log = kubelet.log(&self.at.pod, &self.at.container, is_old)?;
        let lines = log.after(self.known);
        let pieces: Vec<(bool, String)> = lines
            .map(|line| (line.is_error, format!("{}\n", line.text)))
            .collect();
        self.known = log.written();
        let over = is_old || !runs;
        (!over || !pieces.is_empty()).then_some(pieces)
    }
}
