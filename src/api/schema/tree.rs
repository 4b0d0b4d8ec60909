//! How server-side apply sees the value at a place (upstream:
//! `structured-merge-diff/schema`): what is merged, and what is one value. Led by
//! the table for built-in kinds, and by the definition's schema for custom ones.

use super::{Field, ListType, Ref, Shape, TypeId, table};
use serde_json::Value;

/// A place in an object.
#[derive(Clone, Copy, Debug)]
pub enum Place<'s> {
    /// Of a type of the table; in a struct, with the field that it is.
    Built(Ref, Option<&'static Field>),
    /// Of an OpenAPI schema.
    Custom(&'s Value),
    /// Metadata of an object, wherever its type comes from.
    Deduced,
}

/// How values at a place are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// A plain value, with what its schema calls it.
    Scalar(Scalar),
    /// A list or map that is one value.
    Atomic,
    /// A struct: only fields that it declares.
    Fields,
    /// A map: any keys.
    Map,
    /// A list of plain values, each once.
    Set,
    /// A list of maps with these keys.
    Keys(Vec<String>),
}

/// What plain values a place takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    Text,
    /// A number.
    Number,
    /// true or false.
    Bool,
    /// Any of them.
    Any,
}

/// What an object at the top of a custom resource has besides its own fields.
fn meta_place() -> Option<Place<'static>> {
    let id = table().named("meta.ObjectMeta")?;
    Some(Place::of(id))
}

fn text_place() -> Option<Place<'static>> {
    let kind = table().field(table().named("meta.OwnerReference")?, "kind")?;
    Some(Place::Built(kind.ty, Some(kind)))
}

impl<'s> Place<'s> {
    /// The top of an object of a type of the table.
    pub fn of(id: TypeId) -> Place<'s> {
        Place::Built(Ref { id, pointer: false }, None)
    }

    /// How values here are merged. What no schema tells is seen from the value.
    pub fn merge(&self, value: &Value) -> Merge {
        match self {
            Place::Built(ty, field) => built_merge(*ty, *field, value),
            Place::Custom(schema) => custom_merge(schema, value),
            Place::Deduced => deduced_merge(value),
        }
    }

    /// The field of a struct or the key of a map; nothing where it is not
    /// declared.
    pub fn field(&self, name: &str) -> Option<Place<'s>> {
        match self {
            Place::Built(ty, _) => match &table().get(ty.id).shape {
                Shape::Struct(_) => {
                    let field = table().field(ty.id, name)?;
                    Some(Place::Built(field.ty, Some(field)))
                }
                Shape::Map(of) => Some(Place::Built(*of, None)),
                Shape::Any => Some(Place::Deduced),
                _ => None,
            },
            Place::Custom(schema) => {
                let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
                if flag("x-kubernetes-embedded-resource") || flag(TOP) {
                    match name {
                        "metadata" => return meta_place(),
                        "apiVersion" | "kind" => return text_place(),
                        _ => {}
                    }
                }
                let own = schema.get("properties").and_then(|it| it.get(name));
                if let Some(own) = own {
                    return Some(Place::Custom(own));
                }
                match schema.get("additionalProperties") {
                    Some(Value::Object(_)) => schema.get("additionalProperties").map(Place::Custom),
                    Some(Value::Bool(true)) => Some(Place::Deduced),
                    _ if flag("x-kubernetes-preserve-unknown-fields") => Some(Place::Deduced),
                    _ => None,
                }
            }
            Place::Deduced => Some(Place::Deduced),
        }
    }

    /// Whether a name is that of a declared field, rather than the key of a map.
    pub fn declares(&self, name: &str) -> bool {
        match self {
            Place::Built(ty, _) => table().field(ty.id, name).is_some(),
            Place::Custom(schema) => {
                let own = schema.get("properties").and_then(|it| it.get(name));
                own.is_some() || (schema.get(TOP).is_some() && TYPE_META.contains(&name))
            }
            Place::Deduced => false,
        }
    }

    /// The elements of a list.
    pub fn item(&self) -> Place<'s> {
        match self {
            Place::Built(ty, _) => match &table().get(ty.id).shape {
                Shape::List(item) => Place::Built(*item, None),
                _ => Place::Deduced,
            },
            Place::Custom(schema) => schema.get("items").map_or(Place::Deduced, Place::Custom),
            Place::Deduced => Place::Deduced,
        }
    }

    /// What a key of a list's element is where the element does not say.
    pub fn default_of(&self, name: &str) -> Option<Value> {
        match self {
            Place::Built(ty, _) => {
                let field = table().field(ty.id, name)?;
                if let Some(default) = field.default {
                    return serde_json::from_str(default).ok();
                }
                if field.omit_empty || field.ty.pointer {
                    return None;
                }
                // OpenAPI knows the zero value of what must be given.
                match table().get(field.ty.id).shape {
                    Shape::Text => Some("".into()),
                    Shape::Int32 | Shape::Int64 => Some(0.into()),
                    _ => None,
                }
            }
            Place::Custom(schema) => {
                let property = schema.get("properties")?.get(name)?;
                property.get("default").cloned()
            }
            Place::Deduced => None,
        }
    }
}

/// Marks the schema at the top of a custom resource, whose metadata is that of
/// every object.
pub const TOP: &str = "x-tabernetes-top";
const TYPE_META: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn deduced_merge(value: &Value) -> Merge {
    match value {
        Value::Object(_) => Merge::Map,
        Value::Array(_) => Merge::Atomic,
        _ => Merge::Scalar(Scalar::Any),
    }
}

fn built_merge(ty: Ref, field: Option<&Field>, value: &Value) -> Merge {
    let ty = table().get(ty.id);
    let atomic = ty.atomic || field.is_some_and(|field| field.atomic);
    match &ty.shape {
        Shape::Text | Shape::Time | Shape::MicroTime | Shape::Bytes => Merge::Scalar(Scalar::Text),
        Shape::Bool => Merge::Scalar(Scalar::Bool),
        Shape::Int32 | Shape::Int64 | Shape::Float => Merge::Scalar(Scalar::Number),
        Shape::Quantity | Shape::IntOrString => Merge::Scalar(Scalar::Any),
        Shape::Any => deduced_merge(value),
        Shape::Struct(_) | Shape::Map(_) if atomic => Merge::Atomic,
        Shape::Struct(_) => Merge::Fields,
        Shape::Map(_) => Merge::Map,
        Shape::List(_) => match field.map(|field| &field.list_type) {
            Some(ListType::Set) => Merge::Set,
            Some(ListType::Map(keys)) => {
                Merge::Keys(keys.iter().map(|key| (*key).to_owned()).collect())
            }
            _ => Merge::Atomic,
        },
    }
}

fn custom_merge(schema: &Value, value: &Value) -> Merge {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    if flag("x-kubernetes-int-or-string") {
        return Merge::Scalar(Scalar::Any);
    }
    match text("type") {
        "string" => Merge::Scalar(Scalar::Text),
        "integer" | "number" => Merge::Scalar(Scalar::Number),
        "boolean" => Merge::Scalar(Scalar::Bool),
        "array" => match text("x-kubernetes-list-type") {
            "set" => Merge::Set,
            "map" => {
                let keys = schema.get("x-kubernetes-list-map-keys");
                let keys = keys.and_then(Value::as_array).into_iter().flatten();
                Merge::Keys(
                    keys.filter_map(|it| it.as_str().map(str::to_owned))
                        .collect(),
                )
            }
            _ => Merge::Atomic,
        },
        "object" if text("x-kubernetes-map-type") == "atomic" => Merge::Atomic,
        "object" if schema.get("properties").is_some() || schema.get(TOP).is_some() => {
            Merge::Fields
        }
        "object" if schema.get("additionalProperties").is_some() => Merge::Map,
        "object" if flag("x-kubernetes-preserve-unknown-fields") => Merge::Map,
        "object" => Merge::Fields,
        _ => deduced_merge(value),
    }
}
