//! The native command.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    tabernetes::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
