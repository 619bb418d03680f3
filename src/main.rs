//! The `shotlist` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = shotlist::cli::command().get_matches();
    match shotlist::cli::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "shotlist: {error}");
            ExitCode::FAILURE
        }
    }
}
