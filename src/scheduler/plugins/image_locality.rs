//! ImageLocality: rather where the images are already, the more the larger they
//! are and the more nodes hold them.

use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{MAX_NODE_SCORE, Score};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

const MEGABYTE: i64 = 1024 * 1024;
/// Less than this is as good as nothing.
const BYTES_MIN: i64 = 23 * MEGABYTE;
/// More than this a container counts no more.
const BYTES_MAX_PER_CONTAINER: i64 = 1000 * MEGABYTE;

/// The plugin for one pod.
pub(in crate::scheduler) struct ImageLocality {
    /// Normalised image names with the share of nodes that hold them.
    images: Vec<(String, f64)>,
}

impl ImageLocality {
    /// For `pod` in the cluster as it is.
    pub(in crate::scheduler) fn new(pod: &PodInfo, cache: &Cache) -> Self {
        let nodes = cache.node_count().max(1) as f64;
        let spec = pod.pod.spec.as_ref();
        let init = spec
            .and_then(|spec| spec.init_containers.as_ref())
            .into_iter()
            .flatten();
        let main = spec.into_iter().flat_map(|spec| &spec.containers);
        let images = init
            .chain(main)
            .map(|container| {
                let name = normalized(container.image.as_deref().unwrap_or_default());
                let share = cache.nodes_with_image(&name) as f64 / nodes;
                (name, share)
            })
            .collect();
        ImageLocality { images }
    }
}

/// An image without a tag is the latest one.
fn normalized(image: &str) -> String {
    match image.rfind(':') > image.rfind('/') {
        true => image.to_owned(),
        false => format!("{image}:latest"),
    }
}

impl Score for ImageLocality {
    fn score(&self, node: &NodeInfo) -> i64 {
        if node.images.is_empty() {
            return 0;
        }
        let scaled = |(name, share): &(String, f64)| {
            let size = node.images.get(name).copied().unwrap_or(0);
            (size as f64 * share) as i64
        };
        let sum: i64 = self.images.iter().map(scaled).sum();
        let most = BYTES_MAX_PER_CONTAINER * (self.images.len().max(1) as i64);
        MAX_NODE_SCORE * (sum.clamp(BYTES_MIN, most) - BYTES_MIN) / (most - BYTES_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node, pod};
    use serde_json::json;

    #[test]
    fn large_images_that_are_there_attract() {
        let mut cache = Cache::default();
        let images = json!([{"names": ["app:1"], "sizeBytes": 1000 * MEGABYTE}]);
        cache.set_node(&node("n1", json!({"status": {"images": images}})));
        cache.set_node(&node("n2", json!({})));
        let score = |image: &str, node: &str| {
            let pod = pod("p", json!({"containers": [{"name": "c", "image": image}]}));
            let node = cache.node(node).expect("a node");
            ImageLocality::new(&pod, &cache).score(node)
        };
        // Half of the nodes hold it: (500 - 23) / (1000 - 23).
        assert_eq!(score("app:1", "n1"), 48);
        assert_eq!(score("app:1", "n2"), 0);
        assert_eq!(score("app", "n1"), 0);
    }

    #[test]
    fn names_without_a_tag_mean_the_latest() {
        assert_eq!(normalized("nginx"), "nginx:latest");
        assert_eq!(normalized("host:5000/nginx"), "host:5000/nginx:latest");
        assert_eq!(normalized("host:5000/nginx:1"), "host:5000/nginx:1");
    }
}
