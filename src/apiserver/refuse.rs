//! Calls that find no server.

use super::{ADDRESS, Request, Response};
use crate::api::status;
use crate::sim::trace::What;
use crate::sim::{Cause, Sim};

/// What a call that reached no server is shown as: there is no answer with a code.
const NO_ANSWER: u16 = 503;

/// Nobody listens: the caller's connection is refused.
pub(super) fn refuse(sim: &mut Sim, cause: Cause, request: Request, revision: u64) -> Response {
    let Request {
        caller,
        verb,
        target,
        ..
    } = request;
    let error = status::connection_refused(ADDRESS);
    let what = What::Call {
        verb,
        resource: target.kind.info().plural.into(),
        subresource: target.subresource.name().into(),
        namespace: target.key.namespace,
        name: target.key.name,
        code: NO_ANSWER,
        revision,
        message: error.message.as_deref().unwrap_or_default().into(),
    };
    sim.trace.push(sim.now, cause, caller, what);
    Err(error)
}
