//! Stands for scheduler and kubelets: binds each pod to the next node in turn,
//! runs it, ends it when it is deleted. `sim/ready: "false"` keeps it unready.

use crate::api::core::{PodCondition, PodIP};
use crate::api::{Key, Kind, Pod, Resource, Time};
use crate::apiserver::{DeleteOptions, Selection, WatchEvent};
use crate::client::Ctx;
use crate::sim::trace::Change;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(in crate::controllers) enum RunnerTimer {
    Bind(Key),
    Run(Key, String),
    End(Key, String),
}

#[derive(Clone, Debug)]
pub(in crate::controllers) struct Runner {
    /// From a pod's binding to its readiness.
    pub(in crate::controllers) start: Duration,
    /// From a pod's deletion to its end.
    pub(in crate::controllers) end: Duration,
    /// Nodes, taken in turn.
    pub(in crate::controllers) nodes: Vec<&'static str>,
    /// Nodes whose kubelet does nothing any more.
    pub(in crate::controllers) silent: Vec<&'static str>,
    bound: usize,
}

impl Default for Runner {
    fn default() -> Self {
        Runner {
            start: Duration::from_millis(300),
            end: Duration::from_millis(300),
            nodes: vec!["node-1", "node-2", "node-3"],
            silent: Vec::new(),
            bound: 0,
        }
    }
}

impl Runner {
    pub(in crate::controllers) fn start(&mut self, ctx: &mut Ctx<'_, RunnerTimer>) {
        ctx.watch(Selection::all(Kind::Pod));
    }

    pub(in crate::controllers) fn on_watch(
        &mut self,
        events: Vec<WatchEvent>,
        ctx: &mut Ctx<'_, RunnerTimer>,
    ) {
        for event in events
            .into_iter()
            .filter(|event| event.change != Change::Deleted)
        {
            let Some(pod) = event.object.as_kind::<Pod>() else {
                continue;
            };
            let node = crate::controllers::pods::node_name(pod);
            if node.is_some_and(|node| self.silent.contains(&node)) {
                continue;
            }
            let (key, uid) = (pod.key(), pod.uid().to_owned());
            if pod.metadata.deletion_timestamp.is_some() {
                ctx.after(self.end, RunnerTimer::End(key, uid));
            } else if crate::controllers::pods::node_name(pod).is_none() {
                ctx.after(Duration::from_millis(5), RunnerTimer::Bind(key));
            } else if crate::controllers::pods::phase(pod) == "Pending"
                || wants_ready(pod) != crate::controllers::pods::is_ready(pod)
            {
                ctx.after(self.start, RunnerTimer::Run(key, uid));
            }
        }
    }

    pub(in crate::controllers) fn on_timer(
        &mut self,
        timer: RunnerTimer,
        ctx: &mut Ctx<'_, RunnerTimer>,
    ) {
        match timer {
            RunnerTimer::Bind(key) => {
                let node = self.nodes[self.bound % self.nodes.len()];
                self.bound += 1;
                // Bound already, or gone.
                let _ = ctx.bind(&key, node);
            }
            RunnerTimer::Run(key, uid) => run(&key, &uid, ctx),
            RunnerTimer::End(key, uid) => {
                let options = DeleteOptions {
                    grace_period_seconds: Some(0),
                    uid: Some(uid),
                    ..DeleteOptions::default()
                };
                // Ended already.
                let _ = ctx.delete::<Pod>(&key, options);
            }
        }
    }
}

fn wants_ready(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let said = annotations.and_then(|annotations| annotations.get("sim/ready"));
    said.is_none_or(|said| said != "false")
}

fn run(key: &Key, uid: &str, ctx: &mut Ctx<'_, RunnerTimer>) {
    let Ok(pod) = ctx.get::<Pod>(key) else {
        return;
    };
    if pod.uid() != uid {
        return;
    }
    let mut pod = Pod::clone(&pod);
    let ready = wants_ready(&pod);
    let number = uid
        .bytes()
        .fold(0u32, |sum, byte| sum.wrapping_mul(31) + u32::from(byte));
    let ip = format!("10.244.{}.{}", (number >> 8) % 256, number % 256);
    let status = pod.status.get_or_insert_default();
    status.phase = Some("Running".to_owned());
    status.pod_ip = Some(ip.clone());
    status.pod_ips = Some(vec![PodIP { ip }]);
    status.conditions = Some(vec![PodCondition {
        type_: "Ready".to_owned(),
        status: if ready { "True" } else { "False" }.to_owned(),
        last_transition_time: Some(Time(ctx.now().timestamp())),
        ..PodCondition::default()
    }]);
    // A conflict comes again with the next event.
    let _ = ctx.update_status(pod);
}
