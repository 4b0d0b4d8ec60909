//! The declarations of types in a package of Go, as far as Kubernetes' `types.go` use the
//! language: structs, names for other types, tags, and the `+markers` in comments.

use std::collections::BTreeMap;
use std::path::Path;

/// A type, as it is written where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    Pointer(Box<Expr>),
    List(Box<Expr>),
    Map(Box<Expr>),
    /// Import path (empty for Go's own types) and name.
    Name(String, String),
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in JSON; empty where the struct is inlined.
    pub json: String,
    pub ty: Expr,
    pub omit_empty: bool,
    pub omit_zero: bool,
    pub markers: Vec<(String, String)>,
    pub patch_strategy: Vec<String>,
    pub patch_merge_key: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Shape {
    Struct(Vec<Field>),
    Other(Expr),
}

/// A declared type.
#[derive(Clone, Debug)]
pub struct Declared {
    pub shape: Shape,
    pub markers: Vec<(String, String)>,
}

/// The declared types by name.
pub type Package = BTreeMap<String, Declared>;

/// Reads every file of a package that can declare types.
pub fn package(folder: &Path, import_path: &str) -> Result<Package, String> {
    let mut package = Package::new();
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let types = name.starts_with("types") && name.ends_with(".go");
        if !types || name.ends_with("_test.go") || name.contains("swagger_doc") {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        declarations(&text, import_path, &mut package);
    }
    Ok(package)
}

fn declarations(text: &str, import_path: &str, package: &mut Package) {
    let imports = imports(text);
    let scope = Scope {
        imports: &imports,
        own: import_path,
    };
    let mut markers = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("//") {
            markers.extend(marker(comment));
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        if let Some(declaration) = line.strip_prefix("type ") {
            let (name, rest) = declaration.split_once(' ').unwrap_or((declaration, ""));
            let rest = rest.trim().trim_start_matches("= ");
            let shape = match rest.starts_with("struct {") {
                true if rest.ends_with('}') => Some(Shape::Struct(Vec::new())),
                true => Some(Shape::Struct(fields(&mut lines, &scope))),
                false => scope.expr(rest).map(Shape::Other),
            };
            if let Some(shape) = shape {
                let markers = std::mem::take(&mut markers);
                package.insert(name.to_owned(), Declared { shape, markers });
            }
        }
        markers.clear();
    }
}

/// The names under which a file uses other packages.
fn imports(text: &str) -> BTreeMap<String, String> {
    let mut imports = BTreeMap::new();
    for line in text.lines().take_while(|line| !line.starts_with("type ")) {
        let mut words = line.trim().trim_start_matches("import ").split_whitespace();
        let (first, second) = (words.next(), words.next());
        let (alias, path) = match (first, second) {
            (Some(path), None) => (path.trim_matches('"').rsplit('/').next(), path),
            (Some(alias), Some(path)) => (Some(alias), path),
            _ => continue,
        };
        if let (Some(alias), true) = (alias, path.starts_with('"')) {
            imports.insert(alias.to_owned(), path.trim_matches('"').to_owned());
        }
    }
    imports
}

fn fields(lines: &mut std::str::Lines<'_>, scope: &Scope<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut markers = Vec::new();
    for line in lines.by_ref() {
        let line = line.trim();
        if line == "}" {
            break;
        }
        if let Some(comment) = line.strip_prefix("//") {
            markers.extend(marker(comment));
            continue;
        }
        if line.is_empty() {
            continue;
        }
        fields.extend(field(line, std::mem::take(&mut markers), scope));
    }
    fields
}

fn field(line: &str, markers: Vec<(String, String)>, scope: &Scope<'_>) -> Option<Field> {
    let mut parts = line.splitn(3, '`');
    let (declaration, tags) = (parts.next()?, parts.next()?);
    let words: Vec<&str> = declaration.split_whitespace().collect();
    let ty = scope.expr(words.last()?)?;
    let json = tag(tags, "json").unwrap_or_default();
    let mut options = json.split(',');
    let name = options.next().unwrap_or_default();
    if name == "-" {
        return None;
    }
    let options: Vec<&str> = options.collect();
    Some(Field {
        json: name.to_owned(),
        ty,
        omit_empty: options.contains(&"omitempty"),
        omit_zero: options.contains(&"omitzero"),
        markers,
        patch_strategy: tag(tags, "patchStrategy")
            .map(|strategy| strategy.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        patch_merge_key: tag(tags, "patchMergeKey").map(str::to_owned),
    })
}

fn tag<'t>(tags: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tags.split_once(&format!("{name}:\""))?;
    rest.split('"').next()
}

/// `+listType=map` of a comment.
fn marker(comment: &str) -> Option<(String, String)> {
    let marker = comment.trim().strip_prefix('+')?;
    let (name, value) = marker.split_once('=').unwrap_or((marker, ""));
    Some((name.to_owned(), value.to_owned()))
}

struct Scope<'f> {
    imports: &'f BTreeMap<String, String>,
    own: &'f str,
}

impl Scope<'_> {
    fn expr(&self, text: &str) -> Option<Expr> {
        let text = text.split_whitespace().next()?;
        if let Some(inner) = text.strip_prefix('*') {
            return Some(Expr::Pointer(Box::new(self.expr(inner)?)));
        }
        if let Some(inner) = text.strip_prefix("[]") {
            return Some(Expr::List(Box::new(self.expr(inner)?)));
        }
        if let Some(inner) = text.strip_prefix("map[") {
            return Some(Expr::Map(Box::new(self.expr(inner.split_once(']')?.1)?)));
        }
        if let Some((package, name)) = text.split_once('.') {
            let path = self.imports.get(package)?;
            return Some(Expr::Name(path.clone(), name.to_owned()));
        }
        let own = text.starts_with(char::is_uppercase);
        let path = if own { self.own } else { "" };
        Some(Expr::Name(path.to_owned(), text.to_owned()))
    }
}
