//! Permits to run, and the short queue before them.
//!
//! A server that takes on more than it can do does less: everything takes longer, until what it
//! ends is what nobody waits for any more. So a fixed number of requests runs, a few more wait in
//! the order in which they came, and the rest is refused at once, which costs next to nothing.
//!
//! A request is not queued either when it could not be served in time: by Little's law one leaves
//! the queue each time that a permit is held for, on average, divided by the number of permits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Over about so many of the last permits the time is averaged that they were held.
const AVERAGED: i64 = 16;

/// Who runs and who waits.
pub struct Admission {
    permits: Arc<Semaphore>,
    running_max: usize,
    queue_max: usize,
    wait_max: Duration,
    queued: AtomicUsize,
    /// Microseconds.
    held: Arc<AtomicU64>,
    shed: AtomicU64,
}

/// There is no room.
#[derive(Debug)]
pub struct Full;

impl Admission {
    pub(super) fn new(running_max: usize, queue_max: usize, wait_max: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(running_max)),
            running_max,
            queue_max,
            wait_max,
            queued: AtomicUsize::new(0),
            held: Arc::default(),
            shed: AtomicU64::new(0),
        }
    }

    /// Requests that run.
    pub fn running(&self) -> usize {
        self.running_max - self.permits.available_permits()
    }

    /// Most requests that run at once.
    pub fn running_max(&self) -> usize {
        self.running_max
    }

    /// Requests that wait.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Requests that found no room, since the start.
    pub fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }

    /// Whether a request that came now would be refused.
    pub fn is_full(&self) -> bool {
        self.permits.available_permits() == 0 && !self.takes(self.queued())
    }

    pub(super) fn count_shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether one more may wait behind so many.
    fn takes(&self, ahead: usize) -> bool {
        let held = Duration::from_micros(self.held.load(Ordering::Relaxed));
        let leave = u32::try_from(ahead + 1).unwrap_or(u32::MAX);
        let permits = u32::try_from(self.running_max).unwrap_or(u32::MAX);
        ahead < self.queue_max && held.saturating_mul(leave) / permits <= self.wait_max
    }

    /// A permit, if one is free.
    pub(super) fn admit_at_once(&self) -> Option<Permit> {
        Arc::clone(&self.permits).try_acquire_owned().ok().map(|permit| self.permit(permit))
    }

    /// Wait for a permit. One who stops waiting leaves the queue.
    ///
    /// # Errors
    /// At once when the queue is full or too slow, else after the longest time to wait.
    pub(super) async fn admit(&self) -> Result<Permit, Full> {
        if let Some(permit) = self.admit_at_once() {
            return Ok(permit);
        }
        let place = Place::behind(&self.queued);
        let permit = if self.takes(place.ahead) {
            let permit = Arc::clone(&self.permits).acquire_owned();
            tokio::time::timeout(self.wait_max, permit).await.ok().and_then(Result::ok)
        } else {
            None
        };
        drop(place);
        permit.map(|permit| self.permit(permit)).ok_or_else(|| {
            self.count_shed();
            Full
        })
    }

    fn permit(&self, permit: OwnedSemaphorePermit) -> Permit {
        Permit { _permit: permit, held: Arc::clone(&self.held), since: Instant::now() }
    }
}

/// A place in the queue.
struct Place<'a> {
    queued: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Place<'a> {
    fn behind(queued: &'a AtomicUsize) -> Self {
        Self { queued, ahead: queued.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Leave to run, until it is dropped.
#[derive(Debug)]
pub(in crate::graphql) struct Permit {
    _permit: OwnedSemaphorePermit,
    held: Arc<AtomicU64>,
    since: Instant,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        let average = |held: u64| {
            let held = i64::try_from(held).unwrap_or(i64::MAX);
            Some(held.saturating_add((now - held) / AVERAGED).unsigned_abs())
        };
        let _ = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, average);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn those_beyond_the_queue_are_refused_at_once_and_the_queue_is_served_in_order() {
        let admission = Arc::new(Admission::new(1, 2, LONG));
        let running = admission.admit().await.expect("the first runs");
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        for name in ["second", "third"] {
            let (waits, told) = (Arc::clone(&admission), told.clone());
            tokio::spawn(async move {
                let permit = waits.admit().await;
                let _ = told.send((name, permit));
            });
            tokio::task::yield_now().await;
        }
        assert_eq!((admission.running(), admission.queued()), (1, 2));
        assert!(admission.is_full());
        assert!(admission.admit().await.is_err());
        assert_eq!(admission.shed(), 1);
        drop(running);
        for name in ["second", "third"] {
            let (served, permit) = order.recv().await.expect("one is served");
            assert_eq!(served, name);
            drop(permit.expect("a permit"));
        }
        assert_eq!((admission.running(), admission.queued()), (0, 0));
        assert!(!admission.is_full());
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_longest_time() {
        let admission = Admission::new(1, 2, Duration::from_millis(20));
        let _running = admission.admit().await.expect("the first runs");
        let start = Instant::now();
        assert!(admission.admit().await.is_err());
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(admission.queued(), 0);
    }

    #[tokio::test]
    async fn a_queue_that_is_too_slow_takes_nobody() {
        let admission = Admission::new(1, 100, Duration::from_millis(100));
        admission.held.store(60_000, Ordering::Relaxed);
        let _running = admission.admit().await.expect("the first runs");
        assert!(admission.takes(0));
        assert!(!admission.takes(1), "two would take 120 ms");
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_queue() {
        let admission = Admission::new(1, 2, LONG);
        let _running = admission.admit().await.expect("the first runs");
        let waits = tokio::time::timeout(Duration::from_millis(5), admission.admit());
        assert!(waits.await.is_err());
        assert_eq!(admission.queued(), 0);
    }
}
