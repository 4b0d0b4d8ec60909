//! Images: pulled one after the other, kept on the node's disk.

use super::duration::go_duration;
use super::host::Host;
use super::runtime::{Image, PullError, Reference};
use super::worker::{Busy, PodWorker, Stage};
use super::{Timer, Wake};
use crate::api::Name;
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::Instant;
use crate::sim::trace::Transition;
use std::time::Duration;

/// How long a registry takes to say no.
const REFUSAL_TIME: Duration = Duration::from_millis(400);
/// An image that is there already: its manifest is compared, nothing is fetched.
const UNCHANGED_TIME: Duration = Duration::from_millis(450);

/// A pull that waits or runs; the first of the list runs.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub uid: Name,
    pub index: usize,
    instance: u32,
    reference: Reference,
    /// As the manifest writes it.
    image: Name,
    began: Option<Instant>,
    failure: Option<Name>,
}

/// What became of the question for an image.
pub(super) enum Ensured {
    /// It is there.
    Present,
    /// It is being pulled.
    Pulling,
    /// It cannot be had now; ask again then.
    Blocked(Instant),
}

impl Host {
    /// Sees to it that the container's image is there (`EnsureImageExists`).
    pub(super) fn ensure_image(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Ensured {
        let spec = worker.containers[index].spec(&worker.pod);
        let image: Name = spec
            .and_then(|spec| spec.image.as_deref())
            .unwrap_or_default()
            .into();
        let policy = spec
            .and_then(|spec| spec.image_pull_policy.clone())
            .unwrap_or_default();
        let reference = match Reference::parse(&image) {
            Ok(reference) => reference,
            Err(why) => return self.invalid_name(worker, index, &image, &why, ctx),
        };
        let present = self.images.contains_key(&reference.full());
        let pull = match policy.as_str() {
            "Always" => true,
            "Never" => false,
            _ => !present,
        };
        if !pull && !present {
            let message =
                format!("Container image \"{image}\" is not present with pull policy of Never");
            return self.no_image(
                worker,
                index,
                "ErrImageNeverPull",
                "ErrImageNeverPull",
                &message,
                ctx,
            );
        }
        if !pull {
            let message = format!(
                "Container image \"{image}\" already present on machine and can be accessed by the pod"
            );
            self.container_event(worker, index, EventType::Normal, "Pulled", &message, ctx);
            self.name_image(worker, index, &reference);
            return Ensured::Present;
        }
        if let Some((until, _)) = worker.containers[index]
            .pull
            .waiting_since_update(ctx.now())
        {
            return self.pull_back_off(worker, index, &image, until, ctx);
        }
        self.begin_pull(worker, index, image, reference, ctx);
        Ensured::Pulling
    }

    fn invalid_name(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        image: &str,
        why: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Ensured {
        let message = format!("Failed to apply default image tag \"{image}\": {why}");
        self.no_image(
            worker,
            index,
            "InspectFailed",
            "InvalidImageName",
            &message,
            ctx,
        )
    }

    /// The image cannot be had, and asking a registry would not help.
    fn no_image(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        event: &str,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Ensured {
        self.container_event(worker, index, EventType::Warning, event, message, ctx);
        let error = format!("Error: {reason}");
        self.container_event(worker, index, EventType::Warning, "Failed", &error, ctx);
        worker.containers[index].waits(reason, message);
        let retry = self.next_resync(ctx);
        worker.containers[index].retry_at = Some(retry);
        Ensured::Blocked(retry)
    }

    fn pull_back_off(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        image: &str,
        until: Instant,
        ctx: &mut Ctx<'_, Timer>,
    ) -> Ensured {
        let message = format!("Back-off pulling image \"{image}\"");
        self.container_event(worker, index, EventType::Normal, "BackOff", &message, ctx);
        self.container_event(
            worker,
            index,
            EventType::Warning,
            "Failed",
            "Error: ImagePullBackOff",
            ctx,
        );
        let container = &mut worker.containers[index];
        let message = format!("{message}: ErrImagePull: {}", container.pull_error);
        container.waits("ImagePullBackOff", &message);
        let retry = until
            .min(self.next_resync(ctx))
            .max(self.next_relist(ctx.now()));
        worker.containers[index].retry_at = Some(retry);
        Ensured::Blocked(retry)
    }

    fn begin_pull(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        image: Name,
        reference: Reference,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let message = format!("Pulling image \"{image}\"");
        self.container_event(worker, index, EventType::Normal, "Pulling", &message, ctx);
        let container = &mut worker.containers[index];
        container.pull_since = Some(ctx.now());
        worker.busy = Some(Busy::Pull(index));
        let (known, is_known) = Image::find(&reference);
        let seconds = known.pull_time(&reference).as_secs_f64();
        let transition = Transition::Pulling {
            image: image.clone(),
            seconds,
        };
        let name = worker.containers[index].name.clone();
        self.record(worker, &name, transition, ctx);
        let failure = match reference.check(is_known) {
            Ok(()) => None,
            Err(PullError::Failed(why) | PullError::InvalidName(why)) => Some(why.into()),
        };
        self.pulls.push_back(Pull {
            uid: worker.uid.clone(),
            index,
            instance: worker.containers[index].instance,
            reference,
            image,
            began: None,
            failure,
        });
        self.pull_next(ctx);
    }

    /// Begins the first pull that waits, unless one runs.
    pub(super) fn pull_next(&mut self, ctx: &mut Ctx<'_, Timer>) {
        let Some(pull) = self.pulls.front_mut().filter(|pull| pull.began.is_none()) else {
            return;
        };
        pull.began = Some(ctx.now());
        let takes = match pull.failure {
            Some(_) => REFUSAL_TIME,
            None if self.images.contains_key(&pull.reference.full()) => UNCHANGED_TIME,
            None => Image::find(&pull.reference).0.pull_time(&pull.reference),
        };
        self.after(ctx, takes, Wake::ImagePulled);
    }

    /// The running pull is over.
    pub(super) fn pull_done(&mut self, _ctx: &mut Ctx<'_, Timer>) -> Option<Pull> {
        let pull = self.pulls.pop_front()?;
        if pull.failure.is_none() {
            let size = Image::find(&pull.reference).0.size(&pull.reference);
            self.images.insert(pull.reference.full(), size);
        }
        Some(pull)
    }

    /// Tells the pod that waited for it.
    pub(super) fn pulled(
        &mut self,
        worker: &mut PodWorker,
        pull: Pull,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let index = pull.index;
        let same = worker
            .containers
            .get(index)
            .is_some_and(|container| container.instance == pull.instance);
        if !same || worker.busy != Some(Busy::Pull(index)) || worker.stage != Stage::Active {
            return;
        }
        worker.busy = None;
        let name = worker.containers[index].name.clone();
        if let Some(why) = &pull.failure {
            return self.pull_failed(worker, index, &pull.image, why, ctx);
        }
        let now = ctx.now();
        let since = worker.containers[index].pull_since.take().unwrap_or(now);
        let size = self
            .images
            .get(&pull.reference.full())
            .copied()
            .unwrap_or_default();
        let message = format!(
            "Successfully pulled image \"{}\" in {} ({} including waiting). Image size: {size} bytes.",
            pull.image,
            go_duration(now.since(pull.began.unwrap_or(now))),
            go_duration(now.since(since)),
        );
        self.record(
            worker,
            &name,
            Transition::Pulled {
                image: pull.image.clone(),
            },
            ctx,
        );
        self.container_event(worker, index, EventType::Normal, "Pulled", &message, ctx);
        self.name_image(worker, index, &pull.reference);
        if worker.deleting() {
            return self.request_sync(worker, now, ctx);
        }
        if !self.create_container(worker, index, ctx, net) {
            self.request_sync(worker, now, ctx);
        }
    }

    fn pull_failed(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        image: &Name,
        why: &Name,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let name = worker.containers[index].name.clone();
        let transition = Transition::PullFailed {
            image: image.clone(),
            message: why.clone(),
        };
        self.record(worker, &name, transition, ctx);
        let message = format!("Failed to pull image \"{image}\": {why}");
        self.container_event(worker, index, EventType::Warning, "Failed", &message, ctx);
        self.container_event(
            worker,
            index,
            EventType::Warning,
            "Failed",
            "Error: ErrImagePull",
            ctx,
        );
        let now = ctx.now();
        let container = &mut worker.containers[index];
        container.pull.next(now, now);
        container.pull_error = why.clone();
        container.waits("ErrImagePull", why);
        container.retry_at = None;
        let relist = self.next_relist(now);
        self.request_sync(worker, relist, ctx);
    }

    fn name_image(&self, worker: &mut PodWorker, index: usize, reference: &Reference) {
        let container = &mut worker.containers[index];
        container.image = match reference.digest.as_str() {
            "" => reference.full().into(),
            _ => container.image.clone(),
        };
        container.image_id = reference.image_id().into();
    }
}
