//! GET: one object, or a collection by selectors, whole or in pages.

use super::fields::FieldSelector;
use super::storage::Call;
use super::{Options, Reply, Response};
use crate::api::selector::Selector;
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object};
use crate::etcd::StoreError;

/// What a list selects.
pub(super) struct Filter {
    labels: Selector,
    fields: FieldSelector,
}

impl Filter {
    pub(super) fn matches(&self, object: &Object) -> bool {
        self.labels.matches(object.meta().labels.as_ref()) && self.fields.matches(object)
    }

    fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    /// The selectors of a request.
    pub(super) fn of(kind: Kind, options: &Options) -> Result<Filter, ApiError> {
        let labels = Selector::parse(&options.label_selector).map_err(status::bad_request)?;
        let fields = FieldSelector::parse(&options.field_selector).map_err(status::bad_request)?;
        if !fields.is_everything() {
            fields.check(&probe(kind)).map_err(status::bad_request)?;
        }
        Ok(Filter { labels, fields })
    }
}

/// Where a page ended: the revision that all pages show, and the last key.
struct Continue {
    revision: u64,
    after: (String, String),
}

impl Continue {
    fn encode(&self) -> String {
        format!("{}.{}/{}", self.revision, self.after.0, self.after.1)
    }

    fn decode(text: &str) -> Option<Continue> {
        let (revision, key) = text.split_once('.')?;
        let (namespace, name) = key.split_once('/')?;
        Some(Continue {
            revision: revision.parse().ok()?,
            after: (namespace.to_owned(), name.to_owned()),
        })
    }
}

impl Call<'_> {
    pub(super) fn get(self) -> Response {
        let object = self.stored()?.object.clone();
        self.reply(object, false)
    }

    pub(super) fn filter(&self) -> Result<Filter, ApiError> {
        Filter::of(self.kind(), self.options)
    }

    fn namespace(&self) -> Option<&str> {
        Some(&*self.target.key.namespace).filter(|namespace| !namespace.is_empty())
    }

    /// Every present object that is selected, by key.
    pub(super) fn selected(&self, filter: &Filter) -> Vec<Object> {
        self.api
            .etcd
            .range(self.kind(), self.namespace())
            .map(|(_, entry)| &entry.object)
            .filter(|object| filter.is_everything() || filter.matches(object))
            .cloned()
            .collect()
    }

    pub(super) fn list(self) -> Response {
        let filter = self.filter()?;
        let kind = self.kind();
        if self.options.limit == 0 && self.options.continue_token.is_empty() {
            return Ok(Reply::List {
                kind,
                items: self.selected(&filter),
                revision: self.api.etcd.revision(),
                continue_token: String::new(),
            });
        }
        self.page(&filter)
    }

    /// One page: all pages of a list show the same revision.
    fn page(self, filter: &Filter) -> Response {
        let from = match self.options.continue_token.as_str() {
            "" => None,
            token => Some(Continue::decode(token).ok_or_else(|| {
                status::bad_request("invalid continue token: continue key is not valid")
            })?),
        };
        if from.is_some() && !matches!(self.options.resource_version.as_str(), "" | "0") {
            return Err(status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let present = self.api.etcd.revision();
        let revision = from.as_ref().map_or(present, |from| from.revision);
        let objects = self
            .api
            .etcd
            .range_at(self.kind(), self.namespace(), revision)
            .map_err(too_old)?;
        let mut items: Vec<Object> = objects
            .into_iter()
            .filter(|object| {
                from.as_ref()
                    .is_none_or(|from| key_text(object) > from.after)
            })
            .filter(|object| filter.matches(object))
            .collect();
        let limit = match (self.options.limit, self.options.resource_version.as_str()) {
            // The watch cache answers such lists, and it does not page.
            (0, _) | (_, "0") => usize::MAX,
            (limit, _) => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let more = items.len() > limit;
        items.truncate(limit);
        let continue_token = match items.last().filter(|_| more) {
            Some(last) => Continue {
                revision,
                after: key_text(last),
            }
            .encode(),
            None => String::new(),
        };
        Ok(Reply::List {
            kind: self.kind(),
            items,
            revision,
            continue_token,
        })
    }
}

fn key_text(object: &Object) -> (String, String) {
    let meta = object.meta();
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

fn too_old(error: StoreError) -> ApiError {
    match error {
        StoreError::Compacted { .. } => status::expired(
            "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
        ),
        _ => status::bad_request("Too large resource version"),
    }
}

/// An empty object, to ask which fields its kind can be selected by.
fn probe(kind: Kind) -> Object {
    Object::from_json(kind, serde_json::json!({}))
        .unwrap_or_else(|_| Object::Other(kind, std::sync::Arc::default()))
}
