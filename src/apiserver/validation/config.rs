//! ConfigMaps and Secrets.

use super::field::{Errors, Path, text};
use super::meta::{self, METADATA};
use super::names;
use super::pod::SCOPE;
use crate::api::{ConfigMap, Secret};
use k8s_openapi::ByteString;
use std::collections::BTreeMap;

/// The values of a ConfigMap or Secret together.
const BYTES_MAX: usize = 1024 * 1024;
const DATA: Path<'static> = Path::root("data");
const BINARY_DATA: Path<'static> = Path::root("binaryData");
const IMMUTABLE_FIELD: Path<'static> = Path::root("immutable");
const SET_IMMUTABLE: &str = "field is immutable when `immutable` is set";
/// How upstream writes a path without a name: the object as a whole.
const WHOLE: Path<'static> = Path::root("[]");

pub(super) fn create_config_map(map: &ConfigMap, errors: &mut Errors) {
    meta::create(&map.metadata, &SCOPE, errors);
    let mut bytes = 0;
    for (key, value) in map.data.iter().flatten() {
        errors.rule(&DATA.key(key), key, names::config_key);
        if map
            .binary_data
            .as_ref()
            .is_some_and(|binary| binary.contains_key(key))
        {
            errors.invalid(
                &DATA.key(key),
                key,
                "duplicate of key present in binaryData",
            );
        }
        bytes += value.len();
    }
    for (key, value) in map.binary_data.iter().flatten() {
        errors.rule(&BINARY_DATA.key(key), key, names::config_key);
        bytes += value.0.len();
    }
    if bytes > BYTES_MAX {
        errors.too_long(&WHOLE, BYTES_MAX);
    }
}

pub(super) fn update_config_map(new: &ConfigMap, old: &ConfigMap, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    if old.immutable == Some(true) {
        if new.immutable != Some(true) {
            errors.forbidden(&IMMUTABLE_FIELD, SET_IMMUTABLE);
        }
        if !same_map(&new.data, &old.data) {
            errors.forbidden(&DATA, SET_IMMUTABLE);
        }
        if !same_map(&new.binary_data, &old.binary_data) {
            errors.forbidden(&BINARY_DATA, SET_IMMUTABLE);
        }
    }
    create_config_map(new, errors);
}

fn same_map<V: PartialEq>(
    new: &Option<BTreeMap<String, V>>,
    old: &Option<BTreeMap<String, V>>,
) -> bool {
    new.iter().flatten().eq(old.iter().flatten())
}

pub(super) fn create_secret(secret: &Secret, errors: &mut Errors) {
    meta::create(&secret.metadata, &SCOPE, errors);
    let mut bytes = 0;
    for (key, value) in secret.data.iter().flatten() {
        errors.rule(&DATA.key(key), key, names::config_key);
        bytes += value.0.len();
    }
    if bytes > BYTES_MAX {
        errors.too_long(&DATA, BYTES_MAX);
    }
    of_type(secret, errors);
}

/// What secrets of the well-known types must hold.
fn of_type(secret: &Secret, errors: &mut Errors) {
    const ACCOUNT: &str = "kubernetes.io/service-account.name";
    let none = BTreeMap::new();
    let data = secret.data.as_ref().unwrap_or(&none);
    match text(&secret.type_) {
        "kubernetes.io/service-account-token" => {
            let annotations = secret.metadata.annotations.as_ref();
            let name = annotations.and_then(|annotations| annotations.get(ACCOUNT));
            if name.is_none_or(String::is_empty) {
                errors.required(&METADATA.child("annotations").key(ACCOUNT), "");
            }
        }
        "kubernetes.io/dockercfg" => docker_config(data, ".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => docker_config(data, ".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" => {
            let keys = ["username", "password"];
            if !keys.iter().any(|key| data.contains_key(*key)) {
                keys.iter()
                    .for_each(|key| errors.required(&DATA.key(key), ""));
            }
        }
        "kubernetes.io/ssh-auth" => {
            let key = "ssh-privatekey";
            if data.get(key).is_none_or(|value| value.0.is_empty()) {
                errors.required(&DATA.key(key), "");
            }
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !data.contains_key(key) {
                    errors.required(&DATA.key(key), "");
                }
            }
        }
        _ => {}
    }
}

fn docker_config(data: &BTreeMap<String, ByteString>, key: &str, errors: &mut Errors) {
    let Some(value) = data.get(key) else {
        errors.required(&DATA.key(key), "");
        return;
    };
    let parsed: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_slice(&value.0);
    if parsed.is_err() {
        let value = String::from_utf8_lossy(&value.0);
        let detail = match value.trim_start().chars().next() {
            None => "unexpected end of JSON input".to_owned(),
            Some(first) if !"{[\"-0123456789tfn".contains(first) => {
                format!("invalid character '{first}' looking for beginning of value")
            }
            Some('{') => "unexpected end of JSON input".to_owned(),
            Some(first) => {
                let what = match first {
                    '[' => "array",
                    '"' => "string",
                    't' | 'f' => "bool",
                    _ => "number",
                };
                format!(
                    "json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
                )
            }
        };
        errors.invalid(&DATA.key(key), "<secret contents redacted>", detail);
    }
}

pub(super) fn update_secret(new: &Secret, old: &Secret, errors: &mut Errors) {
    meta::update(&new.metadata, &old.metadata, errors);
    let same_type = text(&new.type_) == text(&old.type_);
    errors.immutable(&Path::root("type"), same_type, text(&new.type_));
    if old.immutable == Some(true) {
        if new.immutable != Some(true) {
            errors.forbidden(&IMMUTABLE_FIELD, SET_IMMUTABLE);
        }
        if !same_map(&new.data, &old.data) {
            errors.forbidden(&DATA, SET_IMMUTABLE);
        }
    }
    create_secret(new, errors);
}
