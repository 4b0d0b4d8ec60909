//! What a program inside a pod gets when it connects: the same packets through
//! the same tables, without a record of their way.

use super::{Send, Trip};
use crate::api::Name;
use crate::network::Network;
use crate::network::dns::CoreDns;
use crate::network::walk::Walker;
use crate::sim::{Chance, Instant};
use std::net::Ipv4Addr;

/// What came of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An HTTP answer: status and body.
    Http(u16, Name),
    /// Connected (or a datagram was answered); no HTTP is spoken.
    Open,
    /// Refused at once, with the reason that the program is told (`Connection
    /// refused`, `No route to host`).
    Refused(&'static str),
    /// No answer.
    Silence,
    /// The name is not known.
    UnknownHost,
}

impl Network {
    /// Sends a request without writing its way down.
    pub fn reach(
        &mut self,
        chance: &mut Chance,
        now: Instant,
        request: &Send,
        dns: &CoreDns,
    ) -> Reached {
        let Ok(sender) = self.sender(&request.from) else {
            return Reached::Silence;
        };
        let walker = Walker::new(self, chance, now);
        let mut trip = Trip::new(walker, dns, sender, false);
        let Ok(ip) = trip.address(request) else {
            return Reached::UnknownHost;
        };
        let outcome = trip.exchange(ip, request);
        match (trip.heard, outcome) {
            (Some(heard), _) => heard,
            (None, Ok(_)) => Reached::Open,
            (None, Err(_)) => Reached::Silence,
        }
    }

    /// The address of a name as a process at `from` finds it, without writing the
    /// lookup down.
    pub fn look_up(
        &mut self,
        chance: &mut Chance,
        now: Instant,
        request: &Send,
        dns: &CoreDns,
    ) -> Option<Ipv4Addr> {
        let sender = self.sender(&request.from).ok()?;
        let walker = Walker::new(self, chance, now);
        Trip::new(walker, dns, sender, false).address(request).ok()
    }
}
