//! What form of answer a client accepts
//! (`apiserver/pkg/endpoints/handlers/negotiation`).

use super::{Headers, header};
use crate::api::status::{self, ApiError};
use crate::apiserver::table::Include;

/// How an answer is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// What is shown of objects.
    pub shape: Shape,
    /// Whether it is YAML rather than JSON.
    pub yaml: bool,
    /// What of objects comes with the rows of a table.
    pub include: Include,
}

/// What is shown of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// All of them.
    #[default]
    Whole,
    /// Their metadata, each (`PartialObjectMetadata`).
    Partial(String),
    /// Their metadata, of a list (`PartialObjectMetadataList`).
    PartialList(String),
    /// Rows of a table, in this version of `meta.k8s.io`.
    Table(String),
}

/// What kind of thing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Objects of a stored kind.
    Objects,
    /// Something that has no rows and no metadata.
    Plain,
    /// A watch.
    Watch,
}

/// One clause of an Accept header.
struct Clause<'a> {
    media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Clause<'a> {
    fn read(text: &'a str) -> Clause<'a> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let parameters = parts.filter_map(|part| part.split_once('=')).collect();
        Clause {
            media_type,
            parameters,
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(found, _)| *found == name)
            .map(|(_, value)| *value)
    }

    /// The router looks at the type alone, before anything else.
    fn is_of_a_known_type(&self) -> bool {
        matches!(
            self.media_type,
            "application/json"
                | "application/yaml"
                | "application/vnd.kubernetes.protobuf"
                | "application/*"
                | "*/*"
        )
    }

    fn quality(&self) -> u32 {
        let text = self.get("q").unwrap_or("1");
        text.parse::<f64>().map_or(1000, |q| (q * 1000.0) as u32)
    }

    fn form(&self, offer: Offer) -> Option<Form> {
        let yaml = match self.media_type {
            "application/json" | "*/*" | "application/*" => false,
            "application/yaml" if offer != Offer::Watch => true,
            _ => return None,
        };
        let shape = match self.get("as") {
            None => Shape::Whole,
            Some(_) if offer == Offer::Plain => return None,
            Some(named) => shape(named, self.get("g")?, self.get("v")?)?,
        };
        Some(Form {
            shape,
            yaml,
            include: Include::default(),
        })
    }
}

fn shape(named: &str, group: &str, version: &str) -> Option<Shape> {
    let known = group == "meta.k8s.io" && matches!(version, "v1" | "v1beta1");
    let version = format!("{group}/{version}");
    match named {
        _ if !known => None,
        "Table" => Some(Shape::Table(version)),
        "PartialObjectMetadata" => Some(Shape::Partial(version)),
        "PartialObjectMetadataList" => Some(Shape::PartialList(version)),
        _ => None,
    }
}

/// The first form that both sides can do.
pub(super) fn negotiate(headers: Headers<'_>, offer: Offer) -> Result<Form, ApiError> {
    let Some(text) = header(headers, "accept").filter(|text| !text.trim().is_empty()) else {
        return Ok(Form::default());
    };
    let mut clauses: Vec<Clause<'_>> = text.split(',').map(Clause::read).collect();
    clauses.sort_by_key(|clause| std::cmp::Reverse(clause.quality()));
    if !clauses.iter().any(Clause::is_of_a_known_type) {
        return Err(status::no_representation());
    }
    let mut forms = clauses.iter().filter_map(|clause| clause.form(offer));
    forms.next().ok_or_else(|| {
        // Protobuf is named where nobody asked for it, as upstream names it.
        let protobuf = clauses
            .iter()
            .any(|clause| clause.media_type.contains("protobuf"));
        status::not_acceptable(&accepted(offer, protobuf))
    })
}

/// Whether errors are to be written as YAML.
pub(super) fn wants_yaml(headers: Headers<'_>) -> bool {
    let first = header(headers, "accept").and_then(|text| text.split(',').next());
    first.is_some_and(|text| Clause::read(text).media_type == "application/yaml")
}

fn accepted(offer: Offer, without_protobuf: bool) -> String {
    let suffix = match offer {
        Offer::Watch => ";stream=watch",
        _ => "",
    };
    let mut types = vec!["application/json"];
    if offer != Offer::Watch {
        types.push("application/yaml");
    }
    if !without_protobuf {
        types.push("application/vnd.kubernetes.protobuf");
    }
    let types: Vec<String> = types.iter().map(|name| format!("{name}{suffix}")).collect();
    format!(
        "only the following media types are accepted: {}",
        types.join(", ")
    )
}
