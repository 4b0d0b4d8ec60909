//! Everything that is served and is no object: discovery, health, version,
//! metrics, reviews.

use super::accept::{self, Offer, Shape};
use super::openapi::{self, Part};
use super::{Headers, HttpResponse, Unserved, discovery, health, plain, render};
use crate::api::Kind;
use crate::api::status::{self, ApiError};
use crate::apiserver::reviews::Review;
use crate::apiserver::table::{self, Style};
use crate::apiserver::users::User;
use crate::apiserver::{ApiServer, tokens};
use crate::sim::Sim;
use serde_json::{Value, json};

/// A request as far as pages look at it.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: Headers<'a>,
    pub(super) body: &'a [u8],
    pub(super) user: &'a User,
}

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers what is no object; none where the path names objects.
pub(super) fn serve(
    api: &mut ApiServer,
    sim: &Sim,
    asked: &Asked<'_>,
) -> Result<Option<HttpResponse>, Unserved> {
    let path = asked.path.strip_suffix('/').unwrap_or(asked.path);
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let value = match steps.as_slice() {
        [] => root(),
        ["version"] => version(),
        ["healthz" | "livez" | "readyz", ..] => {
            let of = steps.first().copied().unwrap_or_default();
            let check = steps.get(1..).unwrap_or_default().join("/");
            let answer = health::serve(of, &check, asked.query);
            return answer.map(Some).ok_or(Unserved::Page);
        }
        ["metrics"] => return Ok(Some(metrics(api))),
        [".well-known", "openid-configuration"] => openid(api),
        ["api"] => return discover(api, asked, true).map(Some),
        ["apis"] => return discover(api, asked, false).map(Some),
        [
            "apis",
            "authorization.k8s.io" | "authentication.k8s.io",
            version,
            _,
            ..,
        ] if *version != "v1" => {
            return Err(status::no_such_path().into());
        }
        ["api", version] => resources(api, "", version)?,
        ["apis", group] => discovery::group(api.definitions(), group).ok_or(Unserved::Page)?,
        ["apis", group, version] => {
            if discovery::group(api.definitions(), group).is_none() {
                return Err(Unserved::Page);
            }
            resources(api, group, version)?
        }
        ["apis", group, version, rest @ ..] => match Review::find(group, version, rest) {
            Some((review, namespace)) => {
                return self::review(api, sim, asked, review, namespace).map(Some);
            }
            None => return Ok(None),
        },
        ["api", "v1", "componentstatuses"] => {
            let style = table_style(asked.headers, sim);
            style.map_or_else(component_statuses, |style| {
                let items: Vec<Value> = COMPONENTS.iter().map(|name| component(name)).collect();
                table::component_statuses(style, &items)
            })
        }
        ["api", "v1", "componentstatuses", name] => match component_status(name) {
            Ok(value) => match table_style(asked.headers, sim) {
                Some(style) => table::component_statuses(style, &[value]),
                None => value,
            },
            Err(error) => {
                let mut answer = render::written(404, &render::failure(&error), false);
                answer.headers.push(deprecated_component_status());
                return Ok(Some(answer));
            }
        },
        ["api", ..] => return Ok(None),
        ["openapi", "v3"] => openapi::index(api.definitions()),
        ["openapi", "v3", rest @ ..] => match openapi::part(api.definitions(), rest, asked.query) {
            Some(Part::Document(document)) => document,
            Some(Part::MovedTo(address)) => {
                let json = ("Content-Type".to_owned(), "application/json".to_owned());
                let location = ("Location".to_owned(), address);
                return Ok(Some(empty(301, vec![json, location])));
            }
            None => return Ok(Some(empty(404, Vec::new()))),
        },
        _ => return Err(Unserved::Page),
    };
    if asked.method != "GET" {
        return Err(status::method_not_allowed().into());
    }
    // Discovery of one group or version knows one form.
    let form = accept::negotiate(without_discovery(asked.headers).as_slice(), Offer::Plain)?;
    let mut answer = render::written(200, &value, form.yaml);
    if steps.contains(&"componentstatuses") {
        answer.headers.push(deprecated_component_status());
    }
    Ok(Some(answer))
}

/// Clauses about aggregated discovery are for `/api` and `/apis` alone.
fn without_discovery(headers: Headers<'_>) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            if !name.eq_ignore_ascii_case("accept") || !value.contains("apidiscovery") {
                return (name.clone(), value.clone());
            }
            let clauses: Vec<&str> = value
                .split(',')
                .filter(|clause| !clause.contains("apidiscovery"))
                .collect();
            (name.clone(), clauses.join(","))
        })
        .collect()
}

/// `/api` and `/apis`, plain or with everything in them.
fn discover(api: &ApiServer, asked: &Asked<'_>, core: bool) -> Result<HttpResponse, Unserved> {
    // `/apis` itself is answered whatever the method.
    if core && asked.method != "GET" {
        return Err(status::method_not_allowed().into());
    }
    let accepted = super::header(asked.headers, "accept").unwrap_or_default();
    let clauses: Vec<&str> = accepted.split(',').map(str::trim).collect();
    let wanted = |clause: &str| {
        let parts: Vec<&str> = clause.split(';').map(str::trim).collect();
        parts.contains(&"g=apidiscovery.k8s.io")
            && parts.contains(&"v=v2")
            && parts.contains(&"as=APIGroupDiscoveryList")
    };
    let first_plain = clauses
        .iter()
        .position(|clause| matches!(*clause, "application/json" | "application/yaml" | "*/*"));
    let first_aggregated = clauses.iter().position(|clause| wanted(clause));
    if first_aggregated.is_some_and(|at| first_plain.is_none_or(|plain| at < plain)) {
        let mut answer =
            render::written(200, &discovery::aggregated(api.definitions(), core), false);
        answer.headers = vec![("Content-Type".to_owned(), AGGREGATED.to_owned())];
        return Ok(answer);
    }
    let form = accept::negotiate(asked.headers, Offer::Plain)?;
    let value = match core {
        true => discovery::versions(api.address()),
        false => discovery::groups(api.definitions()),
    };
    Ok(render::written(200, &value, form.yaml))
}

fn empty(status: u16, headers: Vec<(String, String)>) -> HttpResponse {
    HttpResponse {
        status,
        headers,
        body: String::new(),
    }
}

fn resources(api: &ApiServer, group: &str, version: &str) -> Result<Value, ApiError> {
    match discovery::serves(api.definitions(), group, version) {
        true => Ok(discovery::resource_list(api.definitions(), group, version)),
        false => Err(status::no_such_path()),
    }
}

/// `/version`. The build is that of the version that is the model.
fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2",
        "gitCommit": "$Format:%H$",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26.11",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn openid(api: &ApiServer) -> Value {
    json!({
        "issuer": tokens::AUDIENCE,
        "jwks_uri": format!("https://{}/openid/v1/jwks", api.address()),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// Every path that a client may begin with.
fn root() -> Value {
    let mut paths: Vec<String> = [
        "/.well-known/openid-configuration",
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/flagz",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/openid/v1/jwks",
        "/statusz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for (group, versions) in discovery::GROUPS {
        paths.push(format!("/apis/{group}"));
        paths.extend(
            versions
                .iter()
                .map(|version| format!("/apis/{group}/{version}")),
        );
    }
    for of in ["healthz", "livez", "readyz"] {
        paths.push(format!("/{of}"));
        let checks = health::checks(of);
        paths.extend(checks.iter().map(|check| format!("/{of}/{check}")));
    }
    paths.sort();
    json!({ "paths": paths })
}

/// How a table is written, where the client would rather have one.
fn table_style<'a>(headers: Headers<'_>, sim: &Sim) -> Option<Style<'a>> {
    let form = accept::negotiate(headers, Offer::Objects).ok()?;
    matches!(form.shape, Shape::Table(_)).then_some(Style {
        api_version: "meta.k8s.io/v1",
        include: form.include,
        now: sim.now,
        with_columns: true,
    })
}

const COMPONENTS: [&str; 3] = ["controller-manager", "etcd-0", "scheduler"];

fn deprecated_component_status() -> (String, String) {
    let text = "299 - \"v1 ComponentStatus is deprecated in v1.19+\"";
    ("Warning".to_owned(), text.to_owned())
}

fn component(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    })
}

fn component_statuses() -> Value {
    let items: Vec<Value> = COMPONENTS.iter().map(|name| component(name)).collect();
    json!({
        "kind": "ComponentStatusList",
        "apiVersion": "v1",
        "metadata": {},
        "items": items,
    })
}

fn component_status(name: &str) -> Result<Value, ApiError> {
    if !COMPONENTS.contains(&name) {
        let mut error = status::not_found(Kind::Pod, name);
        error.message = Some(format!("componentstatus {name:?} not found"));
        if let Some(details) = &mut error.details {
            details.kind = Some("componentstatus".to_owned());
        }
        return Err(error);
    }
    let mut value = component(name);
    value["kind"] = "ComponentStatus".into();
    value["apiVersion"] = "v1".into();
    Ok(value)
}

fn review(
    api: &ApiServer,
    sim: &Sim,
    asked: &Asked<'_>,
    review: Review,
    namespace: &str,
) -> Result<HttpResponse, Unserved> {
    if asked.method != "POST" {
        return Err(status::method_not_allowed().into());
    }
    let form = accept::negotiate(asked.headers, Offer::Plain)?;
    let content_type = super::header(asked.headers, "content-type");
    let body = super::body::value(review.kind(), content_type, asked.body)?;
    let answer = review.answer(api, sim.now, asked.user, namespace, &body)?;
    Ok(render::written(201, &answer, form.yaml))
}

/// Prometheus' text form: how many objects there are, how many requests came.
fn metrics(api: &ApiServer) -> HttpResponse {
    let mut text = String::new();
    text.push_str("# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.\n# TYPE apiserver_request_total counter\n");
    for ((verb, kind, subresource, code), count) in api.request_counts() {
        let info = kind.info();
        text.push_str(&format!(
            "apiserver_request_total{{code=\"{code}\",component=\"apiserver\",dry_run=\"\",group={:?},resource={:?},scope=\"\",subresource={subresource:?},verb={verb:?},version={:?}}} {count}\n",
            info.group, info.plural, info.version
        ));
    }
    text.push_str("# HELP apiserver_resource_objects [ALPHA] Number of stored objects at the time of last check split by kind.\n# TYPE apiserver_resource_objects gauge\n");
    for kind in Kind::ALL {
        let count = api.etcd().range(*kind, None).count();
        let info = kind.info();
        text.push_str(&format!(
            "apiserver_resource_objects{{group={:?},resource={:?}}} {count}\n",
            info.group, info.plural
        ));
    }
    let mut answer = plain(200, &text);
    answer.headers = vec![(
        "Content-Type".to_owned(),
        "text/plain; version=0.0.4; charset=utf-8; escaping=values".to_owned(),
    )];
    answer
}
