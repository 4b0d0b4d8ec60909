//! The colours of the stage, read once from the tokens of the style sheet.

use crate::session::protocol::{ContainerState, NodeState, PodState};
use crate::sim::trace::Traffic;
use web_sys::{CssStyleDeclaration, Element};

/// Every colour that the stage uses, as CSS writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub stage: String,
    /// Of cards and boxes.
    pub surface: String,
    /// Of tiles on cards.
    pub raised: String,
    /// Hairlines.
    pub line: String,
    /// Wires and outlines that must be seen.
    pub wire: String,
    /// Words.
    pub text: String,
    /// Less important words.
    pub soft: String,
    /// The least important words.
    pub faint: String,
    /// What is selected.
    pub select: String,
    /// Running and ready.
    pub running: String,
    /// Pending, starting, not ready.
    pub waiting: String,
    /// Back-off and failure.
    pub failed: String,
    /// Ended well.
    pub succeeded: String,
    /// Terminating, unknown.
    pub gone: String,
    /// API calls.
    pub api: String,
    /// TCP.
    pub tcp: String,
    /// UDP.
    pub udp: String,
    /// ICMP.
    pub icmp: String,
    /// DNS.
    pub dns: String,
    /// On top of a traffic colour.
    pub on_traffic: String,
}

impl Palette {
    /// Reads the tokens that are in force at `element`.
    pub fn read(element: &Element) -> Palette {
        let style = web_sys::window().and_then(|window| window.get_computed_style(element).ok()?);
        let Some(style) = style else {
            return Palette::default();
        };
        let token = |name: &str| read_token(&style, name);
        Palette {
            stage: token("--stage"),
            surface: token("--surface"),
            raised: token("--raised"),
            line: token("--line"),
            wire: token("--wire"),
            text: token("--text"),
            soft: token("--soft"),
            faint: token("--faint"),
            select: token("--select"),
            running: token("--running"),
            waiting: token("--waiting"),
            failed: token("--failed"),
            succeeded: token("--succeeded"),
            gone: token("--gone"),
            api: token("--api"),
            tcp: token("--tcp"),
            udp: token("--udp"),
            icmp: token("--icmp"),
            dns: token("--dns"),
            on_traffic: token("--on-traffic"),
        }
    }

    /// A pod's colour.
    pub fn pod(&self, state: PodState) -> &str {
        match state {
            PodState::Running => &self.running,
            PodState::Pending | PodState::Starting | PodState::NotReady => &self.waiting,
            PodState::BackOff | PodState::Blocked | PodState::Failed => &self.failed,
            PodState::Succeeded => &self.succeeded,
            PodState::Terminating | PodState::Unknown => &self.gone,
        }
    }

    /// A container's colour.
    pub fn container(&self, state: ContainerState) -> &str {
        match state {
            ContainerState::Waiting | ContainerState::Running => &self.waiting,
            ContainerState::Ready => &self.running,
            ContainerState::Completed => &self.succeeded,
            ContainerState::Failed | ContainerState::BackOff => &self.failed,
        }
    }

    /// A node's colour.
    pub fn node(&self, state: NodeState) -> &str {
        match state {
            NodeState::Ready => &self.running,
            NodeState::NotReady => &self.waiting,
            NodeState::Unknown => &self.gone,
        }
    }

    /// The colour of a kind of traffic.
    pub fn traffic(&self, traffic: Traffic) -> &str {
        match traffic {
            Traffic::Tcp => &self.tcp,
            Traffic::Udp => &self.udp,
            Traffic::Icmp => &self.icmp,
            Traffic::Dns => &self.dns,
            Traffic::Arp => &self.soft,
        }
    }
}

fn read_token(style: &CssStyleDeclaration, name: &str) -> String {
    let value = style.get_property_value(name).unwrap_or_default();
    value.trim().to_owned()
}
