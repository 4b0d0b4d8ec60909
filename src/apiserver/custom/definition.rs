//! What a CustomResourceDefinition says, read once.

use crate::api::schema::tree::TOP;
use crate::api::{CustomInfo, CustomKind, Kind, Object, ScalePaths, Untyped};
use serde_json::{Map, Value};

/// The definition of a custom kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The kind.
    pub kind: Kind,
    /// Whether its names are accepted, so that it is served.
    pub established: bool,
    /// Whether it is going away: nothing is created any more.
    pub terminating: bool,
    /// All of its names: plural, singular, kind, list kind, short names.
    pub names: Value,
    /// Its versions in order.
    pub versions: Vec<Served>,
}

/// A version of a custom kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// `v1`.
    pub name: &'static str,
    /// Whether it answers.
    pub served: bool,
    /// Whether objects are stored in it.
    pub storage: bool,
    /// What its users are warned of.
    pub deprecation: Option<String>,
    /// Its OpenAPI schema.
    pub schema: Value,
    /// Whether it has a `/status`.
    pub has_status: bool,
    /// Its `/scale`.
    pub scale: Option<ScalePaths>,
    /// `additionalPrinterColumns`.
    pub columns: Vec<Value>,
}

impl Definition {
    /// Reads a stored definition.
    pub(super) fn of(object: &Object) -> Option<Definition> {
        let Object::Other(Kind::CustomResourceDefinition, crd) = object else {
            return None;
        };
        let spec = crd.rest.get("spec")?;
        let names = spec.get("names")?.clone();
        let text = |value: &Value, key: &str| {
            let text = value.get(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let group = text(spec, "group");
        let kind = text(&names, "kind");
        let raw = spec.get("versions")?.as_array()?;
        let stored = raw.iter().find(|version| flag(version, "storage"))?;
        let short = names.pointer("/shortNames/0").and_then(Value::as_str);
        let info = CustomInfo {
            version: text(stored, "name"),
            plural: text(&names, "plural"),
            singular: text(&names, "singular"),
            short: short.unwrap_or_default().to_owned(),
            namespaced: text(spec, "scope") == "Namespaced",
            has_status: stored.pointer("/subresources/status").is_some(),
            scale: scale_paths(stored),
            selectable: paths(stored),
            kind: kind.clone(),
            group: group.clone(),
        };
        let mut versions = Vec::new();
        for version in raw {
            let name = text(version, "name");
            // Its name is kept like a kind's.
            let own = CustomKind::of(CustomInfo {
                version: name.clone(),
                ..info.clone()
            })?;
            let deprecation = flag(version, "deprecated").then(|| {
                let given = version.get("deprecationWarning").and_then(Value::as_str);
                let better = raw
                    .iter()
                    .find(|it| flag(it, "served") && !flag(it, "deprecated"));
                let better = better.map(|it| format!("; use {group}/{} {kind}", text(it, "name")));
                given.map(str::to_owned).unwrap_or_else(|| {
                    format!(
                        "{group}/{name} {kind} is deprecated{}",
                        better.unwrap_or_default()
                    )
                })
            });
            versions.push(Served {
                name: own.info().version,
                served: flag(version, "served"),
                storage: flag(version, "storage"),
                deprecation,
                schema: top(version.pointer("/schema/openAPIV3Schema")),
                has_status: version.pointer("/subresources/status").is_some(),
                scale: scale_paths(version),
                columns: list(version, "additionalPrinterColumns"),
            });
        }
        Some(Definition {
            kind: Kind::Custom(CustomKind::of(info)?),
            established: condition(crd, "Established") == Some("True"),
            terminating: crd.metadata.deletion_timestamp.is_some(),
            names,
            versions,
        })
    }

    /// A version by its name; the stored one where it has none of that name.
    pub fn version(&self, name: &str) -> Option<&Served> {
        let named = self.versions.iter().find(|it| it.name == name);
        named.or_else(|| self.versions.iter().find(|it| it.storage))
    }
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

fn list(value: &Value, key: &str) -> Vec<Value> {
    let list = value.get(key).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// The schema with the mark that metadata is everybody's.
fn top(schema: Option<&Value>) -> Value {
    let mut schema = match schema {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    schema.insert(TOP.to_owned(), Value::Bool(true));
    Value::Object(schema)
}

fn paths(version: &Value) -> Vec<String> {
    let fields = list(version, "selectableFields");
    let paths = fields
        .iter()
        .filter_map(|field| field.get("jsonPath")?.as_str());
    paths.map(str::to_owned).collect()
}

fn scale_paths(version: &Value) -> Option<ScalePaths> {
    let scale = version.pointer("/subresources/scale")?;
    let text = |key: &str| {
        let text = scale.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    Some(ScalePaths {
        spec_replicas: text("specReplicasPath"),
        status_replicas: text("statusReplicasPath"),
        selector: text("labelSelectorPath"),
    })
}

/// The status of a condition.
pub(super) fn condition<'c>(crd: &'c Untyped, wanted: &str) -> Option<&'c str> {
    let conditions = crd.rest.get("status")?.get("conditions")?.as_array()?;
    let found = conditions
        .iter()
        .find(|it| it.get("type").and_then(Value::as_str) == Some(wanted));
    found?.get("status")?.as_str()
}
