//! What a program inside a pod gets when it connects: the same packets through
//! the same tables, without a record of their way.

use super::lookup::Nowhere;
use super::{Endpoint, Send, Trip, Unresolved};
use crate::api::Name;
use crate::network::Network;
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
    /// The name has no address.
    Unresolved(Unresolved),
}

impl Network {
    /// Sends a request without writing its way down.
    pub fn reach(&mut self, chance: &mut Chance, now: Instant, request: &Send) -> Reached {
        let Ok(sender) = self.sender(&request.from) else {
            return Reached::Silence;
        };
        let dns = self.dns().clone();
        let walker = Walker::new(self, chance, now);
        let mut trip = Trip::new(walker, &dns, sender, false);
        let ip = match trip.address(request) {
            Ok(ip) => ip,
            Err(Nowhere::Name(_, why)) => return Reached::Unresolved(why),
            Err(Nowhere::Absent(_)) => return Reached::Silence,
        };
        // What the resolver heard on its way is not what the program hears.
        trip.heard = None;
        let outcome = trip.exchange(ip, request);
        match (trip.heard, outcome) {
            (Some(heard), _) => heard,
            (None, Ok(_)) => Reached::Open,
            (None, Err(_)) => Reached::Silence,
        }
    }

    /// The addresses of a name as a process at `from` finds them, without writing
    /// the lookup down.
    pub fn look_up(
        &mut self,
        chance: &mut Chance,
        now: Instant,
        from: &Endpoint,
        name: &str,
    ) -> Result<Vec<Ipv4Addr>, Unresolved> {
        let sender = self.sender(from).map_err(|why| Unresolved::NoServer {
            refused: false,
            why,
        })?;
        let dns = self.dns().clone();
        let walker = Walker::new(self, chance, now);
        Trip::new(walker, &dns, sender, false).resolve(name)
    }
}
