//! The table's text. `src/api/schema/mod.rs` describes its form.

use super::go::{Expr, Field, Package, Shape};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

const HEAD: &str = "\
# The types of Kubernetes 1.36 as its API server reads them: facts taken from the Go
# sources of k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver,
# Copyright The Kubernetes Authors, licensed under the Apache License, Version 2.0
# (https://www.apache.org/licenses/LICENSE-2.0). Made by `cargo xtask schema FOLDER`.
";

/// Types with a form of their own in JSON, and their letter in the table.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("", "string", "s"),
    ("", "bool", "b"),
    ("", "int32", "i"),
    ("", "int64", "l"),
    ("", "int", "l"),
    ("", "float64", "f"),
    ("", "struct{}", "j"),
    ("k8s.io/apimachinery/pkg/api/resource", "Quantity", "q"),
    ("k8s.io/apimachinery/pkg/util/intstr", "IntOrString", "x"),
    ("k8s.io/apimachinery/pkg/runtime", "RawExtension", "j"),
    ("k8s.io/apimachinery/pkg/types", "UID", "s:types.UID"),
    (META, "Time", "t"),
    (META, "MicroTime", "u"),
    (META, "Duration", "s"),
    (META, "FieldsV1", "j"),
    (EXTENSIONS, "JSON", "j"),
    (EXTENSIONS, "JSONSchemaPropsOrArray", "j"),
    (EXTENSIONS, "JSONSchemaPropsOrBool", "j"),
    (EXTENSIONS, "JSONSchemaPropsOrStringArray", "j"),
];
const META: &str = "k8s.io/apimachinery/pkg/apis/meta/v1";
const EXTENSIONS: &str = "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1";

type Packages<'a> = [(&'a str, &'a str, Package)];

/// The table of everything that the roots reach.
pub fn write(packages: &Packages<'_>, roots: Vec<(String, String)>) -> Result<String, String> {
    let mut writer = Writer {
        packages,
        waiting: roots.into(),
        done: BTreeSet::new(),
        lines: BTreeMap::new(),
    };
    while let Some((package, name)) = writer.waiting.pop_front() {
        if writer.done.insert((package.clone(), name.clone())) {
            let text = writer.declared(&package, &name)?;
            writer.lines.insert((package, name), text);
        }
    }
    let mut text = HEAD.to_owned();
    for (package, path, _) in packages {
        let version = path.rsplit('/').next().unwrap_or_default();
        let _ = writeln!(text, "@{package} {version}");
        let of_package = writer.lines.iter().filter(|((of, _), _)| of == package);
        of_package.for_each(|(_, lines)| text.push_str(lines));
    }
    Ok(text)
}

struct Writer<'a> {
    packages: &'a Packages<'a>,
    waiting: VecDeque<(String, String)>,
    done: BTreeSet<(String, String)>,
    lines: BTreeMap<(String, String), String>,
}

impl Writer<'_> {
    fn declared(&mut self, package: &str, name: &str) -> Result<String, String> {
        let packages = self.packages;
        let found = packages.iter().find(|(of, _, _)| *of == package);
        let (_, path, types) = found.ok_or_else(|| format!("no package {package}"))?;
        let declared = types
            .get(name)
            .ok_or_else(|| format!("{path} has no type {name}"))?;
        let atomic = declared
            .markers
            .iter()
            .any(|(name, value)| (name == "structType" || name == "mapType") && value == "atomic");
        let mut text = name.to_owned();
        match &declared.shape {
            Shape::Other(expr) => {
                let expr = self.expr(package, expr)?;
                let _ = write!(text, "={expr}");
                text.push_str(if atomic { " A\n" } else { "\n" });
            }
            Shape::Struct(fields) => {
                text.push_str(if atomic { " A\n" } else { "\n" });
                self.fields(package, path, fields, &mut text)?;
            }
        }
        Ok(text)
    }

    fn fields(
        &mut self,
        package: &str,
        path: &str,
        fields: &[Field],
        text: &mut String,
    ) -> Result<(), String> {
        for field in fields {
            if field.json.is_empty() {
                self.inline(package, field, text)?;
                continue;
            }
            let ty = self.expr(package, &field.ty)?;
            let _ = write!(text, " {} {ty}", field.json);
            let is_list = self.is_list(&field.ty);
            attributes(field, is_list, text)
                .map_err(|why| format!("{path}: {}: {why}", field.json))?;
            text.push('\n');
        }
        Ok(())
    }

    /// A struct whose fields are those of the one around it.
    fn inline(&mut self, package: &str, field: &Field, text: &mut String) -> Result<(), String> {
        let Expr::Name(path, name) = &field.ty else {
            return Err(format!("an inline field of {:?}", field.ty));
        };
        let packages = self.packages;
        let found = packages.iter().find(|(_, of, _)| of == path);
        let (inner, _, types) =
            found.ok_or_else(|| format!("no package of {path}.{name} in {package}"))?;
        match types.get(name).map(|declared| &declared.shape) {
            Some(Shape::Struct(fields)) if *inner == package || name == "TypeMeta" => {
                self.fields(package, path, fields, text)
            }
            _ => Err(format!("{path}.{name} cannot be inlined")),
        }
    }

    fn is_list(&self, expr: &Expr) -> bool {
        match expr {
            Expr::List(item) => !matches!(&**item, Expr::Name(_, name) if name == "byte"),
            Expr::Name(path, name) => {
                let found = self.packages.iter().find(|(_, of, _)| of == path);
                let declared = found.and_then(|(_, _, types)| types.get(name));
                matches!(
                    declared.map(|it| &it.shape),
                    Some(Shape::Other(Expr::List(_)))
                )
            }
            _ => false,
        }
    }

    fn expr(&mut self, package: &str, expr: &Expr) -> Result<String, String> {
        Ok(match expr {
            Expr::Pointer(inner) => format!("*{}", self.expr(package, inner)?),
            Expr::List(inner) => match &**inner {
                Expr::Name(_, name) if name == "byte" || name == "uint8" => "y".to_owned(),
                inner => format!("[]{}", self.expr(package, inner)?),
            },
            Expr::Map(inner) => format!("{{}}{}", self.expr(package, inner)?),
            Expr::Name(path, name) => self.name(package, path, name)?,
        })
    }

    fn name(&mut self, package: &str, path: &str, name: &str) -> Result<String, String> {
        let special = SPECIAL.iter().find(|it| it.0 == path && it.1 == name);
        if let Some((_, _, letter)) = special {
            return Ok((*letter).to_owned());
        }
        let packages = self.packages;
        let found = packages.iter().find(|(_, of, _)| *of == path);
        let (of, _, types) = found.ok_or_else(|| format!("the type {path}.{name}"))?;
        // A name for a plain type shows in messages only.
        if let Some(Shape::Other(Expr::Name(_, plain))) = types.get(name).map(|it| &it.shape) {
            let letter = SPECIAL.iter().find(|it| it.0.is_empty() && it.1 == plain);
            if let Some((_, _, letter)) = letter {
                let version = path.rsplit('/').next().unwrap_or_default();
                return Ok(format!("{letter}:{version}.{name}"));
            }
            if let Some(Shape::Other(Expr::Name(inner, plain))) =
                types.get(name).map(|it| &it.shape)
            {
                return self.name(package, inner, plain);
            }
        }
        self.waiting.push_back(((*of).to_owned(), name.to_owned()));
        Ok(match *of == package {
            true => name.to_owned(),
            false => format!("{of}.{name}"),
        })
    }
}

/// What tags and markers say of a field, in letters.
fn attributes(field: &Field, is_list: bool, text: &mut String) -> Result<(), String> {
    let values = |wanted: &str| -> Vec<&str> {
        let own = field.markers.iter().filter(|(name, _)| name == wanted);
        own.map(|(_, value)| value.as_str()).collect()
    };
    let optional = field.omit_empty || field.omit_zero || !values("optional").is_empty();
    if field.omit_empty {
        text.push_str(" ?");
    }
    if field.omit_zero {
        text.push_str(" z");
    }
    if !optional || !values("required").is_empty() {
        text.push_str(" !");
    }
    let merges = field.patch_strategy.iter().any(|it| it == "merge");
    if merges {
        let key = field.patch_merge_key.as_deref();
        let _ = match key {
            Some(key) => write!(text, " P:{key}"),
            None => write!(text, " P"),
        };
    }
    if field.patch_strategy.iter().any(|it| it == "retainKeys") {
        text.push_str(" R");
    }
    if field.patch_strategy.iter().any(|it| it == "replace") {
        text.push_str(" X");
    }
    match values("listType").first().copied() {
        Some("map") => {
            let _ = write!(text, " L:{}", values("listMapKey").join(","));
        }
        Some("set") => text.push_str(" S"),
        Some("atomic") | None if is_list => {
            // Where no list type is given, server-side apply goes by the patch strategy.
            match (
                merges,
                values("listType").is_empty(),
                &field.patch_merge_key,
            ) {
                (true, true, Some(key)) => drop(write!(text, " L:{key}")),
                (true, true, None) => text.push_str(" S"),
                _ => {}
            }
        }
        Some("atomic") | None => {}
        Some(other) => return Err(format!("the list type {other}")),
    }
    let map_type = values("mapType").into_iter().chain(values("structType"));
    for value in map_type {
        if value == "atomic" {
            text.push_str(" A");
        }
    }
    let literal = values("default")
        .into_iter()
        .find(|it| !it.starts_with("ref("));
    if let Some(default) = literal {
        let _ = write!(text, " ={}", default.replace(' ', ""));
    }
    Ok(())
}
