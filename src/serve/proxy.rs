//! `proxy`: an HTTP request that travels the virtual network, from the API
//! server's node through its tables to whoever listens.

use super::body::{self, Body};
use super::engine::Engine;
use super::route;
use super::tunnel::content_type;
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Pod, Resource};
use crate::apiserver::http::ProxyTo;
use crate::cluster::{CONTROL_PLANE, Cluster};
use crate::network::{Destination, Endpoint, Reached, Send, Transport};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};
use serde_json::json;

/// Answers a request that is to be passed on.
pub(super) fn answer(engine: &mut Engine, to: &ProxyTo, path: String) -> Response<Body> {
    let cluster = &mut engine.cluster;
    let (address, port) = match to {
        ProxyTo::Kubelet { node, address } => return kubelet(cluster, node, address, &path),
        ProxyTo::Addresses(addresses) => match cluster.choose(addresses) {
            Some(chosen) => *chosen,
            None => return route::failure(unavailable("no endpoints available".to_owned())),
        },
    };
    let send = Send {
        from: Endpoint::Node(CONTROL_PLANE.into()),
        to: Destination::Ip(address),
        port,
        protocol: Transport::Tcp,
        path,
    };
    let (_, heard) = cluster.fetch(send);
    let target = format!("dial tcp {address}:{port}");
    let why = match heard {
        Some(Reached::Http(status, body)) => return page(status, &body, content_type(&body)),
        Some(Reached::Open) => "EOF".to_owned(),
        Some(Reached::Refused(why)) => format!("{target}: connect: {}", why.to_lowercase()),
        Some(Reached::Silence | Reached::Unresolved(_)) | None => format!("{target}: i/o timeout"),
    };
    route::failure(unavailable(format!("error trying to reach service: {why}")))
}

/// Sends the client to another path.
pub(super) fn moved(path: &str) -> Response<Body> {
    let mut answer = Response::new(body::whole(""));
    *answer.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(location) = HeaderValue::from_str(path) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn page(status: u16, body: &str, content_type: &'static str) -> Response<Body> {
    let mut answer = Response::new(body::whole(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

fn unavailable(message: String) -> ApiError {
    let mut error = status::internal(message);
    error.code = Some(503);
    error.reason = Some("ServiceUnavailable".to_owned());
    error
}

/// What the kubelet itself serves (`pkg/kubelet/server`).
fn kubelet(cluster: &Cluster, node: &str, address: &str, path: &str) -> Response<Body> {
    if !cluster.is_powered(node) {
        let why = format!(
            "error trying to reach service: dial tcp {address}:10250: connect: no route to host"
        );
        return route::failure(unavailable(why));
    }
    const PLAIN: &str = "text/plain; charset=utf-8";
    match path.split('?').next().unwrap_or_default() {
        "/healthz" | "/healthz/ping" | "/healthz/log" | "/healthz/syncloop" => {
            page(200, "ok", PLAIN)
        }
        "/pods" => {
            let pods = cluster.api().etcd().range(Kind::Pod, None);
            let of_node = |pod: &Pod| {
                let spec = pod.spec.as_ref();
                spec.and_then(|spec| spec.node_name.as_deref()) == Some(node)
            };
            let items: Vec<_> = pods
                .filter_map(|(_, entry)| Pod::unwrap(&entry.object))
                .filter(|pod| of_node(pod))
                .map(|pod| json!(**pod))
                .collect();
            let list = json!({
                "kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items,
            });
            page(200, &list.to_string(), "application/json")
        }
        _ => page(404, "404 page not found\n", PLAIN),
    }
}
