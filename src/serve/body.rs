//! Bodies of answers: whole, or as they come.

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The body of any answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Pieces that wait for a reader.
const PIECES_MAX: usize = 512;
/// Bytes that wait for a reader.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body that is there.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// The writing end of a body that comes piece by piece.
#[derive(Clone)]
pub(super) struct Outbox {
    pieces: mpsc::Sender<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// The reader is gone, or too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Outbox {
    /// Sends a piece, without waiting. Nothing is sent where it is empty.
    pub(super) fn send(&self, piece: impl Into<Bytes>) -> Result<(), Lost> {
        let piece = piece.into();
        if piece.is_empty() {
            return Ok(());
        }
        let size = piece.len();
        let before = self.waiting.fetch_add(size, Ordering::Relaxed);
        // One piece always fits, however long.
        if before > 0 && before + size > BYTES_MAX {
            return Err(Lost);
        }
        self.pieces.try_send(piece).map_err(|_| Lost)
    }

    /// Whether the reader is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.pieces.is_closed()
    }
}

/// A queue to a reader.
pub(super) fn queue() -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let waiting = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox {
        pieces: sender,
        waiting: waiting.clone(),
    };
    let inbox = Inbox {
        pieces: receiver,
        waiting,
    };
    (outbox, inbox)
}

/// A body that comes piece by piece, until its writing end is dropped.
pub(super) fn stream() -> (Outbox, Body) {
    let (outbox, inbox) = queue();
    (outbox, inbox.boxed_unsync())
}

/// The reading end.
pub(super) struct Inbox {
    pieces: mpsc::Receiver<Bytes>,
    waiting: Arc<AtomicUsize>,
}

impl Inbox {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.pieces.poll_recv(context).map(|piece| {
            let piece = piece?;
            self.waiting.fetch_sub(piece.len(), Ordering::Relaxed);
            Some(piece)
        })
    }

    /// The next piece; none at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.poll(context)).await
    }
}

impl hyper::body::Body for Inbox {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll(context)
            .map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_does_not_read_is_given_up() {
        let (outbox, body) = stream();
        let piece = Bytes::from(vec![0u8; BYTES_MAX / 4]);
        let sent = (0..10).filter(|_| outbox.send(piece.clone()).is_ok());
        assert_eq!(sent.count(), 4);
        assert!(!outbox.is_closed());
        drop(body);
        assert!(outbox.is_closed());
        assert_eq!(outbox.send("x"), Err(Lost));
    }
}
