//! SPDY/3.1, as far as port-forward speaks it inside a WebSocket: streams with
//! headers, data, ends, pings. Flow control is not used by the clients that do
//! this (`github.com/moby/spdystream`).

use super::inflate::{Broken, Inflate};

/// The longest frame that is read.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest piece of data that is written at once.
const DATA_BYTES_MAX: usize = 32 * 1024;
const VERSION: u16 = 3;
const FLAG_FIN: u8 = 1;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GO_AWAY: u16 = 7;

/// Words of the dictionary that headers are compressed with, each with its length
/// before it; then the text that follows them (SPDY draft 3, 2.6.10.1).
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin";
const TEXT: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

fn dictionary() -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in WORDS.split(' ') {
        let word = word.replace('_', " ");
        bytes.extend_from_slice(&(word.len() as u32).to_be_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes.extend_from_slice(TEXT.as_bytes());
    bytes
}

/// What the other side says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It opens a stream with these headers (names in lower case).
    Open(u32, Vec<(String, String)>),
    /// Data of a stream, and whether it is the last.
    Data(u32, Vec<u8>, bool),
    /// It gives a stream up.
    Reset(u32),
    /// It asks whether we are there.
    Ping(u32),
    /// It leaves.
    GoAway,
}

/// The reading side of a session.
pub(super) struct Reader {
    unread: Vec<u8>,
    headers: Inflate,
}

impl Reader {
    pub(super) fn new() -> Self {
        Reader {
            unread: Vec::new(),
            headers: Inflate::new(dictionary()),
        }
    }

    /// Takes bytes; answers the frames that are whole.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, Broken> {
        self.unread.extend_from_slice(bytes);
        let mut frames = Vec::new();
        loop {
            let head: [u8; 8] = match self.unread.first_chunk() {
                Some(head) => *head,
                None => return Ok(frames),
            };
            let [a, b, c, d, flags, x, y, z] = head;
            let length = u32::from_be_bytes([0, x, y, z]) as usize;
            if length > FRAME_BYTES_MAX {
                return Err(Broken);
            }
            let Some(body) = self.unread.get(8..8 + length) else {
                return Ok(frames);
            };
            let body = body.to_vec();
            self.unread.drain(..8 + length);
            let ends = flags & FLAG_FIN != 0;
            if a & 0x80 == 0 {
                frames.push(Frame::Data(u32::from_be_bytes([a, b, c, d]), body, ends));
                continue;
            }
            frames.extend(self.control(u16::from_be_bytes([c, d]), &body)?);
        }
    }

    fn control(&mut self, kind: u16, body: &[u8]) -> Result<Option<Frame>, Broken> {
        let number = |at: usize| {
            let bytes = body.get(at..at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?) & 0x7fff_ffff)
        };
        Ok(match kind {
            SYN_STREAM => {
                let stream = number(0).ok_or(Broken)?;
                let block = self.headers.next(body.get(10..).ok_or(Broken)?)?;
                Some(Frame::Open(stream, headers(&block)?))
            }
            RST_STREAM => Some(Frame::Reset(number(0).ok_or(Broken)?)),
            PING => {
                let bytes = body.first_chunk().ok_or(Broken)?;
                Some(Frame::Ping(u32::from_be_bytes(*bytes)))
            }
            GO_AWAY => Some(Frame::GoAway),
            // Settings, more headers, windows.
            _ => None,
        })
    }
}

fn headers(block: &[u8]) -> Result<Vec<(String, String)>, Broken> {
    let mut rest = block;
    let number = |rest: &mut &[u8]| {
        let (bytes, after) = rest.split_first_chunk().ok_or(Broken)?;
        *rest = after;
        Ok(u32::from_be_bytes(*bytes) as usize)
    };
    let count = number(&mut rest)?;
    let text = |rest: &mut &[u8]| {
        let length = number(rest)?;
        let (bytes, after) = rest.split_at_checked(length).ok_or(Broken)?;
        *rest = after;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    };
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((text(&mut rest)?.to_ascii_lowercase(), text(&mut rest)?));
    }
    Ok(headers)
}

/// The writing side of a session.
#[derive(Default)]
pub(super) struct Writer {
    /// Whether the compressed stream of headers has begun.
    begun: bool,
}

fn control(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = (VERSION | 0x8000).to_be_bytes().to_vec();
    frame.extend_from_slice(&kind.to_be_bytes());
    frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

impl Writer {
    /// Accepts a stream, with no headers of our own: a stored block needs no
    /// compressor.
    pub(super) fn reply(&mut self, stream: u32) -> Vec<u8> {
        let mut body = stream.to_be_bytes().to_vec();
        if !std::mem::replace(&mut self.begun, true) {
            body.extend_from_slice(&[0x78, 0x01]);
        }
        let none = 0u32.to_be_bytes();
        let length = none.len() as u16;
        body.push(0);
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&(!length).to_le_bytes());
        body.extend_from_slice(&none);
        // An empty block ends every flush; readers wait for it.
        body.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        control(SYN_REPLY, &body)
    }
}

/// Data of a stream; the last where it ends.
pub(super) fn data(stream: u32, bytes: &[u8], ends: bool) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut pieces = bytes.chunks(DATA_BYTES_MAX).peekable();
    let mut frame = |piece: &[u8], last: bool| {
        frames.extend_from_slice(&stream.to_be_bytes());
        let head = (piece.len() as u32) | u32::from(last && ends) << 24;
        frames.extend_from_slice(&head.to_be_bytes());
        frames.extend_from_slice(piece);
    };
    if pieces.peek().is_none() && ends {
        frame(&[], true);
    }
    while let Some(piece) = pieces.next() {
        frame(piece, pieces.peek().is_none());
    }
    frames
}

/// The answer to a ping.
pub(super) fn pong(id: u32) -> Vec<u8> {
    control(PING, &id.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_the_one_of_the_draft() {
        let (mut a, mut b) = (1u32, 0u32);
        for byte in dictionary() {
            a = (a + u32::from(byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!(b << 16 | a, 0xe3c6_a7c2, "its Adler-32 checksum");
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let mut bytes = data(5, b"hello", false);
        bytes.extend(data(5, b"", true));
        bytes.extend(pong(7));
        let mut reader = Reader::new();
        let frames: Vec<Frame> = bytes
            .iter()
            .flat_map(|byte| reader.take(&[*byte]).unwrap())
            .collect();
        let expected = [
            Frame::Data(5, b"hello".to_vec(), false),
            Frame::Data(5, Vec::new(), true),
            Frame::Ping(7),
        ];
        assert_eq!(frames, expected);
    }

    #[test]
    fn headers_are_decompressed() {
        // One stream with "port: 80", as Go's zlib writer with the dictionary
        // writes it.
        let block = "78f9e3c6a7c202e50e48f95b044aab4c1606e0545752949a988b54b02402000000ffff";
        let block: Vec<u8> = block
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let mut body = 1u32.to_be_bytes().to_vec();
        body.extend_from_slice(&[0; 6]);
        body.extend(block);
        let frames = Reader::new().take(&control(SYN_STREAM, &body)).unwrap();
        let headers = vec![
            ("port".to_owned(), "80".to_owned()),
            ("streamtype".to_owned(), "data".to_owned()),
        ];
        assert_eq!(frames, [Frame::Open(1, headers)]);
    }
}
