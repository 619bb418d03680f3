//! How many sockets there are, of whom, and how they ended.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Options;

/// Codes of closes that are counted one by one; 1006 stands for a connection that broke.
const CODES: [u16; 15] =
    [1000, 1001, 1002, 1005, 1006, 1007, 1009, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429];

/// Figures of the sockets.
#[derive(Debug, Default)]
pub struct Gauges {
    open: AtomicUsize,
    operations: AtomicUsize,
    buffered: AtomicUsize,
    opened: AtomicU64,
    refused: AtomicU64,
    closed: [AtomicU64; CODES.len()],
    closed_otherwise: AtomicU64,
}

impl Gauges {
    /// Sockets that are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Operations that are open on them.
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    /// Bytes of messages and answers that are held for them.
    pub fn buffered(&self) -> usize {
        self.buffered.load(Ordering::Relaxed)
    }

    /// Sockets opened since the start.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Sockets refused since the start, for being too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Sockets closed since the start, by code; none stands for every other code.
    pub fn closed(&self) -> impl Iterator<Item = (Option<u16>, u64)> {
        let counts = CODES.iter().zip(&self.closed).map(|(code, count)| (Some(*code), count));
        counts
            .chain([(None, &self.closed_otherwise)])
            .map(|(code, count)| (code, count.load(Ordering::Relaxed)))
    }

    pub(super) fn count_close(&self, code: u16) {
        let index = CODES.iter().position(|known| *known == code);
        let count = index.map_or(&self.closed_otherwise, |index| &self.closed[index]);
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// All sockets of a server.
#[derive(Default)]
pub struct Sockets {
    gauges: Gauges,
    stop: CancellationToken,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// Why there is no room for a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The server has as many as it takes.
    Server,
    /// The address has as many as one may have.
    Address,
}

impl Sockets {
    /// The figures.
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Tell every socket that the server stops, now and later.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends when the server stops.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether the server stops.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Nothing yet of the memory of all sockets, of which there are so many bytes.
    pub(super) fn buffer(self: &Arc<Self>, bytes_max: usize) -> Buffer {
        Buffer { sockets: Arc::clone(self), bytes_max, held: 0 }
    }

    /// Make room for a socket.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        options: &Options,
    ) -> Result<Ticket, Full> {
        let address = network(address);
        let admitted = {
            let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let of_address = by_address.get(&address).copied().unwrap_or_default();
            // The lock makes one of the two looks and the step after them.
            if self.gauges.open() >= options.sockets_max {
                Err(Full::Server)
            } else if of_address >= options.per_address_max {
                Err(Full::Address)
            } else {
                by_address.insert(address, of_address + 1);
                self.gauges.open.fetch_add(1, Ordering::Relaxed);
                Ok(Ticket { sockets: Arc::clone(self), address })
            }
        };
        let count = if admitted.is_ok() { &self.gauges.opened } else { &self.gauges.refused };
        count.fetch_add(1, Ordering::Relaxed);
        admitted
    }
}

/// The place of one socket, given back when dropped.
pub struct Ticket {
    sockets: Arc<Sockets>,
    address: IpAddr,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let by_address = self.sockets.by_address.lock();
        let mut by_address = by_address.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
        self.sockets.gauges.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ticket {
    /// The figures of all sockets.
    pub fn gauges(&self) -> &Gauges {
        self.sockets.gauges()
    }

    /// Count an operation until the guard is dropped.
    pub fn operation(&self) -> Running {
        self.sockets.gauges.operations.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(&self.sockets))
    }
}

/// A part of the memory that all sockets share, given back when dropped.
pub struct Buffer {
    sockets: Arc<Sockets>,
    bytes_max: usize,
    held: usize,
}

impl Buffer {
    /// Hold so many bytes instead of those before; nothing changes where there is no room for more.
    #[must_use]
    pub fn hold(&mut self, bytes: usize) -> bool {
        let taken = &self.sockets.gauges.buffered;
        let change = |all: usize| {
            let others = all - self.held;
            let fits = bytes <= self.held || bytes <= self.bytes_max.saturating_sub(others);
            fits.then(|| others + bytes)
        };
        let fits = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok();
        if fits {
            self.held = bytes;
        }
        fits
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.sockets.gauges.buffered.fetch_sub(self.held, Ordering::Relaxed);
    }
}

/// One open operation in the figures.
pub struct Running(Arc<Sockets>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.gauges.operations.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whom an address stands for: in IPv6 one client commonly has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let sockets = Arc::new(Sockets::default());
        let options = Options { sockets_max: 3, per_address_max: 2, ..Options::default() };
        let admit = |address: &str| sockets.admit(address.parse().expect("an address"), &options);
        let first = admit("2001:db8::1").expect("there is room");
        let second = admit("2001:db8::ffff:2").expect("there is room");
        assert_eq!(admit("2001:db8::3").err(), Some(Full::Address));
        let third = admit("2001:db8:0:1::1").expect("another network");
        assert_eq!(admit("10.0.0.1").err(), Some(Full::Server));
        drop(third);
        let fourth = admit("::ffff:10.0.0.1").expect("there is room again");
        drop((first, second));
        let _fifth = admit("10.0.0.1").expect("there is room");
        assert_eq!(admit("10.0.0.1").err(), Some(Full::Address));
        drop(fourth);
        assert_eq!((sockets.gauges().open(), sockets.gauges().opened()), (1, 5));
        assert_eq!(sockets.gauges().refused(), 3);
        assert_eq!(sockets.by_address.lock().expect("no panic").len(), 1);
    }

    #[test]
    fn memory_is_shared_and_given_back() {
        let sockets = Arc::new(Sockets::default());
        let (mut one, mut other) = (sockets.buffer(10), sockets.buffer(10));
        assert!(one.hold(6) && other.hold(4));
        assert!(!other.hold(5) && !one.hold(usize::MAX));
        assert_eq!(sockets.gauges().buffered(), 10);
        assert!(one.hold(2) && other.hold(8));
        drop(other);
        assert_eq!(sockets.gauges().buffered(), 2);
        assert!(one.hold(10) && one.hold(0));
        assert_eq!(sockets.gauges().buffered(), 0);
    }

    #[test]
    fn closes_are_counted_by_code() {
        let gauges = Gauges::default();
        for code in [4400, 1006, 4400, 3000] {
            gauges.count_close(code);
        }
        let counts: Vec<_> = gauges.closed().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [(Some(1006), 1), (Some(4400), 2), (None, 1)]);
    }
}
