//! Who asks: bearer tokens, tokens of ServiceAccounts, impersonation.

use super::tokens;
use super::{ApiServer, http::Headers};
use crate::api::status::{self, ApiError};
use crate::sim::Instant;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A user as authentication knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// User name.
    pub name: String,
    /// What tells users of the same name apart, or empty.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Anything else, by key.
    pub extra: BTreeMap<String, Vec<String>>,
}

const AUTHENTICATED: &str = "system:authenticated";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

impl User {
    /// A user with these groups.
    pub fn new(name: &str, uid: &str, groups: &[&str]) -> User {
        User {
            name: name.to_owned(),
            uid: uid.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            extra: BTreeMap::new(),
        }
    }

    /// Whoever needs no token: the owner of the cluster.
    pub fn admin() -> User {
        User::new("admin", "admin", &["system:masters", AUTHENTICATED])
    }

    /// As `userInfo` shows it.
    pub(super) fn to_json(&self) -> Value {
        let mut user = Map::new();
        user.insert("username".to_owned(), self.name.as_str().into());
        if !self.uid.is_empty() {
            user.insert("uid".to_owned(), self.uid.as_str().into());
        }
        if !self.groups.is_empty() {
            user.insert("groups".to_owned(), json!(self.groups));
        }
        if !self.extra.is_empty() {
            user.insert("extra".to_owned(), json!(self.extra));
        }
        Value::Object(user)
    }

    /// A ServiceAccount is in the groups of all and of its namespace.
    pub(super) fn account(namespace: &str, name: &str, uid: &str) -> User {
        let of_namespace = format!("system:serviceaccounts:{namespace}");
        User::new(
            &format!("{ACCOUNT_PREFIX}{namespace}:{name}"),
            uid,
            &["system:serviceaccounts", &of_namespace, AUTHENTICATED],
        )
    }
}

fn header<'a>(headers: Headers<'a>, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Who sends a request with these headers.
pub(super) fn authenticate(
    api: &ApiServer,
    now: Instant,
    headers: Headers<'_>,
) -> Result<User, ApiError> {
    let user = match header(headers, "authorization") {
        None if api.static_tokens().is_empty() => User::admin(),
        None => return Err(status::unauthorized()),
        Some(text) => {
            let token = text
                .strip_prefix("Bearer ")
                .ok_or_else(status::unauthorized)?;
            let known = by_token(api, now, token.trim());
            known.ok_or_else(status::unauthorized)?
        }
    };
    impersonated(user, headers)
}

/// The user that a token names.
pub(super) fn by_token(api: &ApiServer, now: Instant, token: &str) -> Option<User> {
    if let Some(user) = api.static_tokens().get(token) {
        return Some(user.clone());
    }
    tokens::verify(api, now, token).map(|verified| verified.user)
}

/// Whom the user acts as (`Impersonate-*`).
fn impersonated(user: User, headers: Headers<'_>) -> Result<User, ApiError> {
    let name = header(headers, "impersonate-user").unwrap_or_default();
    let uid = header(headers, "impersonate-uid").unwrap_or_default();
    let groups: Vec<String> = headers
        .iter()
        .filter(|(found, _)| found.eq_ignore_ascii_case("impersonate-group"))
        .map(|(_, value)| value.clone())
        .collect();
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (found, value) in headers {
        let lower = found.to_ascii_lowercase();
        if let Some(key) = lower.strip_prefix("impersonate-extra-") {
            extra.entry(key.to_owned()).or_default().push(value.clone());
        }
    }
    if name.is_empty() {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(user);
        }
        return Err(status::bad_request(format!(
            "requested &user.DefaultInfo{{Name:\"\", UID:{uid:?}, Groups:{}, Extra:map[string][]string(nil)}} without impersonating a user name",
            go_list(&groups)
        )));
    }
    let mut acting = match name
        .strip_prefix(ACCOUNT_PREFIX)
        .and_then(|r| r.split_once(':'))
    {
        Some((namespace, account)) if groups.is_empty() => User::account(namespace, account, ""),
        _ => User {
            name: name.to_owned(),
            groups,
            ..User::default()
        },
    };
    acting.uid = uid.to_owned();
    acting.extra = extra;
    if name != "system:anonymous" && !acting.groups.iter().any(|group| group == AUTHENTICATED) {
        acting.groups.push(AUTHENTICATED.to_owned());
    }
    Ok(acting)
}

fn go_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    match items.is_empty() {
        true => "[]string(nil)".to_owned(),
        false => format!("[]string{{{}}}", items.join(", ")),
    }
}
