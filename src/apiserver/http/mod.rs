//! The text form of the door: HTTP requests are read into [`Request`]s, answers
//! are written as HTTP. No sockets here: whoever has one calls [`serve`].

mod accept;
mod body;
mod connect;
mod discovery;
mod health;
mod openapi;
mod pages;
mod path;
#[cfg(not(target_arch = "wasm32"))]
mod protobuf;
mod query;
mod render;
mod stream;
mod yaml;

pub use accept::{Form, Shape};
pub use connect::{Connect, ContainerAt, LogOptions, ProxyTo, Streams};
pub use path::{Address, Missing};
pub use render::render;
pub use stream::WatchStream;

use super::custom::Definitions;
use super::table::Include;
use super::users;
use super::{ApiServer, Body, PatchType, Request, Selection, Subresource, Target};
use crate::api::decode;
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind};
use crate::sim::trace::Verb;
use crate::sim::{Actor, Cause, Sim};
use accept::Offer;
use query::Query;

/// An answer as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: String,
}

/// Headers of a request: names and values.
pub type Headers<'a> = &'a [(String, String)];

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// All of it.
    Whole(HttpResponse),
    /// A watch, to be polled.
    Stream(WatchStream),
    /// Somebody behind the API server answers.
    Connect(Connect),
}

/// Answers one HTTP request. A watch is answered with what it would begin with.
pub fn serve(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    method: &str,
    path_and_query: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> HttpResponse {
    match open(api, sim, cause, method, path_and_query, headers, body) {
        Answer::Whole(response) => response,
        Answer::Stream(mut stream) => {
            let lines = stream.poll(api, sim.now);
            stream.close(api);
            HttpResponse {
                status: 200,
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: lines.join("\n"),
            }
        }
        Answer::Connect(_) => render::plain_error("nobody here can be connected to"),
    }
}

/// Answers one HTTP request.
pub fn open(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    method: &str,
    path_and_query: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Answer {
    let mut answer = whole(api, sim, cause, method, path_and_query, headers, body);
    if let (Answer::Whole(response), "HEAD") = (&mut answer, method) {
        response.body.clear();
    }
    answer
}

/// A page of plain text.
fn plain(status: u16, text: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![(
            "Content-Type".to_owned(),
            "text/plain; charset=utf-8".to_owned(),
        )],
        body: text.to_owned(),
    }
}

fn whole(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    method: &str,
    path_and_query: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Answer {
    match answer(api, sim, cause, method, path_and_query, headers, body) {
        Ok(answer) => answer,
        Err(Unserved::Page) => Answer::Whole(plain(404, "404 page not found\n")),
        Err(Unserved::Status(error)) => {
            let form = Form {
                yaml: accept::wants_yaml(headers),
                ..Form::default()
            };
            let target = Target {
                kind: Kind::Pod,
                key: Key::new("", ""),
                subresource: Subresource::None,
            };
            let version = super::Version::Stored;
            Answer::Whole(render::respond(
                &target,
                version,
                &form,
                sim.now,
                Err(error),
            ))
        }
    }
}

fn answer(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    method: &str,
    path_and_query: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Result<Answer, Unserved> {
    let user = users::authenticate(api, sim.now, headers)?;
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let asked = pages::Asked {
        method,
        path,
        query,
        headers,
        body,
        user: &user,
    };
    if let Some(found) = connect::find(api, method, path_and_query) {
        return Ok(match found? {
            Connect::Nothing => Answer::Whole(HttpResponse {
                status: 204,
                headers: Vec::new(),
                body: String::new(),
            }),
            found => Answer::Connect(found),
        });
    }
    if let Some(page) = pages::serve(api, sim, &asked)? {
        return Ok(Answer::Whole(page));
    }
    let request = parse(api.definitions(), method, path_and_query, headers, body)?;
    let offer = match request.verb {
        Verb::Watch => Offer::Watch,
        _ => Offer::Objects,
    };
    let mut form = accept::negotiate(headers, offer)?;
    if matches!(form.shape, Shape::Table(_)) {
        let (_, query) = path_and_query.split_once('?').unwrap_or_default();
        form.include = Include::read(Query::parse(query).get("includeObject"))?;
    }
    if request.verb == Verb::Watch {
        return Ok(Answer::Stream(watch(api, sim, cause, request, form)?));
    }
    let (target, version) = (request.target.clone(), request.options.version);
    let response = api.handle(sim, cause, request);
    Ok(Answer::Whole(render::respond(
        &target, version, &form, sim.now, response,
    )))
}

/// Begins a watch.
fn watch(
    api: &mut ApiServer,
    sim: &mut Sim,
    cause: Cause,
    request: Request,
    form: Form,
) -> Result<WatchStream, ApiError> {
    let Target { kind, key, .. } = &request.target;
    let some = |name: &crate::api::Name| Some(name.clone()).filter(|name| !name.is_empty());
    let mut selection = Selection {
        namespace: some(&key.namespace),
        name: some(&key.name),
        ..Selection::all(*kind)
    };
    let options = request.options.clone();
    selection.filter = api.check_watch(sim, cause, request)?;
    stream::open(api, sim.now, selection, &options, form)
}

/// Why a request is answered without asking the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Unserved {
    /// No API is served there.
    Page,
    /// An error of the API.
    Status(ApiError),
}

impl From<ApiError> for Unserved {
    fn from(error: ApiError) -> Self {
        Unserved::Status(error)
    }
}

/// Reads an HTTP request.
pub fn parse(
    definitions: &Definitions,
    method: &str,
    path_and_query: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Result<Request, Unserved> {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let address = Address::parse(path, definitions).map_err(|missing| match missing {
        Missing::Page => Unserved::Page,
        Missing::Resource => Unserved::Status(status::no_such_path()),
    })?;
    let query = Query::parse(query);
    let verb = verb_of(method, &address, &query)?;
    let options = query.options(verb)?;
    let content_type = header(headers, "content-type");
    let key = Key::new(address.namespace.as_str(), address.name.as_str());
    let mut request =
        Request::new(Actor::User, verb, address.kind, key).subresource(address.subresource);
    request.options = options;
    request.options.version = address.version;
    request.body = match verb {
        Verb::Create if address.subresource == Subresource::Eviction => {
            body::eviction(&address, content_type, body, &mut request.options)?
        }
        Verb::Create | Verb::Update => Body::Json(body::object(&address, content_type, body)?),
        Verb::Patch => {
            let patch = body::patch(content_type, body)?;
            let apply = matches!(patch, Body::Patch(PatchType::Apply, _));
            query.check_force(apply)?;
            patch
        }
        Verb::Delete | Verb::DeleteCollection => {
            body::delete_options(body, &query, &mut request.options)?
        }
        _ => Body::Empty,
    };
    note(&mut request, body);
    if matches!(request.body, Body::Patch(PatchType::Apply, _)) {
        query::check_applier(&request.options)?;
    }
    if request.options.field_manager.is_empty() {
        request.options.field_manager = program(header(headers, "user-agent"));
    }
    if address.is_binding_collection {
        bind_by_body(&mut request);
    }
    Ok(request)
}

/// Reads a body of JSON once more for how it is written.
fn note(request: &mut Request, body: &[u8]) {
    let text = std::str::from_utf8(body).unwrap_or_default();
    match &mut request.body {
        Body::Json(value) | Body::Patch(PatchType::Merge | PatchType::Strategic, value) => {
            if let Some((read, written)) = decode::read_text(text)
                && read.is_object()
            {
                *value = read;
                request.options.written = written;
            }
        }
        Body::Patch(PatchType::Json, serde_json::Value::Array(operations)) => {
            for (index, operation) in operations.iter().enumerate() {
                let keys = operation.as_object().into_iter().flatten();
                let odd = keys.filter(|(key, _)| !OPERATION_KEYS.contains(&key.as_str()));
                let notes =
                    odd.map(|(key, _)| format!("json patch unknown field \"[{index}].{key}\""));
                request.options.written.notes.extend(notes);
            }
        }
        _ => {}
    }
}

/// What an operation of a JSON patch says.
const OPERATION_KEYS: [&str; 4] = ["op", "path", "from", "value"];

/// The program that a `User-Agent` begins with: who manages the fields where the
/// client does not say.
fn program(agent: Option<&str>) -> String {
    let agent = agent.unwrap_or_default();
    let name = agent.split('/').next().unwrap_or_default();
    let printable = name.chars().filter(|it| !it.is_control());
    printable.take(MANAGER_CHARACTERS_MAX).collect()
}

const MANAGER_CHARACTERS_MAX: usize = 128;

/// POST to `/bindings` names its pod in the body.
fn bind_by_body(request: &mut Request) {
    let Body::Json(value) = &request.body else {
        return;
    };
    let name = value
        .pointer("/metadata/name")
        .and_then(|name| name.as_str());
    let namespace = request.target.key.namespace.clone();
    request.target.key = Key::new(namespace, name.unwrap_or_default());
}

fn header<'a>(headers: Headers<'a>, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn verb_of(method: &str, address: &Address, query: &Query) -> Result<Verb, ApiError> {
    let named = !address.name.is_empty();
    let whole_cluster = address.kind.info().namespaced && address.namespace.is_empty();
    let posts = match address.subresource {
        Subresource::None => !named,
        Subresource::Binding => named || address.is_binding_collection,
        Subresource::Eviction | Subresource::Token => named,
        _ => false,
    };
    let reads = !matches!(
        address.subresource,
        Subresource::Binding | Subresource::Eviction | Subresource::Finalize | Subresource::Token
    );
    let is_object = address.subresource == Subresource::None;
    match method {
        "GET" if !reads => Err(status::method_not_allowed()),
        "GET" if address.is_watch => Ok(Verb::Watch),
        "GET" if named => Ok(Verb::Get),
        "GET" if query.flag("watch") => Ok(Verb::Watch),
        "GET" => Ok(Verb::List),
        "POST" if posts && !whole_cluster => Ok(Verb::Create),
        "PUT" if named && (reads || address.subresource == Subresource::Finalize) => {
            Ok(Verb::Update)
        }
        "PATCH" if named && reads => Ok(Verb::Patch),
        "DELETE" if named && is_object => Ok(Verb::Delete),
        "DELETE" if is_object && !whole_cluster && !named => Ok(Verb::DeleteCollection),
        _ => Err(status::method_not_allowed()),
    }
}

#[cfg(test)]
mod tests;
