//! Image references, and which of them can be pulled.
//!
//! The simulated registries hold every plausible image. What they do not hold
//! follows from the tables of this file, so that a typing error in a manifest
//! ends as it would in reality:
//!
//! | written | answer |
//! |---|---|
//! | not a reference (`Nginx`, `a b`, `x:`) | `InvalidImageName` |
//! | a host that is not one of [`REGISTRIES`] and is no plausible one | `no such host` |
//! | an official image (no slash) that is not in the catalogue | no such repository |
//! | a repository or tag that says so itself ([`ABSENT_WORDS`]) | not found |
//! | a tag beyond the newest version of a known image ([`NEWEST`]) | not found |

/// A reference in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `docker.io`, `registry.k8s.io`…
    pub registry: String,
    /// `library/nginx`.
    pub path: String,
    /// `latest` where none is given; empty with a bare digest.
    pub tag: String,
    /// `sha256:…`, or empty.
    pub digest: String,
}

/// Why an image cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullError {
    /// The reference itself is wrong.
    InvalidName(String),
    /// The registry or the image is not there; the runtime's words.
    Failed(String),
}

/// Registries that are there.
const REGISTRIES: [&str; 16] = [
    "docker.io",
    "registry.k8s.io",
    "k8s.gcr.io",
    "gcr.io",
    "us.gcr.io",
    "eu.gcr.io",
    "asia.gcr.io",
    "quay.io",
    "ghcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "registry.gitlab.com",
    "cr.fluentbit.io",
    "docker.elastic.co",
    "nvcr.io",
    "registry.access.redhat.com",
];

/// Ends of hosts that are plausible registries of somebody.
const REGISTRY_ENDS: [&str; 5] = [
    ".pkg.dev",
    ".amazonaws.com",
    ".azurecr.io",
    ".redhat.com",
    ".docker.com",
];

/// Words in a repository or tag by which manifests say that there is no such
/// image.
const ABSENT_WORDS: [&str; 20] = [
    "doesnotexist",
    "does-not-exist",
    "doesntexist",
    "doesnt-exist",
    "donotexist",
    "not-exist",
    "notexist",
    "nonexistent",
    "non-existent",
    "nonexisting",
    "non-existing",
    "no-such",
    "nosuch",
    "not-found",
    "notfound",
    "invalid",
    "missing-image",
    "imaginary",
    "wrong-tag",
    "typo",
];

/// Newest released versions of images that people often mistype.
const NEWEST: [(&str, u32, u32); 12] = [
    ("nginx", 1, 31),
    ("httpd", 2, 4),
    ("redis", 8, 8),
    ("busybox", 1, 38),
    ("alpine", 3, 23),
    ("mysql", 9, 7),
    ("postgres", 18, 9),
    ("mongo", 8, 3),
    ("python", 3, 15),
    ("node", 26, 99),
    ("memcached", 1, 7),
    ("rabbitmq", 4, 3),
];

impl Reference {
    /// Reads a reference as the runtime does (`reference.ParseNormalizedNamed`).
    pub fn parse(text: &str) -> Result<Reference, String> {
        let wrong = |why: &str| Err(format!("couldn't parse image name \"{text}\": {why}"));
        const FORMAT: &str = "invalid reference format";
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, digest),
            None => (text, ""),
        };
        if !digest.is_empty() && !is_digest(digest) {
            return wrong(FORMAT);
        }
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path.to_owned()),
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        if path.chars().any(|c| c.is_ascii_uppercase()) {
            return wrong(&format!(
                "{FORMAT}: repository name ({path}) must be lowercase"
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) || !path.split('/').all(is_component) {
            return wrong(FORMAT);
        }
        let tag = match (tag, digest) {
            (Some(tag), _) => tag,
            (None, "") => "latest",
            (None, _) => "",
        };
        Ok(Reference {
            registry: registry.to_owned(),
            path,
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        })
    }

    /// The whole name, as the runtime writes it.
    pub fn full(&self) -> String {
        let Reference {
            registry,
            path,
            tag,
            digest,
        } = self;
        match (tag.as_str(), digest.as_str()) {
            (tag, "") => format!("{registry}/{path}:{tag}"),
            (_, digest) => format!("{registry}/{path}@{digest}"),
        }
    }

    /// The name as people write it: `nginx`, `registry.k8s.io/pause`.
    pub fn familiar(&self) -> String {
        match self.registry.as_str() {
            "docker.io" => self
                .path
                .strip_prefix("library/")
                .unwrap_or(&self.path)
                .to_owned(),
            registry => format!("{registry}/{}", self.path),
        }
    }

    /// The image's identity: made up, but always the same for the same name.
    pub fn image_id(&self) -> String {
        let digest = match self.digest.as_str() {
            "" => format!("sha256:{}", fingerprint(&self.full())),
            digest => digest.to_owned(),
        };
        format!("{}/{}@{digest}", self.registry, self.path)
    }

    /// Whether the registry has it. `known`: whether the catalogue does.
    pub fn check(&self, known: bool) -> Result<(), PullError> {
        let full = self.full();
        let fails = |code: &str, why: String| {
            Err(PullError::Failed(format!(
                "rpc error: code = {code} desc = failed to pull and unpack image \"{full}\": \
                 failed to resolve reference \"{full}\": {why}"
            )))
        };
        let host = self.registry.split(':').next().unwrap_or_default();
        let there = REGISTRIES.contains(&self.registry.as_str())
            || REGISTRY_ENDS.iter().any(|end| host.ends_with(end));
        if !there {
            let tag = match self.digest.as_str() {
                "" => &self.tag,
                digest => digest,
            };
            let url = format!("https://{}/v2/{}/manifests/{tag}", self.registry, self.path);
            return fails(
                "Unknown",
                format!(
                    "failed to do request: Head \"{url}\": dial tcp: lookup {host}: no such host"
                ),
            );
        }
        let says_absent = |part: &str| ABSENT_WORDS.iter().any(|word| part.contains(word));
        let official = self.path.starts_with("library/") && self.registry == "docker.io";
        if says_absent(&self.path) || (official && !known) {
            if self.registry == "docker.io" {
                return fails(
                    "Unknown",
                    "pull access denied, repository does not exist or may require authorization: \
                     server message: insufficient_scope: authorization failed"
                        .to_owned(),
                );
            }
            return fails("NotFound", format!("{full}: not found"));
        }
        if says_absent(&self.tag) || (official && self.is_beyond_newest()) {
            return fails("NotFound", format!("{full}: not found"));
        }
        Ok(())
    }

    fn is_beyond_newest(&self) -> bool {
        let name = self.path.trim_start_matches("library/");
        let Some((_, major_max, minor_max)) = NEWEST.iter().find(|(known, ..)| *known == name)
        else {
            return false;
        };
        let version = self.tag.split('-').next().unwrap_or_default();
        let mut parts = version
            .trim_start_matches('v')
            .split('.')
            .map(|part| part.parse::<u32>().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), _) if major > *major_max => true,
            (Some(major), Some(minor)) => major == *major_max && minor > *minor_max,
            _ => false,
        }
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_tag(text: &str) -> bool {
    let first = text.chars().next();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.len() <= 128
        && first.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(good)
}

fn is_component(text: &str) -> bool {
    let good =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.chars().all(good) && ends(text.chars().next()) && ends(text.chars().last())
}

/// 64 hexadecimal digits that depend on every byte of `text` (FNV-1a, four
/// times with different beginnings).
pub(in crate::kubelet) fn fingerprint(text: &str) -> String {
    (0u64..4)
        .map(|salt| {
            let start = 0xcbf2_9ce4_8422_2325u64 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let hash = text.bytes().fold(start, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            format!("{hash:016x}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_the_runtime_reads_them() {
        let table = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("bitnami/redis", "docker.io/bitnami/redis:latest"),
            ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
        ];
        for (text, full) in table {
            assert_eq!(Reference::parse(text).unwrap().full(), full);
        }
        for wrong in [
            "Nginx",
            "a b",
            "x:",
            "",
            "a//b",
            "nginx@sha256:12",
            "nginx:-1",
        ] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn implausible_images_are_not_found() {
        let message = |text: &str, known| match Reference::parse(text).unwrap().check(known) {
            Ok(()) => String::new(),
            Err(PullError::Failed(message) | PullError::InvalidName(message)) => message,
        };
        for fine in [
            "nginx:1.25",
            "nginx:latest",
            "redis:8.0.2",
            "nginx:1.27-alpine",
        ] {
            assert_eq!(message(fine, true), "");
        }
        assert_eq!(message("someone/app:v1", false), "");
        assert_eq!(
            message("nginx:1.99", true),
            "rpc error: code = NotFound desc = failed to pull and unpack image \
             \"docker.io/library/nginx:1.99\": failed to resolve reference \
             \"docker.io/library/nginx:1.99\": docker.io/library/nginx:1.99: not found"
        );
        assert!(message("nginx:doesnotexist", true).ends_with(": not found"));
        assert!(message("ngnix", false).contains("pull access denied, repository does not exist"));
        assert!(
            message("no.where.local/app:1", false).ends_with("lookup no.where.local: no such host")
        );
    }
}
