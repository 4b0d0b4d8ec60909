//! POST of `serviceaccounts/NAME/token`: signed tokens, and who they name
//! (`pkg/registry/core/serviceaccount/storage/token.go`).
//!
//! The signature is HMAC-SHA256 where a real server signs with RSA: nobody
//! outside verifies it.

use super::storage::Call;
use super::users::User;
use super::{ApiServer, Body, Reply, Response, base64};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind};
use crate::etcd::StoreKey;
use crate::sim::Instant;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Whom tokens are for unless they say otherwise, and who issues them.
pub(super) const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
const SECONDS_DEFAULT: i64 = 3600;
const SECONDS_MIN: i64 = 600;
const SECONDS_MAX: i64 = 1 << 32;
/// No secret: the cluster is a simulation, and its tokens open nothing else.
const KEY: &[u8] = b"tabernetes service account issuer";
/// Bytes that SHA-256 works on at a time.
const BLOCK: usize = 64;

impl Call<'_> {
    pub(super) fn create_token(self, body: Body) -> Response {
        let Body::Json(request) = body else {
            return Err(status::bad_request("the request has no TokenRequest"));
        };
        let key = self.target.key.clone();
        let account = self.stored()?.object.clone();
        let spec = request.get("spec").cloned().unwrap_or_default();
        let seconds = spec.get("expirationSeconds").and_then(Value::as_i64);
        let seconds = seconds.unwrap_or(SECONDS_DEFAULT);
        check_seconds(seconds)?;
        let bound = spec.get("boundObjectRef").cloned().unwrap_or_default();
        let bound_claims = self.bound_claims(&bound)?;
        let audiences = match spec.get("audiences").and_then(Value::as_array) {
            Some(list) if !list.is_empty() => Value::Array(list.clone()),
            _ => json!([AUDIENCE]),
        };
        let meta = account.meta();
        let now = self.sim.now.timestamp().as_second();
        let mut kubernetes = json!({
            "namespace": key.namespace.to_string(),
            "serviceaccount": {"name": key.name.to_string(), "uid": meta.uid},
        });
        if let Some((kind, claim)) = bound_claims {
            kubernetes[kind] = claim;
        }
        let claims = json!({
            "aud": audiences,
            "exp": now + seconds,
            "iat": now,
            "iss": AUDIENCE,
            "jti": self.sim.chance.uuid(),
            "kubernetes.io": kubernetes,
            "nbf": now,
            "sub": format!("system:serviceaccount:{}:{}", key.namespace, key.name),
        });
        let until = self.sim.now + std::time::Duration::from_secs(seconds.unsigned_abs());
        let value = json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": meta.name,
                "namespace": meta.namespace,
                "uid": meta.uid,
                "creationTimestamp": self.sim.now.timestamp().to_string(),
            },
            "spec": {
                "audiences": audiences,
                "expirationSeconds": seconds,
                "boundObjectRef": bound,
            },
            "status": {
                "token": sign(&claims),
                "expirationTimestamp": until.timestamp().to_string(),
            },
        });
        Ok(Reply::Made { value })
    }

    /// The claim about the object that the token lives with.
    fn bound_claims(&self, bound: &Value) -> Result<Option<(&'static str, Value)>, ApiError> {
        if bound.is_null() {
            return Ok(None);
        }
        let text = |name: &str| bound.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, claim, namespace) = match (text("apiVersion"), text("kind")) {
            ("v1", "Pod") => (Kind::Pod, "pod", self.target.key.namespace.clone()),
            ("v1", "Secret") => (Kind::Secret, "secret", self.target.key.namespace.clone()),
            ("v1", "Node") => (Kind::Node, "node", "".into()),
            (version, kind) => {
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                return Err(status::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind}"
                )));
            }
        };
        let name = text("name");
        let entry = self.look_up(kind, Key::new(namespace, name));
        let entry = entry.ok_or_else(|| status::not_found(kind, name))?;
        let uid = entry.object.meta().uid.clone().unwrap_or_default();
        let wanted = text("uid");
        if !wanted.is_empty() && wanted != uid {
            let why = format!(
                "the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated"
            );
            return Err(status::conflict(kind, name, &why));
        }
        Ok(Some((claim, json!({"name": name, "uid": uid}))))
    }
}

fn check_seconds(seconds: i64) -> Result<(), ApiError> {
    let why = match seconds {
        seconds if seconds < SECONDS_MIN => "may not specify a duration less than 10 minutes",
        seconds if seconds > SECONDS_MAX => "may not specify a duration larger than 2^32 seconds",
        _ => return Ok(()),
    };
    let message = format!("Invalid value: {seconds}: {why}");
    let cause = status::cause("FieldValueInvalid", "spec.expirationSeconds", message);
    Err(status::invalid_input(
        "authentication.k8s.io",
        "TokenRequest",
        "",
        vec![cause],
    ))
}

fn sign(claims: &Value) -> String {
    let head = json!({"alg": "HS256", "kid": "tabernetes"}).to_string();
    let content = format!(
        "{}.{}",
        base64::encode(head.as_bytes()),
        base64::encode(claims.to_string().as_bytes())
    );
    let signature = base64::encode(&mac(content.as_bytes()));
    format!("{content}.{signature}")
}

/// HMAC-SHA256 (RFC 2104) with a key shorter than a block.
fn mac(message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; BLOCK];
        for (byte, key) in block.iter_mut().zip(KEY) {
            *byte ^= key;
        }
        block
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    outer.into()
}

/// A token that is ours and still good.
pub(super) struct Verified {
    pub(super) user: User,
    pub(super) audiences: Vec<String>,
}

/// Whom a token names, where it was signed here, has time left, and its account
/// and whatever it is bound to are still there.
pub(super) fn verify(api: &ApiServer, now: Instant, token: &str) -> Option<Verified> {
    let (content, signature) = token.rsplit_once('.')?;
    if base64::decode(signature).ok()? != mac(content.as_bytes()) {
        return None;
    }
    let (_, claims) = content.split_once('.')?;
    let claims: Value = serde_json::from_slice(&base64::decode(claims).ok()?).ok()?;
    if claims.get("exp")?.as_i64()? <= now.timestamp().as_second() {
        return None;
    }
    let text = |pointer: &str| claims.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/kubernetes.io/namespace")?;
    let name = text("/kubernetes.io/serviceaccount/name")?;
    let uid = text("/kubernetes.io/serviceaccount/uid")?;
    let exists = |kind: Kind, key: Key, uid: &str| {
        let entry = api.etcd().get(&StoreKey { kind, key });
        entry.is_some_and(|entry| entry.object.meta().uid.as_deref() == Some(uid))
    };
    if !exists(Kind::ServiceAccount, Key::new(namespace, name), uid) {
        return None;
    }
    let mut user = User::account(namespace, name, uid);
    let jti = text("/jti")?;
    user.extra.insert(
        "authentication.kubernetes.io/credential-id".to_owned(),
        vec![format!("JTI={jti}")],
    );
    for (claim, kind) in [("pod", Kind::Pod), ("secret", Kind::Secret)] {
        let (Some(bound), Some(bound_uid)) = (
            text(&format!("/kubernetes.io/{claim}/name")),
            text(&format!("/kubernetes.io/{claim}/uid")),
        ) else {
            continue;
        };
        if !exists(kind, Key::new(namespace, bound), bound_uid) {
            return None;
        }
        if kind == Kind::Pod {
            let prefix = "authentication.kubernetes.io/pod";
            user.extra
                .insert(format!("{prefix}-name"), vec![bound.to_owned()]);
            user.extra
                .insert(format!("{prefix}-uid"), vec![bound_uid.to_owned()]);
        }
    }
    let audiences = claims.get("aud").and_then(Value::as_array);
    let audiences = audiences.into_iter().flatten().filter_map(Value::as_str);
    Some(Verified {
        user,
        audiences: audiences.map(str::to_owned).collect(),
    })
}
