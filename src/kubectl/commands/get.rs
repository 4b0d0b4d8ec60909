//! `kubectl get`: tables as the server makes them, or objects in other forms.

use super::super::fault::Fault;
use super::super::find::{self, FIND_FLAGS, Need, Wanted, about_selection, query};
use super::super::flags::Given;
use super::super::print::jsonpath::{Template, relaxed};
use super::super::print::tabs::{TABLE, align};
use super::super::print::{Format, OUTPUT_FLAGS};
use super::super::resources::Resource;
use super::super::shell::{self, Shell};
use super::super::value::{items, map_mut, plain, text};
use serde_json::{Value, json};

const FLAGS: &str = " all-namespaces/A watch/w watch-only output-watch-events no-headers show-kind \
    show-labels label-columns/L:l sort-by:s ignore-not-found chunk-size:i subresource:s raw:s \
    server-print";

/// One table of the output.
struct Part {
    resource: Resource,
    columns: Vec<Value>,
    rows: Vec<Value>,
}

pub(super) fn run(shell: &mut Shell<'_>, args: &[String]) -> Result<(), Fault> {
    let find_flags = FIND_FLAGS.replace(" all ", " ");
    let given = Given::read(
        "kubectl get",
        &format!("{find_flags}{OUTPUT_FLAGS}{FLAGS}"),
        args,
    )?;
    shell.enter(&given);
    if let Some(raw) = given.get("raw") {
        let value = shell.get(raw)?;
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        shell.out.push_str(&text);
        return Ok(());
    }
    if given.args.is_empty() && given.all("filename").is_empty() && given.get("kustomize").is_none()
    {
        shell.err.push_str(
            "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\n",
        );
        return Err(Fault::Usage(
            "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).".to_owned(),
        ));
    }
    let read = |path: &str| shell.door.read(path);
    let format = Format::of(&given, true, &read)?;
    let wanted = find::wanted(shell, &given, &given.args, Need::Any)?;
    match format.is_table() {
        true => tables(shell, &given, &wanted, matches!(format, Format::Wide)),
        false => objects(shell, &given, &wanted, &format),
    }
}

/// The query of a list or of one object.
fn ask(given: &Given, wanted: &Wanted, include: bool) -> String {
    let mut path = wanted.path();
    if let Some(subresource) = given.get("subresource").filter(|_| !wanted.name.is_empty()) {
        path.push_str(&format!("/{subresource}"));
    }
    let include = if include { "includeObject=Object" } else { "" };
    match (wanted.name.is_empty(), include) {
        (true, "") => format!("{path}?{}", query(given)),
        (true, include) => format!("{path}?{}&{include}", query(given)),
        (false, "") => path,
        (false, include) => format!("{path}?{include}"),
    }
}

fn tables(
    shell: &mut Shell<'_>,
    given: &Given,
    wanted: &[Wanted],
    wide: bool,
) -> Result<(), Fault> {
    let sort_by = given.text("sort-by");
    let (mut parts, mut faults): (Vec<Part>, Vec<Fault>) = (Vec::new(), Vec::new());
    for it in wanted {
        let path = ask(given, it, !sort_by.is_empty());
        let table = match shell.send("GET", &path, shell::TABLE, "", "") {
            Ok(table) => table,
            Err(fault) if fault.is_not_found() && given.on("ignore-not-found") => continue,
            Err(fault) => {
                let fault = about_namespace(shell, it, fault);
                faults.push(about_selection(fault, &it.resource, given));
                continue;
            }
        };
        let (columns, rows) = (items(&table, "/columnDefinitions"), items(&table, "/rows"));
        match parts.last_mut() {
            Some(last) if last.resource == it.resource => last.rows.extend(rows.iter().cloned()),
            _ => parts.push(Part {
                resource: it.resource.clone(),
                columns: columns.to_vec(),
                rows: rows.to_vec(),
            }),
        }
    }
    parts.retain(|part| !part.rows.is_empty());
    if !sort_by.is_empty() {
        sort(&mut parts, sort_by)?;
    }
    let mut kinds: Vec<&str> = wanted.iter().map(|it| it.resource.kind.as_str()).collect();
    kinds.dedup();
    let with_kind = given.on("show-kind") || find::several_types(&given.args) || kinds.len() > 1;
    let style = Style {
        wide,
        with_kind,
        with_namespace: given.on("all-namespaces"),
        given,
    };
    let texts: Vec<String> = parts.iter().map(|part| style.table(part)).collect();
    shell.out.push_str(&texts.join("\n"));
    if parts.is_empty() && faults.is_empty() && !given.on("ignore-not-found") {
        let namespaced = wanted.iter().any(|it| it.resource.namespaced);
        match namespaced && !given.on("all-namespaces") {
            true => shell.warn(format!(
                "No resources found in {} namespace.",
                shell.namespace.clone()
            )),
            false => shell.warn("No resources found"),
        }
    }
    Fault::of_all(faults)
}

/// Where a named object is missing because its namespace is, that is told.
fn about_namespace(shell: &mut Shell<'_>, wanted: &Wanted, fault: Fault) -> Fault {
    if !fault.is_not_found() || wanted.name.is_empty() || wanted.namespace.is_empty() {
        return fault;
    }
    let path = format!("/api/v1/namespaces/{}", wanted.namespace);
    match shell.get(&path) {
        Err(missing) if missing.is_not_found() => missing,
        _ => fault,
    }
}

/// Sorts rows by what a path finds in their objects; where no object has it,
/// nothing is shown.
fn sort(parts: &mut Vec<Part>, path: &str) -> Result<(), Fault> {
    let template = relaxed(path).and_then(|path| Template::parse(&path, true));
    let Ok(template) = template else {
        parts.clear();
        return Ok(());
    };
    let key = |row: &Value| {
        let found = template.find(&row["object"]).unwrap_or_default();
        found.first().map(|value| (*value).clone())
    };
    let none = |part: &Part| part.rows.iter().all(|row| key(row).is_none());
    if !parts.is_empty() && parts.iter().all(none) {
        parts.clear();
    }
    for part in parts {
        part.rows.sort_by(|a, b| match (key(a), key(b)) {
            (Some(a), Some(b)) => order(&a, &b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
    }
    Ok(())
}

fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => {
            let quantity = |value: &Value| {
                let text = value.as_str()?;
                let amount = crate::api::quantity::parse(text).ok()?;
                Some(amount.millis())
            };
            match (quantity(a), quantity(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => plain(a).cmp(&plain(b)),
            }
        }
    }
}

struct Style<'g> {
    wide: bool,
    with_kind: bool,
    with_namespace: bool,
    given: &'g Given,
}

impl Style<'_> {
    fn table(&self, part: &Part) -> String {
        let shown: Vec<usize> = part
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| self.wide || column["priority"] == 0)
            .map(|(index, _)| index)
            .collect();
        let with_namespace = self.with_namespace && part.resource.namespaced;
        let labels = self.given.all("label-columns");
        let show_labels = self.given.on("show-labels");
        let mut lines = Vec::new();
        if !self.given.on("no-headers") {
            let mut heads: Vec<String> = Vec::new();
            if with_namespace {
                heads.push("NAMESPACE".to_owned());
            }
            heads.extend(shown.iter().map(|index| {
                let name = part.columns.get(*index).map_or("", |it| text(it, "/name"));
                name.to_uppercase()
            }));
            heads.extend(labels.iter().map(|label| {
                let last = label.rsplit('/').next().unwrap_or(label);
                last.to_uppercase()
            }));
            if show_labels {
                heads.push("LABELS".to_owned());
            }
            lines.push(heads.join("\t"));
        }
        for row in &part.rows {
            let object = &row["object"];
            let mut cells: Vec<String> = Vec::new();
            if with_namespace {
                cells.push(text(object, "/metadata/namespace").to_owned());
            }
            for (at, index) in shown.iter().enumerate() {
                let cell = cell(row["cells"].get(*index).unwrap_or(&Value::Null));
                let is_name = part
                    .columns
                    .get(*index)
                    .is_some_and(|it| it["format"] == "name" || (at == 0 && it["name"] == "Name"));
                cells.push(match self.with_kind && is_name && at == 0 {
                    true => format!("{}/{cell}", part.resource.line_kind()),
                    false => cell,
                });
            }
            let of = |label: &String| {
                object["metadata"]["labels"]
                    .get(label)
                    .and_then(Value::as_str)
            };
            cells.extend(
                labels
                    .iter()
                    .map(|label| of(label).unwrap_or_default().to_owned()),
            );
            if show_labels {
                cells.push(format_labels(object));
            }
            lines.push(cells.join("\t"));
        }
        format!("{}\n", align(&lines.join("\n"), TABLE))
    }
}

/// A cell stands on one line.
fn cell(value: &Value) -> String {
    let whole = plain(value);
    match whole.split_once('\n') {
        Some((first, _)) => format!("{first}..."),
        None => whole,
    }
}

/// Labels as `k=v,…`.
pub(super) fn format_labels(object: &Value) -> String {
    let pairs: Vec<String> = super::super::value::entries(object, "/metadata/labels")
        .into_iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    match pairs.is_empty() {
        true => "<none>".to_owned(),
        false => pairs.join(","),
    }
}

fn objects(
    shell: &mut Shell<'_>,
    given: &Given,
    wanted: &[Wanted],
    format: &Format,
) -> Result<(), Fault> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for it in wanted {
        match shell.get(&ask(given, it, false)) {
            Ok(object) if !it.name.is_empty() => found.push(object),
            Ok(list) => found.extend(items(&list, "/items").iter().map(|item| {
                let mut object = item.clone();
                object["apiVersion"] = it.resource.api_version().into();
                object["kind"] = it.resource.kind.clone().into();
                object
            })),
            Err(fault) if fault.is_not_found() && given.on("ignore-not-found") => {}
            Err(fault) => {
                let fault = about_namespace(shell, it, fault);
                faults.push(about_selection(fault, &it.resource, given));
            }
        }
    }
    let keep = given.on("show-managed-fields")
        || matches!(format, Format::JsonPath(..) | Format::GoTemplate(_));
    if !keep {
        for object in &mut found {
            if let Some(metadata) = map_mut(object, "metadata") {
                metadata.remove("managedFields");
            }
        }
    }
    if let Some(path) = given.get("sort-by") {
        let template = relaxed(path).and_then(|path| Template::parse(&path, true));
        if let Ok(template) = template {
            let key = |object: &Value| {
                let found = template.find(object).unwrap_or_default();
                found.first().map_or(Value::Null, |value| (*value).clone())
            };
            found.sort_by(|a, b| order(&key(a), &key(b)));
        }
    }
    let single = wanted.len() == 1 && wanted.iter().all(|it| !it.name.is_empty());
    let object = match (single, found.as_slice()) {
        (true, [one]) => Some(one.clone()),
        (true, _) => None,
        (false, _) if found.is_empty() && !faults.is_empty() => None,
        (false, all) => Some(json!({
            "apiVersion": "v1",
            "kind": "List",
            "metadata": {"resourceVersion": ""},
            "items": all,
        })),
    };
    if let Some(object) = object {
        let text = format.write(&object, given.on("no-headers"))?;
        shell.out.push_str(&text);
    }
    Fault::of_all(faults)
}
