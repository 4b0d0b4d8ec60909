//! What a user pastes.
#![allow(missing_docs)]
use crate::api::{Key, Kind, Status};
use serde::Deserialize;
use serde_json::Value;
pub enum Severity {
    Error,
    Warning,
    Info,
}
pub struct Diagnostic {
    pub severity: Severity,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    pub message: String,
    pub fix: String,
}
pub struct Document {
    pub value: Value,
    pub line: u32,
}
pub struct Read {
    pub documents: Vec<Document>,
    pub diagnostics: Vec<Diagnostic>,
}
pub fn read(text: &str) -> Read {
    let documents = serde_yaml::Deserializer::from_str(text)
        .filter_map(|d| Value::deserialize(d).ok())
        .filter(|v| v.is_object())
        .map(|value| Document { value, line: 1 })
        .collect();
    Read {
        documents,
        diagnostics: Vec::new(),
    }
}
pub fn check(_: &str) -> Vec<Diagnostic> {
    Vec::new()
}
pub fn explain_status(_: &Document, _: &Status) -> Vec<Diagnostic> {
    Vec::new()
}
impl Document {
    pub fn kind_name(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_api_version(self.value["apiVersion"].as_str()?, self.kind_name())
    }
    pub fn key(&self, ns: &str) -> Key {
        Key::new(
            self.value["metadata"]["namespace"].as_str().unwrap_or(ns),
            self.value["metadata"]["name"].as_str().unwrap_or_default(),
        )
    }
}
