//! GET: one object, or a collection by selectors, whole or in pages.

use super::continue_token::Continue;
use super::fields::FieldSelector;
use super::list_options;
use super::storage::Call;
use super::{Reply, Response};
use crate::api::selector::Selector;
use crate::api::status::{self, ApiError};
use crate::api::{Kind, Object};

/// What a list selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    labels: Selector,
    fields: FieldSelector,
}

impl Filter {
    pub(super) fn matches(&self, object: &Object) -> bool {
        self.labels.matches(object.meta().labels.as_ref()) && self.fields.matches(object)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }
}

impl Call<'_> {
    pub(super) fn get(self) -> Response {
        self.version_asked_for("")?;
        let object = self.stored()?.object.clone();
        self.reply(object, false)
    }

    pub(super) fn filter(&self) -> Result<Filter, ApiError> {
        let labels = Selector::parse(&self.options.label_selector).map_err(status::bad_request)?;
        let fields = FieldSelector::parse(&self.options.field_selector)
            .map_err(status::bad_request)?
            .of_version(self.options.version);
        if !fields.is_everything() {
            fields
                .check(&probe(self.kind()), self.options.version)
                .map_err(status::bad_request)?;
        }
        Ok(Filter { labels, fields })
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
        list_options::check(self.options, false)?;
        let filter = self.filter()?;
        let page = self.page()?;
        let present = self.api.etcd.revision();
        let revision = page.at.unwrap_or(present);
        let mut items: Vec<Object> = match page.at {
            None => self.selected(&filter),
            Some(at) => self
                .api
                .etcd
                .range_at(self.kind(), self.namespace(), at)
                .map_err(|_| self.too_old(&page))?
                .into_iter()
                .filter(|object| filter.matches(object))
                .collect(),
        };
        if let Some(after) = &page.after {
            items.retain(|object| self.key_text(object) >= *after);
        }
        let total = items.len();
        items.truncate(page.limit);
        let more = total - items.len();
        let continue_token = match items.last().filter(|_| more > 0) {
            Some(last) => Continue {
                revision: i64::try_from(revision).unwrap_or(i64::MAX),
                start: format!("{}\0", self.key_text(last)),
            }
            .encode(),
            None => String::new(),
        };
        // Nobody knows how many of the rest a selector picks.
        let remaining = (more > 0 && filter.is_everything()).then_some(more as u64);
        Ok(Reply::List {
            kind: self.kind(),
            items,
            revision,
            continue_token,
            remaining,
        })
    }

    /// Which part of which revision is asked for (`storage.GetList`).
    fn page(&self) -> Result<Page, ApiError> {
        let limit = match self.options.limit {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let version = self.options.resource_version.as_str();
        if !self.options.continue_token.is_empty() {
            let from = Continue::decode(&self.options.continue_token)
                .map_err(|why| status::bad_request(format!("invalid continue token: {why}")))?;
            if !matches!(version, "" | "0") {
                return Err(status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            return Ok(Page {
                // A negative revision asks for what is there now.
                at: u64::try_from(from.revision).ok(),
                after: Some(from.start),
                limit: if version == "0" { usize::MAX } else { limit },
            });
        }
        let wanted = self.version_asked_for("invalid resource version: ")?;
        let exact = match self.options.resource_version_match.as_str() {
            "Exact" => true,
            "" => self.options.limit > 0 && wanted > 0,
            _ => false,
        };
        let cached = version == "0" && !exact;
        Ok(Page {
            at: exact.then_some(wanted).filter(|wanted| *wanted > 0),
            after: None,
            // The watch cache answers such lists, and it does not page.
            limit: if cached { usize::MAX } else { limit },
        })
    }

    /// `resourceVersion` as a number; it must not lie ahead.
    fn version_asked_for(&self, prefix: &str) -> Result<u64, ApiError> {
        let text = self.options.resource_version.as_str();
        if text.is_empty() {
            return Ok(0);
        }
        let wanted = text.parse::<u64>().map_err(|_| {
            status::bad_request(format!(
                "{prefix}resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        })?;
        let present = self.api.etcd.revision();
        match wanted > present {
            true => Err(status::version_too_large(wanted, present)),
            false => Ok(wanted),
        }
    }

    /// 410; whoever was paging may go on with what is there now.
    fn too_old(&self, page: &Page) -> ApiError {
        let Some(after) = &page.after else {
            return status::expired("The resourceVersion for the provided list is too old.");
        };
        let mut error = status::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        );
        let token = Continue {
            revision: -1,
            start: after.clone(),
        };
        error.metadata.continue_ = Some(token.encode());
        error
    }

    /// Where an object stands in a list, as its key below the list's.
    fn key_text(&self, object: &Object) -> String {
        let meta = object.meta();
        let name = meta.name.as_deref().unwrap_or_default();
        match (self.namespace(), meta.namespace.as_deref()) {
            (None, Some(namespace)) => format!("{namespace}/{name}"),
            _ => name.to_owned(),
        }
    }
}

/// What a list shows.
struct Page {
    /// The revision; the present one where it is not said.
    at: Option<u64>,
    /// The first key that may be shown.
    after: Option<String>,
    /// Objects at most.
    limit: usize,
}

/// An empty object, to ask which fields its kind can be selected by.
fn probe(kind: Kind) -> Object {
    Object::from_json(kind, serde_json::json!({}))
        .unwrap_or_else(|_| Object::Other(kind, std::sync::Arc::default()))
}
