//! Counting what became of the lines of a file.

use std::collections::{HashMap, HashSet};

use super::compose::{self, OF_LINES, Unfit, World};
use super::file::File;
use super::group::Group;
use super::stored;
use super::tally::Tally;

/// The lines that a file had of a title, as far as the catalogue took them.
pub fn lines(title: &stored::Title, key: &str, file: File) -> Vec<String> {
    match file {
        File::TitleAkas => title.akas.iter().map(|aka| aka.line(key)).collect(),
        File::TitlePrincipals => {
            title.credits.iter().filter_map(|credit| credit.line(key)).collect()
        }
        _ => Vec::new(),
    }
}
/// What was said of a thing before.
pub struct Old<'a> {
    /// The hashes.
    pub before: Option<&'a Vec<u8>>,
    /// What was kept word for word.
    pub kept: Option<&'a Vec<stored::Kept>>,
}

impl Old<'_> {
    /// Count what became of the lines of a group.
    pub fn count(
        &self,
        group: &Group,
        world: &World,
        lines: impl Fn(File) -> Vec<String>,
        unfit: &[Unfit<'_>],
        tally: &mut Tally,
    ) {
        tally.unfit(unfit);
        let now = compose::hashes(group, world);
        for (place, (file, part)) in group.files().enumerate() {
            let before = self.before.and_then(|hashes| hashes.get(place * 8..place * 8 + 8));
            let before =
                before.map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default()));
            let counts = tally.of(file);
            let lines_now = part.len() as u64;
            if before & OF_LINES == now[place] & OF_LINES {
                counts.unchanged += lines_now;
                continue;
            }
            if !matches!(file, File::TitleAkas | File::TitlePrincipals) {
                match (before, now[place]) {
                    (0, _) => counts.new += lines_now,
                    (_, 0) => counts.withdrawn += 1,
                    _ => counts.changed += lines_now,
                }
                continue;
            }
            let kept = self.kept.into_iter().flatten().filter(|kept| kept.file == file.name());
            let mut old: HashMap<String, String> = HashMap::new();
            for line in kept.map(|kept| kept.raw.clone()).chain(lines(file)) {
                old.entry(ordering(&line).to_owned()).or_insert(line);
            }
            let mut seen = HashSet::new();
            for (_, line) in part.lines() {
                // What is there twice is told of once.
                let is_first = seen.insert(ordering(line));
                match old.get(ordering(line)) {
                    _ if !is_first => counts.unchanged += 1,
                    None => counts.new += 1,
                    Some(old) if old == line => counts.unchanged += 1,
                    Some(_) => counts.changed += 1,
                }
            }
            counts.withdrawn +=
                old.keys().filter(|key| !seen.contains(key.as_str())).count() as u64;
        }
    }
}

fn ordering(line: &str) -> &str {
    line.split('\t').nth(1).unwrap_or_default()
}
