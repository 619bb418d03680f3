//! Commands, and what processes cost. On Linux: it is read from `/proc`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

use super::Result;

/// What a command prints; one that fails is an error, with what it complained of.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output();
    let program = Path::new(command.get_program()).display();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {}", output.status, complaint.trim()).into())
}

/// A process, as `/proc` has it.
pub struct Process {
    pub id: u32,
    parent: u32,
    /// CPU time of its own, of all of its threads, user and system.
    pub ticks: u64,
    /// CPU time of its children that have ended.
    pub reaped_ticks: u64,
    /// It has ended itself, and its parent has not asked how.
    pub has_ended: bool,
}

impl Process {
    pub fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name, in brackets, may have any character in it.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            id,
            parent: number(1)?.try_into().ok()?,
            ticks: number(11)? + number(12)?,
            reaped_ticks: number(13)? + number(14)?,
            has_ended: matches!(*fields.first()?, "Z" | "X"),
        })
    }

    pub fn children(parent: u32) -> Result<Vec<Self>> {
        let mut all = Self::all()?;
        all.retain(|process| process.parent == parent);
        Ok(all)
    }

    /// A process with its children, theirs, and so on.
    pub fn tree(root: u32) -> Result<Vec<Self>> {
        let mut rest = Self::all()?;
        let mut tree: Vec<Self> = rest.extract_if(.., |process| process.id == root).collect();
        let mut seen = 0;
        while let Some(parent) = tree.get(seen).map(|process| process.id) {
            tree.extend(rest.extract_if(.., |process| process.parent == parent));
            seen += 1;
        }
        Ok(tree)
    }

    fn all() -> Result<Vec<Self>> {
        let entries = fs::read_dir("/proc")?.flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Ok(ids.filter_map(Self::read).collect())
    }

    /// What stands before its name in the list of processes: servers write there what they do.
    pub fn title(&self) -> String {
        fs::read_to_string(format!("/proc/{}/cmdline", self.id)).unwrap_or_default()
    }

    /// The memory that it has now.
    pub fn resident_kib(&self) -> Result<u64> {
        self.status_kib("VmRSS:")
    }

    /// The most memory that it had.
    pub fn peak_kib(&self) -> Result<u64> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
        Ok(kib.ok_or_else(|| format!("process {} has no {name}", self.id))?.trim().parse()?)
    }

    /// From now on its peak is that of what follows.
    pub fn forget_peak(&self) -> Result {
        let path = format!("/proc/{}/clear_refs", self.id);
        fs::write(&path, "5").map_err(|error| format!("{path}: {error}").into())
    }
}

/// The time that so many ticks are.
pub fn time(ticks: u64) -> Result<Duration> {
    let per_second = sysconf(SysconfVar::CLK_TCK)?.ok_or("the clock has no ticks")?;
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}
