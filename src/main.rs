//! The `shotlist` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A thread's few kilobytes would be given two megabytes: four fifths of a server's memory, for
    // no gain in speed. Where it cannot be had, it is as it was.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
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
