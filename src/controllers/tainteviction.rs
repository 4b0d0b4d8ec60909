//! The taint eviction controller (`pkg/controller/tainteviction`): pods that do
//! not tolerate a NoExecute taint of their node are deleted, at once or after
//! their `tolerationSeconds`.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::informers::{Informers, Seen, object_of};
use super::nodelifecycle::taints::NO_EXECUTE;
use super::{disruption, errors, pods};
use crate::api::core::{Taint, Toleration};
use crate::api::status::ApiError;
use crate::api::{Key, Name, Node, Pod, Resource};
use crate::apiserver::{DeleteOptions, WatchEvent};
use crate::client::EventType;
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What there is to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// All pods of a node whose taints changed.
    Node(Name),
    /// One pod that came, changed, or is due.
    Pod(Key),
}

#[derive(Clone, Debug)]
struct Scheduled {
    uid: String,
    since: Instant,
    due: Instant,
}

/// Which pods will be evicted when.
#[derive(Clone, Debug, Default)]
pub(super) struct TaintEvictionController {
    scheduled: BTreeMap<Key, Scheduled>,
}

type Context<'a> = StepCtx<'a, Look>;

fn evicting_taints(node: &Node) -> Vec<&Taint> {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    let taints = taints.into_iter().flatten();
    taints.filter(|taint| taint.effect == NO_EXECUTE).collect()
}

impl Controller for TaintEvictionController {
    const NAME: &'static str = "taint-eviction-controller";
    type Item = Look;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) {
        match seen {
            Seen::Node(change)
                if change
                    .differs(|node| Some(evicting_taints(node)).filter(|on| !on.is_empty())) =>
            {
                desk.add(Look::Node(event.object.key().name), ctx);
            }
            Seen::Pod(change) => {
                let key = event.object.key();
                let Some(pod) = &change.after else {
                    self.scheduled.remove(&key);
                    return;
                };
                let place = |pod: &Arc<Pod>| {
                    let spec = pod.spec.as_ref();
                    let tolerations = spec.and_then(|spec| spec.tolerations.clone());
                    (pods::node_name(pod).map(str::to_owned), tolerations)
                };
                if change.before.as_ref().map(place) == Some(place(pod)) {
                    return;
                }
                let node =
                    pods::node_name(pod).and_then(|name| informers.nodes.get(&Key::new("", name)));
                if node.is_some_and(|node| !evicting_taints(node).is_empty()) {
                    desk.add(Look::Pod(key), ctx);
                }
            }
            _ => {}
        }
    }

    fn sync(
        &mut self,
        look: &Look,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) -> Result<Synced, ApiError> {
        match look {
            Look::Node(name) => {
                let on_node: Vec<_> = informers.pods.on_node(name).cloned().collect();
                let cause = ctx.cause;
                for pod in on_node {
                    ctx.cause = cause;
                    if self.look_at(&pod, informers, desk, ctx).is_err() {
                        desk.add_rate_limited(Look::Pod(pod.key()), ctx);
                    }
                }
            }
            Look::Pod(key) => match informers.pods.get(key) {
                Some(pod) => self.look_at(&pod.clone(), informers, desk, ctx)?,
                None => drop(self.scheduled.remove(key)),
            },
        }
        Ok(Synced::Done)
    }
}

impl TaintEvictionController {
    /// `processPodOnNode`.
    fn look_at(
        &mut self,
        pod: &Arc<Pod>,
        informers: &Informers,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let key = pod.key();
        let node = pods::node_name(pod).and_then(|name| informers.nodes.get(&Key::new("", name)));
        let taints = node.map(|node| evicting_taints(node)).unwrap_or_default();
        let spec = pod.spec.as_ref();
        let tolerations = spec
            .and_then(|spec| spec.tolerations.as_deref())
            .unwrap_or_default();
        if pods::is_terminating(pod) || taints.is_empty() {
            self.cancel(pod, desk, ctx);
            return Ok(());
        }
        let Some(patience) = patience(&taints, tolerations) else {
            return self.evict(
                pod,
                "it does not tolerate the taints of its node",
                desk,
                ctx,
            );
        };
        let Some(patience) = patience else {
            self.cancel(pod, desk, ctx);
            return Ok(());
        };
        let now = ctx.now();
        let known = self
            .scheduled
            .get(&key)
            .filter(|known| known.uid == pod.uid());
        let since = known.map_or(now, |known| known.since);
        let due = since + patience;
        if due <= now {
            let why = format!(
                "it tolerated the taints of its node for {} s",
                patience.as_secs()
            );
            return self.evict(pod, &why, desk, ctx);
        }
        if known.is_none_or(|known| known.due != due) {
            explain(
                ctx,
                &key,
                format!(
                    "tolerates the taints of its node for {} s",
                    patience.as_secs()
                ),
            );
            let uid = pod.uid().to_owned();
            self.scheduled
                .insert(key.clone(), Scheduled { uid, since, due });
            desk.add_after(Look::Pod(key), due.since(now), ctx);
        }
        Ok(())
    }

    fn cancel(&mut self, pod: &Arc<Pod>, desk: &mut Desk<Look>, ctx: &mut Context<'_>) {
        let key = pod.key();
        if self.scheduled.remove(&key).is_none() || pods::is_terminating(pod) {
            return;
        }
        explain(ctx, &key, "its node is no longer tainted: stays");
        let message = format!("Cancelling deletion of Pod {key}");
        desk.event(
            ctx,
            &object_of(pod),
            EventType::Normal,
            "TaintManagerEviction",
            &message,
        );
    }

    fn evict(
        &mut self,
        pod: &Arc<Pod>,
        why: &str,
        desk: &mut Desk<Look>,
        ctx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let key = pod.key();
        explain(ctx, &key, format!("{why}: deletes it"));
        let message = format!("Marking for deletion Pod {key}");
        desk.event(
            ctx,
            &object_of(pod),
            EventType::Normal,
            "TaintManagerEviction",
            &message,
        );
        let fresh = match ctx.get::<Pod>(&key) {
            Ok(fresh) => fresh,
            Err(error) => return errors::ignore_not_found(Err(error)),
        };
        let mut marked = Pod::clone(&fresh);
        let message = "Taint manager: deleting due to NoExecute taint";
        disruption::mark(&mut marked, "DeletionByTaintManager", message, ctx.now());
        errors::ignore_not_found(ctx.update_status(marked).map(drop))?;
        let options = DeleteOptions {
            uid: Some(pod.uid().to_owned()),
            ..DeleteOptions::default()
        };
        errors::ignore_not_found(ctx.delete::<Pod>(&key, options))?;
        self.scheduled.remove(&key);
        Ok(())
    }
}

/// How long a pod bears these taints: none where it does not bear one of them,
/// `Some(None)` where it bears all for ever (`GetMatchingTolerations`,
/// `getMinTolerationTime`).
fn patience(taints: &[&Taint], tolerations: &[Toleration]) -> Option<Option<Duration>> {
    let mut least: Option<Duration> = None;
    for taint in taints {
        let toleration = tolerations
            .iter()
            .find(|toleration| tolerates(toleration, taint))?;
        if let Some(seconds) = toleration.toleration_seconds {
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            least = Some(least.map_or(seconds, |least| least.min(seconds)));
        }
    }
    Some(least)
}

/// `ToleratesTaint`.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (effect, key) = (text(&toleration.effect), text(&toleration.key));
    if !effect.is_empty() && effect != taint.effect || !key.is_empty() && key != taint.key {
        return false;
    }
    match text(&toleration.operator).as_str() {
        "" | "Equal" => text(&toleration.value) == text(&taint.value),
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_patient_toleration_counts() {
        let taint = |key: &str| Taint {
            key: key.to_owned(),
            effect: NO_EXECUTE.to_owned(),
            ..Taint::default()
        };
        let toleration = |key: &str, seconds: Option<i64>| Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            toleration_seconds: seconds,
            ..Toleration::default()
        };
        let (a, b) = (taint("a"), taint("b"));
        let seconds = |seconds| Some(Some(Duration::from_secs(seconds)));
        for (taints, tolerations, expected) in [
            (vec![&a], vec![], None),
            (vec![&a], vec![toleration("a", None)], Some(None)),
            (vec![&a], vec![toleration("", None)], Some(None)),
            (vec![&a, &b], vec![toleration("a", Some(9))], None),
            (
                vec![&a, &b],
                vec![toleration("a", Some(9)), toleration("b", Some(5))],
                seconds(5),
            ),
            (vec![&a], vec![toleration("a", Some(-1))], seconds(0)),
        ] {
            assert_eq!(patience(&taints, &tolerations), expected);
        }
    }
}
