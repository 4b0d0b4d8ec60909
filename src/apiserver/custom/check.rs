//! What a CustomResourceDefinition must be
//! (`apiextensions/validation/validation.go`, `schema/structural.go`).

use super::validate::of_default;
use crate::api::{Object, status};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;
use serde_json::Value;

const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const APPROVED: &str = "api-approved.kubernetes.io";
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const SIMPLE_PATH: &str = "must be a simple json path starting with .";

/// What forbids a definition; `old` is the one that it replaces.
pub(in crate::apiserver) fn check(new: &Object, old: Option<&Object>) -> Vec<StatusCause> {
    let Object::Other(_, crd) = new else {
        return Vec::new();
    };
    let mut check = Check::default();
    let spec = crd.rest.get("spec").unwrap_or(&Value::Null);
    let name = crd.metadata.name.as_deref().unwrap_or_default();
    let (plural, group) = (text(spec, "/names/plural"), text(spec, "/group"));
    if name != format!("{plural}.{group}") {
        check.invalid(
            "metadata.name",
            &name.into(),
            "must be spec.names.plural+\".\"+spec.group",
        );
    }
    check.spec(spec);
    let annotations = crd.metadata.annotations.as_ref();
    let approved = annotations.is_some_and(|it| it.contains_key(APPROVED));
    if (group.ends_with(".k8s.io") || group.ends_with(".kubernetes.io")) && !approved {
        check.say(
            "FieldValueRequired",
            &format!("metadata.annotations[{APPROVED}]"),
            format!("Required value: protected groups must have approval annotation {APPROVED:?}, see https://github.com/kubernetes/enhancements/pull/1111"),
        );
    }
    check.stored(spec, crd.rest.get("status").unwrap_or(&Value::Null));
    if let Some(Object::Other(_, old)) = old {
        let before = old.rest.get("spec").unwrap_or(&Value::Null);
        let established = super::definition::condition(old, "Established") == Some("True");
        for (field, always) in [
            ("/group", true),
            ("/names/plural", true),
            ("/scope", false),
            ("/names/kind", false),
        ] {
            if (always || established) && text(spec, field) != text(before, field) {
                let path = format!("spec{}", field.replace('/', "."));
                check.invalid(&path, &text(spec, field).into(), "field is immutable");
            }
        }
    }
    check.causes
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn is_subdomain(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let label = |label: &str| {
        label.starts_with(plain)
            && label.ends_with(plain)
            && label.chars().all(|it| plain(it) || it == '-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn is_dns_1035(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    name.len() <= 63
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.ends_with(plain)
        && name.chars().all(|it| plain(it) || it == '-')
}

#[derive(Default)]
struct Check {
    causes: Vec<StatusCause>,
}

impl Check {
    fn say(&mut self, reason: &str, field: &str, message: String) {
        self.causes.push(status::cause(reason, field, message));
    }

    fn invalid(&mut self, field: &str, value: &Value, why: &str) {
        self.say(
            "FieldValueInvalid",
            field,
            format!("Invalid value: {value}: {why}"),
        );
    }

    fn required(&mut self, field: &str, why: &str) {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        self.say("FieldValueRequired", field, message);
    }

    fn forbidden(&mut self, field: &str, why: &str) {
        self.say("FieldValueForbidden", field, format!("Forbidden: {why}"));
    }

    fn label(&mut self, field: &str, name: &str, before: &str) {
        if !is_dns_1035(&name.to_ascii_lowercase()) || (before.is_empty() && !is_dns_1035(name)) {
            self.invalid(field, &name.into(), &format!("{before}{DNS_1035}"));
        }
    }

    fn spec(&mut self, spec: &Value) {
        let group = text(spec, "/group");
        match group {
            "" => self.required("spec.group", ""),
            group if !is_subdomain(group) => {
                self.invalid("spec.group", &group.into(), "must be a DNS subdomain");
            }
            group if !group.contains('.') => {
                self.invalid(
                    "spec.group",
                    &group.into(),
                    "should be a domain with at least one dot",
                );
            }
            _ => {}
        }
        match text(spec, "/scope") {
            "" => self.required("spec.scope", ""),
            "Cluster" | "Namespaced" => {}
            other => self.say(
                "FieldValueNotSupported",
                "spec.scope",
                format!(
                    "Unsupported value: {other:?}: supported values: \"Cluster\", \"Namespaced\""
                ),
            ),
        }
        let versions = list(spec, "versions");
        for (index, version) in versions.iter().enumerate() {
            self.version(version, &format!("spec.versions[{index}]"));
        }
        let stored = versions.iter().filter(|version| flag(version, "storage"));
        if stored.count() != 1 {
            let shown = Value::from(versions.to_vec());
            self.invalid(
                "spec.versions",
                &shown,
                "must have exactly one version marked as storage version",
            );
        }
        if let Some(first) = versions.first().map(|version| text(version, "/name"))
            && !is_dns_1035(first)
        {
            self.invalid("spec.version", &first.into(), DNS_1035);
        }
        self.names(spec.get("names").unwrap_or(&Value::Null));
        if flag(spec, "preserveUnknownFields") {
            let yes = Value::Bool(true);
            let field = "spec.preserveUnknownFields";
            if has_defaults(spec) {
                self.invalid(
                    field,
                    &yes,
                    "must be false in order to use defaults in the schema",
                );
            }
            self.invalid(field, &yes, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }
        self.conversion(spec.get("conversion").unwrap_or(&Value::Null));
    }

    fn names(&mut self, names: &Value) {
        let mixed = "may have mixed case, but should otherwise match: ";
        for (field, before) in [
            ("plural", ""),
            ("singular", ""),
            ("kind", mixed),
            ("listKind", mixed),
        ] {
            let name = text(names, &format!("/{field}"));
            let path = format!("spec.names.{field}");
            match name {
                "" if field == "singular" => {}
                "" => self.required(&path, ""),
                name => self.label(&path, name, before),
            }
        }
        for (index, short) in list(names, "shortNames").iter().enumerate() {
            let short = short.as_str().unwrap_or_default();
            self.label(&format!("spec.names.shortNames[{index}]"), short, "");
        }
    }

    fn version(&mut self, version: &Value, path: &str) {
        let name = text(version, "/name");
        if !is_dns_1035(name) {
            self.invalid(&format!("{path}.name"), &name.into(), DNS_1035);
        }
        let at = format!("{path}.schema.openAPIV3Schema");
        match version.pointer("/schema/openAPIV3Schema") {
            None | Some(Value::Null) => self.required(&at, ""),
            Some(schema) => self.root(schema, &at),
        }
        if let Some(scale) = version.pointer("/subresources/scale") {
            self.scale(scale, &format!("{path}.subresources.scale"));
        }
        for (index, column) in list(version, "additionalPrinterColumns").iter().enumerate() {
            let at = format!("{path}.additionalPrinterColumns[{index}]");
            if text(column, "/name").is_empty() {
                self.required(&format!("{at}.name"), "");
            }
            let kind = text(column, "/type");
            if !COLUMN_TYPES.contains(&kind) {
                let why = format!("must be one of {}", COLUMN_TYPES.join(","));
                self.invalid(&format!("{at}.type"), &kind.into(), &why);
            }
            self.json_path(&format!("{at}.JSONPath"), text(column, "/jsonPath"), "");
        }
    }

    fn json_path(&mut self, field: &str, path: &str, under: &str) {
        let simple = path.starts_with('.') && path.starts_with(under);
        match path {
            "" => self.required(field, ""),
            path if !simple => {
                let why = match path.starts_with('.') {
                    true => format!("should be a json path under {under}"),
                    false => SIMPLE_PATH.to_owned(),
                };
                self.invalid(field, &path.into(), &why);
            }
            _ => {}
        }
    }

    fn scale(&mut self, scale: &Value, path: &str) {
        for (field, under) in [
            ("specReplicasPath", ".spec."),
            ("statusReplicasPath", ".status."),
        ] {
            let at = format!("{path}.{field}");
            self.json_path(&at, text(scale, &format!("/{field}")), under);
        }
    }

    fn conversion(&mut self, conversion: &Value) {
        match text(conversion, "/strategy") {
            "" | "None" => {}
            "Webhook" => {
                let webhook = conversion.get("webhook").unwrap_or(&Value::Null);
                if webhook.get("clientConfig").is_none_or(Value::is_null) {
                    self.required(
                        "spec.conversion.webhookClientConfig",
                        "required when strategy is set to Webhook",
                    );
                }
                if list(webhook, "conversionReviewVersions").is_empty() {
                    self.required("spec.conversion.conversionReviewVersions", "");
                }
            }
            other => self.say(
                "FieldValueNotSupported",
                "spec.conversion.strategy",
                format!("Unsupported value: {other:?}: supported values: \"None\", \"Webhook\""),
            ),
        }
    }

    /// What was stored in must stay readable.
    fn stored(&mut self, spec: &Value, status: &Value) {
        let stored = list(status, "storedVersions");
        if stored.is_empty() {
            self.invalid(
                "status.storedVersions",
                &Value::Null,
                "must have at least one stored version",
            );
        }
        let versions = list(spec, "versions");
        for (index, name) in stored.iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            if !versions
                .iter()
                .any(|version| text(version, "/name") == name)
                && !versions.is_empty()
            {
                let why = format!(
                    "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
                );
                let field = format!("status.storedVersions[{index}]");
                self.invalid(&field, &name.into(), &why);
            }
        }
    }

    fn root(&mut self, schema: &Value, path: &str) {
        match text(schema, "/type") {
            "" => self.required(&format!("{path}.type"), "must not be empty at the root"),
            "object" => {}
            other => self.invalid(
                &format!("{path}.type"),
                &other.into(),
                "must be object at the root",
            ),
        }
        if let Some(metadata) = schema.pointer("/properties/metadata") {
            let named = metadata.get("properties").and_then(Value::as_object);
            let mut names = named.into_iter().flatten().map(|(name, _)| name.as_str());
            if names.any(|name| name != "name" && name != "generateName") {
                self.forbidden(&format!("{path}.properties[metadata]"), "must not specify anything other than name and generateName, but metadata is implicitly specified");
            }
        }
        self.schema(schema, path, true);
    }

    /// Every part of a structural schema says what type it is of.
    fn schema(&mut self, schema: &Value, path: &str, is_root: bool) {
        let kind = text(schema, "/type");
        let int_or_string = flag(schema, "x-kubernetes-int-or-string");
        let keeps = flag(schema, "x-kubernetes-preserve-unknown-fields");
        if !kind.is_empty() && !TYPES.contains(&kind) {
            let supported: Vec<String> = TYPES.iter().map(|it| format!("{it:?}")).collect();
            return self.say(
                "FieldValueNotSupported",
                &format!("{path}.type"),
                format!(
                    "Unsupported value: {kind:?}: supported values: {}",
                    supported.join(", ")
                ),
            );
        }
        if schema.get("$ref").is_some() {
            self.forbidden(&format!("{path}.$ref"), "$ref is not supported");
        } else if kind.is_empty() && !int_or_string && !keeps && !is_root {
            let why = match path.ends_with(".items") {
                true => "must not be empty for specified array items",
                false => "must not be empty for specified object fields",
            };
            self.required(&format!("{path}.type"), why);
        }
        if flag(schema, "uniqueItems") {
            self.forbidden(
                &format!("{path}.uniqueItems"),
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            );
        }
        let (properties, additional) = (
            schema.get("properties").and_then(Value::as_object),
            schema.get("additionalProperties"),
        );
        if properties.is_some() && additional.is_some_and(|it| *it != Value::Bool(false)) {
            self.forbidden(
                &format!("{path}.additionalProperties"),
                "additionalProperties and properties are mutual exclusive",
            );
        }
        match schema.get("items") {
            Some(items @ Value::Object(_)) => self.schema(items, &format!("{path}.items"), false),
            Some(Value::Array(_)) => {
                self.forbidden(
                    &format!("{path}.items"),
                    "items must be a schema object and not an array",
                );
            }
            _ if kind == "array" => self.required(&format!("{path}.items"), "must be specified"),
            _ => {}
        }
        let keys = list(schema, "x-kubernetes-list-map-keys");
        if text(schema, "/x-kubernetes-list-type") == "map" && keys.is_empty() {
            self.required(
                &format!("{path}.x-kubernetes-list-map-keys"),
                "must not be empty if x-kubernetes-list-type is map",
            );
        }
        for (name, property) in properties.into_iter().flatten() {
            self.schema(property, &format!("{path}.properties[{name}]"), false);
        }
        if let Some(of @ Value::Object(_)) = additional {
            self.schema(of, &format!("{path}.additionalProperties"), false);
        }
        if let Some(default) = schema.get("default") {
            for mut cause in of_default(schema, default) {
                cause.field = Some(format!("{path}.default"));
                self.causes.push(cause);
            }
        }
    }
}

fn has_defaults(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("default") || map.values().any(has_defaults),
        Value::Array(items) => items.iter().any(has_defaults),
        _ => false,
    }
}
