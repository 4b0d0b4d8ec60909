//! Where a page of a list ended: `apiserver/pkg/storage/continue.go`.

use super::base64;
use serde::{Deserialize, Serialize};

const VERSION: &str = "meta.k8s.io/v1";

/// The revision that all pages show (negative: whatever is there now), and the
/// first key of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Continue {
    pub(super) revision: i64,
    pub(super) start: String,
}

#[derive(Serialize, Deserialize)]
struct Token {
    #[serde(default)]
    v: String,
    #[serde(default)]
    rv: i64,
    #[serde(default)]
    start: String,
}

impl Continue {
    pub(super) fn encode(&self) -> String {
        let token = Token {
            v: VERSION.to_owned(),
            rv: self.revision,
            start: self.start.clone(),
        };
        base64::encode(&serde_json::to_vec(&token).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Result<Continue, String> {
        let wrong = |why: &str| format!("continue key is not valid: {why}");
        let bytes = base64::decode(text)
            .map_err(|at| wrong(&format!("illegal base64 data at input byte {at}")))?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| wrong(&no_json(&bytes)))?;
        if token.v != VERSION {
            return Err(wrong(&format!(
                "server does not recognize this encoded version {}",
                token.v
            )));
        }
        if token.rv == 0 {
            return Err(wrong(&format!(
                "incorrect encoded start resourceVersion (version {VERSION})"
            )));
        }
        if token.start.is_empty() {
            return Err(wrong(&format!(
                "encoded start key empty (version {VERSION})"
            )));
        }
        let climbs = token
            .start
            .split('/')
            .any(|step| matches!(step, "." | ".." | ""));
        if climbs {
            return Err(wrong(&token.start));
        }
        Ok(Continue {
            revision: token.rv,
            start: token.start,
        })
    }
}

fn no_json(bytes: &[u8]) -> String {
    match bytes.first() {
        None => "unexpected end of JSON input".to_owned(),
        Some(byte) => {
            let character = char::from(*byte);
            let shown = match character.is_ascii_graphic() {
                true => format!("'{character}'"),
                false => format!("'\\u{byte:04x}'"),
            };
            format!("invalid character {shown} looking for beginning of value")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_and_nonsense_is_named() {
        let token = Continue {
            revision: 5,
            start: "s2\0".to_owned(),
        };
        let text = token.encode();
        assert_eq!(
            text,
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJzMlx1MDAwMCJ9"
        );
        assert_eq!(Continue::decode(&text), Ok(token));
        let garbage = Continue::decode("garbage");
        assert_eq!(
            garbage.err().as_deref(),
            Some(
                "continue key is not valid: invalid character '\\u0081' looking for beginning of value"
            )
        );
    }
}
