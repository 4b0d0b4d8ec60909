//! The garbage collector (`pkg/controller/garbagecollector`): what is owned goes
//! with its last owner; owners that wait for what they own; owners that let go.
//!
//! **Invariant:** an event costs as much as the object has owners and dependents,
//! whatever else there is.

mod graph;

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::errors;
use super::informers::{Informers, Seen};
use crate::api::status::ApiError;
use crate::api::{Key, Kind, Name, Object, OwnerReference};
use crate::apiserver::{Body, DeleteOptions, Propagation, Reply, Request, WatchEvent};
use crate::sim::trace::{Change, Verb};
use graph::{Graph, Vertex};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What there is to look at, by uid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// Whether an object should go.
    Delete(Name),
    /// An object that goes without what it owns.
    Orphan(Name),
}

/// The collector's picture of who owns what.
#[derive(Clone, Debug, Default)]
pub(super) struct GarbageCollector {
    graph: Graph,
}

type Context<'a> = StepCtx<'a, Look>;

impl Controller for GarbageCollector {
    const NAME: &'static str = "garbage-collector-controller";
    const EVENT_SOURCE: &'static str = "garbage-collector-controller";
    type Item = Look;

    fn observe(
        &mut self,
        event: &WatchEvent,
        _: &Seen,
        _: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        let looks = match event.change {
            Change::Deleted => self.graph.remove(uid(&event.object)),
            _ => self.graph.put(&event.object),
        };
        for look in looks {
            desk.add(look, ctx);
        }
    }

    fn sync(
        &mut self,
        look: &Look,
        _: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        let looks = match look {
            Look::Delete(uid) => self.attempt_to_delete(uid, ctx)?,
            Look::Orphan(uid) => self.attempt_to_orphan(uid, ctx)?,
        };
        for look in looks {
            desk.add(look, ctx);
        }
        Ok(Synced::Done)
    }
}

fn uid(object: &Object) -> &str {
    object.meta().uid.as_deref().unwrap_or_default()
}

/// How the owners of an object stand.
#[derive(Default)]
struct Owners {
    /// There, and staying.
    solid: Vec<OwnerReference>,
    /// Gone.
    dangling: Vec<OwnerReference>,
    /// Going, once what they own is gone.
    waiting: Vec<OwnerReference>,
}

impl GarbageCollector {
    /// `attemptToDeleteItem`.
    fn attempt_to_delete(
        &mut self,
        uid: &Name,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Look>, ApiError> {
        let Some(vertex) = self.graph.get(uid).cloned() else {
            return Ok(Vec::new());
        };
        if vertex.going && !vertex.waits_for_dependents {
            return Ok(Vec::new());
        }
        let live = match read(vertex.kind, &vertex.key, ctx)? {
            Some(live) if self::uid(&live) == &**uid => live,
            // Only ever heard of by those it owns, or gone before the watch said
            // so.
            _ => return Ok(self.graph.remove(uid)),
        };
        if vertex.is_virtual {
            return Ok(Vec::new());
        }
        if vertex.waits_for_dependents {
            return self.let_go_when_alone(&vertex, live, ctx);
        }
        let owners = self.classify(&live, ctx)?;
        if owners.solid.is_empty() && owners.dangling.is_empty() && owners.waiting.is_empty() {
            return Ok(Vec::new());
        }
        if !owners.solid.is_empty() {
            return self.drop_lost_owners(&vertex, live, &owners, ctx);
        }
        let held_by_dependents = self.graph.has_dependents(uid);
        if !owners.waiting.is_empty() && held_by_dependents {
            explain(
                ctx,
                &vertex.key,
                "its owner waits and it owns something itself: deletes it, what it owns first",
            );
            self.unblock_circles(uid, ctx)?;
            return delete(&vertex, uid, Propagation::Foreground, ctx);
        }
        let reason = match owners.waiting.first().or(owners.dangling.first()) {
            Some(owner) if owners.waiting.is_empty() => {
                format!("its owner {} {} is gone", owner.kind, owner.name)
            }
            Some(owner) => format!("its owner {} {} waits for it to go", owner.kind, owner.name),
            None => "nobody owns it any more".to_owned(),
        };
        explain(
            ctx,
            &vertex.key,
            format!("{} {reason}: deletes it", vertex.kind.info().kind),
        );
        delete(&vertex, uid, policy_of(&live), ctx)
    }

    /// An owner that waits goes once nothing is left that blocks it
    /// (`processDeletingDependentsItem`).
    fn let_go_when_alone(
        &mut self,
        vertex: &Vertex,
        live: Object,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Look>, ApiError> {
        let blocking = self.graph.blocking_dependents(self::uid(&live));
        if !blocking.is_empty() {
            let pending = blocking.into_iter().filter(|dependent| {
                self.graph
                    .get(dependent)
                    .is_some_and(|vertex| !vertex.waits_for_dependents)
            });
            return Ok(pending.map(Look::Delete).collect());
        }
        explain(ctx, &vertex.key, "nothing that it owns is left: lets it go");
        remove_finalizer(live, FOREGROUND, ctx)?;
        Ok(Vec::new())
    }

    fn classify(&mut self, live: &Object, ctx: &mut Context<'_>) -> Result<Owners, ApiError> {
        let mut owners = Owners::default();
        let namespace = live.meta().namespace.clone().unwrap_or_default();
        for reference in live.meta().owner_references.iter().flatten() {
            let list = match self.standing(reference, &namespace, ctx)? {
                Standing::Solid => &mut owners.solid,
                Standing::Gone => &mut owners.dangling,
                Standing::Waits => &mut owners.waiting,
            };
            list.push(reference.clone());
        }
        Ok(owners)
    }

    fn standing(
        &mut self,
        reference: &OwnerReference,
        namespace: &str,
        ctx: &mut Context<'_>,
    ) -> Result<Standing, ApiError> {
        if self.graph.is_known_absent(&reference.uid) {
            return Ok(Standing::Gone);
        }
        // A kind that nobody knows cannot be asked for: it is left in peace.
        let Some(kind) = Kind::from_api_version(&reference.api_version, &reference.kind) else {
            return Ok(Standing::Solid);
        };
        let key = owner_key(kind, reference, namespace);
        match read(kind, &key, ctx)? {
            Some(owner) if uid(&owner) == reference.uid => Ok(match waits_for_dependents(&owner) {
                true => Standing::Waits,
                false => Standing::Solid,
            }),
            _ => {
                self.graph.note_absent(&reference.uid);
                Ok(Standing::Gone)
            }
        }
    }

    /// Some owner stays: the references to the others are taken away.
    fn drop_lost_owners(
        &mut self,
        vertex: &Vertex,
        mut live: Object,
        owners: &Owners,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Look>, ApiError> {
        let lost: Vec<&str> = owners
            .dangling
            .iter()
            .chain(&owners.waiting)
            .map(|owner| owner.uid.as_str())
            .collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        explain(
            ctx,
            &vertex.key,
            format!(
                "{} of its owners are gone, another stays: forgets them",
                lost.len()
            ),
        );
        if let Some(references) = &mut live.meta_mut().owner_references {
            references.retain(|reference| !lost.contains(&reference.uid.as_str()));
        }
        write(live, ctx)?;
        Ok(Vec::new())
    }

    /// Two that wait for each other would wait for ever: what they own no longer
    /// blocks.
    fn unblock_circles(&mut self, uid: &str, ctx: &mut Context<'_>) -> Result<(), ApiError> {
        let circular = self.graph.dependents(uid).into_iter().find(|dependent| {
            self.graph
                .get(dependent)
                .is_some_and(|vertex| vertex.waits_for_dependents)
        });
        let Some(vertex) = circular.and_then(|_| self.graph.get(uid).cloned()) else {
            return Ok(());
        };
        let Some(mut live) = read(vertex.kind, &vertex.key, ctx)? else {
            return Ok(());
        };
        for reference in live.meta_mut().owner_references.iter_mut().flatten() {
            reference.block_owner_deletion = Some(false);
        }
        write(live, ctx)
    }

    /// `attemptToOrphanWorker`.
    fn attempt_to_orphan(
        &mut self,
        uid: &Name,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Look>, ApiError> {
        let Some(vertex) = self.graph.get(uid).cloned() else {
            return Ok(Vec::new());
        };
        let dependents = self.graph.dependents(uid);
        explain(
            ctx,
            &vertex.key,
            format!("goes alone: {} that it owned stay", dependents.len()),
        );
        for dependent in dependents {
            let Some(owned) = self.graph.get(&dependent).cloned() else {
                continue;
            };
            let Some(mut live) = read(owned.kind, &owned.key, ctx)? else {
                continue;
            };
            if self::uid(&live) != &*dependent {
                continue;
            }
            if let Some(references) = &mut live.meta_mut().owner_references {
                references.retain(|reference| reference.uid != **uid);
                if references.is_empty() {
                    live.meta_mut().owner_references = None;
                }
            }
            write(live, ctx)?;
        }
        if let Some(live) = read(vertex.kind, &vertex.key, ctx)?
            && self::uid(&live) == &**uid
        {
            remove_finalizer(live, ORPHAN, ctx)?;
        }
        Ok(Vec::new())
    }
}

enum Standing {
    Solid,
    Gone,
    Waits,
}

fn owner_key(kind: Kind, reference: &OwnerReference, namespace: &str) -> Key {
    let namespace = if kind.info().namespaced {
        namespace
    } else {
        ""
    };
    Key::new(namespace, reference.name.as_str())
}

fn has_finalizer(object: &Object, finalizer: &str) -> bool {
    let finalizers = object.meta().finalizers.iter().flatten();
    finalizers.into_iter().any(|found| found == finalizer)
}

fn waits_for_dependents(object: &Object) -> bool {
    object.meta().deletion_timestamp.is_some() && has_finalizer(object, FOREGROUND)
}

/// The finalizers say what its user wanted for what it owns.
fn policy_of(object: &Object) -> Propagation {
    if has_finalizer(object, ORPHAN) {
        Propagation::Orphan
    } else if has_finalizer(object, FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    }
}

fn read(kind: Kind, key: &Key, ctx: &mut Context<'_>) -> Result<Option<Object>, ApiError> {
    let request = Request::new(ctx.actor.clone(), Verb::Get, kind, key.clone());
    match ctx.call(request) {
        Ok(Reply::Object { object, .. }) => Ok(Some(object)),
        Ok(_) => Ok(None),
        Err(error) if errors::is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(object: Object, ctx: &mut Context<'_>) -> Result<(), ApiError> {
    let request = Request::new(ctx.actor.clone(), Verb::Update, object.kind(), object.key())
        .body(Body::Object(object));
    errors::ignore_not_found(ctx.call(request).map(drop))
}

fn remove_finalizer(
    mut object: Object,
    finalizer: &str,
    ctx: &mut Context<'_>,
) -> Result<(), ApiError> {
    if !has_finalizer(&object, finalizer) {
        return Ok(());
    }
    let meta = object.meta_mut();
    if let Some(finalizers) = &mut meta.finalizers {
        finalizers.retain(|found| found != finalizer);
        if finalizers.is_empty() {
            meta.finalizers = None;
        }
    }
    write(object, ctx)
}

fn delete(
    vertex: &Vertex,
    uid: &str,
    propagation: Propagation,
    ctx: &mut Context<'_>,
) -> Result<Vec<Look>, ApiError> {
    let options = DeleteOptions {
        propagation: Some(propagation),
        uid: Some(uid.to_owned()),
        ..DeleteOptions::default()
    };
    let request = Request::new(
        ctx.actor.clone(),
        Verb::Delete,
        vertex.kind,
        vertex.key.clone(),
    )
    .body(Body::Delete(options));
    errors::ignore_not_found(ctx.call(request).map(drop))?;
    Ok(Vec::new())
}
