//! What the benches share. Each uses a part of it.

pub mod postgres;
pub mod process;
pub mod program;
pub mod text;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use tempfile::TempDir;

/// Any error is told and ends the program.
pub type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// How the program ends.
pub fn ended(result: Result) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A folder that is gone afterwards.
pub fn temporary_folder() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("shotlist-bench-").tempdir()
}
