//! What differs between the files and what was read before: found without touching the catalogue.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Rows};
use tokio::sync::mpsc::Receiver;

use super::compose::World;
use super::file::{Inputs, Scope};
use super::group::Groups;
use super::load::hash_bytes;
use super::progress::Progress;
use super::spool::Spool;
use super::tally::Tally;
use crate::error::{Error, Fault};

/// More than so much is not withdrawn without a word.
const WITHDRAWN_PERCENT_MAX: u64 = 5;

/// What was read before, in the order of the ids.
pub trait Stored {
    /// Go on to the next thing of a scope. Returns whether there is one.
    ///
    /// # Errors
    /// The fault of the database.
    fn next(&mut self) -> Result<bool, Error>;
    /// Its id.
    fn key(&self) -> &str;
    /// Its hashes.
    fn hashes(&self) -> &[u8];
}

/// What is done with what was read before.
pub type Look<'a> = &'a mut dyn FnMut(&mut dyn Stored) -> Result<(), Error>;

/// What was read before, scope by scope.
pub trait Records {
    /// Look at all of a scope.
    ///
    /// # Errors
    /// What the look finds, or the fault of the database.
    fn each(&mut self, scope: Scope, look: Look<'_>) -> Result<(), Error>;
}

/// What differs.
pub struct Difference {
    /// What is new, and what changed: people, then titles.
    pub changed: Spool,
    /// What is gone.
    pub gone: Vec<(Scope, String)>,
    losses: Vec<Loss>,
}

/// How much there was of something, and how much of it is gone.
struct Loss {
    what: String,
    before: u64,
    lost: u64,
}

impl Difference {
    /// Nothing yet.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { changed: Spool::new()?, gone: Vec::new(), losses: Vec::new() })
    }

    /// Compare the files about the things of a scope with what was read before.
    ///
    /// # Errors
    /// What is wrong with a file, or the fault of the database.
    pub fn find(
        &mut self,
        scope: Scope,
        inputs: &Inputs,
        world: &World,
        stored: &mut dyn Stored,
        tally: &mut Tally,
        progress: &Progress,
    ) -> Result<(), Error> {
        let files = scope.files();
        let things = files.iter().map(|file| format!("{} rows", file.name()));
        let mut losses: Vec<Loss> = [format!("{} ids", scope.name())]
            .into_iter()
            .chain(things)
            .map(|what| Loss { what, before: 0, lost: 0 })
            .collect();
        let mut compare = |old: &[u8], new: &[u8]| {
            losses[0].before += 1;
            losses[0].lost += u64::from(new.is_empty());
            for (place, old) in (1..).zip(old.chunks(8)) {
                let is_there = |hash: &[u8]| hash.iter().any(|byte| *byte != 0);
                let new = new.get(place * 8 - 8..place * 8).unwrap_or_default();
                losses[place].before += u64::from(is_there(old));
                losses[place].lost += u64::from(is_there(old) && !is_there(new));
            }
        };
        let mut groups = Groups::read(inputs, scope)?;
        let mut group = groups.group();
        let bars = progress.bars(inputs, files);
        let mut is_stored = stored.next()?;
        while groups.next(&mut group)? {
            tally.read(&group);
            while is_stored && stored.key() < group.key.as_str() {
                compare(stored.hashes(), &[]);
                self.gone.push((scope, stored.key().to_owned()));
                is_stored = stored.next()?;
            }
            let hashes = hash_bytes(&group, world);
            let hashes = &hashes[..files.len() * 8];
            let is_known = is_stored && stored.key() == group.key;
            if is_known {
                compare(stored.hashes(), hashes);
            }
            if is_known && stored.hashes() == hashes {
                tally.unchanged(&group);
            } else {
                self.changed.push(&group)?;
            }
            if is_known {
                is_stored = stored.next()?;
            }
            bars.at(&groups);
        }
        while is_stored {
            compare(stored.hashes(), &[]);
            self.gone.push((scope, stored.key().to_owned()));
            is_stored = stored.next()?;
        }
        bars.done();
        self.losses.extend(losses);
        Ok(())
    }

    /// Refuse to go on where so much is gone that a file may have been cut where nobody noticed.
    ///
    /// # Errors
    /// A sentence that tells what is gone.
    pub fn refuse_losses(&self) -> Result<(), Error> {
        let is_much = |loss: &&Loss| loss.lost * 100 > loss.before * WITHDRAWN_PERCENT_MAX;
        match self.losses.iter().find(is_much) {
            None => Ok(()),
            Some(Loss { what, before, lost }) => Err(Error::refused(format!(
                "{lost} of {before} {what} are gone, more than {WITHDRAWN_PERCENT_MAX} %: nothing was changed. If that is right, give --force"
            ))),
        }
    }
}

/// What was read before, in an SQLite database.
pub struct SqliteRecords {
    connection: Connection,
    source_id: i64,
}

impl SqliteRecords {
    /// Open the database for reading.
    ///
    /// # Errors
    /// The fault of the database.
    pub fn open(path: &Path, source_id: i64) -> Result<Self, Error> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { connection, source_id })
    }
}

impl Records for SqliteRecords {
    fn each(&mut self, scope: Scope, look: Look<'_>) -> Result<(), Error> {
        let sql =
            "SELECT key, hashes FROM import_record WHERE source_id = ? AND scope = ? ORDER BY key";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query((self.source_id, scope.name()))?;
        look(&mut SqliteRows { rows, key: String::new(), hashes: Vec::new() })
    }
}

struct SqliteRows<'s> {
    rows: Rows<'s>,
    key: String,
    hashes: Vec<u8>,
}

impl Stored for SqliteRows<'_> {
    fn next(&mut self) -> Result<bool, Error> {
        let Some(row) = self.rows.next()? else { return Ok(false) };
        let invalid = rusqlite::Error::from;
        self.key.clear();
        self.key.push_str(row.get_ref(0)?.as_str().map_err(invalid)?);
        self.hashes.clear();
        self.hashes.extend_from_slice(row.get_ref(1)?.as_blob().map_err(invalid)?);
        Ok(true)
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn hashes(&self) -> &[u8] {
        &self.hashes
    }
}

/// The statement that copies what was read before out of PostgreSQL.
pub fn copy_statement(scope: Scope, source_id: i64) -> String {
    format!(
        "COPY (SELECT key, hashes FROM import_record
            WHERE source_id = {source_id} AND scope = '{}' ORDER BY key) TO STDOUT (FORMAT binary)",
        scope.name()
    )
}

/// What was read before, as PostgreSQL copies it.
///
/// Source: PostgreSQL documentation, COPY, "Binary Format".
pub struct CopiedRecords {
    blocks: Receiver<Vec<u8>>,
    waiting: Vec<u8>,
    at: usize,
    has_begun: bool,
    key: String,
    hashes: Vec<u8>,
}

impl CopiedRecords {
    /// Records that come through a channel.
    pub fn new(blocks: Receiver<Vec<u8>>) -> Self {
        let (waiting, key, hashes) = (Vec::new(), String::new(), Vec::new());
        Self { blocks, waiting, at: 0, has_begun: false, key, hashes }
    }

    /// So many bytes, from here on.
    fn take(&mut self, count: usize) -> Result<std::ops::Range<usize>, Error> {
        while self.waiting.len() - self.at < count {
            let Some(block) = self.blocks.blocking_recv() else {
                return Err(Fault::bug("the copy of what was read before broke off").into());
            };
            if self.at > 1 << 16 {
                self.waiting.drain(..self.at);
                self.at = 0;
            }
            self.waiting.extend_from_slice(&block);
        }
        let start = self.at;
        self.at += count;
        Ok(start..self.at)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let range = self.take(N)?;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.waiting[range]);
        Ok(bytes)
    }

    fn value(&mut self) -> Result<std::ops::Range<usize>, Error> {
        let length = i32::from_be_bytes(self.number()?);
        self.take(usize::try_from(length).unwrap_or_default())
    }
}

impl Stored for CopiedRecords {
    fn next(&mut self) -> Result<bool, Error> {
        if !self.has_begun {
            // Signature, flags, and an extension that is not there.
            self.take(11 + 4 + 4)?;
            self.has_begun = true;
        }
        if i16::from_be_bytes(self.number()?) < 0 {
            return Ok(false);
        }
        let key = self.value()?;
        self.key.clear();
        self.key.push_str(std::str::from_utf8(&self.waiting[key]).unwrap_or_default());
        let hashes = self.value()?;
        self.hashes.clear();
        self.hashes.extend_from_slice(&self.waiting[hashes]);
        Ok(true)
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn hashes(&self) -> &[u8] {
        &self.hashes
    }
}

/// The copies of all scopes.
impl Records for [CopiedRecords; 2] {
    fn each(&mut self, scope: Scope, look: Look<'_>) -> Result<(), Error> {
        look(&mut self[scope as usize])
    }
}
