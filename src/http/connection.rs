//! Connections, and what they wait for: one that waits too long for its client is cut off, and so
//! is the one that has waited longest where a new one finds no room.
//!
//! actix-web times the head of the first request, idle connections, and their end. It does not time
//! the head of a later request, nor a client that does not read its answer. So each connection tells
//! here what it does, and a watch shuts the sockets of those that are late, whatever their task
//! waits for.

use std::any::Any;
use std::fmt;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net;
use actix_web::web::Bytes;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::bytes::Reservation;

/// Bytes of an answer that are given to the connection at once: what it buffers before it writes.
const PIECE_BYTES: usize = 32 << 10;
/// What is left to actix-web's own timers, which answer 408 before they close.
const GRACE: Duration = Duration::from_secs(1);

/// Files that are left to databases and all the rest.
const OTHER_FILES: usize = 256;

/// How long connections may wait for their clients.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the head of a request, from its first byte.
    pub header: Duration,
    /// For the next request.
    pub keep_alive: Duration,
    /// Until an answer is read, beside the time that it takes at the lowest rate.
    pub response: Duration,
    /// The lowest rate at which an answer may be read, in bytes per second.
    pub read_rate_min: u64,
}

/// As many connections as the system allows this process files for: two for each, the socket and
/// the handle on which it is cut off. What the process may allow itself it takes.
pub fn possible() -> usize {
    let most = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((now, most)) => {
            let raised = now < most && setrlimit(Resource::RLIMIT_NOFILE, most, most).is_ok();
            if raised { most } else { now }
        }
        Err(_) => return usize::MAX,
    };
    usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(OTHER_FILES).max(2) / 2
}

/// Why a connection is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No whole head of a request came.
    Idle,
    /// It read its answer too slowly.
    SlowReader,
    /// Another one needed its place, or its memory.
    Room,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Idle, Self::SlowReader, Self::Room];

    /// Its name among the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::SlowReader => "slow_reader",
            Self::Room => "room",
        }
    }
}

/// The connections of a server.
pub struct Connections {
    max: usize,
    timeouts: Timeouts,
    live: AtomicUsize,
    /// Also some that have ended.
    all: Mutex<Vec<Weak<Connection>>>,
    cut: [AtomicU64; Reason::ALL.len()],
}

/// One connection.
pub struct Connection {
    socket: TcpStream,
    state: Mutex<State>,
    of: Arc<Connections>,
}

#[derive(Clone, Copy)]
struct State {
    phase: Phase,
    /// Since when it waits for its client.
    since: Instant,
    until: Option<Instant>,
    /// Requests under way: several on HTTP/2.
    exchanges: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the head of a request.
    Idle,
    /// Waits for the body.
    Receiving,
    Working,
    /// Waits for its answer to be read.
    Sending,
    /// Sends what has no end.
    Streaming,
    Cut,
}

impl Connections {
    /// For so many.
    pub fn new(max: usize, timeouts: Timeouts) -> Arc<Self> {
        Arc::new(Self {
            max,
            timeouts,
            live: AtomicUsize::new(0),
            all: Mutex::default(),
            cut: Default::default(),
        })
    }

    /// How many there are.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Most that there may be.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many were cut off for each reason.
    pub fn cut(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.cut.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Take note of a new connection, for whose requests it is kept with actix-web's data.
    pub fn register(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(socket) = socket(stream) else {
            tracing::error!("a connection cannot be watched");
            return;
        };
        let now = Instant::now();
        let connection = Arc::new(Connection {
            socket,
            state: Mutex::new(State {
                phase: Phase::Idle,
                since: now,
                until: Some(now + self.timeouts.header + GRACE),
                exchanges: 0,
            }),
            of: Arc::clone(self),
        });
        let live = self.live.fetch_add(1, Ordering::Relaxed) + 1;
        {
            let mut all = self.all();
            if all.len() > 2 * live {
                all.retain(|other| other.strong_count() > 0);
            }
            all.push(Arc::downgrade(&connection));
        }
        if live > self.max {
            self.make_room(&[Phase::Idle, Phase::Receiving, Phase::Sending]);
        }
        data.insert(connection);
    }

    /// Cut off the client that has taken longest to read its answer, so that there is memory for
    /// others.
    pub fn cut_slowest_reader(&self) {
        self.make_room(&[Phase::Sending]);
    }

    /// Cut off the connection that has waited longest for its client in one of these phases.
    fn make_room(&self, phases: &[Phase]) {
        let all = self.all();
        let live = all.iter().filter_map(Weak::upgrade);
        let waiting = live.filter_map(|connection| {
            let state = *connection.state();
            phases.contains(&state.phase).then_some((state.since, connection))
        });
        if let Some((_, connection)) = waiting.min_by_key(|(since, _)| *since) {
            connection.cut(Reason::Room);
        }
    }

    /// Cut off those that are late, for ever.
    pub async fn watch(self: Arc<Self>) {
        let Timeouts { header, keep_alive, response, .. } = self.timeouts;
        let shortest = header.min(keep_alive).min(response);
        let interval = (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(1));
        loop {
            tokio::time::sleep(interval).await;
            let now = Instant::now();
            let late = |connection: &Arc<Connection>| {
                connection.state().until.is_some_and(|until| until < now)
            };
            let mut all = self.all();
            all.retain(|connection| {
                let Some(connection) = connection.upgrade() else { return false };
                if late(&connection) {
                    let sends = connection.state().phase == Phase::Sending;
                    connection.cut(if sends { Reason::SlowReader } else { Reason::Idle });
                }
                true
            });
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Connection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle of its own on the socket of a connection.
fn socket(stream: &dyn Any) -> Option<TcpStream> {
    let stream = match stream.downcast_ref::<TlsStream<net::TcpStream>>() {
        Some(stream) => stream.get_ref().0,
        None => stream.downcast_ref::<net::TcpStream>()?,
    };
    stream.as_fd().try_clone_to_owned().ok().map(TcpStream::from)
}

impl Connection {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self, reason: Reason) {
        let mut state = self.state();
        state.phase = Phase::Cut;
        state.until = None;
        drop(state);
        let index = Reason::ALL.iter().position(|other| *other == reason).unwrap_or_default();
        self.of.cut[index].fetch_add(1, Ordering::Relaxed);
        self.shut();
    }

    /// Shut it: it is no longer needed.
    pub fn shut(&self) {
        // It may have ended by itself.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn enter(&self, phase: Phase, patience: Option<Duration>) {
        let mut state = self.state();
        if state.phase != Phase::Cut {
            let since = Instant::now();
            *state = State { phase, since, until: patience.map(|time| since + time), ..*state };
        }
    }

    /// It waits for this server, for however long.
    fn work(&self) {
        let mut state = self.state();
        if state.phase != Phase::Cut {
            *state = State { phase: Phase::Working, until: None, ..*state };
        }
    }

    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> Exchange {
        self.state().exchanges += 1;
        self.work();
        Exchange(Arc::clone(self))
    }

    /// The body of a request is waited for.
    pub fn receiving(&self) {
        self.enter(Phase::Receiving, None);
    }

    /// All of a request is there.
    pub fn received(&self) {
        self.work();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.of.live.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connection")
    }
}

/// A request under way, until its answer is handed over.
#[derive(Debug)]
pub struct Exchange(Arc<Connection>);

impl Exchange {
    fn sending(&self, size: BodySize) {
        match size {
            BodySize::Stream => self.0.enter(Phase::Streaming, None),
            BodySize::Sized(bytes) => {
                let Timeouts { response, read_rate_min, .. } = self.0.of.timeouts;
                let patience = response + Duration::from_secs(bytes / read_rate_min.max(1));
                self.0.enter(Phase::Sending, Some(patience));
            }
            BodySize::None => self.0.enter(Phase::Sending, Some(self.0.of.timeouts.response)),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.exchanges -= 1;
        let last = state.exchanges == 0;
        drop(state);
        if last {
            // The end of the answer may still lie in a buffer: it has to be read in this time, too.
            let Timeouts { header, keep_alive, .. } = self.0.of.timeouts;
            self.0.enter(Phase::Idle, Some(keep_alive + header + GRACE));
        }
    }
}

/// An answer that is handed to its connection piece by piece, as its client reads, so that what is
/// not read yet is neither copied nor forgotten.
pub struct Paced {
    body: BoxBody,
    rest: Bytes,
    _exchange: Option<Exchange>,
    _held: Option<Reservation>,
}

impl Paced {
    /// The answer to a request, with the memory that it holds.
    pub fn new(body: BoxBody, exchange: Option<Exchange>, held: Option<Reservation>) -> Self {
        if let Some(exchange) = &exchange {
            exchange.sending(body.size());
        }
        Self { body, rest: Bytes::new(), _exchange: exchange, _held: held }
    }
}

impl MessageBody for Paced {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                other => return other,
            }
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.rest.split_to(piece))))
    }
}
