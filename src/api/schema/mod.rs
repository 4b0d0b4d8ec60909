//! What Kubernetes knows of its types: the fields of each, how Go names and holds
//! them, how patches and server-side apply merge them. The facts lie in a text
//! (`types.txt`), made by `cargo xtask schema` from the sources of Kubernetes and
//! parsed when first asked for.
//!
//! The text has a line `@package version`, then a line a type (`PodSpec`, or
//! `ResourceList={}q` for a name for another type), with ` A` where it is atomic;
//! and under a struct a line a field: its JSON name, its type, and letters.
//! Types: `s` string, `b` bool, `i` int32, `l` int64, `f` float64, `q` Quantity,
//! `x` IntOrString, `t` Time, `u` MicroTime, `y` bytes, `j` any JSON; `*` before a
//! pointer, `[]` a list, `{}` a map with text keys; `s:v1.Protocol` a text that Go
//! has a name for. Letters: `?` omitempty, `z` omitzero, `!` required, `P` or
//! `P:key` patchStrategy merge, `R` retainKeys, `L:a,b` list of maps with keys,
//! `S` set, `A` atomic, `=` default.

mod judge;
mod parse;
mod time;
pub mod tree;

pub use judge::{Judged, judge};

use super::Kind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A type of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(u16);

/// A type where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// The type, behind the pointer where it is one.
    pub id: TypeId,
    /// Whether Go holds a pointer to it.
    pub pointer: bool,
}

/// What a type is made of.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// true or false.
    Bool,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `float64`.
    Float,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.Time`, to the second.
    Time,
    /// `metav1.MicroTime`.
    MicroTime,
    /// `[]byte`, in base64.
    Bytes,
    /// Anything.
    Any,
    /// A list.
    List(Ref),
    /// A map with text keys.
    Map(Ref),
    /// A struct.
    Struct(Vec<Field>),
}

/// A type.
#[derive(Debug, PartialEq, Eq)]
pub struct Type {
    /// What Go calls it, with its package: `v1.PodSpec`; empty where it has no
    /// name of its own.
    pub go: String,
    /// What it is made of.
    pub shape: Shape,
    /// Whether server-side apply takes it as one value.
    pub atomic: bool,
}

/// How server-side apply sees a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListType {
    /// As one value.
    Atomic,
    /// As a set of plain values.
    Set,
    /// As maps that these fields tell apart.
    Map(Vec<&'static str>),
}

/// A field of a struct.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its type.
    pub ty: Ref,
    /// Whether Go leaves it out of JSON when it is empty.
    pub omit_empty: bool,
    /// Whether Go leaves it out when it is zero (structs too).
    pub omit_zero: bool,
    /// Whether it must be given.
    pub required: bool,
    /// Whether strategic merge patches merge it, a list: by `merge_key`, or as a
    /// set.
    pub merges: bool,
    /// The field that tells the elements apart in strategic merge patches.
    pub merge_key: Option<&'static str>,
    /// Whether clients send `$retainKeys` with it.
    pub retain_keys: bool,
    /// How server-side apply sees it, a list.
    pub list_type: ListType,
    /// Whether server-side apply takes it as one value.
    pub atomic: bool,
    /// The JSON of its default, where its schema names one.
    pub default: Option<&'static str>,
}

/// All types.
#[derive(Debug, Default)]
pub struct Table {
    types: Vec<Type>,
    /// `core.PodSpec` to type.
    names: BTreeMap<String, TypeId>,
}

/// The table, parsed once.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| parse::table(include_str!("types.txt")))
}

/// Stands for a type that the table does not have.
static ANY: Type = Type {
    go: String::new(),
    shape: Shape::Any,
    atomic: false,
};

impl Table {
    /// The type with this id.
    pub fn get(&self, id: TypeId) -> &Type {
        self.types.get(usize::from(id.0)).unwrap_or(&ANY)
    }

    /// The type of this name in the table (`core.PodSpec`).
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// The fields of a struct; none for other types.
    pub fn fields(&self, id: TypeId) -> &[Field] {
        match &self.get(id).shape {
            Shape::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// A field of a struct.
    pub fn field(&self, id: TypeId, name: &str) -> Option<&Field> {
        self.fields(id).iter().find(|field| field.name == name)
    }

    /// What Go's messages call a type: `[]v1.Container`.
    pub fn go_name(&self, ty: Ref) -> String {
        let pointer = if ty.pointer { "*" } else { "" };
        let ty = self.get(ty.id);
        let name = match &ty.shape {
            _ if !ty.go.is_empty() => ty.go.clone(),
            Shape::Text => "string".to_owned(),
            Shape::Bool => "bool".to_owned(),
            Shape::Int32 => "int32".to_owned(),
            Shape::Int64 => "int64".to_owned(),
            Shape::Float => "float64".to_owned(),
            Shape::Quantity => "resource.Quantity".to_owned(),
            Shape::IntOrString => "intstr.IntOrString".to_owned(),
            Shape::Time => "v1.Time".to_owned(),
            Shape::MicroTime => "v1.MicroTime".to_owned(),
            Shape::Bytes => "[]uint8".to_owned(),
            Shape::Any | Shape::Struct(_) => "interface {}".to_owned(),
            Shape::List(item) => format!("[]{}", self.go_name(*item)),
            Shape::Map(value) => format!("map[string]{}", self.go_name(*value)),
        };
        format!("{pointer}{name}")
    }
}

/// The package of a served group and version in the table.
fn package(group: &str, version: &str) -> &'static str {
    match (group, version) {
        ("", _) => "core",
        ("apps", _) => "apps",
        ("batch", _) => "batch",
        ("autoscaling", "v1") => "autoscaling",
        ("autoscaling", _) => "autoscaling2",
        ("policy", _) => "policy",
        ("networking.k8s.io", _) => "networking",
        ("discovery.k8s.io", _) => "discovery",
        ("coordination.k8s.io", _) => "coordination",
        ("storage.k8s.io", _) => "storage",
        ("scheduling.k8s.io", _) => "scheduling",
        ("rbac.authorization.k8s.io", _) => "rbac",
        ("events.k8s.io", _) => "events",
        ("node.k8s.io", _) => "node",
        ("admissionregistration.k8s.io", _) => "admissionregistration",
        ("certificates.k8s.io", _) => "certificates",
        ("authentication.k8s.io", _) => "authentication",
        ("authorization.k8s.io", _) => "authorization",
        ("apiextensions.k8s.io", _) => "apiextensions",
        ("resource.k8s.io", _) => "resource",
        ("flowcontrol.apiserver.k8s.io", _) => "flowcontrol",
        ("apiregistration.k8s.io", _) => "apiregistration",
        ("meta.k8s.io", _) => "meta",
        _ => "",
    }
}

/// The type of a kind of a group and version.
pub fn of_version(group: &str, version: &str, kind: &str) -> Option<TypeId> {
    table().named(&format!("{}.{kind}", package(group, version)))
}

/// The type of a built-in kind in the version that it is stored in.
pub fn of_kind(kind: Kind) -> Option<TypeId> {
    let info = kind.info();
    of_version(info.group, info.version, info.kind)
}

/// Whether a text is a time (RFC 3339).
pub fn is_time(text: &str) -> bool {
    time::check(text, time::Precision::Seconds).is_ok()
}

/// An object of a built-in kind as Go writes it: with the fields that it always
/// writes, and without those that it never does.
pub fn as_written(kind: Kind, mut value: Value) -> Value {
    let Some(id) = of_kind(kind) else {
        return value;
    };
    let mut written = judge(id, &value, true).value;
    if let (Value::Object(from), Value::Object(to)) = (&mut value, &mut written) {
        for key in ["apiVersion", "kind"] {
            to.extend(from.remove_entry(key));
        }
    }
    written
}

#[cfg(test)]
mod tests;
