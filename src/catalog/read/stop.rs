//! When work has to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};

/// When work has to stop: at a deadline, or as soon as nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct Stop {
    deadline: Instant,
    abandoned: CancellationToken,
    /// How often work that is to be brief may look.
    looks: Option<Arc<AtomicU32>>,
}

impl Stop {
    /// Work that may take so long from now on.
    pub fn after(time: Duration) -> Self {
        let deadline = Instant::now() + time;
        Self { deadline, abandoned: CancellationToken::new(), looks: None }
    }

    /// The same work, for no longer than so much of it.
    pub(super) fn no_later_than(&self, time: Duration) -> Self {
        Self { deadline: self.deadline.min(Instant::now() + time), ..self.clone() }
    }

    /// The same work, if it is little: all of it together may look so often.
    pub fn brief(&self, looks: u32) -> Self {
        Self { looks: Some(Arc::new(AtomicU32::new(looks))), ..self.clone() }
    }

    /// Whether it was not as brief as it was to be.
    pub fn is_spent(&self) -> bool {
        self.looks.as_ref().is_some_and(|looks| looks.load(Ordering::Relaxed) == 0)
    }

    /// To be held by whoever waits for the work: dropped, it tells that nobody does.
    pub fn abandon(&self) -> DropGuard {
        self.abandoned.clone().drop_guard()
    }

    /// Whether it has to stop now.
    pub fn is_due(&self) -> bool {
        self.abandoned.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Look whether it has to stop now. Work that blocks a thread has to do so by itself, after
    /// every few microseconds of work.
    pub(super) fn look(&self) -> bool {
        let less = |looks: u32| looks.checked_sub(1);
        let is_spent = self.looks.as_ref().is_some_and(|looks| {
            looks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok_and(|was| was == 1)
                || looks.load(Ordering::Relaxed) == 0
        });
        is_spent || self.is_due()
    }

    /// Ends when it has to stop.
    pub async fn due(&self) {
        tokio::select! {
            () = self.abandoned.cancelled() => {}
            () = tokio::time::sleep_until(self.deadline.into()) => {}
        }
    }
}
