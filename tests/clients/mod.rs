//! A server of our own to talk to, and the plainest of clients.

// Each test uses a part of this.
#![allow(dead_code)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long an answer may take before a test fails.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// A folder of its own, gone at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one.
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tabernetes-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Folder(path)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

/// The native command.
pub fn tabernetes() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tabernetes"))
}

/// `tabernetes serve`, on loopback.
pub struct Server {
    pub child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub kubeconfig: PathBuf,
    pub folder: Folder,
}

impl Server {
    /// Starts it, and waits for the line that says that it is ready.
    pub fn start(arguments: &[&str]) -> Server {
        let folder = Folder::new();
        let kubeconfig = folder.0.join("kubeconfig");
        let mut child = tabernetes()
            .arg("serve")
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says that it is ready");
        let url = line
            .split([' ', ',', '\n'])
            .find(|word| word.contains("://"))
            .unwrap_or_else(|| panic!("no address in {line:?}"));
        Server {
            url: url.to_owned(),
            child,
            kubeconfig,
            folder,
        }
    }

    fn connect(&self) -> TcpStream {
        let address = self.url.split("://").last().expect("it has an address");
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a bound");
        stream
    }

    /// Sends bytes; whatever they are.
    pub fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        // A server that has heard enough closes its ear.
        let _closed = stream.write_all(bytes);
        stream
    }

    /// Status, and everything after the head.
    pub fn raw(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let content = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut stream = self.send(
            format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {content}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
        let mut text = Vec::new();
        let _closed = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        let (_, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        (status.unwrap_or(0), body.to_owned())
    }

    /// Status and body of a call.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let (status, text) = self.raw(method, path, &body);
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// GET.
    pub fn get(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).1
    }

    /// Lets virtual time go on.
    pub fn advance(&self, span: &str) {
        let body = serde_json::json!({ "for": span });
        let (status, answer) = self.call("POST", "/sim/clock/advance", &body);
        assert_eq!(status, 200, "{answer}");
    }

    /// A stream of JSON lines.
    pub fn stream(&self, path: &str) -> Lines {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut lines = Lines {
            reader: BufReader::new(self.send(head.as_bytes())),
        };
        while !lines.line().is_empty() {}
        lines
    }

    /// Asks it to stop, and answers how it ended.
    pub fn stop(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Lines of a chunked answer.
pub struct Lines {
    reader: BufReader<TcpStream>,
}

impl Lines {
    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self
            .reader
            .read_line(&mut line)
            .expect("it answers in time");
        assert!(read > 0, "the stream has ended");
        line.trim_end().to_owned()
    }

    /// The next line that is JSON: sizes of chunks are not.
    pub fn next(&mut self) -> Value {
        loop {
            let line = self.line();
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("a line of JSON");
            }
        }
    }

    /// Reads until the server closes; how many bytes came.
    pub fn rest(mut self) -> usize {
        let mut bytes = Vec::new();
        let _cut = self.reader.read_to_end(&mut bytes);
        bytes.len()
    }
}
