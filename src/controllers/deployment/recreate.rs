//! Recreate: all old pods end before the first new one begins (`recreate.go`).

use super::bounds;
use super::rollout::Rollout;
use crate::api::Resource;
use crate::api::status::ApiError;
use crate::controllers::pods;

impl Rollout<'_, '_> {
    pub(super) fn recreate(&mut self) -> Result<(), ApiError> {
        self.revise(false)?;
        let mut shrunk = false;
        for set in self.active_old() {
            shrunk |= self.scale_set(&set, 0)?;
        }
        if shrunk || self.old_pods_run() {
            return self.write_progress();
        }
        if self.new.is_none() {
            self.revise(true)?;
        }
        if let Some(new) = self.new.clone() {
            self.scale_set(&new, bounds::replicas(&self.deployment))?;
        }
        if self.is_complete() {
            self.clean_up()?;
        }
        self.write_progress()
    }

    fn old_pods_run(&self) -> bool {
        self.old.iter().any(|set| {
            let counted = set
                .status
                .as_ref()
                .is_some_and(|status| status.replicas > 0);
            let mut seen = self.informers.pods.controlled_by(set.uid());
            counted || seen.any(|pod| !pods::is_terminal(pod))
        })
    }
}
