//! The program itself, started as its users do.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Result;
use super::process::{Process, output};

/// The program, in a folder, without settings from the environment.
pub fn shotlist(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shotlist"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// Fill an empty database with a catalogue of so many productions.
pub fn generate(folder: &Path, productions: u32, url: &str) -> Result {
    let mut command = shotlist(folder);
    command.args(["generate", "--productions", &productions.to_string()]);
    command.args(["--database-url", url, "--log", "warn"]);
    match output(&mut command) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("no catalogue could be generated: {error}").into()),
    }
}

/// The program while it serves a database; it ends with this value.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(folder: &Path, url: &str) -> Result<Self> {
        let mut serve = shotlist(folder);
        serve.args(["--database-url", url, "--listen", "127.0.0.1:0"]);
        serve.args(["--builtin-catalog", "false"]);
        // The same is asked all the time, and is to be worked out each time.
        serve.args(["--kept-bytes-max", "0"]);
        serve.stdout(Stdio::piped()).stderr(File::create(folder.join("log"))?);
        let mut child = serve.spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("Shotlist is ready at http://");
        let address = address.and_then(|address| address.strip_suffix('/')?.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let log = fs::read_to_string(folder.join("log"))?;
            return Err(format!("the server does not start: {line}{log}").into());
        };
        Ok(Self { child, address })
    }

    pub fn process(&self) -> Result<Process> {
        Process::read(self.child.id()).ok_or_else(|| "the server has ended".into())
    }

    /// End it in the usual way.
    pub fn stop(mut self) -> Result {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}").into())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
