//! `kubectl wait`.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Found, Need, Wanted};
use super::super::flags::Given;
use super::super::print::OUTPUT_FLAGS;
use super::super::print::jsonpath::{Template, relaxed};
use super::super::shell::Shell;
use super::super::value::{items, number, plain, text};
use super::tell;
use serde_json::Value;

const FLAGS: &str = " all-namespaces/A for:a timeout:d local";
/// `--timeout` where none is given.
const TIMEOUT: f64 = 30.0;
/// A negative timeout: a week.
const WEEK: f64 = 168.0 * 3600.0;

/// What is waited for.
enum For {
    Delete,
    Create,
    Condition(String, String),
    Path(Option<Template>, Option<String>),
}

impl For {
    fn read(given: &Given) -> Result<For, Fault> {
        let all = given.all("for");
        let Some(text) = all.last() else {
            return Err(Fault::message("unrecognized condition: []"));
        };
        let lower = text.to_lowercase();
        if lower == "delete" {
            return Ok(For::Delete);
        }
        if lower == "create" {
            return Ok(For::Create);
        }
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, status) = condition.split_once('=').unwrap_or((condition, "true"));
            return Ok(For::Condition(name.to_owned(), status.to_owned()));
        }
        if let Some(path) = text.strip_prefix("jsonpath=") {
            let (path, value) = match path.split_once("}=") {
                Some((path, value)) => (format!("{path}}}"), Some(value.to_owned())),
                None => (path.to_owned(), None),
            };
            let parsed = relaxed(path.trim_matches('\''));
            let template = parsed.and_then(|path| Template::parse(&path, true));
            return match (template, value) {
                (_, Some(value)) if value.is_empty() => {
                    Err(Fault::message("jsonpath wait value cannot be empty"))
                }
                (template, value) => Ok(For::Path(template.ok(), value)),
            };
        }
        Err(Fault::Message(format!("unrecognized condition: {text:?}")))
    }

    fn is_met(&self, object: &Value) -> bool {
        match self {
            For::Delete => false,
            For::Create => true,
            For::Condition(name, status) => {
                let generation = number(object, "/metadata/generation");
                let observed = object.pointer("/status/observedGeneration");
                let stale = observed
                    .and_then(Value::as_i64)
                    .is_some_and(|observed| observed < generation);
                let mut conditions = items(object, "/status/conditions").iter();
                !stale
                    && conditions.any(|it| {
                        text(it, "/type").eq_ignore_ascii_case(name)
                            && text(it, "/status").eq_ignore_ascii_case(status)
                    })
            }
            For::Path(None, _) => false,
            For::Path(Some(template), value) => {
                let found = template.find(object).unwrap_or_default();
                match (found.as_slice(), value) {
                    ([], _) => false,
                    ([one], Some(value)) => plain(one) == value.trim_matches('\''),
                    (_, Some(_)) => false,
                    (_, None) => true,
                }
            }
        }
    }
}

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let spec = format!("{FIND_FLAGS}{OUTPUT_FLAGS}{FLAGS}");
    let given = Given::read("kubectl wait", &spec, args)?;
    shell.enter(&given);
    let awaited = For::read(&given)?;
    let seconds = match given.span("timeout") {
        None => TIMEOUT,
        Some(seconds) if seconds < 0.0 => WEEK,
        Some(seconds) => seconds,
    };
    let wanted = find::wanted(shell, &given, &given.args, Need::Names)?;
    if matches!(awaited, For::Create) {
        return created(shell, &given, &wanted, seconds);
    }
    let (found, mut faults) = find::find(shell, &given, &wanted);
    if matches!(awaited, For::Delete) {
        faults.retain(|fault| !fault.is_not_found());
    } else if found.is_empty() && faults.is_empty() {
        return Err(Fault::message("no matching resources found"));
    }
    let end = shell.now() + std::time::Duration::from_secs_f64(seconds);
    for object in &found {
        let left = end.since(shell.now()).as_secs_f64();
        match met(shell, object, &awaited, left)? {
            Some(live) => {
                let line = format!("{} condition met", object.line());
                tell(shell, &given, &live, &line)?;
            }
            None => faults.push(Fault::Message(format!(
                "timed out waiting for the condition on {}/{}",
                object.resource.plural,
                object.name()
            ))),
        }
    }
    Fault::of_all(faults)
}

/// The object once it is as awaited; none where it never was.
fn met(
    shell: &mut Shell<'_>,
    object: &Found,
    awaited: &For,
    seconds: f64,
) -> Result<Option<Value>, Fault> {
    let (path, uid) = (object.path(), text(&object.object, "/metadata/uid"));
    let mut live = object.object.clone();
    let met = shell.until(seconds, |shell| {
        match shell.get(&path) {
            Ok(found) => live = found,
            Err(fault) if fault.is_not_found() => return Ok(matches!(awaited, For::Delete)),
            Err(fault) => return Err(fault),
        }
        let replaced = text(&live, "/metadata/uid") != uid;
        Ok(match awaited {
            For::Delete => replaced,
            awaited => awaited.is_met(&live),
        })
    })?;
    Ok(met.then_some(live))
}

fn created(
    shell: &mut Shell<'_>,
    given: &Given,
    wanted: &[Wanted],
    seconds: f64,
) -> Result<(), Fault> {
    for it in wanted {
        let mut found = Vec::new();
        let there = shell.until(seconds, |shell| {
            let (objects, faults) = find::find(shell, given, std::slice::from_ref(it));
            found = objects;
            match faults.into_iter().find(|fault| !fault.is_not_found()) {
                Some(fault) => Err(fault),
                None => Ok(!found.is_empty()),
            }
        })?;
        if !there {
            return Err(Fault::message("timed out waiting for the condition"));
        }
        for object in &found {
            let line = format!("{} condition met", object.line());
            tell(shell, given, &object.object, &line)?;
        }
    }
    Ok(())
}
