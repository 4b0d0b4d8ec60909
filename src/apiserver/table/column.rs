//! A column of a table.

use super::cells;
use crate::sim::Instant;
use serde_json::{Value, json};

/// Where a cell comes from.
pub(super) enum Cell {
    /// The object's name.
    Name,
    /// How long it has been there.
    Age,
    /// When it was made.
    CreatedAt,
    /// What stands at a pointer, or else this.
    Text(&'static str, &'static str),
    /// The number at a pointer, or 0.
    Number(&'static str),
    /// The truth at a pointer, or else this.
    Flag(&'static str, bool),
    /// How many there are at a pointer.
    Count(&'static str),
    /// Anything else.
    By(fn(&Value, Instant) -> Value),
}

impl Cell {
    pub(super) fn of(&self, object: &Value, now: Instant) -> Value {
        match self {
            Cell::Name => cells::text(object, "/metadata/name", "").into(),
            Cell::Age => cells::age(object, "/metadata/creationTimestamp", now).into(),
            Cell::CreatedAt => cells::text(object, "/metadata/creationTimestamp", "").into(),
            Cell::Text(pointer, default) => cells::text(object, pointer, default).into(),
            Cell::Number(pointer) => cells::number(object, pointer).into(),
            Cell::Flag(pointer, default) => {
                let found = object.pointer(pointer).and_then(Value::as_bool);
                found.unwrap_or(*default).into()
            }
            Cell::Count(pointer) => cells::count(object, pointer).into(),
            Cell::By(make) => make(object, now),
        }
    }
}

/// A column: what clients hear of it, and its cells.
pub(super) struct Column {
    name: &'static str,
    of_type: &'static str,
    format: &'static str,
    pub(super) description: &'static str,
    priority: u8,
    pub(super) cell: Cell,
}

impl Column {
    const fn new(
        name: &'static str,
        of_type: &'static str,
        cell: Cell,
        description: &'static str,
    ) -> Column {
        Column {
            name,
            of_type,
            format: "",
            description,
            priority: 0,
            cell,
        }
    }

    pub(super) const fn text(name: &'static str, cell: Cell, description: &'static str) -> Column {
        Column::new(name, "string", cell, description)
    }

    pub(super) const fn integer(
        name: &'static str,
        cell: Cell,
        description: &'static str,
    ) -> Column {
        Column::new(name, "integer", cell, description)
    }

    pub(super) const fn boolean(
        name: &'static str,
        cell: Cell,
        description: &'static str,
    ) -> Column {
        Column::new(name, "boolean", cell, description)
    }

    /// It holds a name.
    pub(super) const fn named(mut self) -> Column {
        self.format = "name";
        self
    }

    /// It is shown only where there is room (`-o wide`).
    pub(super) const fn wide(mut self) -> Column {
        self.priority = 1;
        self
    }

    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.of_type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }
}

pub(super) const NAME: Column = Column::text("Name", Cell::Name, "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names").named();

pub(super) const AGE: Column = Column::text(
    "Age",
    Cell::Age,
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
);

pub(super) const CREATED_AT: Column =
    Column::new("Created At", "date", Cell::CreatedAt, AGE.description);

pub(super) const CONTAINERS_OF_TEMPLATE: &str = "Names of each container in the template.";
pub(super) const IMAGES_OF_TEMPLATE: &str = "Images referenced by each container in the template.";
