//! A running command: what it has written, and its requests.

use super::door::Door;
use super::fault::Fault;
use super::flags::Given;
use super::resources::{self, Resource};
use crate::api::Status;
use crate::sim::Instant;
use serde_json::Value;
use std::time::Duration;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
pub(super) const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
/// How long to wait between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// A running command.
pub(super) struct Shell<'d> {
    pub(super) door: &'d mut dyn Door,
    pub(super) stdin: &'d str,
    pub(super) namespace: String,
    /// Whether the namespace was asked for by a flag.
    pub(super) namespace_given: bool,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) exit: u8,
    known: Vec<Resource>,
}

/// What is sent with a change.
#[derive(Clone, Copy)]
pub(super) enum Patch {
    Json,
    Merge,
    Strategic,
}

impl<'d> Shell<'d> {
    pub(super) fn new(door: &'d mut dyn Door, stdin: &'d str, namespace: &str) -> Shell<'d> {
        Shell {
            door,
            stdin,
            namespace: namespace.to_owned(),
            namespace_given: false,
            out: String::new(),
            err: String::new(),
            exit: 0,
            known: Vec::new(),
        }
    }

    /// Takes the namespace that a flag names.
    pub(super) fn enter(&mut self, given: &Given) {
        if let Some(namespace) = given.get("namespace") {
            self.namespace = namespace.to_owned();
            self.namespace_given = true;
        }
    }

    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    pub(super) fn warn(&mut self, text: impl AsRef<str>) {
        self.err.push_str(text.as_ref());
        self.err.push('\n');
    }

    pub(super) fn now(&self) -> Instant {
        self.door.now()
    }

    /// Waits until something is so, or a span is over. Answers whether it is so.
    pub(super) fn until(
        &mut self,
        seconds: f64,
        mut so: impl FnMut(&mut Self) -> Result<bool, Fault>,
    ) -> Result<bool, Fault> {
        let end = self.now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e9));
        loop {
            if so(self)? {
                return Ok(true);
            }
            if self.now() >= end {
                return Ok(false);
            }
            self.door.wait(LOOK);
        }
    }

    /// Sends a request; its warnings are told at once.
    pub(super) fn send(
        &mut self,
        method: &str,
        path: &str,
        accept: &str,
        content: &str,
        body: &str,
    ) -> Result<Value, Fault> {
        let mut headers = vec![("Accept".to_owned(), accept.to_owned())];
        if !content.is_empty() {
            headers.push(("Content-Type".to_owned(), content.to_owned()));
        }
        let answer = self.door.http(method, path, &headers, body.as_bytes());
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("warning") {
                let quoted = value.split_once(" - ").map_or("", |(_, text)| text);
                let text: String = serde_json::from_str(quoted).unwrap_or_default();
                let told = format!("Warning: {text}");
                if !self.err.lines().any(|line| line == told) {
                    self.warn(told);
                }
            }
        }
        if answer.status == 0 {
            let status: Status = serde_json::from_str(&answer.body).unwrap_or_default();
            return Err(Fault::Server(Box::new(status), String::new()));
        }
        let value: Value = serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body));
        if answer.status < 400 {
            return Ok(value);
        }
        let mut status: Status = serde_json::from_value(value).unwrap_or_default();
        if status.code.is_none() {
            status.code = Some(i32::from(answer.status));
            status.reason = Some("NotFound".to_owned()).filter(|_| answer.status == 404);
            status.message = Some("the server could not find the requested resource".to_owned());
        }
        Err(Fault::Server(Box::new(status), String::new()))
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Value, Fault> {
        self.send("GET", path, "application/json", "", "")
    }

    pub(super) fn post(&mut self, path: &str, object: &Value) -> Result<Value, Fault> {
        let body = object.to_string();
        self.send("POST", path, "application/json", "application/json", &body)
    }

    pub(super) fn patch(&mut self, path: &str, patch: Patch, body: &Value) -> Result<Value, Fault> {
        let content = match patch {
            Patch::Json => "application/json-patch+json",
            Patch::Merge => "application/merge-patch+json",
            Patch::Strategic => "application/strategic-merge-patch+json",
        };
        let body = body.to_string();
        self.send("PATCH", path, "application/json", content, &body)
    }

    /// Every type of resources that the server has.
    pub(super) fn resources(&mut self) -> Result<&[Resource], Fault> {
        if self.known.is_empty() {
            for root in ["/api", "/apis"] {
                let document = self.send("GET", root, AGGREGATED, "", "")?;
                self.known.extend(resources::read(&document));
            }
        }
        Ok(&self.known)
    }

    /// The type that a user names.
    pub(super) fn resource(&mut self, named: &str) -> Result<Resource, Fault> {
        let found = resources::find(self.resources()?, named).cloned();
        found.ok_or_else(|| {
            let name = named.split('.').next().unwrap_or(named);
            Fault::Message(format!("the server doesn't have a resource type {name:?}"))
        })
    }

    /// The namespace of objects of a type: of the command, or none.
    pub(super) fn namespace_of(&self, resource: &Resource) -> String {
        match resource.namespaced {
            true => self.namespace.clone(),
            false => String::new(),
        }
    }
}
