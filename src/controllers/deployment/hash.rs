//! `pod-template-hash`. Upstream hashes Go's own print-out of the template, which
//! cannot be had without Go; here the template's JSON, with sorted keys, is
//! hashed by the same function and written in the same alphabet. So the hashes
//! look alike and differ.

use crate::api::core::PodTemplateSpec;
use crate::sim::order::Order as _;
use serde_json::Value;

/// `rand.SafeEncodeString`: no vowels, no look-alikes.
const SAFE_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The label.
pub(super) const POD_TEMPLATE_HASH: &str = "pod-template-hash";

/// The hash of a template, changed by how often it met an equal one
/// (`status.collisionCount`).
pub(super) fn template_hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let value = serde_json::to_value(template).unwrap_or_default();
    let mut hash = Fnv32a::default();
    canonical(&value, &mut hash);
    if let Some(collisions) = collisions {
        hash.write(&collisions.to_le_bytes());
    }
    let safe = |digit: u8| char::from(SAFE_ALPHABET[usize::from(digit) % SAFE_ALPHABET.len()]);
    hash.0.to_string().bytes().map(safe).collect()
}

/// FNV-1a, 32 bits wide.
struct Fnv32a(u32);

impl Default for Fnv32a {
    fn default() -> Self {
        Fnv32a(0x811c_9dc5)
    }
}

impl Fnv32a {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
}

fn canonical(value: &Value, hash: &mut Fnv32a) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.order_by_key(|(name, _)| *name);
            hash.write(b"{");
            for (name, value) in entries {
                hash.write(name.as_bytes());
                hash.write(b":");
                canonical(value, hash);
                hash.write(b",");
            }
            hash.write(b"}");
        }
        Value::Array(items) => {
            hash.write(b"[");
            for item in items {
                canonical(item, hash);
                hash.write(b",");
            }
            hash.write(b"]");
        }
        plain => hash.write(plain.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(image: &str) -> PodTemplateSpec {
        serde_json::from_value(json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": image}]}
        }))
        .expect("a template")
    }

    #[test]
    fn hashes_are_stable_and_tell_templates_and_collisions_apart() {
        let hash = template_hash(&template("nginx:1"), None);
        assert_eq!(hash, template_hash(&template("nginx:1"), None));
        assert_ne!(hash, template_hash(&template("nginx:2"), None));
        assert_ne!(hash, template_hash(&template("nginx:1"), Some(1)));
        assert!(hash.bytes().all(|byte| SAFE_ALPHABET.contains(&byte)));
    }
}
