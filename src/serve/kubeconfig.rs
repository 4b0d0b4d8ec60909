//! The file by which clients find the server.

use serde_json::json;

/// A kubeconfig for the server at `url`; `authority` is the PEM of who signed its
/// certificate.
pub(super) fn text(url: &str, authority: Option<&str>) -> String {
    let mut cluster = json!({ "server": url });
    if let Some(pem) = authority {
        cluster["certificate-authority-data"] = base64(pem.as_bytes()).into();
    }
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tabernetes",
        "clusters": [{ "name": "tabernetes", "cluster": cluster }],
        "contexts": [{
            "name": "tabernetes",
            "context": { "cluster": "tabernetes", "user": "admin" },
        }],
        // Everybody may do everything; clients ask for a name where none is given.
        "users": [{ "name": "admin", "user": { "token": "tabernetes" } }],
    });
    serde_yaml::to_string(&config).unwrap_or_else(|_| config.to_string())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4usize {
            let index = (bits >> (18 - 6 * digit)) & 63;
            match (digit <= part.len(), DIGITS.get(index as usize)) {
                (true, Some(digit)) => text.push(char::from(*digit)),
                _ => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_written_in_base64() {
        let table = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (plain, encoded) in table {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn the_file_names_the_server() {
        let text = text("http://127.0.0.1:1234", None);
        assert!(text.contains("server: http://127.0.0.1:1234"), "{text}");
        assert!(text.contains("current-context: tabernetes"), "{text}");
    }
}
