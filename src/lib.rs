//! Kubernetes in a browser tab: the control plane and a packet-level network,
//! computed from the user's own manifests.
//!
//! Lower floors know nothing of higher ones:
//!
//! | module | what lives there |
//! |---|---|
//! | [`sim`] | virtual time, the event queue, seeded chance, the trace |
//! | [`api`] | the object model: kinds, metadata, quantities, selectors, patches |
//! | [`etcd`] | revisions, history, watch, compaction, leases |
//! | [`apiserver`] | the one door: admission, defaulting, validation, storage, watch |
//! | [`manifest`] | what a user pastes: YAML and JSON with lines, and what is wrong with it |
//! | [`client`] | what components use: context, informer caches, work queues, event recorder |
//! | [`scheduler`] | queues, framework, plugins, explanation |
//! | [`controllers`] | one file a controller |
//! | [`kubelet`] | pod workers, probes, images, back-off, and what a container does |
//! | [`network`] | devices, routes, netfilter, conntrack, DNS, packets, journeys, kube-proxy |
//! | [`cluster`] | wires components and nodes together; faults |
//! | [`kubectl`] | the command line as a client of the door: apply |
//! | [`session`] | what a viewer holds: commands in, updates out; scenarios |
//! | [`page`] | everything the browser shows |
//! | `serve` | the door over HTTP, for clients that are not ours (native only) |
//! | `cli` | the native command's arguments, `check` and `run` (native only) |
//! | [`bench`] | what `cargo xtask bench` measures |

pub mod api;
pub mod apiserver;
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod client;
pub mod cluster;
pub mod controllers;
pub mod etcd;
pub mod kubectl;
pub mod kubelet;
pub mod manifest;
pub mod network;
pub mod page;
pub mod scheduler;
#[cfg(not(target_arch = "wasm32"))]
pub mod serve;
pub mod session;
pub mod sim;
