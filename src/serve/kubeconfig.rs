//! The file by which clients find the server.

use serde_json::json;

/// What a client needs for HTTPS, as PEM.
pub(super) struct Trust<'a> {
    /// Who signed the server's certificate.
    pub authority: &'a str,
    /// A certificate of the client's own. Nobody looks at it, but kubectl asks for
    /// a name and a password where there is nothing to show.
    pub certificate: &'a str,
    /// Its key.
    pub key: &'a str,
}

/// A kubeconfig for the server at `url`.
pub(super) fn text(url: &str, trust: Option<Trust<'_>>) -> String {
    let mut cluster = json!({ "server": url });
    let mut user = json!({});
    if let Some(trust) = trust {
        cluster["certificate-authority-data"] = base64(trust.authority.as_bytes()).into();
        user["client-certificate-data"] = base64(trust.certificate.as_bytes()).into();
        user["client-key-data"] = base64(trust.key.as_bytes()).into();
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
        "users": [{ "name": "admin", "user": user }],
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
