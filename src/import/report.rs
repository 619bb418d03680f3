//! What an import tells whoever ran it.

use std::fmt;

use serde::Serialize;

/// Notes that a report shows as text; as JSON it has them all.
const NOTES_SHOWN: usize = 20;

/// Counts of one kind of row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows that the source has.
    pub read: u64,
    /// Rows that were added.
    pub new: u64,
    /// Rows that were there and got something that they lacked.
    pub changed: u64,
    /// Rows that were there and had everything.
    pub unchanged: u64,
    /// Rows that the source had once and has no more.
    pub withdrawn: u64,
    /// Rows of these that the catalogue could not take: the notes tell why.
    pub quarantined: u64,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// By file or table, in order.
    pub tables: Vec<(String, Counts)>,
    /// What a person should look at: place and sentence.
    pub notes: Vec<String>,
    /// Lines to show with the data.
    pub attribution: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["", "read", "new", "changed", "unchanged", "withdrawn", "quarantined"];
        let mut lines = vec![titles.map(str::to_owned)];
        lines.extend(self.tables.iter().map(|(name, counts)| {
            let Counts { read, new, changed, unchanged, withdrawn, quarantined } = counts;
            let numbers = [read, new, changed, unchanged, withdrawn, quarantined];
            let [read, new, changed, unchanged, withdrawn, quarantined] =
                numbers.map(u64::to_string);
            [name.clone(), read, new, changed, unchanged, withdrawn, quarantined]
        }));
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        for line in &lines {
            let [name, numbers @ ..] = line;
            write!(f, "{name:<width$}", width = widths[0])?;
            for (number, width) in numbers.iter().zip(&widths[1..]) {
                write!(f, "  {number:>width$}")?;
            }
            writeln!(f)?;
        }
        for note in self.notes.iter().take(NOTES_SHOWN) {
            writeln!(f, "{note}")?;
        }
        match self.notes.len().saturating_sub(NOTES_SHOWN) {
            0 => {}
            more => writeln!(f, "... and {more} more; --json prints all.")?,
        }
        match &self.attribution {
            Some(line) => writeln!(f, "{line}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Report};

    #[test]
    fn numbers_stand_below_each_other_and_notes_end() {
        let counts = Counts { read: 12000, new: 7, ..Counts::default() };
        let report = Report {
            tables: vec![("films".to_owned(), counts), ("ids".to_owned(), Counts::default())],
            notes: (0..22).map(|number| format!("a.json, film {number}: look.")).collect(),
            attribution: Some("By somebody".to_owned()),
        };
        let text = report.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "        read  new  changed  unchanged  withdrawn  quarantined");
        assert_eq!(lines[1], "films  12000    7        0          0          0            0");
        assert_eq!(lines[2], "ids        0    0        0          0          0            0");
        assert_eq!(lines[23], "... and 2 more; --json prints all.");
        assert_eq!(lines[24], "By somebody");
    }
}
