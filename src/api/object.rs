//! How an object is held and named.

use super::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// Namespace and name of an object; the namespace is empty for cluster-scoped
/// kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Namespace, or empty.
    pub namespace: Name,
    /// Name.
    pub name: Name,
}

impl Key {
    /// The key of `name` in `namespace`.
    pub fn new(namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Key {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The key of an object with this metadata.
    pub fn of(meta: &ObjectMeta) -> Self {
        Key::new(
            meta.namespace.as_deref().unwrap_or_default(),
            meta.name.as_deref().unwrap_or_default(),
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.namespace {
            "" => write!(f, "{}", self.name),
            namespace => write!(f, "{namespace}/{}", self.name),
        }
    }
}

/// An object of a kind that no component acts on: kept as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Untyped {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// Everything but `apiVersion`, `kind` and `metadata`.
    pub rest: Map<String, Value>,
}

/// A typed object.
pub trait Resource:
    Clone + fmt::Debug + Default + PartialEq + Serialize + DeserializeOwned + 'static
{
    /// Its kind.
    const KIND: Kind;
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Its metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// The object of any kind that this is.
    fn wrap(this: Arc<Self>) -> Object;
    /// The object of this kind inside one of any kind.
    fn unwrap(object: &Object) -> Option<&Arc<Self>>;

    /// Its namespace and name.
    fn key(&self) -> Key {
        Key::of(self.meta())
    }
    /// Its name, or empty.
    fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }
    /// Its namespace, or empty.
    fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }
    /// Its uid, or empty before it is stored.
    fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }
}

macro_rules! objects {
    ($($kind:ident)*) => {
        /// An object of any kind, shared.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Object {
            $(
                #[doc = concat!("A ", stringify!($kind), ".")]
                $kind(Arc<$kind>),
            )*
            /// Any other known kind.
            Other(Kind, Arc<Untyped>),
        }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Object::$kind(_) => Kind::$kind,)*
                    Object::Other(kind, _) => *kind,
                }
            }

            /// Its metadata.
            pub fn meta(&self) -> &ObjectMeta {
                match self {
                    $(Object::$kind(object) => &object.metadata,)*
                    Object::Other(_, object) => &object.metadata,
                }
            }

            /// Its metadata, to change; copies the object where it is shared.
            pub fn meta_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $(Object::$kind(object) => &mut Arc::make_mut(object).metadata,)*
                    Object::Other(_, object) => &mut Arc::make_mut(object).metadata,
                }
            }

            /// Whether objects of this kind are held as a type of their own.
            pub fn is_typed(kind: Kind) -> bool {
                matches!(kind, $(Kind::$kind)|*)
            }

            /// Holds what has been read as `kind` already.
            pub(super) fn hold(kind: Kind, value: Value) -> Result<Object, String> {
                match kind {
                    $(Kind::$kind => plain::<$kind>(value),)*
                    _ => hold_untyped(kind, value),
                }
            }

            /// The object as JSON, with `apiVersion` and `kind`. Managers whose fields
            /// were not worked out are left out.
            pub fn to_json(&self) -> Value {
                let mut value = self.written();
                if let Some(metadata) = value.get_mut("metadata") {
                    without_notes(metadata);
                }
                value
            }

            fn written(&self) -> Value {
                match self {
                    $(Object::$kind(object) => serde_json::to_value(&**object).unwrap_or_default(),)*
                    Object::Other(kind, object) => {
                        let mut map = Map::new();
                        map.insert("apiVersion".into(), kind.api_version().into());
                        map.insert("kind".into(), kind.info().kind.into());
                        let metadata = serde_json::to_value(&object.metadata).unwrap_or_default();
                        map.insert("metadata".into(), metadata);
                        map.extend(object.rest.clone());
                        Value::Object(map)
                    }
                }
            }
        }

        $(
            impl Resource for $kind {
                const KIND: Kind = Kind::$kind;
                fn meta(&self) -> &ObjectMeta {
                    &self.metadata
                }
                fn meta_mut(&mut self) -> &mut ObjectMeta {
                    &mut self.metadata
                }
                fn wrap(this: Arc<Self>) -> Object {
                    Object::$kind(this)
                }
                fn unwrap(object: &Object) -> Option<&Arc<Self>> {
                    match object {
                        Object::$kind(object) => Some(object),
                        _ => None,
                    }
                }
            }
        )*
    };
}

objects! {
    Pod Node Namespace Event Service Endpoints ConfigMap Secret ServiceAccount EndpointSlice Deployment ReplicaSet Lease
}

/// Takes out the managers of fields that are not told.
fn without_notes(metadata: &mut Value) {
    let Value::Object(map) = metadata else {
        return;
    };
    if let Some(Value::Array(entries)) = map.get_mut("managedFields") {
        entries.retain(|entry| entry.get("fieldsV1").is_some());
        if entries.is_empty() {
            map.remove("managedFields");
        }
    }
}

fn plain<K: Resource>(value: Value) -> Result<Object, String> {
    match serde_json::from_value::<K>(value) {
        Ok(object) => Ok(Object::of(object)),
        Err(error) => Err(error.to_string()),
    }
}

fn hold_untyped(kind: Kind, value: Value) -> Result<Object, String> {
    let Value::Object(mut rest) = value else {
        let found = decode::go_kind(&value);
        let named = kind.info().kind;
        return Err(format!(
            "json: cannot unmarshal {found} into Go value of type v1.{named}"
        ));
    };
    for key in ["apiVersion", "kind"] {
        rest.remove(key);
    }
    let metadata = match rest.remove("metadata") {
        None | Some(Value::Null) => ObjectMeta::default(),
        Some(metadata) => serde_json::from_value(metadata).map_err(|it| it.to_string())?,
    };
    Ok(Object::Other(kind, Arc::new(Untyped { metadata, rest })))
}

impl Object {
    /// Reads an object of `kind` from JSON, and names the fields in it that do not
    /// exist. `apiVersion` and `kind` inside the value are not looked at.
    pub fn read(kind: Kind, value: &Value) -> Result<(Object, Vec<String>), String> {
        let decode::Reading { result, unknown } = decode::read(kind, value);
        match result {
            Ok(object) => Ok((object, unknown.into_iter().map(|it| it.path).collect())),
            Err(faults) => {
                let first = faults.into_iter().next();
                Err(first.map(|fault| fault.message).unwrap_or_default())
            }
        }
    }
}

impl Object {
    /// Reads an object of `kind` from JSON. `apiVersion` and `kind` inside the
    /// value are not looked at. Unknown fields are ignored.
    pub fn from_json(kind: Kind, value: Value) -> Result<Object, serde_json::Error> {
        Object::read(kind, &value)
            .map(|(object, _)| object)
            .map_err(serde::de::Error::custom)
    }
}

impl Object {
    /// Holds a custom resource: everything but its type and metadata.
    pub fn hold_custom(kind: Kind, rest: Value) -> Object {
        let rest = match rest {
            Value::Object(rest) => rest,
            _ => Map::new(),
        };
        let metadata = ObjectMeta::default();
        Object::Other(kind, Arc::new(Untyped { metadata, rest }))
    }

    /// Its metadata as JSON.
    pub fn metadata_json(&self) -> Value {
        let mut metadata = serde_json::to_value(self.meta()).unwrap_or_default();
        without_notes(&mut metadata);
        metadata
    }

    /// Its namespace and name.
    pub fn key(&self) -> Key {
        Key::of(self.meta())
    }

    /// The typed object, where it is of kind `K`.
    pub fn as_kind<K: Resource>(&self) -> Option<&Arc<K>> {
        K::unwrap(self)
    }

    /// Holds a typed object.
    pub fn of<K: Resource>(object: K) -> Object {
        K::wrap(Arc::new(object))
    }
}
