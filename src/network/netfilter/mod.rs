//! Netfilter: tables, chains, rules, connection tracking.
//!
//! The rules of one Service are one shared allocation ([`ServiceRules`]): nodes
//! hold the same where their rules are equal, and a change to one Service
//! touches only its own. Text is made when somebody asks for it.

pub mod base;
pub mod conntrack;
pub mod evaluate;
mod recent;
pub mod rule;
mod save;
mod table;

pub use base::{Base, BaseOptions, OutboundMasquerade};
pub use recent::Recent;
pub use rule::{CtStates, Facts, Match, Rule, Target};
pub use table::{Ruleset, ServiceRules};
