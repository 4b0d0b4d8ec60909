//! The file by which clients find the server.

use crate::apiserver::base64::encode_padded;
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
    // Without HTTPS there is nothing to verify: the JavaScript client wants to read so.
    if trust.is_none() {
        cluster["insecure-skip-tls-verify"] = true.into();
    }
    if let Some(trust) = trust {
        cluster["certificate-authority-data"] = encode_padded(trust.authority.as_bytes()).into();
        user["client-certificate-data"] = encode_padded(trust.certificate.as_bytes()).into();
        user["client-key-data"] = encode_padded(trust.key.as_bytes()).into();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_the_server() {
        let text = text("http://127.0.0.1:1234", None);
        assert!(text.contains("server: http://127.0.0.1:1234"), "{text}");
        assert!(text.contains("current-context: tabernetes"), "{text}");
    }
}
