//! What a command is about: `TYPE NAME…`, `TYPE/NAME…`, `TYPE -l …`, `-f FILE`
//! (`k8s.io/cli-runtime/pkg/resource`).

use super::fault::Fault;
use super::flags::Given;
use super::resources::{self, Resource};
use super::shell::Shell;
use super::value::{items, name, text};
use crate::manifest;
use serde_json::Value;

/// The flags about objects, as commands list them.
pub(super) const FIND_FLAGS: &str =
    " selector/l:s field-selector:s all filename/f:l recursive/R kustomize/k:s";

const NOTHING: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";
pub(super) const TYPE_AND_PAIR: &str = "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

/// One thing to look for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) resource: Resource,
    pub(super) namespace: String,
    /// Its name; empty for all that are selected.
    pub(super) name: String,
    /// The manifest that names it, and the file that it is from.
    pub(super) manifest: Option<(Value, String)>,
}

impl Wanted {
    /// The path of the object, or of the collection.
    pub(super) fn path(&self) -> String {
        let collection = self.resource.path(&self.namespace);
        match self.name.as_str() {
            "" => collection,
            name => format!("{collection}/{}", encode(name)),
        }
    }
}

/// An object that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) resource: Resource,
    pub(super) object: Value,
}

impl Found {
    pub(super) fn name(&self) -> &str {
        name(&self.object)
    }

    pub(super) fn namespace(&self) -> &str {
        text(&self.object, "/metadata/namespace")
    }

    pub(super) fn path(&self) -> String {
        format!(
            "{}/{}",
            self.resource.path(self.namespace()),
            encode(self.name())
        )
    }

    /// `deployment.apps/web`.
    pub(super) fn line(&self) -> String {
        format!("{}/{}", self.resource.line_kind(), self.name())
    }
}

/// A part of a path or a query.
pub(super) fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    let byte = |byte: u8| match keep(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Whether the arguments may name several types.
pub(super) fn several_types(args: &[String]) -> bool {
    let first = args.first().map_or("", String::as_str);
    let mut types: Vec<&str> = args
        .iter()
        .filter_map(|argument| argument.split_once('/'))
        .map(|(of_type, _)| of_type)
        .collect();
    types.sort_unstable();
    types.dedup();
    first.contains(',') || first == "all" || types.len() > 1
}

/// How names and selections go together.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Need {
    /// All of a type is fine.
    Any,
    /// A name, a selector or `--all` must be given.
    Names,
}

/// What the arguments and flags name.
pub(super) fn wanted(
    shell: &mut Shell<'_>,
    given: &Given,
    args: &[String],
    need: Need,
) -> Result<Vec<Wanted>, Fault> {
    if !given.text("kustomize").is_empty() {
        let folder = given.text("kustomize");
        return Err(Fault::Message(format!(
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{folder}'"
        )));
    }
    let files = given.all("filename").to_vec();
    if !files.is_empty() {
        return from_files(shell, &files);
    }
    let selects = !given.text("selector").is_empty() || !given.text("field-selector").is_empty();
    let all = given.on("all");
    let (Some(first), rest) = (args.first(), args.get(1..).unwrap_or_default()) else {
        return Err(match selects || all {
            true => Fault::message("at least one resource must be specified to use a selector"),
            false => Fault::message(NOTHING),
        });
    };
    if rest.iter().any(String::is_empty) {
        return Err(Fault::message("resource name may not be empty"));
    }
    if args.iter().any(|argument| argument.contains('/')) {
        return pairs(shell, args, selects || all);
    }
    if !rest.is_empty() && (selects || all) {
        return Err(Fault::message(
            "name cannot be provided when a selector is specified",
        ));
    }
    let types = types(shell, first)?;
    if rest.is_empty() && need == Need::Names && !selects && !all {
        return Err(Fault::message(
            "resource(s) were provided, but no name was specified",
        ));
    }
    let mut wanted = Vec::new();
    let names: Vec<String> = match rest.is_empty() {
        true => vec![String::new()],
        false => rest.to_vec(),
    };
    for resource in types {
        let namespace = match given.on("all-namespaces") {
            true => String::new(),
            false => shell.namespace_of(&resource),
        };
        wanted.extend(names.iter().map(|name| Wanted {
            resource: resource.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            manifest: None,
        }));
    }
    if given.on("all-namespaces") && !rest.is_empty() {
        return Err(Fault::message(
            "a resource cannot be retrieved by name across all namespaces",
        ));
    }
    Ok(wanted)
}

/// The types of `pods,svc` or `all`.
fn types(shell: &mut Shell<'_>, named: &str) -> Result<Vec<Resource>, Fault> {
    let mut found = Vec::new();
    for part in named.split(',') {
        let category: Vec<Resource> = shell
            .resources()?
            .iter()
            .filter(|it| it.categories.iter().any(|category| category == part))
            .cloned()
            .collect();
        match category.is_empty() {
            false => found.extend(category),
            true => found.push(shell.resource(part)?),
        }
    }
    let mut unique: Vec<Resource> = Vec::new();
    for resource in found {
        if !unique.contains(&resource) {
            unique.push(resource);
        }
    }
    Ok(unique)
}

fn pairs(shell: &mut Shell<'_>, args: &[String], selects: bool) -> Result<Vec<Wanted>, Fault> {
    let mut wanted = Vec::new();
    for argument in args {
        let parts: Vec<&str> = argument.split('/').collect();
        let (named, name) = match parts.as_slice() {
            [named, name] if !named.is_empty() && !name.is_empty() => (*named, *name),
            [_, _] => {
                return Err(Fault::message(
                    "arguments in resource/name form must have a single resource and name",
                ));
            }
            [_] => return Err(Fault::message(TYPE_AND_PAIR)),
            _ => {
                return Err(Fault::message(
                    "arguments in resource/name form may not have more than one slash",
                ));
            }
        };
        if selects {
            return Err(Fault::message(
                "selectors and the all flag cannot be used when passing resource/name arguments",
            ));
        }
        let resource = shell.resource(named)?;
        let namespace = shell.namespace_of(&resource);
        wanted.push(Wanted {
            resource,
            namespace,
            name: name.to_owned(),
            manifest: None,
        });
    }
    Ok(wanted)
}

/// The documents of files (`-` is the standard input).
pub(super) fn documents(
    shell: &mut Shell<'_>,
    files: &[String],
) -> Result<Vec<(Value, String)>, Fault> {
    let mut found = Vec::new();
    for file in files {
        let (text, shown) = match file.as_str() {
            "-" => (shell.stdin.to_owned(), "STDIN".to_owned()),
            path => match shell.door.read(path) {
                Some(text) => (text, path.to_owned()),
                None => {
                    return Err(Fault::Message(format!("the path {path:?} does not exist")));
                }
            },
        };
        let read = manifest::read(&text).map_err(|found| {
            let why: Vec<String> = found.iter().map(|it| it.message.clone()).collect();
            Fault::Message(format!("error parsing {shown}: {}", why.join("; ")))
        })?;
        for document in read {
            match text_of_list(&document.value) {
                Some(list) => found.extend(list.iter().map(|it| (it.clone(), shown.clone()))),
                None => found.push((document.value, shown.clone())),
            }
        }
    }
    match found.is_empty() {
        true => Err(Fault::message("no objects passed to apply")),
        false => Ok(found),
    }
}

fn text_of_list(value: &Value) -> Option<&[Value]> {
    let is_list = text(value, "/kind") == "List" && text(value, "/apiVersion") == "v1";
    is_list.then(|| items(value, "/items"))
}

fn from_files(shell: &mut Shell<'_>, files: &[String]) -> Result<Vec<Wanted>, Fault> {
    let mut wanted = Vec::new();
    for (object, file) in documents(shell, files)? {
        let resource = of_manifest(shell, &object, &file)?;
        let namespace = match text(&object, "/metadata/namespace") {
            "" => shell.namespace_of(&resource),
            namespace => namespace.to_owned(),
        };
        wanted.push(Wanted {
            namespace: if resource.namespaced {
                namespace
            } else {
                String::new()
            },
            name: name(&object).to_owned(),
            resource,
            manifest: Some((object, file)),
        });
    }
    Ok(wanted)
}

/// The type of a manifest.
pub(super) fn of_manifest(
    shell: &mut Shell<'_>,
    object: &Value,
    file: &str,
) -> Result<Resource, Fault> {
    if let Some(found) = resources::of_kind(shell.resources()?, object) {
        return Ok(found.clone());
    }
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    Err(Fault::Message(match (version, kind) {
        (_, "") => format!("unable to decode {file:?}: Object 'Kind' is missing in '{object}'"),
        ("", _) => {
            format!("unable to decode {file:?}: Object 'apiVersion' is missing in '{object}'")
        }
        _ => format!(
            "resource mapping not found for name: {:?} namespace: {:?} from {file:?}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
            name(object),
            text(object, "/metadata/namespace"),
        ),
    }))
}

/// The query of a selection.
pub(super) fn query(given: &Given) -> String {
    let mut parts = Vec::new();
    for (flag, parameter) in [
        ("field-selector", "fieldSelector"),
        ("selector", "labelSelector"),
    ] {
        if let Some(text) = given.get(flag).filter(|text| !text.is_empty()) {
            parts.push(format!("{parameter}={}", encode(text)));
        }
    }
    parts.push("limit=500".to_owned());
    parts.join("&")
}

/// What the server says of a selection that it cannot read.
pub(super) fn about_selection(fault: Fault, resource: &Resource, given: &Given) -> Fault {
    match fault {
        Fault::Server(mut status, doing) if status.code == Some(400) => {
            let message = status.message.take().unwrap_or_default();
            status.message = Some(format!(
                "Unable to find {:?} that match label selector {:?}, field selector {:?}: {message}",
                resource.shown(),
                given.text("selector"),
                given.text("field-selector"),
            ));
            Fault::Server(status, doing)
        }
        other => other,
    }
}

/// Every object that is wanted, and what went wrong with the others.
pub(super) fn find(
    shell: &mut Shell<'_>,
    given: &Given,
    wanted: &[Wanted],
) -> (Vec<Found>, Vec<Fault>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for it in wanted {
        let path = it.path();
        if !it.name.is_empty() {
            match shell.get(&path) {
                Ok(object) => found.push(Found {
                    resource: it.resource.clone(),
                    object,
                }),
                Err(fault) => faults.push(fault),
            }
            continue;
        }
        match shell.get(&format!("{path}?{}", query(given))) {
            Ok(list) => found.extend(items(&list, "/items").iter().map(|item| {
                let mut object = item.clone();
                object["apiVersion"] = it.resource.api_version().into();
                object["kind"] = it.resource.kind.clone().into();
                Found {
                    resource: it.resource.clone(),
                    object,
                }
            })),
            Err(fault) => faults.push(about_selection(fault, &it.resource, given)),
        }
    }
    (found, faults)
}
