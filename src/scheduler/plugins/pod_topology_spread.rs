//! PodTopologySpread: pods that belong together are spread over the values of a
//! node label. DoNotSchedule constraints filter, ScheduleAnyway ones score; pods
//! without any are scored over nodes and zones by Kubernetes' own defaults.

mod constraint;
mod filter;
mod score;

pub(in crate::scheduler) use filter::PodTopologySpread;
pub(in crate::scheduler) use score::PreferredSpread;
