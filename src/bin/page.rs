//! The page and its engine worker: one Wasm binary, two roles.
fn main() {}
