//! The event recorder (`k8s.io/client-go/tools/record`): what components tell
//! users. The same event again counts up instead of filling the store.

use super::Ctx;
use crate::api::core::{EventSource, ObjectReference};
use crate::api::{Event, Key, Kind, Name, Object, ObjectMeta, Resource, Time};
use crate::apiserver::{PatchType, Subresource};
use crate::sim::Instant;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How loud an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

/// An object may cause so many events at once…
const SPAM_BURST: f64 = 25.0;
/// …and then one in five minutes (`defaultSpamQPS`).
const SPAM_REFILL: Duration = Duration::from_secs(300);
/// Events remembered for counting; beyond it the memory begins anew
/// (`maxLruCacheEntries` is 4096).
const REMEMBERED_MAX: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sameness {
    regarding: Key,
    kind: Kind,
    field: Name,
    reason: Name,
    message: Name,
}

/// Writes events for one component.
#[derive(Clone, Debug)]
pub struct Recorder {
    component: Name,
    host: Option<Name>,
    seen: BTreeMap<Sameness, (Key, i32)>,
    budgets: BTreeMap<(Kind, Key), (f64, Instant)>,
}

impl Recorder {
    /// A recorder that signs with `component` (`kubelet`, `default-scheduler`)
    /// and, for kubelets, the node.
    pub fn new(component: impl Into<Name>, host: Option<Name>) -> Self {
        Recorder {
            component: component.into(),
            host,
            seen: BTreeMap::new(),
            budgets: BTreeMap::new(),
        }
    }

    /// Writes an event about `regarding`.
    pub fn event<T>(
        &mut self,
        ctx: &mut Ctx<'_, T>,
        regarding: &Object,
        event_type: EventType,
        reason: &str,
        message: &str,
    ) {
        self.event_at_field(ctx, regarding, "", event_type, reason, message);
    }

    /// Writes an event about a part of `regarding`
    /// (`spec.containers{nginx}`).
    pub fn event_at_field<T>(
        &mut self,
        ctx: &mut Ctx<'_, T>,
        regarding: &Object,
        field: &str,
        event_type: EventType,
        reason: &str,
        message: &str,
    ) {
        let key = regarding.key();
        if !self.within_budget(regarding.kind(), &key, ctx.now()) {
            return;
        }
        let sameness = Sameness {
            regarding: key.clone(),
            kind: regarding.kind(),
            field: field.into(),
            reason: reason.into(),
            message: message.into(),
        };
        if let Some((event, count)) = self.seen.get_mut(&sameness) {
            *count += 1;
            let patch = json!({"count": *count, "lastTimestamp": Time(ctx.now().timestamp())});
            let event = event.clone();
            if ctx
                .patch::<Event>(&event, Subresource::None, PatchType::Merge, patch)
                .is_ok()
            {
                return;
            }
            self.seen.remove(&sameness);
        }
        let event = self.compose(ctx, regarding, field, event_type, reason, message);
        if let Ok(stored) = ctx.create(event) {
            if self.seen.len() >= REMEMBERED_MAX {
                self.seen = BTreeMap::new();
            }
            self.seen.insert(sameness, (stored.key(), 1));
        }
    }

    fn compose<T>(
        &self,
        ctx: &Ctx<'_, T>,
        regarding: &Object,
        field: &str,
        event_type: EventType,
        reason: &str,
        message: &str,
    ) -> Event {
        let meta = regarding.meta();
        let name = meta.name.as_deref().unwrap_or_default();
        // Events about cluster-scoped objects live in "default".
        let namespace = meta
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned());
        let time = Time(ctx.now().timestamp());
        // Upstream's suffix is the time in nanoseconds; the record's number keeps
        // two events of one instant apart.
        let nanos = ctx.now().timestamp_micro().as_nanosecond() as u64;
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{:x}", nanos + ctx.sim.trace.next_id().0)),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some(regarding.kind().api_version()),
                kind: Some(regarding.kind().info().kind.to_owned()),
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
                uid: meta.uid.clone(),
                resource_version: meta.resource_version.clone(),
                field_path: Some(field.to_owned()).filter(|field| !field.is_empty()),
            },
            type_: Some(match event_type {
                EventType::Normal => "Normal".to_owned(),
                EventType::Warning => "Warning".to_owned(),
            }),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            source: Some(EventSource {
                component: Some(self.component.to_string()),
                host: self.host.as_deref().map(str::to_owned),
            }),
            reporting_component: Some(self.component.to_string()),
            reporting_instance: Some(self.host.as_deref().unwrap_or_default().to_owned()),
            first_timestamp: Some(time.clone()),
            last_timestamp: Some(time),
            count: Some(1),
            ..Event::default()
        }
    }

    /// Takes one from the object's token bucket.
    fn within_budget(&mut self, kind: Kind, key: &Key, now: Instant) -> bool {
        if self.budgets.len() >= REMEMBERED_MAX {
            self.budgets = BTreeMap::new();
        }
        let (tokens, at) = self
            .budgets
            .get(&(kind, key.clone()))
            .copied()
            .unwrap_or((SPAM_BURST, now));
        let refilled = now.since(at).as_secs_f64() / SPAM_REFILL.as_secs_f64();
        let tokens = (tokens + refilled).min(SPAM_BURST);
        let allowed = tokens >= 1.0;
        let left = if allowed { tokens - 1.0 } else { tokens };
        self.budgets.insert((kind, key.clone()), (left, now));
        allowed
    }
}
