//! The annotation from which the time between a change and its effect on the
//! network is measured (`TriggerTimeTracker`).

use super::pods;
use crate::api::{Key, Pod, Resource, Service, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(in crate::controllers) const LAST_CHANGE_TRIGGER_TIME: &str =
    "endpoints.kubernetes.io/last-change-trigger-time";

type Stamp = jiff::Timestamp;

#[derive(Clone, Debug, Default)]
struct Known {
    service: Option<Stamp>,
    pods: BTreeMap<String, Stamp>,
}

/// The latest trigger times of each service and its pods.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct TriggerTimes {
    services: BTreeMap<Key, Known>,
}

impl TriggerTimes {
    /// The earliest of the times that changed since the last look; none where no
    /// time did (a pod that is going or gone has no trigger).
    pub(in crate::controllers) fn changed(
        &mut self,
        key: &Key,
        service: &Service,
        members: &[&Arc<Pod>],
    ) -> Option<String> {
        let known = self.services.get(key).cloned().unwrap_or_default();
        let mut next = Known {
            service: stamp(service.metadata.creation_timestamp.as_ref()),
            pods: BTreeMap::new(),
        };
        let mut earliest = next.service.filter(|time| Some(*time) > known.service);
        for pod in members {
            let Some(time) = stamp(pods::ready_changed_at(pod)) else {
                continue;
            };
            let news = known
                .pods
                .get(pod.name())
                .is_none_or(|before| time > *before);
            if news {
                earliest = Some(earliest.map_or(time, |earliest| earliest.min(time)));
            }
            next.pods.insert(pod.name().to_owned(), time);
        }
        self.services.insert(key.clone(), next);
        earliest.map(|time| time.to_string())
    }

    pub(in crate::controllers) fn forget(&mut self, key: &Key) {
        self.services.remove(key);
    }
}

fn stamp(time: Option<&Time>) -> Option<Stamp> {
    time.map(|time| time.0)
}
