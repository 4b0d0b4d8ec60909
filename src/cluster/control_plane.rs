//! The control plane's own processes. They are containers of static pods on one
//! machine; here it is seen which of them run, and what follows from that: no API
//! server, no answers; no scheduler, no bindings.
//!
//! **Invariant:** a process that starts again knows nothing of before but what the
//! API server tells it.

use super::{CONTROL_PLANE, Cluster, bootstrap, controller_manager};
use crate::api::Key;
use crate::controllers::ControllerManager;
use crate::kubelet::Kubelet;
use crate::scheduler::Scheduler;
use crate::sim::{Actor, Cause};

/// A process of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
}

impl Program {
    const ALL: [Program; 4] = [
        Program::Etcd,
        Program::ApiServer,
        Program::ControllerManager,
        Program::Scheduler,
    ];

    /// The name of its static pod's manifest and of the container in it.
    fn name(self) -> &'static str {
        match self {
            Program::Etcd => "etcd",
            Program::ApiServer => "kube-apiserver",
            Program::ControllerManager => "kube-controller-manager",
            Program::Scheduler => "kube-scheduler",
        }
    }

    fn runs_in(self, kubelet: &Kubelet) -> bool {
        let pod = Key::new("kube-system", format!("{}-{CONTROL_PLANE}", self.name()));
        kubelet.is_running(&pod, self.name())
    }
}

/// How a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// It runs since the cluster was made; the kubelet has yet to take it over.
    #[default]
    Begun,
    Runs,
    Stopped,
}

/// Which processes of the control plane run.
#[derive(Clone, Debug, Default)]
pub(super) struct ControlPlane {
    states: [State; 4],
    /// Counts starts: what an earlier process waited for is void.
    starts: [u32; 4],
}

impl ControlPlane {
    /// How often a process was started again.
    pub(super) fn starts(&self, program: Program) -> u32 {
        self.starts[program as usize]
    }

    /// Whether a timer that a process set after so many starts is still waited for.
    pub(super) fn awaits(&self, program: Program, starts: u32) -> bool {
        self.runs(program) && self.starts(program) == starts
    }

    fn runs(&self, program: Program) -> bool {
        self.states[program as usize] != State::Stopped
    }

    /// The API server answers only where its store does.
    fn serves(&self) -> bool {
        self.runs(Program::Etcd) && self.runs(Program::ApiServer)
    }

    /// Takes in whether a process runs. Answers whether that is news.
    fn see(&mut self, program: Program, runs: bool) -> bool {
        let state = &mut self.states[program as usize];
        let next = match (*state, runs) {
            (State::Begun, false) => State::Begun,
            (_, true) => State::Runs,
            (_, false) => State::Stopped,
        };
        let before = std::mem::replace(state, next);
        let stopped = |state| state == State::Stopped;
        if stopped(before) && !stopped(next) {
            self.starts[program as usize] += 1;
        }
        stopped(before) != stopped(next)
    }
}

impl Cluster {
    /// Looks which processes of the control plane run, and lets those that are
    /// gone be gone, those that are there again begin.
    pub(super) fn follow_control_plane(&mut self, cause: Cause) {
        for program in Program::ALL {
            let machine = self.machine(CONTROL_PLANE);
            let runs =
                machine.is_some_and(|machine| machine.powered && program.runs_in(&machine.kubelet));
            if !self.control_plane.see(program, runs) {
                continue;
            }
            match (program, runs) {
                (Program::Etcd | Program::ApiServer, _) => {
                    self.core.api.set_serving(self.control_plane.serves());
                }
                (Program::Scheduler, false) => self.core.api.unwatch_all(&Actor::Scheduler),
                (Program::ControllerManager, false) => {
                    self.core.api.unwatch_all(&controller_manager());
                }
                (Program::Scheduler, true) => self.start_scheduler(cause),
                (Program::ControllerManager, true) => self.start_controllers(cause),
            }
        }
    }

    /// The machine lost power: nothing of it runs any more, seen or not.
    pub(super) fn lose_control_plane(&mut self, cause: Cause) {
        for state in &mut self.control_plane.states {
            *state = match *state {
                State::Begun => State::Runs,
                state => state,
            };
        }
        self.follow_control_plane(cause);
    }

    /// Starts a scheduler that knows nothing yet.
    pub(super) fn start_scheduler(&mut self, cause: Cause) {
        self.scheduler = Scheduler::new();
        self.step_scheduler(cause, Scheduler::start);
    }

    /// Starts a controller manager that knows nothing yet.
    pub(super) fn start_controllers(&mut self, cause: Cause) {
        self.controllers = bootstrap::new_controller_manager(&self.spec);
        self.step_controllers(cause, ControllerManager::start);
    }
}
