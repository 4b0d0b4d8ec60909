//! The engine's thread: time, requests, and what follows the cluster.

use super::follow::{Follow, Followers, Next};
use super::pace::{Goal, Pace, Speed};
use crate::cluster::Cluster;
use crate::sim::{Instant, SECOND};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant as Wall, timeout};

/// Requests that wait for the engine; whoever comes then waits to be let in.
const JOBS_MAX: usize = 1024;
/// Requests answered before time goes on.
const JOBS_A_ROUND_MAX: usize = 256;
/// Events of the cluster before requests are looked at again.
const EVENTS_A_SLICE: u32 = 1_000;
/// The longest that the engine sleeps: then it looks for closed connections.
const NAP_MAX: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce(&mut Engine) + Send>;

/// The engine has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// A way to the engine.
#[derive(Clone)]
pub struct Handle {
    jobs: mpsc::Sender<Job>,
}

impl Handle {
    /// Has something done by the engine, and waits for the result.
    pub async fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Engine) -> R + Send + 'static,
    ) -> Result<R, Gone> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |engine| {
            // Whoever asked may have hung up.
            let _unheard = sender.send(job(engine));
        });
        self.jobs.send(job).await.map_err(|_| Gone)?;
        receiver.await.map_err(|_| Gone)
    }

    /// Lets time go on to `until` as fast as it can, and waits for that.
    pub(super) async fn skip_to(&self, until: Instant) -> Result<(), Gone> {
        let (sender, receiver) = oneshot::channel();
        self.ask(move |engine| engine.skips.push((until, sender)))
            .await?;
        receiver.await.map_err(|_| Gone)
    }
}

/// A cluster whose time runs, and who looks at it.
pub struct Engine {
    /// The cluster.
    pub cluster: Cluster,
    pace: Pace,
    followers: Followers,
    /// Who waits for which instant, without patience.
    skips: Vec<(Instant, oneshot::Sender<()>)>,
}

impl Engine {
    /// Starts the engine's thread. It ends when the last handle is dropped; the
    /// receiver then hears of it.
    pub fn start(
        cluster: Cluster,
        speed: Speed,
    ) -> std::io::Result<(Handle, oneshot::Receiver<()>)> {
        let (sender, jobs) = mpsc::channel(JOBS_MAX);
        let (ended, end) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let pace = Pace::new(speed, cluster.now(), Wall::now());
                let engine = Engine {
                    cluster,
                    pace,
                    followers: Followers::default(),
                    skips: Vec::new(),
                };
                runtime.block_on(engine.live(jobs));
                drop(ended);
            })?;
        Ok((Handle { jobs: sender }, end))
    }

    async fn live(mut self, mut jobs: mpsc::Receiver<Job>) {
        loop {
            let nap = self.go_on().min(NAP_MAX);
            self.followers.serve(&mut self.cluster);
            // A nap of zero still looks whether somebody waits.
            let first = timeout(nap, jobs.recv()).await;
            let mut job = match first {
                Ok(None) => return,
                Ok(job) => job,
                Err(_) => None,
            };
            for _ in 0..JOBS_A_ROUND_MAX {
                let Some(next) = job else { break };
                self.go_on();
                next(&mut self);
                job = jobs.try_recv().ok();
            }
            if let Some(left) = job {
                left(&mut self);
            }
        }
    }

    /// Lets time go on for a slice. Answers how long nothing will happen.
    fn go_on(&mut self) -> Duration {
        if let Some(until) = self.skips.iter().map(|(until, _)| *until).min() {
            return self.skip(until);
        }
        let now = self.cluster.now();
        match self.pace.goal(Wall::now()) {
            Goal::Stay => NAP_MAX,
            Goal::Away => {
                self.cluster.advance(now + SECOND, EVENTS_A_SLICE);
                Duration::ZERO
            }
            Goal::Until(goal) => {
                let reached = self.cluster.advance(goal, EVENTS_A_SLICE).reached;
                let wall = Wall::now();
                self.pace.forgive(self.cluster.now(), wall);
                let next = self.cluster.next_event_at().filter(|_| reached);
                let wait = next.and_then(|at| self.pace.wait(at, wall));
                wait.unwrap_or(match reached {
                    true => NAP_MAX,
                    false => Duration::ZERO,
                })
            }
        }
    }

    fn skip(&mut self, until: Instant) -> Duration {
        if self.cluster.advance(until, EVENTS_A_SLICE).reached {
            let now = self.cluster.now();
            self.pace.tie(now, Wall::now());
            let waiting = std::mem::take(&mut self.skips);
            let (there, on_the_way): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(until, _)| *until <= now);
            self.skips = on_the_way;
            for (_, sender) in there {
                // Whoever waited may have hung up.
                let _unheard = sender.send(());
            }
        }
        Duration::ZERO
    }

    /// How fast time runs, and whether it stands.
    pub fn speed(&self) -> (Speed, bool) {
        (self.pace.speed(), self.pace.is_paused())
    }

    /// Changes that.
    pub fn set_speed(&mut self, speed: Speed, paused: bool) {
        self.pace
            .set(speed, paused, self.cluster.now(), Wall::now());
    }

    /// Ends everything that follows the cluster.
    pub(super) fn close(&mut self) {
        self.followers = Followers::default();
    }

    /// Keeps something that follows the cluster, until it ends.
    pub(super) fn keep(&mut self, mut follower: Box<dyn Follow>) {
        if follower.follow(&mut self.cluster) == Next::Stay {
            self.followers.add(follower);
        } else {
            follower.end(&mut self.cluster);
        }
    }
}
