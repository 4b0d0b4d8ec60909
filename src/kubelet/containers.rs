//! Containers: created, started, stepped, ended.

use super::environment::{self, Missing};
use super::host::Host;
use super::mounts;
use super::reach::PodReach;
use super::runtime::{
    Image, Launch, Log, Machine, Protocol, Reference, Socket, Started, Step, View, World,
    fingerprint,
};
use super::worker::{Busy, Ended, PodWorker, Role, Stage, State};
use super::{Timer, Wake, phase, wire};
use crate::api::Name;
use crate::client::{Ctx, EventType};
use crate::network::Network;
use crate::sim::trace::Transition;
use std::sync::Arc;
use std::time::Duration;

/// What containerd takes to create and start a container.
const CREATE_TIME: Duration = Duration::from_millis(80);

impl Host {
    /// Creates the container. False where its configuration is wrong.
    pub(super) fn create_container(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        _net: &mut Network,
    ) -> bool {
        let name = worker.containers[index].name.clone();
        let env = environment::resolve(worker, index, &self.config, ctx);
        let env = match env {
            Ok(env) => Arc::new(env),
            // The kubelet remembers what it has once read for its pods.
            Err(_) if container_ran(worker, index) && !ctx.api.is_serving() => {
                worker.containers[index].env.clone()
            }
            Err(Missing(why)) => {
                let message = format!("Error: {why}");
                self.container_event(worker, index, EventType::Warning, "Failed", &message, ctx);
                let retry = self.next_resync(ctx);
                let container = &mut worker.containers[index];
                container.waits("CreateContainerConfigError", &why);
                container.retry_at = Some(retry);
                return false;
            }
        };
        let container = &mut worker.containers[index];
        container.instance += 1;
        if container.created {
            container.restarts += 1;
        }
        container.created = true;
        container.retry_at = None;
        container.noted_at = None;
        container.env = env;
        container.files = super::runtime::Files::default();
        let identity = format!("{} {name} {}", worker.uid, container.instance);
        container.id = format!("containerd://{}", fingerprint(&identity)).into();
        worker.busy = Some(Busy::Start(index));
        self.container_event(
            worker,
            index,
            EventType::Normal,
            "Created",
            "Container created",
            ctx,
        );
        let at = (worker.uid.clone(), index, worker.containers[index].instance);
        self.after(ctx, CREATE_TIME, Wake::ContainerMade(at));
        true
    }

    /// The runtime has created the container: starts its process.
    pub(super) fn container_made(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        if worker.busy != Some(Busy::Start(index)) {
            return;
        }
        worker.busy = None;
        match launch(worker, index, ctx) {
            Ok(started) => self.started(worker, index, started, ctx, net),
            Err(why) => self.start_failed(worker, index, why, ctx),
        }
        self.request_sync(worker, ctx.now(), ctx);
    }

    fn started(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        started: Started,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let now = ctx.now();
        let Started { process, sockets } = started;
        let container = &mut worker.containers[index];
        container.state = State::Running(now);
        container.previous_log = std::mem::take(&mut container.log);
        container.process = Some(process);
        container.sockets = sockets.clone();
        container.stopping = None;
        let name = container.name.clone();
        self.record(worker, &name, Transition::Started, ctx);
        self.container_event(
            worker,
            index,
            EventType::Normal,
            "Started",
            "Container started",
            ctx,
        );
        let relist = self.next_relist(now);
        worker.noticed(relist);
        if let Err(why) = wire::listen(net, worker, &name, &sockets) {
            worker.containers[index].log.write(now, true, &why);
            return self.exited(worker, index, 1, ctx, net);
        }
        // The process runs already; the hook may find what it did.
        self.step(worker, index, ctx, net);
        let hooked = self.begin_post_start(worker, index, ctx, net);
        if !hooked && worker.containers[index].is_running() {
            self.begin_probes(worker, index, ctx);
        }
    }

    /// The runtime could not start the process (`RunContainerError`).
    fn start_failed(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        why: String,
        ctx: &mut Ctx<'_, Timer>,
    ) {
        let now = ctx.now();
        let message = format!("Error: {why}");
        self.container_event(worker, index, EventType::Warning, "Failed", &message, ctx);
        let container = &mut worker.containers[index];
        container.previous = container.ended.take();
        container.ended = Some(Ended {
            code: super::runtime::START_ERROR_CODE,
            reason: "StartError".into(),
            message: Some(why.as_str().into()),
            started: None,
            at: now,
            id: container.id.clone(),
        });
        container.waits("RunContainerError", &why);
        let again = container.ended.clone();
        let again =
            again.is_some_and(|ended| phase::restarts(worker, &worker.containers[index], &ended));
        let container = &mut worker.containers[index];
        if !again {
            container.state = State::Ended;
        }
        let name = container.name.clone();
        let transition = Transition::Exited {
            code: super::runtime::START_ERROR_CODE,
            reason: "StartError".into(),
        };
        self.record(worker, &name, transition, ctx);
        // Said once before the next attempt is thought of.
        let relist = self.next_relist(now);
        worker.containers[index].retry_at = Some(relist);
    }

    /// Lets a container's process go on.
    pub(super) fn step(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let Some(mut process) = worker.containers[index].process.take() else {
            return;
        };
        let mounts = mounts::of_container(worker, index);
        let now = ctx.now();
        let mut reach = PodReach::new(net, ctx, worker);
        let mut opened = Vec::new();
        let PodWorker {
            containers,
            volumes,
            key,
            ..
        } = worker;
        let container = &mut containers[index];
        let mut world = World {
            now,
            hostname: &key.name,
            files: View {
                own: &mut container.files,
                volumes,
                mounts: &mounts,
            },
            log: &mut container.log,
            reach: &mut reach,
            opened: &mut opened,
        };
        let step = process.step(&mut world);
        container.process = Some(process);
        if !opened.is_empty() && !self.open_sockets(worker, index, opened, ctx, net) {
            return;
        }
        let at = (worker.uid.clone(), index, worker.containers[index].instance);
        match step {
            Step::Runs => {}
            Step::Sleeps(until) => self.timer_at(ctx, until, Wake::Process(at)),
            Step::Exits(code) => self.exited(worker, index, code, ctx, net),
        }
    }

    /// The process opened sockets on its way. False where it died of that.
    fn open_sockets(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        opened: Vec<Socket>,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> bool {
        let name = worker.containers[index].name.clone();
        if let Err(why) = wire::listen(net, worker, &name, &opened) {
            let now = ctx.now();
            worker.containers[index].log.write(now, true, &why);
            self.exited(worker, index, 1, ctx, net);
            return false;
        }
        worker.containers[index].sockets.extend(opened);
        true
    }

    /// Runs a command inside a running container: code, output, time.
    pub(super) fn exec(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        command: &[String],
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> (i32, String, Duration) {
        let spec = worker.containers[index].spec(&worker.pod);
        let image = spec
            .and_then(|spec| spec.image.as_deref())
            .unwrap_or_default();
        let Ok(reference) = Reference::parse(image) else {
            return (1, String::new(), Duration::ZERO);
        };
        let (image, _) = Image::find(&reference);
        let name = command.first().map(String::as_str).unwrap_or_default();
        if let Err(error) = image.look_up(name) {
            return (126, error, Duration::ZERO);
        }
        let mounts = mounts::of_container(worker, index);
        let now = ctx.now();
        let mut reach = PodReach::new(net, ctx, worker);
        let mut opened = Vec::new();
        let PodWorker {
            containers,
            volumes,
            key,
            ..
        } = worker;
        let container = &mut containers[index];
        let machine = Machine::new(command, &container.env, image, Vec::new());
        let mut world = World {
            now,
            hostname: &key.name,
            files: View {
                own: &mut container.files,
                volumes,
                mounts: &mounts,
            },
            log: &mut Log::default(),
            reach: &mut reach,
            opened: &mut opened,
        };
        machine.run_through(&mut world)
    }

    /// A container's process has ended.
    pub(super) fn exited(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        code: i32,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) {
        let now = ctx.now();
        let container = &mut worker.containers[index];
        let State::Running(since) = container.state else {
            return;
        };
        let reason: Name = match code {
            0 => "Completed".into(),
            _ => "Error".into(),
        };
        container.previous = container.ended.take();
        container.ended = Some(Ended {
            code,
            reason: reason.clone(),
            message: None,
            started: Some(since),
            at: now,
            id: container.id.clone(),
        });
        container.state = State::Ended;
        container.ready = false;
        // A finished init container is ready: its work is done.
        if container.role == Role::Init {
            container.ready = code == 0;
        }
        container.started = false;
        container.process = None;
        container.probers.hold();
        container.sockets.clear();
        let stopped = container.stopping.take();
        let name = container.name.clone();
        self.termination_message(worker, index);
        self.lose_post_start(worker, index, ctx);
        self.show_hook_failure(worker, index);
        wire::unlisten(net, worker, &name);
        self.record(worker, &name, Transition::Exited { code, reason }, ctx);
        let asked = stopped.is_some() || worker.stage == Stage::Terminating;
        if let Some(stopping) = stopped {
            worker.containers[index].probe_killed = stopping.to_restart;
        }
        let at = match asked {
            true => now,
            false => self.next_relist(now),
        };
        worker.noticed(at);
        self.request_sync(worker, at, ctx);
    }

    /// What the process left in its termination message file, or its last lines
    /// where the policy says so.
    fn termination_message(&self, worker: &mut PodWorker, index: usize) {
        let spec = worker.containers[index].spec(&worker.pod);
        let path = spec.and_then(|spec| spec.termination_message_path.clone());
        let path = path.unwrap_or_else(|| "/dev/termination-log".to_owned());
        let from_log = spec.is_some_and(|spec| {
            spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError")
        });
        let container = &mut worker.containers[index];
        let Some(ended) = &mut container.ended else {
            return;
        };
        let left = container
            .files
            .tree
            .get(&path)
            .map(|text| Name::from(text.as_ref()));
        let lines = |log: &Log| {
            Some(log.tail(80))
                .filter(|text| !text.is_empty())
                .map(Name::from)
        };
        ended.message = match left {
            Some(left) => Some(left),
            None if from_log && ended.code != 0 => lines(&container.log),
            None => None,
        };
    }
}

fn container_ran(worker: &PodWorker, index: usize) -> bool {
    let container = worker.containers.get(index);
    container.is_some_and(|container| container.created)
}

fn launch(worker: &PodWorker, index: usize, ctx: &Ctx<'_, Timer>) -> Result<Started, String> {
    let container = &worker.containers[index];
    let spec = container
        .spec(&worker.pod)
        .ok_or("the pod has no such container")?;
    let reference = Reference::parse(spec.image.as_deref().unwrap_or_default())?;
    let (image, _) = Image::find(&reference);
    let expand = |list: &Option<Vec<String>>| -> Vec<String> {
        let list = list.iter().flatten();
        list.map(|text| environment::expand(text, &container.env))
            .collect()
    };
    let ports = spec.ports.iter().flatten().filter_map(|port| {
        let protocol = match port.protocol.as_deref() {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => return None,
            _ => Protocol::Tcp,
        };
        Some((protocol, u16::try_from(port.container_port).ok()?))
    });
    let launch = Launch {
        image,
        tag: &reference.tag,
        command: expand(&spec.command),
        args: expand(&spec.args),
        env: &container.env,
        ports: ports.collect(),
        now: ctx.now(),
    };
    launch.start().map_err(|error| error.0)
}
