//! The lock that all who read a file have in common.
//!
//! Whoever reads a file with a write-ahead log has a shared lock in the log's index. A process asks
//! the system for it when its first reader comes, and gives it back when its last one goes: two calls
//! for most requests, and other threads wait meanwhile. While requests come and nobody writes, a
//! connection more holds the lock, so that it is there for all others.
//!
//! It must not hold what a log needs to begin anew, which would grow on and on. So it looks every few
//! milliseconds whether something was committed, waits then until the catalogue has been left alone
//! for a second, has the log written into the file, and holds the lock of those who read no log.
//!
//! Source: SQLite's `unixShmLock`, `walTryBeginRead` and `walRestartLog`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction};

/// How long it is held before it is let go.
const HELD: Duration = Duration::from_millis(20);
/// How long nothing is committed before it is held.
const QUIET: Duration = Duration::from_secs(1);

/// The lock, held as long as it is wanted.
pub struct SharedLock {
    state: Arc<State>,
    /// A message tells that it may be wanted.
    wake: SyncSender<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    is_wanted: AtomicBool,
    has_ended: AtomicBool,
}

impl SharedLock {
    /// Of a file. Where it cannot be held, everybody has it for themselves.
    pub fn of(path: &Path) -> Self {
        let (wake, woken) = sync_channel(1);
        let state = Arc::<State>::default();
        let (told, path) = (Arc::clone(&state), path.to_owned());
        let hold = move || {
            let Some(mut holder) = Holder::of(&path) else { return };
            while woken.recv().is_ok() && !told.has_ended.load(Ordering::Acquire) {
                while told.is_wanted.swap(false, Ordering::AcqRel)
                    && !told.has_ended.load(Ordering::Acquire)
                {
                    let held = holder.hold();
                    thread::sleep(HELD);
                    drop(held);
                }
            }
        };
        let thread = thread::Builder::new().name("shared-lock".to_owned()).spawn(hold).ok();
        Self { state, wake, thread: Mutex::new(thread) }
    }

    /// Somebody is about to read.
    pub fn want(&self) {
        let is_wanted = &self.state.is_wanted;
        if !is_wanted.load(Ordering::Relaxed) && !is_wanted.swap(true, Ordering::AcqRel) {
            // One message that waits is enough.
            let _ = self.wake.try_send(());
        }
    }

    /// Let go for good, before the last writer closes the file.
    pub fn end(&self) {
        self.state.has_ended.store(true, Ordering::Release);
        let _ = self.wake.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for SharedLock {
    fn drop(&mut self) {
        self.end();
    }
}

/// Who holds it.
struct Holder {
    connection: Connection,
    /// The number of the last commit of another connection.
    commit: i64,
    /// Since when there was no other one.
    since: Instant,
    /// Whether the log has been written into the file since.
    is_written: bool,
}

impl Holder {
    /// None for a file without a write-ahead log, whose writers would wait for readers, and for one
    /// that may not be written.
    fn of(path: &Path) -> Option<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).ok()?;
        let mode: String =
            connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).ok()?;
        let is_fit = mode == "wal" && !connection.is_readonly("main").ok()?;
        let (since, is_written) = (Instant::now(), false);
        is_fit.then_some(Self { connection, commit: 0, since, is_written })
    }

    /// A transaction that has the lock, if it is time for one.
    fn hold(&mut self) -> Option<Transaction<'_>> {
        self.try_hold().unwrap_or_else(|error| {
            tracing::debug!(%error, "the lock of readers is not held");
            None
        })
    }

    fn try_hold(&mut self) -> rusqlite::Result<Option<Transaction<'_>>> {
        let number = |connection: &Connection| {
            connection.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0))
        };
        let commit = number(&self.connection)?;
        if commit != self.commit {
            (self.commit, self.since, self.is_written) = (commit, Instant::now(), false);
        }
        if !self.is_written && self.since.elapsed() >= QUIET {
            // What fails is not tried again at once.
            self.since = Instant::now();
            let (pages, written): (i64, i64) =
                self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                    Ok((row.get(1)?, row.get(2)?))
                })?;
            // Both are -1 where somebody else is at it.
            self.is_written = pages >= 0 && pages == written;
        }
        if !self.is_written {
            return Ok(None);
        }
        let transaction = self.connection.unchecked_transaction()?;
        // A transaction has the lock once it has read something.
        let is_same = number(&transaction)? == self.commit;
        Ok(is_same.then_some(transaction))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Row;
    use tempfile::TempDir;

    use super::*;

    /// A file in a mode, with a row.
    fn file(mode: &str) -> (TempDir, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Connection::open(folder.path().join("file.db")).expect("it opens");
        writer.pragma_update(None, "journal_mode", mode).expect("the mode");
        writer.pragma_update(None, "synchronous", "OFF").expect("it does not wait for the disk");
        writer.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (0)").expect("a row");
        (folder, writer)
    }

    fn lock(folder: &TempDir) -> SharedLock {
        SharedLock::of(&folder.path().join("file.db"))
    }

    fn commit(writer: &Connection) {
        writer.execute_batch("UPDATE t SET n = n + 1").expect("a commit");
    }

    /// Want the lock for some time, in which something is done every 50 ms.
    fn want(lock: &SharedLock, time: Duration, work: impl Fn()) {
        let (start, mut worked) = (Instant::now(), 0);
        while start.elapsed() < time {
            lock.want();
            if start.elapsed() > worked * Duration::from_millis(50) {
                work();
                worked += 1;
            }
            thread::sleep(HELD / 10);
        }
    }

    /// Whether somebody reads the file as it is, so that nothing can be written from the log.
    fn is_held(writer: &Connection) -> bool {
        commit(writer);
        let written = |row: &Row<'_>| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?);
        !writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], written).expect("a checkpoint")
    }

    #[test]
    fn it_is_held_while_it_is_wanted_and_nobody_writes() {
        let (folder, writer) = file("wal");
        let lock = lock(&folder);
        assert!(!is_held(&writer));
        // Someone who is in the way at that moment is possible, but not each time.
        let is_had = || {
            want(&lock, 2 * QUIET, || ());
            is_held(&writer)
        };
        assert!((0..5).any(|_| is_had()));
        thread::sleep(10 * HELD);
        assert!(!is_held(&writer));
        want(&lock, 2 * QUIET, || commit(&writer));
        assert!(!is_held(&writer));
        want(&lock, 2 * QUIET, || ());
        lock.end();
        assert!(!is_held(&writer));
    }

    #[test]
    fn the_log_does_not_grow_whether_commits_come_fast_or_slowly() {
        let (folder, writer) = file("wal");
        writer.pragma_update(None, "wal_autocheckpoint", 4).expect("set");
        let lock = lock(&folder);
        let length = || std::fs::metadata(folder.path().join("file.db-wal")).expect("a log").len();
        for _ in 0..3_000 {
            lock.want();
            commit(&writer);
        }
        want(&lock, 4 * QUIET, || commit(&writer));
        assert!(length() < 1_000_000, "{} bytes", length());
        let before = length();
        for _ in 0..3 {
            want(&lock, 2 * QUIET, || ());
            (0..10).for_each(|_| commit(&writer));
        }
        assert!(length() <= before.max(1_000_000), "{} bytes", length());
    }

    #[test]
    fn it_is_in_nobodys_way_without_a_log() {
        let (folder, writer) = file("delete");
        writer.busy_timeout(Duration::ZERO).expect("it does not wait");
        let lock = lock(&folder);
        want(&lock, 2 * QUIET, || commit(&writer));
        for _ in 0..200 {
            lock.want();
            commit(&writer);
        }
    }

    #[test]
    fn it_ends_while_it_is_wanted() {
        let (folder, _writer) = file("wal");
        let lock = lock(&folder);
        want(&lock, 2 * QUIET, || ());
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| want(&lock, QUIET, || ()));
            lock.end();
            assert!(start.elapsed() < QUIET / 2, "{:?}", start.elapsed());
        });
    }
}
