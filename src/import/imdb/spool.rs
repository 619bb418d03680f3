//! Groups that are set aside in a file, for what comes after everything has been read.

use std::fs::File as Disk;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use super::file::Scope;
use super::group::Group;
use crate::error::Error;

/// Groups, in the order in which they were set aside.
pub struct Spool {
    disk: BufWriter<Disk>,
    count: u64,
}

fn refuse(error: io::Error) -> Error {
    Error::refused(format!("cannot set changes aside in the folder for temporary files: {error}"))
}

impl Spool {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub fn new() -> Result<Self, Error> {
        let disk = tempfile::tempfile().map_err(refuse)?;
        Ok(Self { disk: BufWriter::new(disk), count: 0 })
    }

    /// Set a group aside.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn push(&mut self, group: &Group) -> Result<(), Error> {
        self.put(u64::from(group.scope == Scope::Title))?;
        self.text(&group.key)?;
        for part in &group.parts {
            self.put(part.len() as u64)?;
            for (number, line) in part.lines() {
                self.put(number)?;
                self.text(line)?;
            }
        }
        self.count += 1;
        Ok(())
    }

    fn put(&mut self, number: u64) -> Result<(), Error> {
        self.disk.write_all(&number.to_le_bytes()).map_err(refuse)
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        self.put(text.len() as u64)?;
        self.disk.write_all(text.as_bytes()).map_err(refuse)
    }

    /// Read them from the first one, once all are set aside.
    ///
    /// # Errors
    /// When the file fails.
    pub fn read(&mut self) -> Result<Reading, Error> {
        self.disk.flush().map_err(refuse)?;
        let mut disk = self.disk.get_ref().try_clone().map_err(refuse)?;
        disk.rewind().map_err(refuse)?;
        Ok(Reading { disk: BufReader::new(disk), left: self.count })
    }
}

/// A walk over what was set aside.
pub struct Reading {
    disk: BufReader<Disk>,
    left: u64,
}

impl Reading {
    /// The next group.
    ///
    /// # Errors
    /// When the file fails.
    pub fn next(&mut self) -> Result<Option<Group>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let scope = if self.number()? == 0 { Scope::Name } else { Scope::Title };
        let mut group = Group::new(scope);
        let key = self.text()?;
        group.clear(&key);
        for place in 0..group.parts.len() {
            for _ in 0..self.number()? {
                let number = self.number()?;
                let line = self.text()?;
                group.parts[place].push(number, line.as_bytes());
            }
        }
        Ok(Some(group))
    }

    fn number(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.disk.read_exact(&mut bytes).map_err(refuse)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn text(&mut self) -> Result<String, Error> {
        let mut bytes = vec![0; usize::try_from(self.number()?).unwrap_or_default()];
        self.disk.read_exact(&mut bytes).map_err(refuse)?;
        String::from_utf8(bytes).map_err(|error| refuse(io::Error::other(error)))
    }
}
