//! Scenarios: lessons that the page plays and that tests run headless.

mod file;
mod pick;
mod proof;

pub use file::{Deed, Expectation, NodePick, PacketPick, Pick, PodPick, Proof, Scenario, Step};

use super::Session;
use super::actions;
use super::protocol::{Action, Answer, Destination, ScenarioView, SendPacket, Source, Subject};
use crate::api::{Key, Kind};
use crate::cluster::Cluster;
use crate::sim::Instant;
use crate::sim::trace::Journey;
use std::sync::Arc;
use std::time::Duration;

/// The scenarios that come with the page: file name and text.
pub const CATALOGUE: [(&str, &str); 8] = [
    (
        "first-deployment",
        include_str!("../../../scenarios/first-deployment.yaml"),
    ),
    (
        "five-replicas",
        include_str!("../../../scenarios/five-replicas.yaml"),
    ),
    (
        "crash-loop",
        include_str!("../../../scenarios/crash-loop.yaml"),
    ),
    (
        "node-dies",
        include_str!("../../../scenarios/node-dies.yaml"),
    ),
    (
        "control-plane-dies",
        include_str!("../../../scenarios/control-plane-dies.yaml"),
    ),
    (
        "life-of-a-packet",
        include_str!("../../../scenarios/life-of-a-packet.yaml"),
    ),
    ("services", include_str!("../../../scenarios/services.yaml")),
    (
        "rolling-update",
        include_str!("../../../scenarios/rolling-update.yaml"),
    ),
];

/// A scenario that is being played.
#[derive(Clone, Debug)]
pub(super) struct Running {
    name: String,
    scenario: Arc<Scenario>,
    step: usize,
    begun: Instant,
    journey: Option<Arc<Journey>>,
    /// Which expectations have come true; what was true once stays so.
    met: Vec<bool>,
    /// What went wrong in a step's actions.
    trouble: Vec<String>,
    told: Option<ScenarioView>,
}

impl Session {
    /// Begins a scenario of the catalogue by name, or from its text, in a new
    /// cluster.
    pub fn begin_scenario(&mut self, name_or_text: &str) -> Result<(), String> {
        let known = CATALOGUE.iter().find(|(name, _)| *name == name_or_text);
        let (name, text) = known.copied().unwrap_or(("own", name_or_text));
        if known.is_none() && !name_or_text.contains('\n') {
            return Err(format!("there is no scenario named \"{name_or_text}\""));
        }
        let scenario = Arc::new(Scenario::read(text)?);
        self.reset(scenario.cluster.clone());
        self.running = Some(Running {
            name: name.to_owned(),
            scenario,
            step: 0,
            begun: self.cluster.now(),
            journey: None,
            met: Vec::new(),
            trouble: Vec::new(),
            told: None,
        });
        self.enter_step(0);
        Ok(())
    }

    /// Goes to the next step; stays on the last.
    pub fn next_step(&mut self) {
        if let Some(running) = &self.running
            && running.step + 1 < running.scenario.steps.len()
        {
            self.enter_step(running.step + 1);
        }
    }

    /// Leaves the scenario; the cluster stays as it is.
    pub fn leave_scenario(&mut self) {
        self.running = None;
        self.scenario = Some(ScenarioView::default());
    }

    fn enter_step(&mut self, index: usize) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(step) = running.scenario.steps.get(index).cloned() else {
            return;
        };
        running.step = index;
        running.begun = self.cluster.now();
        running.met = vec![false; step.expect.len()];
        running.trouble.clear();
        for deed in &step.actions {
            let trouble = self.perform(deed).err();
            if let Some(running) = &mut self.running {
                running.trouble.extend(trouble);
            }
        }
    }

    fn perform(&mut self, deed: &Deed) -> Result<(), String> {
        self.mirror.observe(&mut self.cluster);
        let action = match deed {
            Deed::Apply(text) => return applied(actions::apply(&mut self.cluster, text)),
            Deed::Speed(speed) => {
                self.clock.set_speed(*speed);
                return Ok(());
            }
            Deed::Delete(pick) => match pick::subject(&self.mirror, pick)? {
                Subject::Object { kind, key } => Action::Delete { kind, key },
                Subject::Component(_) => return Err("a component cannot be deleted".into()),
            },
            Deed::Crash(pod) => Action::CrashContainer {
                pod: pick::pod(&self.mirror, pod)?,
                container: "".into(),
            },
            Deed::Scale {
                deployment,
                replicas,
            } => Action::Scale {
                kind: Kind::Deployment,
                key: Key::new("default", deployment.as_str()),
                replicas: *replicas,
            },
            Deed::SetImage { deployment, image } => Action::SetImage {
                deployment: Key::new("default", deployment.as_str()),
                container: "".into(),
                image: image.clone(),
            },
            Deed::Undo(deployment) => Action::RolloutUndo {
                deployment: Key::new("default", deployment.as_str()),
            },
            Deed::Cordon(node) => Action::Cordon {
                node: pick::node(&self.mirror, node)?,
                on: true,
            },
            Deed::StopNode(node) => Action::StopNode {
                node: pick::node(&self.mirror, node)?,
            },
            Deed::StartNode(node) => Action::StartNode {
                node: pick::node(&self.mirror, node)?,
            },
            Deed::Send { from, to } => Action::Send(self.packet(from.as_ref(), to)?),
        };
        match actions::act(&mut self.cluster, &self.mirror, action) {
            Answer::Refused(why) => Err(why),
            Answer::Journey(journey) => {
                if let Some(running) = &mut self.running {
                    running.journey = Some(journey);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn packet(&self, from: Option<&PodPick>, to: &PacketPick) -> Result<SendPacket, String> {
        let from = match from {
            None => Source::Outside,
            Some(pod) => Source::Pod {
                pod: pick::pod(&self.mirror, pod)?,
                container: "".into(),
            },
        };
        let to = match to {
            PacketPick::Pod(pod) => Destination::Pod(pick::pod(&self.mirror, pod)?),
            PacketPick::Service(name) => Destination::Service(Key::new("default", name.as_str())),
            PacketPick::NodePort { service, node } => Destination::NodePort {
                service: Key::new("default", service.as_str()),
                node: pick::node(&self.mirror, node)?,
            },
            PacketPick::Host(host) => Destination::Host(host.clone()),
        };
        Ok(SendPacket {
            from,
            to,
            port: None,
        })
    }

    /// Looks which expectations have come true, and tells what changed.
    pub(super) fn follow_scenario(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(step) = running.scenario.steps.get(running.step) else {
            return;
        };
        for (met, expectation) in running.met.iter_mut().zip(&step.expect) {
            *met |= proof::holds(
                &self.cluster,
                &self.mirror,
                running.journey.as_deref(),
                &expectation.that,
            );
        }
        let view = running.view(step, &self.mirror);
        if running.told.as_ref() != Some(&view) {
            running.told = Some(view.clone());
            self.scenario = Some(view);
        }
    }

    /// Plays a scenario to its end without a viewer. The error names the step
    /// and what did not come true in time. `look` sees the cluster every tenth of
    /// a virtual second.
    pub fn play_scenario(
        &mut self,
        name_or_text: &str,
        mut look: impl FnMut(&Cluster),
    ) -> Result<(), String> {
        self.begin_scenario(name_or_text)?;
        loop {
            self.await_step(&mut look)?;
            let Some(running) = &self.running else {
                return Ok(());
            };
            if running.step + 1 == running.scenario.steps.len() {
                return Ok(());
            }
            self.next_step();
        }
    }

    fn await_step(&mut self, look: &mut impl FnMut(&Cluster)) -> Result<(), String> {
        loop {
            self.mirror.observe(&mut self.cluster);
            look(&self.cluster);
            self.follow_scenario();
            let Some(running) = &self.running else {
                return Ok(());
            };
            let step = &running.scenario.steps[running.step];
            let place = format!(
                "{}, step {} ({})",
                running.name,
                running.step + 1,
                step.title
            );
            if let Some(trouble) = running.trouble.first() {
                return Err(format!("{place}: {trouble}"));
            }
            if running.met.iter().all(|met| *met) {
                return Ok(());
            }
            if self.cluster.now().since(running.begun) > Duration::from_secs(step.within.into()) {
                let missing: Vec<&str> = step
                    .expect
                    .iter()
                    .zip(&running.met)
                    .filter(|(_, met)| !**met)
                    .map(|(expectation, _)| expectation.text.as_str())
                    .collect();
                return Err(format!(
                    "{place}: not within {} s: {}",
                    step.within,
                    missing.join("; ")
                ));
            }
            let next = self.cluster.now() + HEADLESS_STRIDE;
            self.cluster.advance(next, u32::MAX);
        }
    }
}

/// How often a headless run looks at its expectations.
const HEADLESS_STRIDE: Duration = Duration::from_millis(100);

fn applied(answer: Answer) -> Result<(), String> {
    let Answer::Applied {
        outcomes,
        diagnostics,
    } = answer
    else {
        return Ok(());
    };
    if let Some(outcome) = outcomes.iter().find(|outcome| !outcome.error.is_empty()) {
        return Err(outcome.error.clone());
    }
    match diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == 2)
    {
        Some(diagnostic) => Err(format!("line {}: {}", diagnostic.line, diagnostic.message)),
        None => Ok(()),
    }
}

impl Running {
    fn view(&self, step: &Step, mirror: &super::mirror::Mirror) -> ScenarioView {
        let last = self.step + 1 == self.scenario.steps.len();
        let expectations: Vec<(String, bool)> = step
            .expect
            .iter()
            .map(|expectation| expectation.text.clone())
            .zip(self.met.iter().copied())
            .collect();
        let words = step
            .words
            .split("\n\n")
            .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        ScenarioView {
            name: self.name.clone(),
            title: self.scenario.title.clone(),
            goal: self.scenario.goal.clone(),
            steps: self
                .scenario
                .steps
                .iter()
                .map(|step| step.title.clone())
                .collect(),
            step: self.step,
            words: words
                .filter(|paragraph| !paragraph.is_empty())
                .chain(self.trouble.iter().cloned())
                .collect(),
            next: step
                .next
                .clone()
                .unwrap_or_else(|| if last { "Done".into() } else { "Next".into() }),
            finished: last && expectations.iter().all(|(_, met)| *met),
            expectations,
            select: step
                .select
                .as_ref()
                .and_then(|pick| pick::subject(mirror, pick).ok()),
        }
    }
}
