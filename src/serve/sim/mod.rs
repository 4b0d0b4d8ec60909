//! `/sim`: what no real cluster has. Steering time, making faults, following
//! packets.

mod journeys;

use super::body::Body;
use super::engine::{Engine, Handle};
use super::pace::Speed;
use super::route::{self, Asked};
use crate::api::Key;
use crate::api::status::{self, ApiError};
use crate::apiserver::http::HttpResponse;
use crate::cluster::Cluster;
use crate::sim::{EPOCH_UNIX_SECONDS, Instant};
use hyper::Response;
use journeys::{Ask, journey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// The furthest that time is let go in one request.
const SKIP_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Answers a request below `/sim/`.
pub(super) async fn answer(engine: &Handle, path: &str, asked: Asked) -> Response<Body> {
    let answered = match (asked.method.as_str(), path) {
        ("GET", "clock") => Ok(clock(engine).await),
        ("PUT" | "PATCH", "clock") => set_clock(engine, &asked.body).await,
        ("POST", "clock/advance") => advance(engine, &asked.body).await,
        ("POST", "faults") => with::<Fault>(engine, &asked.body, fault).await,
        ("POST", "journeys") => with::<Ask>(engine, &asked.body, journey).await,
        (_, "clock" | "clock/advance" | "faults" | "journeys") => Err(status::method_not_allowed()),
        _ => Err(status::no_such_path()),
    };
    match answered {
        Ok(Some(value)) => route::response(HttpResponse {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: format!("{value:#}\n"),
        }),
        Ok(None) => route::gone(),
        Err(error) => route::failure(error),
    }
}

/// An answer; none where the engine has ended.
type Answer = Result<Option<Value>, ApiError>;

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| status::bad_request(error.to_string()))
}

async fn with<T: DeserializeOwned + std::marker::Send + 'static>(
    engine: &Handle,
    body: &[u8],
    act: fn(&mut Cluster, T) -> Result<Value, ApiError>,
) -> Answer {
    let wanted = read(body)?;
    let done = engine.ask(move |engine| act(&mut engine.cluster, wanted));
    done.await.ok().transpose()
}

async fn clock(engine: &Handle) -> Option<Value> {
    engine.ask(|engine| show_clock(engine)).await.ok()
}

fn show_clock(engine: &Engine) -> Value {
    let now = engine.cluster.now();
    let (speed, paused) = engine.speed();
    let speed = match speed {
        Speed::Times(number) => json!(number),
        Speed::Max => json!("max"),
    };
    json!({
        "now": now.timestamp_micro().to_string(),
        "seconds": now.as_secs_f64(),
        "speed": speed,
        "paused": paused,
    })
}

/// What of the clock is to be changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    #[serde(default)]
    now: Option<String>,
    #[serde(default)]
    speed: Option<Value>,
    #[serde(default)]
    paused: Option<bool>,
    /// As it is shown; `now` counts.
    #[serde(default, rename = "seconds")]
    _seconds: Option<f64>,
}

async fn set_clock(engine: &Handle, body: &[u8]) -> Answer {
    let change: Change = read(body)?;
    let speed = match &change.speed {
        None => None,
        Some(Value::String(text)) => Some(text.parse().map_err(status::bad_request)?),
        Some(other) => {
            let number = other.as_f64().and_then(Speed::times);
            Some(number.ok_or_else(|| {
                status::bad_request(format!("speed: {other} is no speed: a number or \"max\""))
            })?)
        }
    };
    if let Some(text) = &change.now {
        let time: jiff::Timestamp = text
            .parse()
            .map_err(|error| status::bad_request(format!("now: {error}")))?;
        let until = Instant::from_timestamp(time);
        let now = engine.ask(|engine| engine.cluster.now()).await;
        let Ok(now) = now else { return Ok(None) };
        if until < now || time.as_second() < EPOCH_UNIX_SECONDS {
            let message = format!("now: {text} is past, and time goes on only");
            return Err(status::bad_request(message));
        }
        within_reach(until.since(now))?;
        if engine.skip_to(until).await.is_err() {
            return Ok(None);
        }
    }
    let changed = engine.ask(move |engine| {
        let (now_speed, now_paused) = engine.speed();
        if speed.is_some() || change.paused.is_some() {
            let paused = change.paused.unwrap_or(now_paused);
            engine.set_speed(speed.unwrap_or(now_speed), paused);
        }
        show_clock(engine)
    });
    Ok(changed.await.ok())
}

fn within_reach(step: Duration) -> Result<(), ApiError> {
    match step <= SKIP_MAX {
        true => Ok(()),
        false => Err(status::bad_request("at most a year at once")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    r#for: String,
}

async fn advance(engine: &Handle, body: &[u8]) -> Answer {
    let advance: Advance = read(body)?;
    let step = duration(&advance.r#for)
        .ok_or_else(|| status::bad_request(format!("for: {:?} is no duration", advance.r#for)))?;
    within_reach(step)?;
    let until = engine.ask(move |engine| engine.cluster.now() + step).await;
    let Ok(until) = until else { return Ok(None) };
    match engine.skip_to(until).await {
        Ok(()) => Ok(clock(engine).await),
        Err(_) => Ok(None),
    }
}

/// A duration as Go writes it (`1h30m`, `90s`, `250ms`), or seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// What can befall a cluster.
#[derive(Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", deny_unknown_fields)]
enum Fault {
    /// A container's process is killed.
    CrashContainer {
        pod: String,
        #[serde(default)]
        container: String,
    },
    /// A node loses its power.
    StopNode { node: String },
    /// It gets it back.
    StartNode { node: String },
}

fn fault(cluster: &mut Cluster, fault: Fault) -> Result<Value, ApiError> {
    let done = match &fault {
        Fault::CrashContainer { pod, container } => cluster.kill_container(&key(pod), container),
        Fault::StopNode { node } => cluster.stop_node(node),
        Fault::StartNode { node } => cluster.start_node(node),
    };
    done.map_err(|error| status::bad_request(error.to_string()))?;
    let nodes: Vec<Value> = cluster
        .node_names()
        .map(|name| json!({ "name": &*name, "powered": cluster.is_powered(&name) }))
        .collect();
    Ok(json!({ "nodes": nodes }))
}

/// `NAMESPACE/NAME`, or a name in namespace `default`.
fn key(text: &str) -> Key {
    match text.split_once('/') {
        Some((namespace, name)) => Key::new(namespace, name),
        None => Key::new("default", text),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let table = [
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("1.5", Some(1_500)),
            ("2d", None),
            ("s", None),
            ("-1", None),
            ("", Some(0)),
        ];
        for (text, millis) in table {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
