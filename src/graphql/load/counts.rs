//! What became of requests, and how long they took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::Outcome;

/// Upper bounds of the histogram of times, in milliseconds.
pub const BUCKETS: [u64; 13] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// Counts since the start.
#[derive(Default)]
pub struct Counts {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    /// Of what was let in: as many as are not above each bound and above the one before, then the
    /// rest.
    times: [AtomicU64; BUCKETS.len() + 1],
    /// Microseconds.
    time: AtomicU64,
}

impl Counts {
    /// Count a request that took so long.
    pub fn add(&self, outcome: Outcome, time: Duration) {
        let index = Outcome::ALL.iter().position(|other| *other == outcome).unwrap_or_default();
        self.outcomes[index].fetch_add(1, Ordering::Relaxed);
        if matches!(outcome, Outcome::RateLimited | Outcome::Overloaded) {
            return;
        }
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|bound| bound * 1_000 < micros);
        self.times[bucket].fetch_add(1, Ordering::Relaxed);
        self.time.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many requests had each outcome.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        let counts = self.outcomes.iter().map(|count| count.load(Ordering::Relaxed));
        Outcome::ALL.into_iter().zip(counts)
    }

    /// How many requests that were let in took as long as each of [`BUCKETS`] at most; how many
    /// there are; and how long they took together.
    pub fn times(&self) -> ([u64; BUCKETS.len()], u64, Duration) {
        let mut total = 0;
        let mut up_to = [0; BUCKETS.len()];
        for (index, count) in self.times.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            if let Some(up_to) = up_to.get_mut(index) {
                *up_to = total;
            }
        }
        (up_to, total, Duration::from_micros(self.time.load(Ordering::Relaxed)))
    }
}
