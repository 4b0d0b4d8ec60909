//! The ReplicaSet of the present template: found, or made (`getNewReplicaSet`).

use super::hash::{POD_TEMPLATE_HASH, template_hash};
use super::rollout::Rollout;
use super::{bounds, conditions, revision};
use crate::api::core::PodTemplateSpec;
use crate::api::status::ApiError;
use crate::api::{Deployment, Key, ObjectMeta, ReplicaSet, Resource};
use crate::client::EventType;
use crate::controllers::informers::object_of;
use crate::controllers::{errors, owners};
use k8s_openapi::api::apps::v1::ReplicaSetSpec;
use std::sync::Arc;

/// The oldest set whose template equals the Deployment's, the hash label apart.
pub(super) fn find_new(
    deployment: &Deployment,
    sets: &[Arc<ReplicaSet>],
) -> Option<Arc<ReplicaSet>> {
    let wanted = without_hash(&deployment.spec.as_ref()?.template);
    let equal = |set: &&Arc<ReplicaSet>| {
        let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
        template.is_some_and(|template| without_hash(template) == wanted)
    };
    sets.iter()
        .filter(equal)
        .min_by(|one, other| by_creation(one, other))
        .cloned()
}

/// Oldest first, then by name (`ReplicaSetsByCreationTimestamp`).
pub(super) fn by_creation(one: &ReplicaSet, other: &ReplicaSet) -> std::cmp::Ordering {
    let of = |set: &ReplicaSet| {
        let created = set.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (created, set.name().to_owned())
    };
    of(one).cmp(&of(other))
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    let labels = template
        .metadata
        .as_mut()
        .and_then(|meta| meta.labels.as_mut());
    if let Some(labels) = labels {
        labels.remove(POD_TEMPLATE_HASH);
    }
    template
}

impl Rollout<'_, '_> {
    /// Brings revisions up to date and, where `create` says so, makes the new set
    /// if there is none (`getAllReplicaSetsAndSyncRevision`).
    pub(super) fn revise(&mut self, create: bool) -> Result<(), ApiError> {
        let newest = self.old.iter().map(|set| revision::of(set)).max();
        let next = newest.unwrap_or(0).max(0) + 1;
        match self.new.clone() {
            Some(set) => self.revise_existing(&set, next),
            None if create => self.create_new(next),
            None => Ok(()),
        }
    }

    fn revise_existing(&mut self, set: &Arc<ReplicaSet>, next: i64) -> Result<(), ApiError> {
        let mut revised = ReplicaSet::clone(set);
        let mut changed = revision::annotate(&mut revised, &self.deployment, next, true);
        let min_ready = self.min_ready_seconds();
        if let Some(spec) = &mut revised.spec
            && spec.min_ready_seconds.unwrap_or(0) != min_ready.unwrap_or(0)
        {
            spec.min_ready_seconds = min_ready;
            changed = true;
        }
        if changed {
            let written = self.ctx.update(revised)?;
            self.replace(&written);
            return Ok(());
        }
        let mut needs_write = revision::set_on_deployment(&mut self.deployment, revision::of(set));
        let progressing = conditions::find(&self.deployment, conditions::PROGRESSING);
        if progressing.is_none() && conditions::has_deadline(&self.deployment) {
            let message = format!("Found new replica set \"{}\"", set.name());
            let condition =
                conditions::progressing("True", "FoundNewReplicaSet", message, self.ctx.now());
            conditions::set(&mut self.deployment, condition);
            needs_write = true;
        }
        if needs_write {
            self.put_status()
        } else {
            Ok(())
        }
    }

    fn min_ready_seconds(&self) -> Option<i32> {
        let spec = self.deployment.spec.as_ref();
        spec.and_then(|spec| spec.min_ready_seconds)
    }

    fn create_new(&mut self, next: i64) -> Result<(), ApiError> {
        let Some(set) = self.compose_new(next) else {
            return Ok(());
        };
        let (name, replicas) = (set.name().to_owned(), bounds::set_replicas(&set));
        self.explain(format!(
            "template has no ReplicaSet yet: creates {name} with {replicas} of {}",
            bounds::replicas(&self.deployment)
        ));
        let (created, existed) = match self.ctx.create(set.clone()) {
            Ok(created) => (created, false),
            Err(error) if errors::is_already_exists(&error) => {
                (self.take_existing(&set, error)?, true)
            }
            // Whoever deletes the namespace deletes the Deployment too.
            Err(error) if errors::is_namespace_terminating(&error) => return Err(error),
            Err(error) => return self.creation_failed(&name, error),
        };
        if !existed && replicas > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {replicas}");
            let regarding = object_of(&Arc::new(self.deployment.clone()));
            self.desk.event(
                self.ctx,
                &regarding,
                EventType::Normal,
                "ScalingReplicaSet",
                &message,
            );
        }
        let mut needs_write = revision::set_on_deployment(&mut self.deployment, next);
        if !existed && conditions::has_deadline(&self.deployment) {
            let message = format!("Created new replica set \"{name}\"");
            let condition =
                conditions::progressing("True", "NewReplicaSetCreated", message, self.ctx.now());
            conditions::set(&mut self.deployment, condition);
            needs_write = true;
        }
        self.new = Some(created);
        if needs_write {
            self.put_status()
        } else {
            Ok(())
        }
    }

    fn compose_new(&self, next: i64) -> Option<ReplicaSet> {
        let spec = self.deployment.spec.as_ref()?;
        let status = self.deployment.status.as_ref();
        let collisions = status.and_then(|status| status.collision_count);
        let hash = template_hash(&spec.template, collisions);
        let mut template = spec.template.clone();
        let labels = template
            .metadata
            .get_or_insert_default()
            .labels
            .get_or_insert_default();
        labels.insert(POD_TEMPLATE_HASH.to_owned(), hash.clone());
        let labels = labels.clone();
        let mut selector = spec.selector.clone();
        let pairs = selector.match_labels.get_or_insert_default();
        pairs.insert(POD_TEMPLATE_HASH.to_owned(), hash.clone());
        let mut set = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", self.deployment.name())),
                namespace: self.deployment.metadata.namespace.clone(),
                owner_references: Some(vec![owners::controller_reference(&self.deployment)]),
                labels: Some(labels),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(0),
                min_ready_seconds: spec.min_ready_seconds.filter(|seconds| *seconds != 0),
                selector,
                template: Some(template),
            }),
            status: None,
        };
        let replicas = self.new_replicas(0);
        if let Some(spec) = &mut set.spec {
            spec.replicas = Some(replicas);
        }
        revision::annotate(&mut set, &self.deployment, next, false);
        Some(set)
    }

    /// A set of that name is there. Ours (the cache lags): go on with it. Not
    /// ours: the hash collided, another one is tried.
    fn take_existing(
        &mut self,
        wanted: &ReplicaSet,
        error: ApiError,
    ) -> Result<Arc<ReplicaSet>, ApiError> {
        let key = Key::new(wanted.namespace(), wanted.name());
        let found = self.ctx.get::<ReplicaSet>(&key)?;
        let ours =
            owners::controller_of(&*found).is_some_and(|owner| owner.uid == self.deployment.uid());
        if ours && find_new(&self.deployment, std::slice::from_ref(&found)).is_some() {
            return Ok(found);
        }
        let status = self.deployment.status.get_or_insert_default();
        status.collision_count = Some(status.collision_count.unwrap_or(0).saturating_add(1));
        self.explain(format!(
            "{} is taken by another template: tries another hash",
            key.name
        ));
        self.put_status()?;
        Err(error)
    }

    fn creation_failed(&mut self, name: &str, error: ApiError) -> Result<(), ApiError> {
        let why = errors::message(&error);
        let message = format!("Failed to create new replica set \"{name}\": {why}");
        if conditions::has_deadline(&self.deployment) {
            let condition = conditions::progressing(
                "False",
                "ReplicaSetCreateError",
                message.clone(),
                self.ctx.now(),
            );
            conditions::set(&mut self.deployment, condition);
            // The creation's own error is the one to tell.
            let _ = self.put_status();
        }
        let regarding = object_of(&Arc::new(self.deployment.clone()));
        self.desk.event(
            self.ctx,
            &regarding,
            EventType::Warning,
            "ReplicaSetCreateError",
            &message,
        );
        Err(error)
    }
}
