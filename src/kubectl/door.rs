//! What commands ask of the world: the API over HTTP, files, and time.

use crate::apiserver::http::HttpResponse;
use crate::apiserver::{Request, Response};
use crate::sim::Instant;
use std::time::Duration;

/// What stands behind a command line.
pub trait Door {
    /// Sends a request and answers with all of the answer.
    fn http(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> HttpResponse;
    /// Sends a request that was not written as text.
    fn request(&mut self, request: Request) -> Response;
    /// Lets time pass.
    fn wait(&mut self, span: Duration);
    /// What time it is.
    fn now(&self) -> Instant;
    /// The text of a file, where there is one.
    fn read(&self, path: &str) -> Option<String>;
}
