//! What the kubelet knows of one pod.

use super::backoff::BackOff;
use super::probes::Probers;
use super::runtime::{Files, Log, Process, Socket};
use crate::api::core::{self, PodStatus};
use crate::api::{Key, Name, Pod, Resource};
use crate::sim::Instant;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Where a pod stands in its life on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not yet admitted.
    New,
    /// Admitted: containers are kept running.
    Active,
    /// Its containers are being stopped.
    Terminating,
    /// Nothing of it runs any more.
    Terminated,
    /// Not admitted.
    Rejected,
}

/// The pod's network namespace with its pause container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sandbox {
    /// Not made yet, or lost.
    None,
    /// There, with the pod's address.
    Ready(Ipv4Addr),
    /// Torn down after the last container; the address it had is still shown.
    Removed(Ipv4Addr),
}

/// What the pod's worker is doing now. A worker does one thing at a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Busy {
    /// The runtime makes the sandbox.
    Sandbox,
    /// Waits for an image, for the container of this index.
    Pull(usize),
    /// The runtime creates and starts the container of this index.
    Start(usize),
    /// The postStart hook of the container of this index runs, and will fail for
    /// this reason where there is one.
    PostStart(usize, Option<String>),
}

/// One pod.
#[derive(Clone, Debug)]
pub(super) struct PodWorker {
    /// Names the pod; for static pods the hash of the manifest.
    pub uid: Name,
    pub key: Key,
    /// What is wanted.
    pub pod: Arc<Pod>,
    /// What the API server has; absent for a static pod without its mirror.
    pub api: Option<Arc<Pod>>,
    pub is_static: bool,
    pub stage: Stage,
    /// Deleted from the API server before the kubelet was done with it.
    pub gone: bool,
    pub start_time: Option<Instant>,
    pub sandbox: Sandbox,
    pub busy: Option<Busy>,
    pub mounted: bool,
    pub mount_failures: u32,
    pub mount_retry_at: Option<Instant>,
    pub containers: Vec<Container>,
    /// When the next sync is due; its timer is set.
    pub sync_at: Option<Instant>,
    /// When the runtime's news of the pod is noticed, where there is any.
    pub notice_at: Option<Instant>,
    /// The status last written.
    pub written: Option<Arc<PodStatus>>,
    /// Reason and message of a rejection or eviction.
    pub verdict: Option<(String, String)>,
    /// Terminal phase, once reached.
    pub final_phase: Option<&'static str>,
    /// Whether regular containers were ever begun with.
    pub initialized: bool,
    /// Volumes that containers of the pod share.
    pub volumes: BTreeMap<Name, Arc<Files>>,
    /// Grace of the termination under way, and when it began.
    pub termination: Option<(Instant, i64)>,
    /// CPU and memory that admission counted for this pod.
    pub reserved: (u64, u64),
}

/// What a container of the list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs to its end before the next begins.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// One of `spec.containers`.
    Regular,
}

/// How a container's process ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub code: i32,
    pub reason: Name,
    pub message: Option<Name>,
    pub started: Option<Instant>,
    pub at: Instant,
    pub id: Name,
}

/// The state of a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// Not running; why, where there is more to say than that it waits its turn.
    Waiting(Option<(Name, Name)>),
    /// Running since.
    Running(Instant),
    /// Ended; `Container::ended` says how.
    Ended,
}

/// A container being stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stopping {
    /// When it is killed.
    pub deadline: Instant,
    /// Whether TERM was sent (else the preStop hook runs).
    pub signalled: bool,
    /// Whether the kubelet stops it to start it anew.
    pub to_restart: bool,
}

/// One container of a pod.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub name: Name,
    pub role: Role,
    /// Position in its list of the spec.
    pub index: usize,
    pub state: State,
    /// How the latest instance ended.
    pub ended: Option<Ended>,
    /// How the one before ended.
    pub previous: Option<Ended>,
    /// Counts instances: timers of an older one do not matter any more.
    pub instance: u32,
    /// Whether an instance was ever created.
    pub created: bool,
    pub restarts: u32,
    pub id: Name,
    pub image_id: Name,
    /// The image as the runtime names it.
    pub image: Name,
    pub crash: BackOff,
    pub pull: BackOff,
    /// The last pull error, repeated while in back-off.
    pub pull_error: Name,
    /// Not to be tried before.
    pub retry_at: Option<Instant>,
    /// The next event of back-off is due then.
    pub noted_at: Option<Instant>,
    /// Startup probe passed, or none.
    pub started: bool,
    pub ready: bool,
    pub probers: Probers,
    pub process: Option<Process>,
    pub stopping: Option<Stopping>,
    /// Why its postStart hook failed, until it has ended because of that.
    pub hook_failure: Option<String>,
    /// Ended because a probe failed: how long to wait is measured from the
    /// instance before, which is all that the kubelet knew of when it decided.
    pub probe_killed: bool,
    /// Since when the image is waited for.
    pub pull_since: Option<Instant>,
    pub sockets: Vec<Socket>,
    pub env: Arc<BTreeMap<String, String>>,
    pub files: Files,
    pub log: Log,
    pub previous_log: Log,
}

impl Container {
    fn new(name: &str, role: Role, index: usize, image: &str) -> Self {
        Container {
            name: name.into(),
            role,
            index,
            state: State::Waiting(None),
            ended: None,
            previous: None,
            instance: 0,
            created: false,
            restarts: 0,
            id: "".into(),
            image_id: "".into(),
            image: image.into(),
            crash: BackOff::default(),
            pull: BackOff::default(),
            pull_error: "".into(),
            retry_at: None,
            noted_at: None,
            started: false,
            ready: false,
            probers: Probers::default(),
            process: None,
            stopping: None,
            hook_failure: None,
            probe_killed: false,
            pull_since: None,
            sockets: Vec::new(),
            env: Arc::default(),
            files: Files::default(),
            log: Log::default(),
            previous_log: Log::default(),
        }
    }

    /// Its part of the pod's spec.
    pub(super) fn spec<'a>(&self, pod: &'a Pod) -> Option<&'a core::Container> {
        let spec = pod.spec.as_ref()?;
        match self.role {
            Role::Regular => spec.containers.get(self.index),
            _ => spec.init_containers.as_ref()?.get(self.index),
        }
    }

    /// Where events about it point.
    pub(super) fn field_path(&self) -> String {
        match self.role {
            Role::Regular => format!("spec.containers{{{}}}", self.name),
            _ => format!("spec.initContainers{{{}}}", self.name),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// The exit code, where the latest instance has ended.
    pub(super) fn exit_code(&self) -> Option<i32> {
        match self.state {
            State::Ended => self.ended.as_ref().map(|ended| ended.code),
            _ => None,
        }
    }

    pub(super) fn waits(&mut self, reason: &str, message: &str) {
        self.state = State::Waiting(Some((reason.into(), message.into())));
    }

    /// The reason it waits for.
    pub(super) fn waiting_reason(&self) -> &str {
        match &self.state {
            State::Waiting(Some((reason, _))) => reason,
            _ => "",
        }
    }
}

impl PodWorker {
    pub(super) fn new(uid: Name, pod: Arc<Pod>, is_static: bool) -> Self {
        let mut containers = Vec::new();
        if let Some(spec) = &pod.spec {
            let init = spec.init_containers.as_deref().unwrap_or_default();
            for (index, container) in init.iter().enumerate() {
                let role = match container.restart_policy.as_deref() {
                    Some("Always") => Role::Sidecar,
                    _ => Role::Init,
                };
                containers.push((container, role, index));
            }
            let regular = spec.containers.iter().enumerate();
            containers.extend(regular.map(|(index, container)| (container, Role::Regular, index)));
        }
        let containers = containers
            .into_iter()
            .map(|(container, role, index)| {
                let image = container.image.as_deref().unwrap_or_default();
                Container::new(&container.name, role, index, image)
            })
            .collect();
        PodWorker {
            uid,
            key: pod.key(),
            api: (!is_static).then(|| pod.clone()),
            pod,
            is_static,
            stage: Stage::New,
            gone: false,
            start_time: None,
            sandbox: Sandbox::None,
            busy: None,
            mounted: false,
            mount_failures: 0,
            mount_retry_at: None,
            containers,
            sync_at: None,
            notice_at: None,
            written: None,
            verdict: None,
            final_phase: None,
            initialized: false,
            volumes: BTreeMap::new(),
            termination: None,
            reserved: (0, 0),
        }
    }

    /// `name_namespace(uid)`: how the kubelet names a pod in its messages.
    pub(super) fn full_name(&self) -> String {
        format!("{}_{}({})", self.key.name, self.key.namespace, self.uid)
    }

    pub(super) fn host_network(&self) -> bool {
        let spec = self.pod.spec.as_ref();
        spec.is_some_and(|spec| spec.host_network == Some(true))
    }

    pub(super) fn restart_policy(&self) -> &str {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|spec| spec.restart_policy.as_deref())
            .unwrap_or("Always")
    }

    pub(super) fn ip(&self) -> Option<Ipv4Addr> {
        match self.sandbox {
            Sandbox::None => None,
            Sandbox::Ready(ip) | Sandbox::Removed(ip) => Some(ip),
        }
    }

    pub(super) fn any_running(&self) -> bool {
        self.containers.iter().any(Container::is_running)
    }

    /// Notes when news of the runtime will be seen.
    pub(super) fn noticed(&mut self, at: Instant) {
        self.notice_at = Some(self.notice_at.map_or(at, |due| due.min(at)));
    }

    /// Grace that the API object asks for now.
    pub(super) fn grace_seconds(&self) -> i64 {
        let meta = self.api.as_ref().map(|api| &api.metadata);
        let deletion = meta.and_then(|meta| meta.deletion_grace_period_seconds);
        let spec = self.pod.spec.as_ref();
        let own = spec.and_then(|spec| spec.termination_grace_period_seconds);
        deletion.or(own).unwrap_or(30)
    }

    pub(super) fn deleting(&self) -> bool {
        let api = self.api.as_ref();
        self.gone || api.is_some_and(|api| api.metadata.deletion_timestamp.is_some())
    }
}
