//! How strategic merge treats each list: the `patchStrategy` and `patchMergeKey`
//! tags of Kubernetes' types, from the table of [`crate::api::schema`]. A list
//! that has none is replaced as a whole.

use crate::api::schema::{Field, Shape, TypeId, table};

/// What happens to a list that both sides have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListMerge {
    /// It is replaced.
    Replace,
    /// Elements with the same value under this key are merged.
    ByKey(&'static str),
    /// A set of plain values: joined.
    Set,
}

/// A place in an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// The struct, or the map, that is there.
    ty: Option<TypeId>,
    retains_keys: bool,
}

impl At {
    /// The top of an object of a type.
    pub(super) fn top(ty: Option<TypeId>) -> At {
        At {
            ty,
            retains_keys: false,
        }
    }

    fn field(self, name: &str) -> Option<&'static Field> {
        table().field(self.ty?, name)
    }

    /// The field `name`; for a list, its elements.
    pub(super) fn below(self, name: &str) -> At {
        let table = table();
        let field = self.field(name);
        let ty = match (field, self.ty.map(|ty| &table.get(ty).shape)) {
            (Some(field), _) => Some(field.ty.id),
            (None, Some(Shape::Map(value))) => Some(value.id),
            _ => None,
        };
        let ty = ty.map(|ty| match &table.get(ty).shape {
            Shape::List(item) => item.id,
            _ => ty,
        });
        At {
            ty,
            retains_keys: field.is_some_and(|field| field.retain_keys),
        }
    }

    /// How the list `name` is merged that lies here.
    pub(super) fn list(self, name: &str) -> ListMerge {
        match self
            .field(name)
            .map(|field| (field.merges, field.merge_key))
        {
            Some((true, Some(key))) => ListMerge::ByKey(key),
            Some((true, None)) => ListMerge::Set,
            _ => ListMerge::Replace,
        }
    }

    /// Whether clients send `$retainKeys` with the map that is here (one member at
    /// a time may be set): volumes and the strategy of a Deployment.
    pub(super) fn retains_keys(self) -> bool {
        self.retains_keys
    }
}
