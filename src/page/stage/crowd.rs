//! Messages on the way: what is alike and near becomes one pulse with a count, for
//! the eye can follow only so many.

use super::effects::Message;
use crate::sim::trace::Verb;

/// Messages on the way at once.
pub const MESSAGES_MAX: usize = 36;

/// Messages of one sort within this time become one pulse.
const BUNDLE_MS: f64 = 140.0;

/// Lets a message set out, or adds it to one that already has.
pub fn send(messages: &mut Vec<Message>, message: Message) {
    let alike = |other: &Message, actors: bool| {
        other.call == message.call
            && other.failed == message.failed
            && (!actors || other.actor == message.actor)
    };
    let crowded = messages.len() >= MESSAGES_MAX;
    let bundled = messages.iter_mut().rev().find(|other| {
        let near = (other.start - message.start).abs() <= BUNDLE_MS;
        near && alike(other, true) && other.resource == message.resource
            || crowded && alike(other, true)
    });
    if let Some(other) = bundled {
        other.count += message.count;
        other.quiet &= message.quiet;
        other.write |= message.write;
        if other.verb != message.verb {
            other.verb = "";
        }
        return;
    }
    if !crowded {
        messages.push(message);
        return;
    }
    // Kubelets, controllers and others of one sort become one pulse.
    let sort = std::mem::discriminant(&message.actor);
    let kin = messages
        .iter_mut()
        .rev()
        .find(|other| std::mem::discriminant(&other.actor) == sort && alike(other, false));
    match kin {
        Some(other) => other.count += message.count,
        // The first of its sort may be one too many.
        None => messages.push(message),
    }
}

/// Reads, heartbeats and events move without words.
pub fn is_quiet(resource: &str) -> bool {
    matches!(resource, "leases" | "events")
}

/// What a call is called.
pub fn verb_words(verb: Verb, subresource: &str) -> &'static str {
    match (verb, subresource) {
        (Verb::Create, "binding") => "bind",
        (Verb::Create, "eviction") => "evict",
        (_, "status") => "status of",
        (_, "scale") => "scale",
        (Verb::Create, _) => "create",
        (Verb::Get, _) => "get",
        (Verb::List, _) => "list",
        (Verb::Watch, _) => "watch",
        (Verb::Update, _) => "update",
        (Verb::Patch, _) => "patch",
        (Verb::Delete | Verb::DeleteCollection, _) => "delete",
    }
}
