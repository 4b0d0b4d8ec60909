//! Roll-outs as a user sees them.

use crate::api::{Deployment, Pod, ReplicaSet, Resource};
use crate::controllers::harness::{World, golden, recorded_sizes};
use serde_json::json;
use std::time::Duration;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn rolled_out(world: &mut World, name: &str, replicas: i32) {
    let deployment = world.get::<Deployment>(name).expect("the deployment");
    let status = deployment.status.clone().unwrap_or_default();
    assert_eq!(status.updated_replicas.unwrap_or(0), replicas, "updated");
    assert_eq!(status.replicas.unwrap_or(0), replicas, "replicas");
    assert_eq!(
        status.available_replicas.unwrap_or(0),
        replicas,
        "available"
    );
    assert_eq!(world.active_pods().len(), replicas as usize, "pods");
}

#[test]
fn a_deployment_gets_its_pods_and_says_so() {
    let mut world = World::new(1);
    world.deploy("web", 4, json!({}));
    world.run(seconds(5));
    rolled_out(&mut world, "web", 4);
    let sets = world.list::<ReplicaSet>();
    let name = sets[0].name().to_owned();
    assert_eq!(
        world.events("ScalingReplicaSet"),
        [format!("Scaled up replica set {name} from 0 to 4")]
    );
    let created = world.events("SuccessfulCreate");
    assert_eq!(created.len(), 4);
    assert!(created[0].starts_with(&format!("Created pod: {name}-")));
    let deployment = world.get::<Deployment>("web").expect("the deployment");
    let status = deployment.status.clone().unwrap_or_default();
    let conditions: Vec<_> = status
        .conditions
        .iter()
        .flatten()
        .map(|condition| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!(
                "{}={} {}: {}",
                condition.type_,
                condition.status,
                text(&condition.reason),
                text(&condition.message)
            )
        })
        .collect();
    assert_eq!(
        conditions,
        [
            "Available=True MinimumReplicasAvailable: Deployment has minimum availability."
                .to_owned(),
            format!(
                "Progressing=True NewReplicaSetAvailable: ReplicaSet \"{name}\" has successfully progressed."
            ),
        ]
    );
}

enum Act {
    Image(&'static str),
    Annotate(&'static str, &'static str),
    Label(&'static str, &'static str),
    Undo,
    Scale(i32),
    Wait(u64),
}
use Act::{Annotate, Image, Label, Scale, Undo, Wait};

const UNREADY: Act = Annotate("sim/ready", "false");

/// The sizes that ReplicaSets went through in recorded cases.
#[test]
fn sets_go_through_the_recorded_sizes() {
    let image = |number: u32| match number {
        2 => Image("registry.k8s.io/pause:3.2"),
        3 => Image("registry.k8s.io/pause:3.3"),
        4 => Image("registry.k8s.io/pause:3.4"),
        5 => Image("registry.k8s.io/pause:3.5"),
        _ => Image("registry.k8s.io/pause:3.6"),
    };
    let cases: Vec<(&str, Vec<Act>)> = vec![
        ("01-rolling-default-4", vec![image(2), Wait(5)]),
        ("02-rolling-surge1-unavail0", vec![image(2), Wait(5)]),
        ("04-rolling-50-25-of-10", vec![image(2), Wait(5)]),
        ("05-recreate", vec![image(2), Wait(5)]),
        ("07-minreadyseconds", vec![Wait(4), image(2), Wait(12)]),
        (
            "10-scale-during-rollout",
            vec![UNREADY, Wait(4), Scale(20), Wait(4), Scale(5), Wait(4)],
        ),
        (
            "11-revision-history-limit",
            vec![
                image(2),
                Wait(3),
                image(3),
                Wait(3),
                image(4),
                Wait(3),
                image(5),
                Wait(3),
                image(6),
                Wait(3),
            ],
        ),
        (
            "12-progress-deadline",
            vec![UNREADY, Wait(9), Undo, Wait(3)],
        ),
        (
            "14-rollover",
            vec![UNREADY, Wait(3), Annotate("sim/ready", "true"), Wait(6)],
        ),
        (
            "16-rollout-restart",
            vec![
                Annotate("kubectl.kubernetes.io/restartedAt", "2026-11-22T17:17:44Z"),
                Wait(5),
            ],
        ),
        ("19-noop-and-template-label", vec![Label("v", "2"), Wait(5)]),
        ("20-zero-replicas-and-surge", vec![image(2), Wait(3)]),
        ("22-pod-dies-rs-replaces", vec![]),
    ];
    let mut wrong = Vec::new();
    for (name, acts) in cases {
        let Some(case) = golden::case(&format!("deploy/{name}")) else {
            continue;
        };
        let mut world = World::new(1);
        for document in golden::documents(&case) {
            world.apply(document);
        }
        world.run(seconds(3));
        for act in acts {
            match act {
                Image(image) => world.set_image("web", image),
                Annotate(key, value) => world.edit_template("web", |meta| {
                    let annotations = meta.annotations.get_or_insert_default();
                    annotations.insert(key.to_owned(), value.to_owned());
                }),
                Label(key, value) => world.edit_template("web", |meta| {
                    let labels = meta.labels.get_or_insert_default();
                    labels.insert(key.to_owned(), value.to_owned());
                }),
                Undo => world.edit_template("web", |meta| meta.annotations = None),
                Scale(replicas) => world.scale("web", replicas),
                Wait(count) => world.run(seconds(count)),
            }
        }
        // How a roll-out of many goes on depends on how many pods become ready
        // between two looks.
        let beginning = if name.starts_with("04") {
            4
        } else {
            usize::MAX
        };
        let cut = |text: String| {
            let words: Vec<_> = text.split(' ').take(beginning).collect();
            words.join(" ")
        };
        let expected = cut(recorded_sizes(&golden::text(&case, "rs-sequence.txt")));
        let found = cut(world.size_sequence());
        if found != expected {
            wrong.push(format!("{name}\n  recorded {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn recreate_ends_all_before_it_begins() {
    let mut world = World::new(1);
    world.deploy(
        "web",
        3,
        json!({"strategy": {"type": "Recreate", "rollingUpdate": null}}),
    );
    world.run(seconds(3));
    world.set_image("web", "registry.k8s.io/pause:3.2");
    world.run(seconds(5));
    rolled_out(&mut world, "web", 3);
    assert_eq!(world.size_sequence(), "1=3 1=0 2=3");
}

#[test]
fn a_pod_that_is_deleted_is_replaced() {
    let mut world = World::new(1);
    world.deploy("web", 5, json!({}));
    world.run(seconds(3));
    let lost = world.list::<Pod>()[0].name().to_owned();
    world.delete::<Pod>(&lost);
    world.run(seconds(3));
    rolled_out(&mut world, "web", 5);
    assert!(world.active_pods().iter().all(|pod| pod.name() != lost));
}

fn progressing(world: &mut World) -> (String, String, String) {
    let deployment = world.get::<Deployment>("web").expect("the deployment");
    let condition = super::conditions::find(&deployment, "Progressing").cloned();
    let condition = condition.expect("a condition");
    (
        condition.status,
        condition.reason.unwrap_or_default(),
        condition.message.unwrap_or_default(),
    )
}

#[test]
fn a_rollout_that_does_not_get_on_says_so() {
    let mut world = World::new(1);
    world.deploy("web", 4, json!({"progressDeadlineSeconds": 5}));
    world.run(seconds(3));
    world.edit_template("web", |meta| {
        meta.annotations = Some([("sim/ready".to_owned(), "false".to_owned())].into());
    });
    world.run(seconds(4));
    assert_eq!(progressing(&mut world).1, "ReplicaSetUpdated");
    world.run(seconds(4));
    let (status, reason, message) = progressing(&mut world);
    assert_eq!(
        (status.as_str(), reason.as_str()),
        ("False", "ProgressDeadlineExceeded")
    );
    assert!(message.starts_with("ReplicaSet \"web-"), "{message}");
    assert!(
        message.ends_with("\" has timed out progressing."),
        "{message}"
    );
    // Back to the template before: the old set takes the next revision.
    world.edit_template("web", |meta| meta.annotations = None);
    world.run(seconds(4));
    rolled_out(&mut world, "web", 4);
    assert_eq!(progressing(&mut world).1, "NewReplicaSetAvailable");
    let revision = "deployment.kubernetes.io/revision";
    let deployment = world.get::<Deployment>("web").expect("the deployment");
    assert_eq!(
        deployment.metadata.annotations.clone().unwrap_or_default()[revision],
        "3"
    );
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut world = World::new(1);
    world.deploy("web", 2, json!({}));
    world.run(seconds(3));
    let pause = |world: &mut World, paused: bool| {
        world.edit::<Deployment>("web", |deployment| {
            deployment.spec.get_or_insert_default().paused = Some(paused);
        });
    };
    pause(&mut world, true);
    world.set_image("web", "registry.k8s.io/pause:3.2");
    world.scale("web", 3);
    world.run(seconds(3));
    assert_eq!(world.size_sequence(), "1=2 1=3");
    assert_eq!(progressing(&mut world).1, "DeploymentPaused");
    pause(&mut world, false);
    world.run(seconds(5));
    rolled_out(&mut world, "web", 3);
    assert_eq!(world.list::<ReplicaSet>().len(), 2);
}
