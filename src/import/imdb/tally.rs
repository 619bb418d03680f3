//! Counting what an import did.

use std::collections::BTreeMap;

use super::compose::Unfit;
use super::file::File;
use super::group::Group;
use crate::import::report::{Counts, Report};

/// Counts by file, and of the reasons why lines could not be taken as they are.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    files: BTreeMap<File, Counts>,
    reasons: BTreeMap<String, u64>,
}

impl Tally {
    /// The counts of a file.
    pub fn of(&mut self, file: File) -> &mut Counts {
        self.files.entry(file).or_default()
    }

    /// The lines of a group have been read.
    pub fn read(&mut self, group: &Group) {
        for (file, part) in group.files() {
            self.of(file).read += part.len() as u64;
        }
    }

    /// Lines that could not be taken as they are.
    pub fn unfit(&mut self, unfit: &[Unfit]) {
        for line in unfit {
            self.of(line.file).quarantined += u64::from(!line.is_loaded);
            for reason in line.reason.split("; ") {
                let kind = reason.split_once(": ").map_or(reason, |(kind, _)| kind);
                let kind = format!("{}: {kind}", line.file.name());
                *self.reasons.entry(kind).or_default() += 1;
            }
        }
    }

    /// The lines of a group are new.
    pub fn new_lines(&mut self, group: &Group, unfit: &[Unfit]) {
        self.unfit(unfit);
        for (file, part) in group.files() {
            self.of(file).new += part.len() as u64;
        }
    }

    /// The lines of a group are what they were.
    pub fn unchanged(&mut self, group: &Group) {
        for (file, part) in group.files() {
            self.of(file).unchanged += part.len() as u64;
        }
    }

    /// Add what was counted elsewhere.
    pub fn add(&mut self, other: Self) {
        for (file, counts) in other.files {
            let all = self.of(file);
            all.read += counts.read;
            all.new += counts.new;
            all.changed += counts.changed;
            all.unchanged += counts.unchanged;
            all.withdrawn += counts.withdrawn;
            all.quarantined += counts.quarantined;
        }
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }

    /// The counts by file, as JSON.
    pub fn json(&self) -> String {
        let files = self.files.iter();
        let files = files.map(|(file, counts)| (file.name().to_owned(), serde_json::json!(counts)));
        serde_json::Value::Object(files.collect()).to_string()
    }

    /// The report of it.
    pub fn report(self, attribution: &str) -> Report {
        let files = self.files.into_iter();
        Report {
            tables: files.map(|(file, counts)| (file.name().to_owned(), counts)).collect(),
            notes: self
                .reasons
                .into_iter()
                .map(|(reason, count)| format!("{reason} ({count} in quarantine)"))
                .collect(),
            attribution: Some(attribution.to_owned()),
        }
    }
}
