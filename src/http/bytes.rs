//! The memory of requests and answers: so many bytes may be in flight, over all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes, and how many of them are taken.
#[derive(Debug)]
pub struct Bytes {
    max: usize,
    taken: AtomicUsize,
}

impl Bytes {
    /// So many bytes.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, taken: AtomicUsize::new(0) })
    }

    /// How many there are.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let take = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.max);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    of: Arc<Bytes>,
    bytes: usize,
}

impl Reservation {
    /// No bytes yet.
    pub fn none(of: &Arc<Bytes>) -> Self {
        Self { of: Arc::clone(of), bytes: 0 }
    }

    /// Take so many more, unless it would be too many for all together.
    #[must_use]
    pub fn grow_by(&mut self, bytes: usize) -> bool {
        let taken = self.of.take(bytes);
        if taken {
            self.bytes += bytes;
        }
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.of.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_together_stays_below_the_maximum_and_comes_back() {
        let bytes = Bytes::new(10);
        let (mut one, mut other) = (Reservation::none(&bytes), Reservation::none(&bytes));
        assert!(one.grow_by(4) && one.grow_by(2));
        assert!(other.grow_by(4) && !other.grow_by(1));
        assert_eq!(bytes.taken(), 10);
        drop(one);
        assert!(other.grow_by(6) && !other.grow_by(usize::MAX));
        drop(other);
        assert_eq!(bytes.taken(), 0);
    }
}
