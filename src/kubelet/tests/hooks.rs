//! Lifecycle hooks, and probes that take their time.

use super::*;
use crate::sim::trace::Transition;

/// When the first transition that `is` picks happened, in seconds.
fn first(world: &World, container: &str, is: impl Fn(&Transition) -> bool) -> Option<f64> {
    let transitions = world.transitions().into_iter();
    transitions
        .filter(|(_, name, transition)| **name == *container && is(transition))
        .map(|(at, ..)| at)
        .next()
}

fn started(world: &World, container: &str) -> Option<f64> {
    first(world, container, |what| *what == Transition::Started)
}

#[test]
fn a_post_start_hook_holds_its_pod_up() {
    let mut world = World::new();
    let first = json!({
        "name": "first", "image": "nginx",
        "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "sleep 20; echo hi > /tmp/hi"]}}},
        "readinessProbe": {"exec": {"command": ["cat", "/tmp/hi"]}, "periodSeconds": 1},
    });
    let second = json!({"name": "second", "image": "redis"});
    world.pod("slow", json!({"containers": [first, second]}));
    world.run(15 * SECOND);
    assert!(started(&world, "first").is_some());
    assert_eq!(world.word("slow"), "ContainerCreating");
    world.run(15 * SECOND);
    assert!(world.ready("slow"));
    let (one, two) = (started(&world, "first"), started(&world, "second"));
    assert!(two >= one.map(|at| at + 20.0), "{one:?} {two:?}");
    let events = world.events("slow");
    assert!(
        events.iter().all(|event| event.starts_with("Normal")),
        "{events:?}"
    );
}

#[test]
fn a_post_start_hook_that_fails_ends_its_container() {
    let http = json!({"httpGet": {"path": "/", "port": 81}});
    let cases = [
        (
            json!({"exec": {"command": ["badcommand"]}}),
            "Exec lifecycle hook ([badcommand]) for Container \"c\" in Pod \"hooked_default(",
        ),
        (
            http,
            "HTTP lifecycle hook (/) for Container \"c\" in Pod \"hooked_default(",
        ),
    ];
    for (hook, why) in cases {
        let mut world = World::new();
        world.pod(
            "hooked",
            one(json!({"image": "nginx", "lifecycle": {"postStart": hook}})),
        );
        world.run(10 * SECOND);
        let events = world.events("hooked");
        for event in [
            "Warning FailedPostStartHook: PostStartHook failed",
            "Normal Killing: FailedPostStartHook",
        ] {
            assert!(events.contains(&event.to_owned()), "{events:?}");
        }
        world.run(60 * SECOND);
        assert!(world.restarts("hooked") >= 2);
        assert!(!world.ready("hooked"));
        let messages: Vec<String> = {
            let mut watch = Vec::new();
            for _ in 0..300 {
                world.run(SECOND / 2);
                let status = world.status("hooked");
                let state = status.container_statuses.unwrap()[0].state.clone().unwrap();
                if let Some(waiting) = state
                    .waiting
                    .filter(|waiting| waiting.reason.as_deref() == Some("PostStartHookError"))
                {
                    watch.push(waiting.message.unwrap());
                }
            }
            watch
        };
        assert!(
            messages.iter().any(|message| message.starts_with(why)),
            "{messages:?}"
        );
    }
}

#[test]
fn a_hook_dies_with_its_container() {
    let mut world = World::new();
    world.pod(
        "short",
        json!({"restartPolicy": "Never", "containers": [{
            "name": "c", "image": "busybox", "command": ["sleep", "3"],
            "lifecycle": {"postStart": {"sleep": {"seconds": 30}}},
        }]}),
    );
    world.run(12 * SECOND);
    assert_eq!(world.status("short").phase.as_deref(), Some("Succeeded"));
    let events = world.events("short");
    assert!(
        events.contains(&"Warning FailedPostStartHook: PostStartHook failed".to_owned()),
        "{events:?}"
    );
}

#[test]
fn term_comes_after_the_pre_stop_hook() {
    let fails = json!({"exec": {"command": ["sh", "-c", "sleep 2; exit 1"]}});
    let refused = json!({"httpGet": {"port": 81}});
    let cases = [
        (json!({"sleep": {"seconds": 7}}), 7.0, false),
        (json!({"exec": {"command": ["sleep", "4"]}}), 4.0, false),
        (fails, 2.0, true),
        (refused, 0.0, true),
    ];
    for (hook, seconds, failed) in cases {
        let mut world = World::new();
        world.pod(
            "web",
            one(json!({"image": "nginx", "lifecycle": {"preStop": hook}})),
        );
        world.run(10 * SECOND);
        world.delete("web", 30);
        world.run(30 * SECOND);
        let at = |is: fn(&Transition) -> bool| first(&world, "c", is);
        let asked = at(|what| matches!(what, Transition::Stopping { .. }));
        let ended = at(|what| matches!(what, Transition::Exited { .. }));
        let took = ended.zip(asked).map(|(ended, asked)| ended - asked);
        assert!(
            took.is_some_and(|took| (seconds..seconds + 1.0).contains(&took)),
            "{hook}: {took:?}"
        );
        let told = world
            .events("web")
            .contains(&"Warning FailedPreStopHook: PreStopHook failed".to_owned());
        assert_eq!(told, failed, "{hook}");
    }
}

#[test]
fn a_probe_that_hangs_takes_its_timeout() {
    let silent = json!({"httpGet": {"port": 8080}, "timeoutSeconds": 4, "periodSeconds": 1, "failureThreshold": 2});
    let slow = json!({"exec": {"command": ["sleep", "60"]}, "timeoutSeconds": 4, "periodSeconds": 1, "failureThreshold": 2});
    let away = json!({"tcpSocket": {"host": "192.168.9.9", "port": 80}, "timeoutSeconds": 4, "periodSeconds": 1, "failureThreshold": 2});
    let cases = [
        (
            silent,
            "Get \"http://10.244.1.2:8080/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        ),
        (slow, "command timed out: \"sleep 60\" timed out after 4s"),
        (away, "dial tcp 192.168.9.9:80: i/o timeout"),
    ];
    for (probe, why) in cases {
        let mut world = World::new();
        world.pod(
            "hangs",
            one(json!({
                "image": "busybox", "command": ["nc", "-l", "-p", "8080"], "startupProbe": probe,
            })),
        );
        world.run(30 * SECOND);
        let asked = started(&world, "c");
        let stopped = first(&world, "c", |what| {
            matches!(what, Transition::Stopping { .. })
        });
        // Two failures of four seconds each, the second right after the first.
        let took = stopped.zip(asked).map(|(stopped, asked)| stopped - asked);
        assert!(
            took.is_some_and(|took| (8.0..9.5).contains(&took)),
            "{why}: {took:?}"
        );
        let event = format!("Warning Unhealthy: Startup probe failed: {why}");
        assert!(
            world.events("hangs").contains(&event),
            "{:?}",
            world.events("hangs")
        );
    }
}
