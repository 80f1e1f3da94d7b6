//! The `concord` binary: everything it does is in the library.

fn main() -> std::process::ExitCode {
    concord::cli::main().into()
}
