//! A node's tables as text, in the words of the tools that show them.

use super::Network;
use crate::sim::Instant;

impl Network {
    /// `iptables-save` of a node; none for an unknown node.
    pub fn iptables_save(&self, node: &str, now: Instant) -> Option<String> {
        let date = now.timestamp().strftime("%a %b %e %H:%M:%S %Y").to_string();
        Some(self.ruleset(node)?.save(&date))
    }
}
