//! What a viewer holds: commands in, updates out. The page's worker, the headless
//! runner and the tests all hold a [`Session`].
//!
//! **Invariant:** the session is a client like any other: what it shows comes from
//! its watches and from the trace; what it changes goes through the door.

mod actions;
mod clock;
mod detail;
mod dirty;
pub mod history;
mod marks;
mod mirror;
mod packets;
pub mod protocol;
mod records;
pub mod scenario;
mod view;

use crate::cluster::Cluster;
use clock::Clock;
use mirror::Mirror;
use protocol::{Answer, Command, ScenarioView, Subject, Ticket, Update};
use records::Reel;

/// A cluster with a viewer.
#[derive(Clone, Debug)]
pub struct Session {
    cluster: Cluster,
    clock: Clock,
    mirror: Mirror,
    reel: Reel,
    inspected: Inspected,
    answers: Vec<(Ticket, Answer)>,
    running: Option<scenario::Running>,
    /// What the viewer has not been told of the scenario yet.
    scenario: Option<ScenarioView>,
    whole: bool,
}

/// What the viewer looks at closely.
#[derive(Clone, Debug, Default)]
struct Inspected {
    subject: Option<Subject>,
    /// Updates since the detail was last looked at.
    age: u32,
    sent: Option<Box<protocol::Detail>>,
}

/// A detail is computed anew every so many updates, when something changed.
const DETAIL_EVERY_UPDATES: u32 = 6;

impl Session {
    /// A session with a new cluster that has come to rest, whose time runs.
    pub fn new(spec: protocol::ClusterSpec) -> Self {
        let mut cluster = Cluster::settled(spec);
        let mirror = Mirror::new(&mut cluster);
        Session {
            clock: Clock::at(cluster.now()),
            cluster,
            mirror,
            reel: Reel::default(),
            inspected: Inspected::default(),
            answers: Vec::new(),
            running: None,
            scenario: None,
            whole: true,
        }
    }

    /// The cluster, to look at.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Takes a command. Its answer, where it has one, comes with the next update.
    pub fn command(&mut self, command: Command) {
        match command {
            Command::Reset(spec) => self.reset(spec),
            Command::Play(on) => self.clock.playing = on,
            Command::Speed(speed) => self.clock.set_speed(speed),
            Command::Step => self.step(),
            Command::Skip(seconds) => self.clock.skip(&self.cluster, seconds),
            Command::Check { ticket, text } => {
                let answer = actions::check(&text);
                self.answers.push((ticket, answer));
            }
            Command::Apply { ticket, text } => {
                let answer = actions::apply(&mut self.cluster, &text);
                self.answers.push((ticket, answer));
            }
            Command::DeleteManifest { ticket, text } => {
                let answer = actions::delete(&mut self.cluster, &text);
                self.answers.push((ticket, answer));
            }
            Command::Act { ticket, action } => {
                let answer = actions::act(&mut self.cluster, &self.mirror, action);
                self.answers.push((ticket, answer));
            }
            Command::Inspect(subject) => {
                self.inspected = Inspected {
                    subject,
                    ..Inspected::default()
                }
            }
            Command::Scenario(name) => {
                if let Err(why) = self.begin_scenario(&name) {
                    self.scenario = Some(ScenarioView {
                        goal: why,
                        ..ScenarioView::default()
                    });
                }
            }
            Command::ScenarioNext => self.next_step(),
            Command::ScenarioLeave => self.leave_scenario(),
            Command::Ready => {}
        }
    }

    fn reset(&mut self, spec: protocol::ClusterSpec) {
        let answers = std::mem::take(&mut self.answers);
        let fresh = Session::new(spec);
        let clock = self.clock.restarted(fresh.cluster.now());
        *self = Session {
            clock,
            answers,
            ..fresh
        };
    }

    /// Advances to the next event that leaves a record, and stops there.
    fn step(&mut self) {
        self.clock.playing = false;
        let before = self.cluster.trace().next_id();
        while self.cluster.trace().next_id() == before && self.cluster.step() {}
        self.mirror.observe(&mut self.cluster);
        self.clock.stop_at(self.cluster.now());
    }

    /// Lets time run for `wall_seconds` of the viewer's time, or for `budget`
    /// events. True where more is owed than the budget allowed.
    pub fn advance(&mut self, wall_seconds: f64, budget: u32) -> bool {
        let behind = self.clock.advance(&mut self.cluster, wall_seconds, budget);
        self.mirror.observe(&mut self.cluster);
        behind
    }

    /// What changed since the last update.
    pub fn update(&mut self) -> Update {
        self.mirror.observe(&mut self.cluster);
        self.follow_scenario();
        let mut update = Update {
            whole: std::mem::take(&mut self.whole),
            clock: self.clock.view(&self.cluster),
            answers: std::mem::take(&mut self.answers),
            scenario: self.scenario.take(),
            ..Update::default()
        };
        self.mirror.write_changes(&self.cluster, &mut update);
        self.reel.write_records(&self.cluster, &mut update);
        update.detail = self.changed_detail();
        update
    }

    fn changed_detail(&mut self) -> Option<Box<protocol::Detail>> {
        let subject = self.inspected.subject.clone()?;
        let due = self.inspected.sent.is_none() || self.inspected.age >= DETAIL_EVERY_UPDATES;
        self.inspected.age += 1;
        if !due {
            return None;
        }
        self.inspected.age = 0;
        let detail = Box::new(detail::of(&self.cluster, &self.mirror, &subject));
        let changed = self.inspected.sent.as_ref() != Some(&detail);
        self.inspected.sent = Some(detail.clone());
        changed.then_some(detail)
    }
}
