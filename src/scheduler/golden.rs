//! The scheduler against what a real kube-scheduler 1.36 decided: the cases are
//! applied step by step through a real API server.

use super::{Scheduler, Timer};
use crate::api::{Kind, Node, Object, Pod};
use crate::apiserver::{ApiServer, Body, Reply, Request, WatcherId};
use crate::client::Ctx;
use crate::sim::trace::{Decision, Verb, What};
use crate::sim::{Actor, Cause, MILLISECOND, Queue, RecordId, SECOND, Sim};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Cases that need what is not here, with what that is.
const OUT_OF_REACH: &[(&str, &str)] = &[("52-", "VolumeBinding")];

#[derive(Clone)]
enum Happens {
    Delivery(WatcherId),
    Timer(Timer),
}

/// An API server with a scheduler and nothing else.
#[derive(Clone)]
pub(super) struct Harness {
    pub(super) sim: Sim,
    pub(super) api: ApiServer,
    pub(super) scheduler: Scheduler,
    queue: Queue<Happens>,
}

impl Harness {
    pub(super) fn new() -> Self {
        let mut harness = Harness {
            sim: Sim::new(1),
            api: ApiServer::new(),
            scheduler: Scheduler::new(),
            queue: Queue::default(),
        };
        for kind in ["Namespace", "ServiceAccount"] {
            harness.create(
                &json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "default"}}),
            );
        }
        harness.step(None, |scheduler, ctx| scheduler.start(ctx));
        harness
    }

    fn step(&mut self, cause: Cause, step: impl FnOnce(&mut Scheduler, &mut Ctx<'_, Timer>)) {
        let mut ctx = Ctx::new(&mut self.sim, &mut self.api, Actor::Scheduler, cause);
        step(&mut self.scheduler, &mut ctx);
        for (at, cause, timer) in ctx.into_timers() {
            self.queue.push(at, cause, Happens::Timer(timer));
        }
        self.deliver_soon();
    }

    fn deliver_soon(&mut self) {
        for watcher in self.api.take_woken() {
            let at = self.sim.now + MILLISECOND;
            self.queue.push(at, None, Happens::Delivery(watcher));
        }
    }

    /// Lets twenty seconds pass. Pods that are to stop have stopped after the
    /// first, as if by a kubelet.
    pub(super) fn settle(&mut self) {
        self.pass(SECOND);
        for pod in self.all::<Pod>() {
            if pod.metadata.deletion_timestamp.is_some() {
                self.call(Verb::Delete, &Object::Pod(pod));
            }
        }
        self.pass(SECOND * 19);
    }

    /// Lets some time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.sim.now + time;
        while self.queue.next_at().is_some_and(|at| at <= end) {
            let Some((at, cause, happens)) = self.queue.pop() else {
                break;
            };
            self.sim.now = at;
            match happens {
                Happens::Delivery(watcher) => {
                    let events = self.api.take_events(watcher);
                    self.step(None, |scheduler, ctx| scheduler.on_watch(events, ctx));
                }
                Happens::Timer(timer) => {
                    self.step(cause, |scheduler, ctx| scheduler.on_timer(timer, ctx))
                }
            }
        }
        self.sim.now = end;
    }

    pub(super) fn call(&mut self, verb: Verb, object: &Object) -> Object {
        let request = Request::new(Actor::User, verb, object.kind(), object.key());
        let request = request.body(match verb {
            Verb::Delete => Body::Delete(crate::apiserver::DeleteOptions {
                grace_period_seconds: Some(0),
                ..Default::default()
            }),
            _ => Body::Object(object.clone()),
        });
        let reply = self.api.handle(&mut self.sim, None, request);
        self.deliver_soon();
        match reply {
            Ok(Reply::Object { object, .. } | Reply::Done { object, .. }) => object,
            other => panic!("{verb:?} {}: {other:?}", object.key()),
        }
    }

    /// Creates an object from a manifest.
    pub(super) fn create(&mut self, manifest: &Value) {
        let text = |field: &str| manifest[field].as_str().unwrap_or_default();
        let kind = Kind::from_api_version(text("apiVersion"), text("kind")).expect("a known kind");
        let mut object = Object::from_json(kind, manifest.clone()).expect("an object");
        if kind.info().namespaced && object.meta().namespace.is_none() {
            object.meta_mut().namespace = Some("default".to_owned());
        }
        let Object::Node(wanted) = &object else {
            self.call(Verb::Create, &object);
            return;
        };
        self.create_node(wanted);
    }

    /// A new node carries `not-ready` until the node controller has seen it.
    fn create_node(&mut self, wanted: &Arc<Node>) {
        let Object::Node(mut node) = self.call(Verb::Create, &Object::Node(wanted.clone())) else {
            return;
        };
        self.pass(MILLISECOND * 100);
        let taints = wanted.spec.as_ref().and_then(|spec| spec.taints.clone());
        Arc::make_mut(&mut node).spec.get_or_insert_default().taints = taints;
        self.call(Verb::Update, &Object::Node(node));
    }

    pub(super) fn all<K: crate::api::Resource>(&mut self) -> Vec<Arc<K>> {
        let mut ctx: Ctx<'_, ()> = Ctx::new(&mut self.sim, &mut self.api, Actor::User, None);
        ctx.list::<K>("").expect("a list")
    }

    /// `a=n1 b=-`.
    pub(super) fn placements(&mut self) -> String {
        let node = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        let pods = self.all::<Pod>();
        let texts = pods.iter().map(|pod| {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            format!("{name}={}", node(pod).as_deref().unwrap_or("-"))
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn decisions(&self) -> Vec<Arc<Decision>> {
        let records = self.sim.trace.since(RecordId(0));
        records
            .filter_map(|record| match &record.what {
                What::Scheduling(decision) => Some(decision.clone()),
                _ => None,
            })
            .collect()
    }

    /// What users read, as `pod Warning/FailedScheduling: message`.
    fn complaints(&mut self) -> BTreeSet<String> {
        let events = self.all::<crate::api::Event>();
        let failed = events
            .iter()
            .filter(|event| event.reason.as_deref() != Some("Scheduled"));
        failed
            .map(|event| {
                format!(
                    "{} {}/{}: {}",
                    event.involved_object.name.as_deref().unwrap_or_default(),
                    event.type_.as_deref().unwrap_or_default(),
                    event.reason.as_deref().unwrap_or_default(),
                    without_uid(event.message.as_deref().unwrap_or_default()),
                )
            })
            .collect()
    }
}

/// Every run has uids of its own.
fn without_uid(message: &str) -> String {
    match message.split_once("Preempted by pod ") {
        Some((before, rest)) => {
            let after = rest.split_once(' ').map_or("", |(_, after)| after);
            format!("{before}Preempted by pod UID {after}")
        }
        None => message.to_owned(),
    }
}

/// How many pods are on each node, as `result.txt` tells of many.
fn by_node(placements: &str) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, node) in placements
        .split(' ')
        .filter_map(|word| word.split_once('='))
    {
        *counts.entry(node).or_default() += 1;
    }
    let parts = counts
        .iter()
        .map(|(node, count)| format!("'{node}': {count}"));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/sched")
}

/// The manifests of a case by step; the nodes and whatever else is there from the
/// start are step zero.
fn steps(input: &str) -> Vec<(String, Vec<Value>)> {
    let mut steps = vec![(String::new(), String::new())];
    for line in input.lines() {
        match line.strip_prefix("# step ") {
            Some(title) => steps.push((title.to_owned(), String::new())),
            None => {
                if let Some((_, text)) = steps.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    steps
        .into_iter()
        .map(|(title, text)| {
            let documents = text
                .split("\n---\n")
                .filter(|document| document.contains("kind:"));
            let documents = documents.map(|document| serde_yaml::from_str(document).expect("YAML"));
            (title, documents.collect())
        })
        .collect()
}

/// A Deployment as its controllers would bring it about: a ReplicaSet and its pods,
/// by the names and in the order of the recorded run.
fn expand(document: &Value, names: &[String]) -> Vec<Value> {
    if document["kind"] != "Deployment" {
        return vec![document.clone()];
    }
    let set = names
        .first()
        .and_then(|name| Some(name.rsplit_once('-')?.0))
        .unwrap_or_default();
    let template = &document["spec"]["template"];
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": "1",
        "controller": true});
    let replica_set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": set},
        "spec": {"selector": document["spec"]["selector"], "template": template}});
    let pod = |name: &String| {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"], "metadata": {
            "name": name, "labels": template["metadata"]["labels"], "ownerReferences": [owner]}})
    };
    std::iter::once(replica_set)
        .chain(names.iter().map(pod))
        .collect()
}

fn play(input: &str, names: &[String]) -> Harness {
    let mut harness = Harness::new();
    for (title, documents) in steps(input) {
        if title.ends_with("clear") {
            for pod in harness.all::<Pod>() {
                harness.call(Verb::Delete, &Object::Pod(pod));
            }
        }
        for document in documents
            .iter()
            .flat_map(|document| expand(document, names))
        {
            harness.create(&document);
        }
        harness.settle();
    }
    harness
}

/// The placements and the complaints of `result.txt`.
fn recorded(result: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut placements = BTreeSet::new();
    let mut complaints = BTreeSet::new();
    for line in result.lines() {
        let Some((_count, what)) = line
            .strip_prefix("  ")
            .and_then(|line| line.split_once("x "))
        else {
            continue;
        };
        match what.contains(": ") && !what.starts_with('{') {
            true => complaints.insert(without_uid(what)),
            false => placements.insert(what.to_owned()),
        };
    }
    (placements, complaints)
}

/// The pods of `scores.log` in the order in which they were scored.
fn pods_in_order(log: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in log.lines() {
        let name = line
            .split("pod=\"default/")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        if let Some(name) = name.filter(|name| names.last().map(String::as_str) != Some(*name)) {
            names.push(name.to_owned());
        }
    }
    names
}

type Sheet = BTreeMap<(String, String, String), i64>;

/// The scores of `scores.log` by pod, node and plugin; the plugin is empty for the
/// sum.
fn recorded_scores(log: &str) -> Sheet {
    let word = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}="))?;
        Some(rest.split(' ').next()?.trim_matches('"').to_owned())
    };
    let mut sheet = Sheet::new();
    for line in log.lines() {
        let (Some(pod), Some(node), Some(score)) =
            (word(line, "pod"), word(line, "node"), word(line, "score"))
        else {
            continue;
        };
        let plugin = word(line, "plugin").unwrap_or_default();
        if plugin != "DynamicResources" {
            sheet.insert((pod, node, plugin), score.parse().expect("a score"));
        }
    }
    sheet
}

fn scores(decisions: &[Arc<Decision>]) -> Sheet {
    let mut sheet = Sheet::new();
    for decision in decisions {
        let pod = format!("{}/{}", decision.namespace, decision.pod);
        for score in &decision.scores {
            let mut note = |plugin: &str, value: i64| {
                sheet.insert(
                    (pod.clone(), score.node.to_string(), plugin.to_owned()),
                    value,
                );
            };
            note("", score.total);
            for part in &score.plugins {
                note(&part.plugin, part.normalized * part.weight);
            }
        }
    }
    sheet
}

/// Placements in the order in which `result.txt` lists them: by pod name.
fn sorted(placements: &str) -> String {
    let mut words: Vec<&str> = placements.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

fn check(case: &Path, wrong: &mut Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    let mut harness = play(&read("input.yaml"), &pods_in_order(&read("scores.log")));
    let (placements, complaints) = recorded(&read("result.txt"));
    let placed = sorted(&harness.placements());
    if !name.starts_with("55-")
        && !placements
            .iter()
            .any(|one| sorted(one) == placed || *one == by_node(&placed))
    {
        wrong.push(format!("{name}: placed {placed}, recorded {placements:?}"));
    }
    let complained = harness.complaints();
    if complained != complaints {
        wrong.push(format!(
            "{name}: said {complained:#?}, recorded {complaints:#?}"
        ));
    }
    let recorded = recorded_scores(&read("scores.log"));
    let scored = scores(&harness.decisions());
    for (key, score) in &recorded {
        if scored.get(key) != Some(score) {
            wrong.push(format!(
                "{name}: {key:?} {:?}, recorded {score}",
                scored.get(key)
            ));
        }
    }
    if !recorded.is_empty() {
        let unheard = scored.keys().filter(|key| !recorded.contains_key(*key));
        wrong.extend(unheard.map(|key| format!("{name}: {key:?} was not scored")));
    }
}

#[test]
fn decides_as_the_real_scheduler_did() {
    let Ok(folder) = std::fs::read_dir(golden()) else {
        println!("skipped: there are no recordings beside this checkout");
        return;
    };
    let mut cases: Vec<PathBuf> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    cases.sort();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in &cases {
        let name = case
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match OUT_OF_REACH
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
        {
            Some((_, what)) => println!("skipped: {name} needs {what}"),
            None => {
                check(case, &mut wrong);
                checked += 1;
            }
        }
    }
    println!("{checked} recorded cases checked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
