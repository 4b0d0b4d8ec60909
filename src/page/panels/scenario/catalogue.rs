//! What scenarios there are, as lists show them.

use crate::session::scenario::{CATALOGUE, Scenario};
use std::sync::LazyLock;

/// A scenario, before it is begun.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lesson {
    /// Its name in the page's address.
    pub name: &'static str,
    /// Title.
    pub title: String,
    /// What one learns.
    pub goal: String,
    /// How many steps it has.
    pub steps: usize,
}

/// All of them, in the order in which they are best taken.
pub(super) fn lessons() -> &'static [Lesson] {
    static LESSONS: LazyLock<Vec<Lesson>> = LazyLock::new(|| {
        let read = |(name, text): &(&'static str, &str)| {
            let scenario = Scenario::read(text).ok()?;
            Some(Lesson {
                name,
                title: scenario.title,
                goal: scenario.goal,
                steps: scenario.steps.len(),
            })
        };
        CATALOGUE.iter().filter_map(read).collect()
    });
    &LESSONS
}

/// The one of this name.
pub(super) fn lesson(name: &str) -> Option<&'static Lesson> {
    lessons().iter().find(|lesson| lesson.name == name)
}

/// The one after it.
pub(super) fn after(name: &str) -> Option<&'static Lesson> {
    let here = lessons().iter().position(|lesson| lesson.name == name)?;
    lessons().get(here + 1)
}
