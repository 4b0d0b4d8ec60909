//! Creating and deleting pods, one a step of work. Creations begin slowly: 1, 2,
//! 4… so that a template which is refused is refused once, not five hundred
//! times (`slowStartBatch`).

use super::expectations::Expectations;
use super::status::{self, Failure, Tally};
use crate::api::status::ApiError;
use crate::api::{Key, ObjectMeta, Pod, ReplicaSet, Resource};
use crate::apiserver::DeleteOptions;
use crate::client::EventType;
use crate::controllers::desk::{Desk, StepCtx};
use crate::controllers::informers::object_of;
use crate::controllers::{errors, owners};
use crate::sim::Cause;
use std::sync::Arc;

/// First batch of creations (`SlowStartInitialBatchSize`).
const FIRST_BATCH: usize = 1;

#[derive(Clone, Debug)]
enum Todo {
    Create {
        left: usize,
        batch: usize,
        batch_left: usize,
    },
    Delete(Vec<Arc<Pod>>),
}

/// What one sync decided to do and is doing.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    key: Key,
    set: Arc<ReplicaSet>,
    todo: Todo,
    /// What the sync counted before; the status says that, and the next sync
    /// says more.
    tally: Tally,
    failure: Option<Failure>,
    pub(super) cause: Cause,
}

type Context<'a> = StepCtx<'a, Key>;

impl Burst {
    pub(super) fn create(
        key: &Key,
        set: &Arc<ReplicaSet>,
        left: usize,
        tally: Tally,
        cause: Cause,
    ) -> Self {
        let todo = Todo::Create {
            left,
            batch: FIRST_BATCH,
            batch_left: FIRST_BATCH,
        };
        Burst::new(key, set, todo, tally, cause)
    }

    pub(super) fn delete(
        key: &Key,
        set: &Arc<ReplicaSet>,
        mut victims: Vec<Arc<Pod>>,
        tally: Tally,
        cause: Cause,
    ) -> Self {
        victims.reverse();
        Burst::new(key, set, Todo::Delete(victims), tally, cause)
    }

    fn new(key: &Key, set: &Arc<ReplicaSet>, todo: Todo, tally: Tally, cause: Cause) -> Self {
        Burst {
            key: key.clone(),
            set: set.clone(),
            todo,
            tally,
            failure: None,
            cause,
        }
    }

    /// Creates or deletes one pod. Answers whether anything was left to do.
    pub(super) fn step(
        &mut self,
        expectations: &mut Expectations,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) -> bool {
        match &mut self.todo {
            Todo::Create { left: 0, .. } => false,
            Todo::Create { .. } => {
                self.create_one(expectations, desk, ctx);
                true
            }
            Todo::Delete(victims) => match victims.pop() {
                Some(victim) => {
                    self.delete_one(&victim, expectations, desk, ctx);
                    true
                }
                None => false,
            },
        }
    }

    fn create_one(
        &mut self,
        expectations: &mut Expectations,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        match ctx.create(pod_from_template(&self.set)) {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.name());
                self.tell(desk, ctx, EventType::Normal, "SuccessfulCreate", &message);
            }
            Err(error) => self.creation_failed(&error, expectations, desk, ctx),
        }
        let failed = self.failure.is_some();
        let Todo::Create {
            left,
            batch,
            batch_left,
        } = &mut self.todo
        else {
            return;
        };
        *left -= 1;
        *batch_left -= 1;
        if *batch_left > 0 {
            return;
        }
        if failed {
            expectations.not_created(&self.key, *left);
            *left = 0;
        }
        *batch = (*batch * 2).min(*left);
        *batch_left = *batch;
    }

    fn creation_failed(
        &mut self,
        error: &ApiError,
        expectations: &mut Expectations,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        expectations.not_created(&self.key, 1);
        if errors::is_namespace_terminating(error) {
            return;
        }
        let text = errors::message(error).to_owned();
        let message = format!("Error creating: {text}");
        self.tell(desk, ctx, EventType::Warning, "FailedCreate", &message);
        self.failure.get_or_insert(Failure {
            reason: "FailedCreate",
            message: text,
        });
    }

    fn delete_one(
        &mut self,
        victim: &Arc<Pod>,
        expectations: &mut Expectations,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
    ) {
        let options = DeleteOptions {
            uid: Some(victim.uid().to_owned()),
            ..DeleteOptions::default()
        };
        match ctx.delete::<Pod>(&victim.key(), options) {
            Ok(()) => {
                let message = format!("Deleted pod: {}", victim.name());
                self.tell(desk, ctx, EventType::Normal, "SuccessfulDelete", &message);
            }
            Err(error) => {
                expectations.deleted(&self.key, victim.uid());
                if errors::is_not_found(&error) {
                    return;
                }
                let text = errors::message(&error).to_owned();
                let message = format!("Error deleting: {text}");
                self.tell(desk, ctx, EventType::Warning, "FailedDelete", &message);
                self.failure.get_or_insert(Failure {
                    reason: "FailedDelete",
                    message: text,
                });
            }
        }
    }

    fn tell(
        &self,
        desk: &mut Desk<Key>,
        ctx: &mut Context<'_>,
        event_type: EventType,
        reason: &str,
        message: &str,
    ) {
        desk.event(ctx, &object_of(&self.set), event_type, reason, message);
    }

    /// Writes the status at the end.
    pub(super) fn finish(self, desk: &mut Desk<Key>, ctx: &mut Context<'_>) {
        let failed = self.failure.is_some();
        let written = status::write(
            &self.key,
            &self.set,
            &self.tally,
            self.failure.as_ref(),
            desk,
            ctx,
        );
        if failed || written.is_err() {
            desk.add_rate_limited(self.key, ctx);
        } else {
            desk.forget(&self.key);
            desk.add(self.key, ctx);
        }
    }
}

fn pod_from_template(set: &Arc<ReplicaSet>) -> Pod {
    let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let meta = template.and_then(|template| template.metadata.as_ref());
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", set.name())),
            namespace: set.metadata.namespace.clone(),
            labels: meta.and_then(|meta| meta.labels.clone()),
            annotations: meta.and_then(|meta| meta.annotations.clone()),
            finalizers: meta.and_then(|meta| meta.finalizers.clone()),
            owner_references: Some(vec![owners::controller_reference(&**set)]),
            ..ObjectMeta::default()
        },
        spec: template.and_then(|template| template.spec.clone()),
        status: None,
    }
}
