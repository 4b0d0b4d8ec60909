//! Containers that end, and what happens then.

use super::*;
use crate::sim::trace::Transition;

#[test]
fn a_crash_loop_waits_ten_seconds_doubling_to_five_minutes() {
    let mut world = World::new();
    world.pod("db", one(json!({"image": "postgres"})));
    world.run(1200 * SECOND);
    let back_offs: Vec<u32> = world
        .transitions()
        .into_iter()
        .filter_map(|(_, _, transition)| match transition {
            Transition::BackOff { seconds, .. } => Some(seconds),
            _ => None,
        })
        .collect();
    assert_eq!(back_offs, [10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(world.word("db"), "CrashLoopBackOff");
    assert_eq!(world.restarts("db"), 8);
    let status = world.status("db");
    let container = &status.container_statuses.unwrap()[0];
    let waiting = container.state.clone().unwrap().waiting.unwrap();
    let uid = world.stored("db").unwrap().metadata.uid.unwrap();
    assert_eq!(
        waiting.message.unwrap(),
        format!("back-off 5m0s restarting failed container=c pod=db_default({uid})")
    );
    let last = container.last_state.clone().unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (1, Some("Error")));
}

#[test]
fn an_image_that_does_not_exist_is_asked_for_again_and_again() {
    let mut world = World::new();
    world.pod("typo", one(json!({"image": "nginx:doesnotexist"})));
    world.run(1100 * MILLISECOND);
    assert_eq!(world.word("typo"), "ErrImagePull");
    world.run(60 * SECOND);
    assert_eq!(world.word("typo"), "ImagePullBackOff");
    let events = world.events("typo");
    assert_eq!(
        events[..5],
        [
            "Normal Pulling: Pulling image \"nginx:doesnotexist\"",
            "Warning Failed: Failed to pull image \"nginx:doesnotexist\": rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:doesnotexist\": failed to resolve reference \"docker.io/library/nginx:doesnotexist\": docker.io/library/nginx:doesnotexist: not found",
            "Warning Failed: Error: ErrImagePull",
            "Normal BackOff: Back-off pulling image \"nginx:doesnotexist\"",
            "Warning Failed: Error: ImagePullBackOff",
        ]
    );
}
