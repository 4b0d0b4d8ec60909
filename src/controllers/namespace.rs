//! The namespace controller (`pkg/controller/namespace`): empties a namespace
//! that is being deleted, pods first, and lets it go.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::errors;
use super::informers::{Informers, Seen};
use crate::api::core::NamespaceCondition;
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Namespace, Object, Resource, Time};
use crate::apiserver::{Body, DeleteOptions, Propagation, Reply, Request, Subresource, WatchEvent};
use crate::sim::Instant;
use crate::sim::trace::Verb;
use std::collections::BTreeMap;
use std::time::Duration;

/// So long the controller waits until every cache knows that the namespace goes
/// (`namespaceDeletionGracePeriod`).
const GRACE: Duration = Duration::from_secs(5);
/// The namespace's own finalizer, in its spec.
const FINALIZER: &str = "kubernetes";
/// Objects deleted in one step of work at most.
const DELETIONS_MAX: usize = 500;

/// The namespace controller; all it knows is in the caches and in the store.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceController;

type Context<'a> = StepCtx<'a, Key>;

/// What a round of deletions left.
#[derive(Default)]
struct Left {
    /// Objects that are still there, by kind.
    remaining: BTreeMap<String, usize>,
    /// Finalizers that hold them, with how many they hold.
    finalizers: BTreeMap<String, usize>,
    /// Seconds that pods may still take to end.
    grace_seconds: i64,
    deleted: usize,
    /// The bound was reached: there is more to delete at once.
    more: bool,
    failures: Vec<String>,
}

impl Controller for NamespaceController {
    const NAME: &'static str = "namespace-controller";
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        if let Seen::Namespace(change) = seen
            && let Some(namespace) = &change.after
            && namespace.metadata.deletion_timestamp.is_some()
        {
            let known = change.before.as_ref();
            let is_news = known.is_none_or(|known| known.metadata.deletion_timestamp.is_none());
            if is_news {
                desk.add_after(event.object.key(), GRACE, ctx);
            }
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        let going = informers.namespaces.get(key);
        if going.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_none()) {
            return Ok(Synced::Done);
        }
        let namespace = match ctx.get::<Namespace>(key) {
            Ok(namespace) => Namespace::clone(&namespace),
            Err(error) => return errors::ignore_not_found(Err(error)).map(|()| Synced::Done),
        };
        if !is_held(&namespace) {
            return Ok(Synced::Done);
        }
        let left = empty(key, ctx)?;
        let namespace = write_conditions(namespace, &left, ctx)?;
        if left.more {
            desk.add(key.clone(), ctx);
            return Ok(Synced::Done);
        }
        if left.remaining.is_empty() && left.failures.is_empty() {
            explain(ctx, key, "holds nothing any more: lets it go");
            finalize(namespace, ctx)?;
            return Ok(Synced::Done);
        }
        // Half of what the pods may still take, as upstream waits; at least a
        // second.
        let wait = u64::try_from(left.grace_seconds / 2 + 1).unwrap_or(1);
        desk.add_after(key.clone(), Duration::from_secs(wait), ctx);
        Ok(Synced::Done)
    }
}

fn is_held(namespace: &Namespace) -> bool {
    let finalizers = namespace
        .spec
        .as_ref()
        .and_then(|spec| spec.finalizers.as_ref());
    finalizers
        .into_iter()
        .flatten()
        .any(|finalizer| finalizer == FINALIZER)
}

/// Deletes what the namespace holds: pods first, the rest once no pod is left,
/// so that nothing that serves a pod goes before it (`OrderedNamespaceDeletion`).
fn empty(key: &Key, ctx: &mut Context<'_>) -> Result<Left, ApiError> {
    let mut left = Left::default();
    delete_kind(Kind::Pod, key, &mut left, ctx)?;
    if left.remaining.is_empty() && !left.more {
        let others = Kind::ALL.iter().copied();
        for kind in others.filter(|kind| kind.info().namespaced && *kind != Kind::Pod) {
            delete_kind(kind, key, &mut left, ctx)?;
        }
    }
    if left.deleted > 0 {
        let what = if left.remaining.contains_key("pods.") || left.more {
            "pods"
        } else {
            "objects"
        };
        explain(
            ctx,
            key,
            format!("is being deleted: deleted {} {what}", left.deleted),
        );
    }
    Ok(left)
}

fn delete_kind(
    kind: Kind,
    namespace: &Key,
    left: &mut Left,
    ctx: &mut Context<'_>,
) -> Result<(), ApiError> {
    for object in list(kind, namespace, ctx)? {
        if object.meta().deletion_timestamp.is_some() {
            continue;
        }
        if left.deleted >= DELETIONS_MAX {
            left.more = true;
            return Ok(());
        }
        left.deleted += 1;
        let options = DeleteOptions {
            propagation: Some(Propagation::Background),
            ..DeleteOptions::default()
        };
        let request = Request::new(ctx.actor.clone(), Verb::Delete, kind, object.key())
            .body(Body::Delete(options));
        if let Err(error) = errors::ignore_not_found(ctx.call(request).map(drop)) {
            left.failures.push(errors::message(&error).to_owned());
        }
    }
    for object in list(kind, namespace, ctx)? {
        let name = format!("{}.{}", kind.info().plural, kind.info().group);
        *left.remaining.entry(name).or_default() += 1;
        for finalizer in object.meta().finalizers.iter().flatten() {
            *left.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
        let grace = object.meta().deletion_grace_period_seconds.unwrap_or(0);
        left.grace_seconds = left.grace_seconds.max(grace);
    }
    Ok(())
}

fn list(kind: Kind, namespace: &Key, ctx: &mut Context<'_>) -> Result<Vec<Object>, ApiError> {
    let within = Key::new(namespace.name.clone(), "");
    let request = Request::new(ctx.actor.clone(), Verb::List, kind, within);
    match ctx.call(request)? {
        Reply::List { items, .. } => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// Says in the status what is left (`namespaceConditionUpdater`).
fn write_conditions(
    mut namespace: Namespace,
    left: &Left,
    ctx: &mut Context<'_>,
) -> Result<Namespace, ApiError> {
    let status = namespace.status.get_or_insert_default();
    let before = status.clone();
    let conditions = status.conditions.get_or_insert_default();
    for (kind, value, reason, message) in conditions_of(left) {
        set(conditions, kind, value, reason, message, ctx.now());
    }
    if *status == before {
        return Ok(namespace);
    }
    ctx.update_status(namespace)
        .map(|written| Namespace::clone(&written))
}

fn conditions_of(left: &Left) -> [(&'static str, bool, &'static str, String); 5] {
    let failed = !left.failures.is_empty();
    let sentence = |start: &str, parts: Vec<String>| format!("{start}: {}", parts.join(", "));
    let remaining = left.remaining.iter();
    let remaining = remaining.map(|(kind, count)| format!("{kind} has {count} resource instances"));
    let finalizers = left.finalizers.iter();
    let finalizers =
        finalizers.map(|(name, count)| format!("{name} in {count} resource instances"));
    [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        match failed {
            true => (
                "NamespaceDeletionContentFailure",
                true,
                "ContentDeletionFailed",
                format!(
                    "Failed to delete all resource types, {} remaining: {}",
                    left.failures.len(),
                    left.failures.join(", ")
                ),
            ),
            false => (
                "NamespaceDeletionContentFailure",
                false,
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization".to_owned(),
            ),
        },
        match left.remaining.is_empty() {
            true => (
                "NamespaceContentRemaining",
                false,
                "ContentRemoved",
                "All content successfully removed".to_owned(),
            ),
            false => (
                "NamespaceContentRemaining",
                true,
                "SomeResourcesRemain",
                sentence("Some resources are remaining", remaining.collect()),
            ),
        },
        match left.finalizers.is_empty() {
            true => (
                "NamespaceFinalizersRemaining",
                false,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished".to_owned(),
            ),
            false => (
                "NamespaceFinalizersRemaining",
                true,
                "SomeFinalizersRemain",
                sentence(
                    "Some content in the namespace has finalizers remaining",
                    finalizers.collect(),
                ),
            ),
        },
    ]
}

fn set(
    conditions: &mut Vec<NamespaceCondition>,
    kind: &str,
    value: bool,
    reason: &str,
    message: String,
    now: Instant,
) {
    let status = if value { "True" } else { "False" };
    let known = conditions
        .iter_mut()
        .find(|condition| condition.type_ == kind);
    let time = Some(Time(now.timestamp()));
    match known {
        Some(known) => {
            if known.status != status {
                known.last_transition_time = time;
            }
            known.status = status.to_owned();
            known.reason = Some(reason.to_owned());
            known.message = Some(message);
        }
        None => conditions.push(NamespaceCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: time,
        }),
    }
}

/// Takes the namespace's own finalizer away, whereupon the API server removes it.
fn finalize(mut namespace: Namespace, ctx: &mut Context<'_>) -> Result<(), ApiError> {
    if let Some(finalizers) = namespace
        .spec
        .as_mut()
        .and_then(|spec| spec.finalizers.as_mut())
    {
        finalizers.retain(|finalizer| finalizer != FINALIZER);
    }
    let request = Request::new(
        ctx.actor.clone(),
        Verb::Update,
        Kind::Namespace,
        namespace.key(),
    )
    .subresource(Subresource::Finalize)
    .body(Body::Object(Object::of(namespace)));
    errors::ignore_not_found(ctx.call(request).map(drop))
}
