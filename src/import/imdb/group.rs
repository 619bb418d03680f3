//! What the files say of one thing: all lines of all files that start with one id.
//!
//! The files are in the order of the text of the ids, so that they are read side by side, and a
//! thing is in memory only while it is looked at.

use super::file::{File, Inputs, Lines, Scope};
use crate::error::Error;

/// Longer than any id.
const KEY_BYTES_MAX: usize = 100;

/// The lines of one file about one thing.
#[derive(Debug, Default)]
pub struct Part {
    text: Vec<u8>,
    /// Where each line ends, with its number.
    lines: Vec<(usize, u64)>,
}

impl Part {
    /// The lines, each with its number.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        let whole = text(&self.text);
        self.lines.iter().scan(0, move |start, (end, number)| {
            let line = whole.get(*start..*end - 1).unwrap_or_default();
            *start = *end;
            Some((*number, line))
        })
    }

    /// The lines as bytes. To know that they are text costs as much as to compare them.
    pub fn raw_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().scan(0, |start, (end, _)| {
            let line = &self.text[*start..*end - 1];
            *start = *end;
            Some(line)
        })
    }

    /// The lines with their ends.
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether the file says nothing of the thing.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Put a line in.
    pub fn push(&mut self, number: u64, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.lines.push((self.text.len(), number));
    }

    fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }
}

/// The lines about one thing.
#[derive(Debug)]
pub struct Group {
    /// Its id.
    pub key: String,
    /// What the id names.
    pub scope: Scope,
    /// The lines of each file, in the order of the scope's files.
    pub parts: Vec<Part>,
}

impl Group {
    /// No lines, of nothing.
    pub fn new(scope: Scope) -> Self {
        let parts = scope.files().iter().map(|_| Part::default()).collect();
        Self { key: String::new(), scope, parts }
    }

    /// The files that say something of such a thing, each with its lines.
    pub fn files(&self) -> impl Iterator<Item = (File, &Part)> {
        self.scope.files().iter().copied().zip(&self.parts)
    }

    /// Take the lines away, for those of another thing.
    pub fn clear(&mut self, key: &str) {
        self.key.clear();
        self.key.push_str(key);
        self.parts.iter_mut().for_each(Part::clear);
    }

    /// The lines of one file.
    pub fn part(&self, file: File) -> &Part {
        let place = self.scope.files().iter().position(|is| *is == file).unwrap_or_default();
        &self.parts[place]
    }
}

/// Files that are read side by side.
pub struct Groups {
    scope: Scope,
    readers: Vec<Lines>,
}

impl Groups {
    /// Read the files about the things of a scope.
    ///
    /// # Errors
    /// What is wrong with the beginning of a file.
    pub fn read(inputs: &Inputs, scope: Scope) -> Result<Self, Error> {
        let readers = scope.files().iter().map(|file| inputs.get(*file).lines());
        Ok(Self { scope, readers: readers.collect::<Result<_, _>>()? })
    }

    /// A group to read into.
    pub fn group(&self) -> Group {
        Group::new(self.scope)
    }

    /// Go on to the next thing, in the order of the ids. Returns whether there is one.
    ///
    /// # Errors
    /// What is wrong with a file; also that it is not in order.
    pub fn next(&mut self, group: &mut Group) -> Result<bool, Error> {
        let keys = self.readers.iter().filter(|lines| lines.is_some());
        let Some(least) = keys.map(Lines::key).min() else {
            return Ok(false);
        };
        if least.len() > KEY_BYTES_MAX {
            let shown: String = text(least).chars().take(40).collect();
            let lines = self.readers.iter().find(|lines| lines.key() == least);
            let at =
                lines.map_or((self.scope.name(), 0), |lines| (lines.file.name(), lines.number()));
            return Err(Error::refused(format!(
                "{}, line {}: \"{}...\" is no id: is this file whole?",
                at.0,
                at.1,
                shown.escape_debug()
            )));
        }
        let least = text(least).to_owned();
        group.clear(&least);
        for (part, lines) in group.parts.iter_mut().zip(&mut self.readers) {
            while lines.is_some() && lines.key() == least.as_bytes() {
                part.push(lines.number(), lines.line());
                lines.advance()?;
            }
            if lines.is_some() && lines.key() < least.as_bytes() {
                return Err(Error::refused(format!(
                    "{}, line {}: {} stands after {least}: the file is not in the order of its ids",
                    lines.file.name(),
                    lines.number(),
                    text(lines.key()).escape_debug(),
                )));
            }
        }
        Ok(true)
    }

    /// Bytes and lines that have been read of each file.
    pub fn done(&self) -> impl Iterator<Item = (u64, u64)> {
        self.readers.iter().map(|lines| (lines.bytes_read(), lines.number()))
    }
}

/// What was read, as text: the readers have checked that it is, and tabs and newlines part it between
/// characters.
pub fn text(bytes: &[u8]) -> &str {
    simdutf8::basic::from_utf8(bytes).unwrap_or_default()
}
