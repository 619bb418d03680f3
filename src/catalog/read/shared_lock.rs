//! The lock that all who read a file have in common.
//!
//! Whoever reads a file with a write-ahead log has a shared lock in the log's index. A process asks
//! the system for it when its first reader comes, and gives it back when its last one goes: two calls
//! for most requests, and other threads wait meanwhile. While requests come, a connection more holds
//! the lock, so that it is there for all others. The log cannot begin anew while somebody reads from
//! it, and would grow on and on: so it lets go every few milliseconds, does not come back before the
//! file is left alone for as long, and goes altogether when no more requests come.
//!
//! Source: SQLite's `unixShmLock` and `walTryBeginRead`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Fault;

/// How long it is held before it is let go.
const HELD: Duration = Duration::from_millis(20);

/// The lock, held as long as it is wanted.
pub struct SharedLock {
    wanted: Arc<AtomicBool>,
    holder: Mutex<Option<Holder>>,
}

struct Holder {
    /// A message tells that it may be wanted.
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl SharedLock {
    /// Of a file. Without a write-ahead log it is not held: whoever writes would wait for it.
    pub fn of(path: &Path) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        let wanted = Arc::new(AtomicBool::new(false));
        if mode != "wal" {
            return Ok(Self { wanted, holder: Mutex::new(None) });
        }
        let (wake, woken) = sync_channel(1);
        let asked = Arc::clone(&wanted);
        let hold = move || {
            let mut commits = None;
            while woken.recv().is_ok() {
                while asked.swap(false, Ordering::AcqRel) {
                    commits = hold(&connection, commits);
                }
            }
        };
        let thread = thread::Builder::new().name("shared-lock".to_owned()).spawn(hold);
        let thread = thread.map_err(|error| Fault::bug(error.to_string()))?;
        Ok(Self { wanted, holder: Mutex::new(Some(Holder { wake, thread })) })
    }

    /// Somebody is about to read.
    pub fn want(&self) {
        if self.wanted.load(Ordering::Relaxed) || self.wanted.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(holder) = &*self.holder() {
            // One message that waits is enough.
            let _ = holder.wake.try_send(());
        }
    }

    /// Let go for good, before the last writer closes the file.
    pub fn end(&self) {
        if let Some(Holder { wake, thread }) = self.holder().take() {
            drop(wake);
            let _ = thread.join();
        }
    }

    fn holder(&self) -> MutexGuard<'_, Option<Holder>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hold the lock once, if nothing has been committed since a number was told: the last time. Where it
/// cannot be had, everybody has it for themselves. Tells the next number.
fn hold(connection: &Connection, commits: Option<i64>) -> Option<i64> {
    let held = connection.unchecked_transaction().and_then(|transaction| {
        // A transaction has the lock once it has read something.
        let now = transaction.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        Ok((transaction, now))
    });
    let (held, now) = match held {
        Ok((transaction, now)) => ((commits == Some(now)).then_some(transaction), Some(now)),
        Err(error) => {
            tracing::debug!(%error, "the lock of readers cannot be held");
            (None, None)
        }
    };
    thread::sleep(HELD);
    drop(held);
    now
}

impl Drop for SharedLock {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A file in a mode, with a row.
    fn file(mode: &str) -> (TempDir, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Connection::open(folder.path().join("file.db")).expect("it opens");
        writer.pragma_update(None, "journal_mode", mode).expect("the mode");
        writer.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (0)").expect("a row");
        (folder, writer)
    }

    fn lock(folder: &TempDir) -> SharedLock {
        SharedLock::of(&folder.path().join("file.db")).expect("the lock")
    }

    /// Want the lock for so long as it takes to get it, and some more.
    fn want(lock: &SharedLock) {
        for _ in 0..100 {
            lock.want();
            thread::sleep(HELD / 10);
        }
    }

    /// Whether somebody reads what is in the log.
    fn is_held(writer: &Connection) -> bool {
        let busy = writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0));
        busy.is_ok_and(|busy: bool| busy)
    }

    #[test]
    fn it_is_held_while_it_is_wanted() {
        let (folder, writer) = file("wal");
        writer.busy_timeout(Duration::ZERO).expect("it does not wait");
        let lock = lock(&folder);
        writer.execute_batch("UPDATE t SET n = n + 1").expect("a commit");
        assert!(!is_held(&writer));
        writer.execute_batch("UPDATE t SET n = n + 1").expect("a commit");
        want(&lock);
        assert!(is_held(&writer));
        thread::sleep(10 * HELD);
        assert!(!is_held(&writer));
        writer.execute_batch("UPDATE t SET n = n + 1").expect("a commit");
        want(&lock);
        lock.end();
        assert!(!is_held(&writer));
    }

    #[test]
    fn the_log_of_a_file_that_is_written_all_the_time_does_not_grow() {
        let (folder, writer) = file("wal");
        writer.pragma_update(None, "wal_autocheckpoint", 20).expect("set");
        let lock = lock(&folder);
        for number in 0..3_000 {
            lock.want();
            writer.execute("UPDATE t SET n = ?1", [number]).expect("a commit");
        }
        let log = std::fs::metadata(folder.path().join("file.db-wal")).expect("the log").len();
        assert!(log < 1_000_000, "{log} bytes");
    }

    #[test]
    fn it_is_in_nobodys_way_without_a_log() {
        let (folder, writer) = file("delete");
        writer.busy_timeout(Duration::ZERO).expect("it does not wait");
        let lock = lock(&folder);
        for number in 0..200 {
            lock.want();
            writer.execute("UPDATE t SET n = ?1", [number]).expect("it is not locked");
        }
    }
}
