//! Manifests to begin with, as the editor offers them.

use super::first_steps::FIRST_MANIFEST;

/// A manifest to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// What it is, as the list names it.
    pub title: &'static str,
    /// The text.
    pub text: &'static str,
}

const fn example(title: &'static str, text: &'static str) -> Example {
    Example { title, text }
}

/// The one that the editor shows where nothing was written yet.
pub const FIRST: Example = example("Deployment and Service", FIRST_MANIFEST);
/// The one that is about packets.
pub const PACKET_PAIR: Example = example(
    "Two pods on two nodes",
    include_str!("examples/packet-pair.yaml"),
);

/// All of them, from plain to strange.
pub const EXAMPLES: [Example; 7] = [
    example("A pod", include_str!("examples/pod.yaml")),
    FIRST,
    example("Crash loop", include_str!("examples/crash-loop.yaml")),
    PACKET_PAIR,
    example(
        "Init containers",
        include_str!("examples/init-container.yaml"),
    ),
    example(
        "Three tiers: a guestbook",
        include_str!("examples/guestbook.yaml"),
    ),
    example("Broken on purpose", include_str!("examples/broken.yaml")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Severity, check};
    use crate::session::Session;
    use crate::session::protocol::{Answer, ClusterSpec, Command, PodState, PodView, Update};
    use std::collections::BTreeMap;

    #[test]
    fn only_the_broken_one_is_broken() {
        for example in EXAMPLES {
            let found = check(example.text);
            let errors: Vec<_> = found
                .iter()
                .filter(|diagnostic| diagnostic.severity == Severity::Error)
                .map(|diagnostic| (diagnostic.line, diagnostic.message.as_str()))
                .collect();
            match example.title {
                "Broken on purpose" => assert_eq!(errors.len(), 4, "{errors:?}"),
                title => assert!(found.is_empty(), "{title}: {found:?}"),
            }
        }
    }

    /// The user's pods after so many virtual seconds.
    fn pods_after(text: &str, seconds: f64) -> Vec<PodView> {
        let mut session = Session::new(ClusterSpec::default());
        let mut pods: BTreeMap<_, PodView> = BTreeMap::new();
        session.command(Command::Apply {
            ticket: 1,
            text: text.to_owned(),
        });
        let mut take = |update: Update| {
            pods.extend(update.pods.into_iter().map(|pod| (pod.uid.clone(), pod)));
            update.answers
        };
        let answers = take(session.update());
        let Some((1, Answer::Applied { outcomes, .. })) = answers.first() else {
            panic!("{answers:?}");
        };
        assert!(
            outcomes.iter().all(|outcome| outcome.error.is_empty()),
            "{outcomes:?}"
        );
        while session.advance(seconds, u32::MAX) {}
        take(session.update());
        pods.into_values().filter(|pod| !pod.system).collect()
    }

    #[test]
    fn each_does_what_its_title_says() {
        for (title, count, state) in [
            ("A pod", 1, PodState::Running),
            ("Deployment and Service", 3, PodState::Running),
            ("Crash loop", 2, PodState::BackOff),
            ("Two pods on two nodes", 2, PodState::Running),
            ("Init containers", 1, PodState::Running),
            ("Three tiers: a guestbook", 6, PodState::Running),
        ] {
            let example = EXAMPLES.iter().find(|example| example.title == title);
            let pods = pods_after(example.map_or("", |example| example.text), 60.0);
            assert_eq!(pods.len(), count, "{title}");
            if state == PodState::Running {
                let other: Vec<_> = pods.iter().filter(|pod| pod.state != state).collect();
                assert!(other.is_empty(), "{title}: {other:?}");
            } else {
                assert!(pods.iter().all(|pod| pod.restarts > 0), "{title}");
            }
        }
    }
}
