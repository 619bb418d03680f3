//! When work has to stop.

use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};

/// When work has to stop: at a deadline, or as soon as nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct Stop {
    deadline: Instant,
    abandoned: CancellationToken,
}

impl Stop {
    /// Work that may take so long from now on.
    pub fn after(time: Duration) -> Self {
        Self { deadline: Instant::now() + time, abandoned: CancellationToken::new() }
    }

    /// The same work, for no longer than so much of it.
    pub(super) fn no_later_than(&self, time: Duration) -> Self {
        let deadline = self.deadline.min(Instant::now() + time);
        Self { deadline, abandoned: self.abandoned.clone() }
    }

    /// To be held by whoever waits for the work: dropped, it tells that nobody does.
    pub fn abandon(&self) -> DropGuard {
        self.abandoned.clone().drop_guard()
    }

    /// Whether it has to stop now. Work that blocks a thread has to look by itself.
    pub fn is_due(&self) -> bool {
        self.abandoned.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Ends when it has to stop.
    pub async fn due(&self) {
        tokio::select! {
            () = self.abandoned.cancelled() => {}
            () = tokio::time::sleep_until(self.deadline.into()) => {}
        }
    }
}
