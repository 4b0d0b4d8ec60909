//! Questions about users and rights: what is posted comes back with an answer
//! and is never stored. Everything is allowed (`--authorization-mode
//! AlwaysAllow`).

use super::users::User;
use super::{ApiServer, tokens};
use crate::api::status::{self, ApiError};
use crate::sim::Instant;
use serde_json::{Map, Value, json};

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Review {
    SelfSubjectAccess,
    SubjectAccess,
    LocalSubjectAccess,
    SelfSubjectRules,
    SelfSubject,
    Token,
}

impl Review {
    /// Every question, in the order of discovery.
    pub(super) const ALL: [Review; 6] = [
        Review::SelfSubject,
        Review::Token,
        Review::LocalSubjectAccess,
        Review::SelfSubjectAccess,
        Review::SelfSubjectRules,
        Review::SubjectAccess,
    ];

    pub(super) fn group(self) -> &'static str {
        match self {
            Review::SelfSubject | Review::Token => AUTHENTICATION,
            _ => AUTHORIZATION,
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Review::SelfSubjectAccess => "SelfSubjectAccessReview",
            Review::SubjectAccess => "SubjectAccessReview",
            Review::LocalSubjectAccess => "LocalSubjectAccessReview",
            Review::SelfSubjectRules => "SelfSubjectRulesReview",
            Review::SelfSubject => "SelfSubjectReview",
            Review::Token => "TokenReview",
        }
    }

    /// Its name in paths.
    pub(super) fn plural(self) -> String {
        format!("{}s", self.kind().to_lowercase())
    }

    pub(super) fn is_namespaced(self) -> bool {
        self == Review::LocalSubjectAccess
    }

    /// The question that a path names, with its namespace.
    pub(super) fn find<'a>(
        group: &str,
        version: &str,
        rest: &[&'a str],
    ) -> Option<(Review, &'a str)> {
        let (namespace, plural) = match rest {
            [plural] => ("", *plural),
            ["namespaces", namespace, plural] => (*namespace, *plural),
            _ => return None,
        };
        let mut known = Review::ALL.into_iter();
        let review = known.find(|review| {
            review.group() == group
                && version == "v1"
                && review.plural() == plural
                && review.is_namespaced() != namespace.is_empty()
        })?;
        Some((review, namespace))
    }

    /// Answers the question that `user` asks.
    pub(super) fn answer(
        self,
        api: &ApiServer,
        now: Instant,
        user: &User,
        namespace: &str,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let mut metadata = body.get("metadata").cloned().unwrap_or_default();
        if !metadata.is_object() {
            metadata = json!({});
        }
        let spec = body.get("spec").cloned().unwrap_or_else(|| json!({}));
        let (spec, status) = match self {
            Review::SelfSubject => {
                metadata = json!({"creationTimestamp": now.timestamp().to_string()});
                (None, json!({"userInfo": user.to_json()}))
            }
            Review::SelfSubjectRules => (Some(json!({})), rules(&spec)?),
            Review::Token => {
                let answer = review_token(api, now, &spec)?;
                (Some(spec), answer)
            }
            access => {
                check_access(access, namespace, &metadata, &spec)?;
                (Some(without_empty(spec)), json!({"allowed": true}))
            }
        };
        let mut answer = json!({
            "kind": self.kind(),
            "apiVersion": format!("{}/v1", self.group()),
            "metadata": metadata,
        });
        if let Some(spec) = spec {
            answer["spec"] = spec;
        }
        answer["status"] = status;
        Ok(answer)
    }
}

/// Fields without content are not shown.
fn without_empty(mut value: Value) -> Value {
    prune(&mut value);
    value
}

fn prune(value: &mut Value) {
    if let Value::Object(map) = value {
        map.values_mut().for_each(prune);
        map.retain(|_, value| match value {
            Value::String(text) => !text.is_empty(),
            Value::Null => false,
            _ => true,
        });
    }
}

fn rules(spec: &Value) -> Result<Value, ApiError> {
    let namespace = spec.get("namespace").and_then(Value::as_str);
    if namespace.unwrap_or_default().is_empty() {
        return Err(status::bad_request("no namespace on request"));
    }
    Ok(json!({
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": false,
    }))
}

fn invalid(field: &str, message: String) -> ApiError {
    let cause = status::cause("FieldValueInvalid", field, message);
    status::invalid_input(AUTHORIZATION, "", "", vec![cause])
}

fn check_access(
    review: Review,
    namespace: &str,
    metadata: &Value,
    spec: &Value,
) -> Result<(), ApiError> {
    let given = |name: &str| spec.get(name).filter(|value| !value.is_null());
    let (resource, other) = (given("resourceAttributes"), given("nonResourceAttributes"));
    let non_resource = |value: &Value| {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        format!(
            "{{\"Path\":{:?},\"Verb\":{:?}}}",
            text("path"),
            text("verb")
        )
    };
    match (resource, other) {
        (Some(_), Some(other)) => {
            let shown = non_resource(other);
            return Err(invalid(
                "spec.nonResourceAttributes",
                format!(
                    "Invalid value: {shown}: cannot be specified in combination with resourceAttributes"
                ),
            ));
        }
        (None, None) => {
            return Err(invalid(
                "spec.resourceAttributes",
                "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified".to_owned(),
            ));
        }
        _ => {}
    }
    if review != Review::SelfSubjectAccess {
        let user = spec.get("user").and_then(Value::as_str).unwrap_or_default();
        let groups = spec.get("groups").and_then(Value::as_array);
        if user.is_empty() && groups.is_none_or(Vec::is_empty) {
            return Err(invalid(
                "spec.user",
                "Invalid value: \"\": at least one of user or group must be specified".to_owned(),
            ));
        }
    }
    if review == Review::LocalSubjectAccess {
        return check_local(namespace, resource, other.map(non_resource));
    }
    let named = metadata.as_object().is_some_and(|map| !map.is_empty());
    if named {
        return Err(invalid(
            "metadata",
            format!("Invalid value: {metadata}: must be empty"),
        ));
    }
    Ok(())
}

fn check_local(
    namespace: &str,
    resource: Option<&Value>,
    other: Option<String>,
) -> Result<(), ApiError> {
    if let Some(shown) = other {
        return Err(invalid(
            "spec.nonResourceAttributes",
            format!("Invalid value: {shown}: disallowed on this kind of request"),
        ));
    }
    let wanted = resource.and_then(|resource| resource.get("namespace")?.as_str());
    let wanted = wanted.unwrap_or_default();
    if wanted != namespace {
        return Err(invalid(
            "spec.resourceAttributes.namespace",
            format!("Invalid value: {wanted:?}: must match metadata.namespace"),
        ));
    }
    Ok(())
}

fn review_token(api: &ApiServer, now: Instant, spec: &Value) -> Result<Value, ApiError> {
    let token = spec
        .get("token")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if token.is_empty() {
        return Err(status::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let asked = spec.get("audiences").and_then(Value::as_array);
    let asked: Vec<&str> = asked
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let refused = |error: String| json!({"user": {}, "error": error});
    if let Some(user) = api.static_tokens().get(token) {
        return Ok(accepted(user, vec![tokens::AUDIENCE.to_owned()]));
    }
    let Some(verified) = tokens::verify(api, now, token) else {
        return Ok(refused("invalid bearer token".to_owned()));
    };
    let wanted = match asked.is_empty() {
        true => vec![tokens::AUDIENCE],
        false => asked,
    };
    let common: Vec<String> = verified
        .audiences
        .iter()
        .filter(|audience| wanted.contains(&audience.as_str()))
        .cloned()
        .collect();
    if common.is_empty() {
        let list = |items: Vec<&str>| {
            let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
            format!("[{}]", items.join(" "))
        };
        let own = verified.audiences.iter().map(String::as_str).collect();
        return Ok(refused(format!(
            "[invalid bearer token, token audiences {} is invalid for the target audiences {}]",
            list(own),
            list(wanted)
        )));
    }
    Ok(accepted(&verified.user, common))
}

fn accepted(user: &User, audiences: Vec<String>) -> Value {
    let mut status = Map::new();
    status.insert("authenticated".to_owned(), true.into());
    status.insert("user".to_owned(), user.to_json());
    status.insert("audiences".to_owned(), json!(audiences));
    Value::Object(status)
}
