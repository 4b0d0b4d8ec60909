//! Commands that somebody runs in containers.

use super::*;
use crate::kubelet::{ExecError, ExecNews, ExecRequest};

/// A running busybox that does nothing.
fn world() -> World {
    let mut world = World::new();
    let container = json!({"image": "busybox:1.36", "command": ["sleep", "3600"]});
    world.pod("box", one(container));
    world.run(20 * SECOND);
    assert!(world.ready("box"));
    world
}

fn begin(world: &mut World, command: &[&str], stdin: bool, tty: bool) -> Result<u64, ExecError> {
    let request = ExecRequest {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        stdin,
        tty,
    };
    let pod = Key::new("default", "box");
    world.with(|kubelet, ctx, net| kubelet.exec(&pod, "c", &request, ctx, net))
}

fn news(world: &mut World, id: u64) -> (String, Option<i32>) {
    let ExecNews { pieces, code } = world.kubelet.exec_news(id).expect("it is known");
    (pieces.into_iter().map(|(_, text)| text).collect(), code)
}

#[test]
fn a_command_goes_on_in_virtual_time_and_ends_with_its_code() {
    let mut world = world();
    let script = "echo one; echo two >&2; sleep 10; echo three; exit 5";
    let id = begin(&mut world, &["sh", "-c", script], false, false).expect("it is there");
    let first = world.kubelet.exec_news(id).expect("it is known");
    let pieces = [(false, "one\n".to_owned()), (true, "two\n".to_owned())];
    assert_eq!((first.pieces.as_slice(), first.code), (&pieces[..], None));
    world.run(9 * SECOND);
    assert_eq!(news(&mut world, id), (String::new(), None));
    world.run(2 * SECOND);
    assert_eq!(news(&mut world, id), ("three\n".to_owned(), Some(5)));
    assert_eq!(world.kubelet.exec_news(id), None, "it is forgotten");
}

#[test]
fn what_is_not_there_cannot_be_run() {
    let mut world = world();
    let Err(ExecError::Runtime(why)) = begin(&mut world, &["nosuch"], false, false) else {
        panic!("there is no such program");
    };
    assert!(why.ends_with("exec: \"nosuch\": executable file not found in $PATH: unknown"));
    world.pod("later", one(json!({"image": "nosuch/image"})));
    let request = ExecRequest::default();
    let pod = Key::new("default", "later");
    let refused = world.with(|kubelet, ctx, net| kubelet.exec(&pod, "c", &request, ctx, net));
    assert!(
        matches!(refused, Err(ExecError::NoContainer(_))),
        "{refused:?}"
    );
}

#[test]
fn a_shell_takes_its_input_line_by_line() {
    let mut world = world();
    let id = begin(&mut world, &["sh"], true, true).expect("it is there");
    assert_eq!(news(&mut world, id).0, "/ # ");
    let typed = |world: &mut World, text: &str| {
        world.with(|kubelet, ctx, net| kubelet.exec_input(id, text, ctx, net));
        news(world, id)
    };
    assert_eq!(typed(&mut world, "cd /tm").0, "cd /tm");
    assert_eq!(typed(&mut world, "p\r").0, "p\r\n/tmp # ");
    assert_eq!(typed(&mut world, "pwd\r").0, "pwd\r\n/tmp\r\n/tmp # ");
    let endless = typed(&mut world, "sleep 1000\r");
    assert_eq!(endless, ("sleep 1000\r\n".to_owned(), None));
    assert_eq!(typed(&mut world, "\u{3}").0, "^C\r\n/tmp # ");
    assert_eq!(typed(&mut world, "exit 7\r").1, Some(7));
}

#[test]
fn archives_go_in_and_out() {
    let mut world = world();
    let make = "mkdir -p /tmp/a; echo hello > /tmp/a/b; tar cf - /tmp/a";
    let id = begin(&mut world, &["sh", "-c", make], false, false).expect("it is there");
    let (archive, code) = news(&mut world, id);
    assert_eq!((archive.len() % 512, code), (0, Some(0)));
    let id = begin(&mut world, &["tar", "xf", "-", "-C", "/mnt"], true, false).expect("tar");
    world.with(|kubelet, ctx, net| {
        kubelet.exec_input(id, &archive, ctx, net);
        kubelet.exec_input_end(id, ctx, net);
    });
    assert_eq!(news(&mut world, id), (String::new(), Some(0)));
    let id = begin(&mut world, &["cat", "/mnt/tmp/a/b"], false, false).expect("cat");
    assert_eq!(news(&mut world, id), ("hello\n".to_owned(), Some(0)));
}

#[test]
fn a_command_dies_with_its_container() {
    let mut world = world();
    let id = begin(&mut world, &["sleep", "1000"], false, false).expect("it is there");
    let pod = Key::new("default", "box");
    world.with(|kubelet, ctx, net| kubelet.kill_container(&pod, "c", 137, ctx, net));
    assert_eq!(news(&mut world, id), (String::new(), Some(137)));
}
