//! What the charts show, as numbers: bands of pods by phase, restarts, and how
//! full each node is.

use super::state::World;
use crate::session::protocol::{NodeView, Sample};
use crate::sim::trace::Name;
use std::collections::VecDeque;

/// Points that a curve is drawn with, at most.
pub const POINTS_MAX: usize = 240;
/// Nodes that get a bar of their own.
pub const BARS_MAX: usize = 12;
/// The phases in the order of [`Sample::phases`].
pub const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

/// Samples thinned to what can be seen: the last of each bucket stays, so that
/// the newest is always there.
pub fn thin(samples: &VecDeque<Sample>) -> Vec<&Sample> {
    let step = samples.len().div_ceil(POINTS_MAX).max(1);
    let offset = (samples.len() + step - 1) % step.max(1);
    samples.iter().skip(offset).step_by(step).collect()
}

/// The upper edge of each phase's band at each point: (seconds, edges).
pub fn bands(samples: &[&Sample]) -> Vec<(f64, [u32; 5])> {
    // Running lies at the bottom: it is what should be there.
    samples
        .iter()
        .map(|sample| {
            let mut edges = [0; 5];
            let mut sum = 0;
            for phase in STACK {
                let count = sample.phases.get(phase).copied().unwrap_or(0);
                sum += count;
                if let Some(edge) = edges.get_mut(phase) {
                    *edge = sum;
                }
            }
            (sample.at.as_secs_f64(), edges)
        })
        .collect()
}

/// The phases from the bottom of the stack to its top, as numbers in [`PHASES`].
pub const STACK: [usize; 5] = [1, 2, 0, 3, 4];

/// How full a node is.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Node, or what several nodes are called together.
    pub name: String,
    /// Requested, part of allocatable: CPU.
    pub cpu: f64,
    /// Requested, part of allocatable: memory.
    pub memory: f64,
    /// In words: `1.2 of 4`.
    pub cpu_words: String,
    /// In words: `1Gi of 8Gi`.
    pub memory_words: String,
}

/// The fullest nodes, and the others together.
pub fn bars(world: &World) -> Vec<Bar> {
    let mut nodes: Vec<&NodeView> = world.nodes.values().collect();
    nodes.sort_by(|one, other| {
        fullest(other)
            .total_cmp(&fullest(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    if nodes.len() <= BARS_MAX {
        return nodes
            .into_iter()
            .map(|node| bar(node.name.clone(), &[node]))
            .collect();
    }
    let rest = nodes.split_off(BARS_MAX);
    let mut bars: Vec<Bar> = nodes
        .into_iter()
        .map(|node| bar(node.name.clone(), &[node]))
        .collect();
    bars.push(bar(format!("{} others", rest.len()).into(), &rest));
    bars
}

fn part(requested: i64, allocatable: i64) -> f64 {
    match allocatable {
        0 => 0.0,
        _ => requested as f64 / allocatable as f64,
    }
}

fn fullest(node: &NodeView) -> f64 {
    let cpu = part(node.cpu_requested, node.cpu_allocatable);
    cpu.max(part(node.memory_requested, node.memory_allocatable))
}

fn bar(name: Name, nodes: &[&NodeView]) -> Bar {
    let sum = |value: fn(&NodeView) -> i64| nodes.iter().map(|node| value(node)).sum::<i64>();
    let (cpu, cpu_all) = (sum(|node| node.cpu_requested), sum(|n| n.cpu_allocatable));
    let memory = sum(|node| node.memory_requested);
    let memory_all = sum(|node| node.memory_allocatable);
    Bar {
        name: name.to_string(),
        cpu: part(cpu, cpu_all),
        memory: part(memory, memory_all),
        cpu_words: format!(
            "{} of {}",
            super::words::cpu(cpu),
            super::words::cpu(cpu_all)
        ),
        memory_words: format!(
            "{} of {}",
            super::words::bytes(memory),
            super::words::bytes(memory_all)
        ),
    }
}

/// The top of an axis for counts up to `most`: a round number not below it.
pub fn round_up(most: u32) -> u32 {
    let most = most.max(4);
    let mut step = 1;
    loop {
        for factor in [1_u32, 2, 4, 5, 8, 10] {
            let top = step * factor;
            if top >= most {
                return top;
            }
        }
        match step.checked_mul(10) {
            Some(next) if next < u32::MAX / 10 => step = next,
            _ => return most,
        }
    }
}

/// A moment on the axis: `40s`, `3m`, `2h5m`.
pub fn moment(seconds: f64) -> String {
    super::words::age(seconds.max(0.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::sim::Instant;

    #[test]
    fn bands_are_stacked_with_running_at_the_bottom() {
        let sample = Sample {
            at: Instant::from_secs(3),
            phases: [2, 5, 1, 3, 0],
            restarts: 0,
        };
        assert_eq!(bands(&[&sample]), [(3.0, [8, 5, 6, 11, 11])]);
    }

    #[test]
    fn thinning_keeps_the_newest_sample() {
        for count in [0, 1, 5, POINTS_MAX, POINTS_MAX + 1, 3_600] {
            let samples: VecDeque<Sample> = (0..count as u64)
                .map(|second| Sample {
                    at: Instant::from_secs(second),
                    ..Sample::default()
                })
                .collect();
            let thinned = thin(&samples);
            assert!(thinned.len() <= POINTS_MAX, "{count}");
            assert_eq!(
                thinned.last().map(|sample| sample.at),
                samples.back().map(|sample| sample.at),
                "{count}"
            );
        }
    }

    #[test]
    fn many_nodes_become_the_fullest_and_the_rest() {
        let mut world = World::default();
        world.apply(&mut fixture::large(100, 3));
        let bars = bars(&world);
        assert_eq!(bars.len(), BARS_MAX + 1);
        assert!(bars.last().is_some_and(|bar| bar.name.ends_with("others")));
        world.apply(&mut fixture::small());
        assert!(super::bars(&world).len() <= BARS_MAX);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, top) in [(0, 4), (5, 5), (7, 8), (11, 20), (45, 50), (900, 1000)] {
            assert_eq!(round_up(most), top);
        }
    }
}
