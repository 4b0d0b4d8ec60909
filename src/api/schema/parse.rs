//! The table's text.

use super::{Field, ListType, Ref, Shape, Table, Type, TypeId};
use std::collections::BTreeMap;

pub(super) fn table(text: &'static str) -> Table {
    let mut parser = Parser::default();
    let (mut package, mut version) = ("", "");
    let mut of = None;
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('@') {
            (package, version) = head.split_once(' ').unwrap_or((head, "v1"));
            continue;
        }
        if let Some(field) = line.strip_prefix(' ') {
            let field = parser.field(package, field);
            let shape = of.and_then(|id: TypeId| parser.types.get_mut(usize::from(id.0)));
            if let (Some(field), Some(Type { shape, .. })) = (field, shape)
                && let Shape::Struct(fields) = shape
            {
                fields.push(field);
            }
            continue;
        }
        let mut words = line.split(' ');
        let (name, stands_for) = match words.next().unwrap_or_default().split_once('=') {
            Some((name, expr)) => (name, Some(expr)),
            None => (line.split(' ').next().unwrap_or_default(), None),
        };
        let id = parser.declared(package, name);
        let shape = match stands_for.map(|expr| parser.shape(package, expr)) {
            Some(shape) => shape,
            None => Shape::Struct(Vec::new()),
        };
        if let Some(ty) = parser.types.get_mut(usize::from(id.0)) {
            ty.go = format!("{version}.{name}");
            ty.shape = shape;
            ty.atomic = words.any(|word| word == "A");
        }
        of = Some(id);
    }
    Table {
        types: parser.types,
        names: parser.names,
    }
}

#[derive(Default)]
struct Parser {
    types: Vec<Type>,
    names: BTreeMap<String, TypeId>,
    /// Types without a name, by how they are written.
    unnamed: BTreeMap<String, TypeId>,
}

impl Parser {
    fn add(&mut self, shape: Shape, go: &str) -> TypeId {
        let id = TypeId(self.types.len() as u16);
        self.types.push(Type {
            go: go.to_owned(),
            shape,
            atomic: false,
        });
        id
    }

    /// The id of a name, which may be declared further below.
    fn declared(&mut self, package: &str, name: &str) -> TypeId {
        let full = match name.contains('.') {
            true => name.to_owned(),
            false => format!("{package}.{name}"),
        };
        if let Some(id) = self.names.get(&full) {
            return *id;
        }
        let id = self.add(Shape::Any, "");
        self.names.insert(full, id);
        id
    }

    fn expr(&mut self, package: &str, text: &str) -> Ref {
        if let Some(inner) = text.strip_prefix('*') {
            let inner = self.expr(package, inner);
            return Ref {
                pointer: true,
                ..inner
            };
        }
        let begins_upper = text.starts_with(|it: char| it.is_ascii_uppercase());
        let named = begins_upper || (text.contains('.') && !text.contains([':', '[', '{']));
        let id = match named {
            true => self.declared(package, text),
            false => self.unnamed(package, text),
        };
        Ref { id, pointer: false }
    }

    fn unnamed(&mut self, package: &str, text: &str) -> TypeId {
        let has_names = text.chars().any(|it| it.is_ascii_uppercase());
        let key = match has_names {
            true => format!("{package} {text}"),
            false => text.to_owned(),
        };
        if let Some(id) = self.unnamed.get(&key) {
            return *id;
        }
        let shape = self.shape(package, text);
        let go = text.split_once(':').filter(|_| !text.contains(['[', '{']));
        let id = self.add(shape, go.map_or("", |(_, go)| go));
        self.unnamed.insert(key, id);
        id
    }

    fn shape(&mut self, package: &str, text: &str) -> Shape {
        if let Some(inner) = text.strip_prefix("[]") {
            return Shape::List(self.expr(package, inner));
        }
        if let Some(inner) = text.strip_prefix("{}") {
            return Shape::Map(self.expr(package, inner));
        }
        match text.bytes().next() {
            Some(b's') => Shape::Text,
            Some(b'b') => Shape::Bool,
            Some(b'i') => Shape::Int32,
            Some(b'l') => Shape::Int64,
            Some(b'f') => Shape::Float,
            Some(b'q') => Shape::Quantity,
            Some(b'x') => Shape::IntOrString,
            Some(b't') => Shape::Time,
            Some(b'u') => Shape::MicroTime,
            Some(b'y') => Shape::Bytes,
            _ => Shape::Any,
        }
    }

    fn field(&mut self, package: &str, text: &'static str) -> Option<Field> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let ty = self.expr(package, words.next()?);
        let mut field = Field {
            name,
            ty,
            omit_empty: false,
            omit_zero: false,
            required: false,
            merges: false,
            merge_key: None,
            retain_keys: false,
            list_type: ListType::Atomic,
            atomic: false,
            default: None,
        };
        for word in words {
            match word {
                "?" => field.omit_empty = true,
                "z" => field.omit_zero = true,
                "!" => field.required = true,
                "P" => field.merges = true,
                "R" => field.retain_keys = true,
                "S" => field.list_type = ListType::Set,
                "A" => field.atomic = true,
                _ => match word.split_at_checked(2) {
                    Some(("P:", key)) => {
                        field.merges = true;
                        field.merge_key = Some(key);
                    }
                    Some(("L:", keys)) => {
                        field.list_type = ListType::Map(keys.split(',').collect());
                    }
                    _ => field.default = word.strip_prefix('='),
                },
            }
        }
        Some(field)
    }
}
