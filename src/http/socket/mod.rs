//! GraphQL over WebSocket, by the sub-protocol [`graphql-transport-ws`](protocol::NAME).
//!
//! One task serves a socket. It reads the next message, and takes the next answer, only when
//! everything before has been handed over: a client that does not read is not served, and what
//! waits for it is bounded. [`protocol`] decides what a message means, `incoming` and `outgoing`
//! know frames, `line` the connection, `limit` counts.

mod incoming;
mod limit;
mod line;
mod outgoing;
pub mod protocol;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::guard::{Guard, fn_guard};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use actix_ws::CloseReason;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use incoming::{Incoming, Messages};
use limit::{Buffer, Full, Ticket};
pub use limit::{Gauges, Sockets};
use line::Line;
use outgoing::Outgoing;
use protocol::{Action, Close, Limits, Operation, Protocol};

use super::negotiate::MediaType;
use super::{State, new_request_id, origin};
use crate::error::FaultClass;
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::load::Client;
use crate::graphql::{Context, Outcome, Request, Response};

/// Operations of one socket that run at once; the others wait for their turn, in their order, so
/// that one socket cannot have the server for itself.
const RUNNING_MAX: usize = 4;
/// Pings in a row that a client may leave unanswered.
const SILENT_PINGS_MAX: u32 = 2;
/// Longest time that a close may take: until its frame is handed over and answered.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// What stands for a close without a code, by RFC 6455.
const NO_CODE: u16 = 1005;
/// What stands for a connection that broke, by RFC 6455.
const BROKEN: u16 = 1006;

/// What sockets are allowed.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sockets at once; 0 refuses them all.
    pub sockets_max: usize,
    /// Sockets at once from one address, an IPv6 network of 64 bits being one.
    pub per_address_max: usize,
    /// Operations that may be open at once on one socket.
    pub operations_max: usize,
    /// Longest time until the client introduces itself.
    pub init_timeout: Duration,
    /// Time between two pings; a client that leaves two unanswered is gone.
    pub ping_interval: Duration,
    /// Longest time without an operation.
    pub idle_timeout: Duration,
    /// Longest time that the client may take to read the next of what waits for it.
    pub write_timeout: Duration,
    /// Bytes of messages and answers that may be held for all sockets together.
    pub buffered_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sockets_max: 1000,
            per_address_max: 100,
            operations_max: 100,
            init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(600),
            write_timeout: Duration::from_secs(30),
            buffered_bytes_max: 64 << 20,
        }
    }
}

/// Whether a request asks for a WebSocket.
pub(super) fn wanted() -> impl Guard {
    fn_guard(|context| {
        let protocols = context.head().headers().get_all(header::UPGRADE);
        protocols
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
    })
}

/// `GET /graphql` with `Upgrade: websocket`.
pub(super) async fn upgrade(
    request: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let options = &state.options.sockets;
    if !origin::may_ask(&request, &state.options.origins) {
        let sentence = "Pages of this origin may not open a WebSocket here.";
        return refuse(StatusCode::FORBIDDEN, code::FORBIDDEN, sentence);
    }
    let bytes_max = state.options.body_bytes_max;
    let buffer = || state.sockets.buffer(options.buffered_bytes_max);
    let handled = match incoming::bounded(&request, payload, bytes_max, buffer()).await {
        Ok(payload) => actix_ws::handle_with_protocols(&request, payload, &[protocol::NAME]),
        Err(error) => Err(error),
    };
    let (response, session, frames) = match handled {
        Ok(handled) => handled,
        Err(error) => return failed_handshake(&error),
    };
    if state.sockets.is_stopping() {
        let sentence = "The server is stopping.";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, FaultClass::Overloaded.code(), sentence);
    }
    let peer = request.peer_addr().map_or(IpAddr::from(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let address = state.options.proxies.address(peer, request.headers());
    let client = request.extensions().get().copied();
    let ticket = match state.sockets.admit(address, options) {
        Ok(ticket) => ticket,
        Err(full) => return no_room(full),
    };
    let has_protocol = response.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL);
    let (line, response) = Line::of(&request, response);
    let messages = Messages::new(frames, bytes_max, buffer());
    let outgoing = Outgoing::new(session);
    let connection = Connection::new(state, messages, outgoing, line, client, ticket);
    let end = (!has_protocol).then(|| End::Close(Close::no_common_protocol()));
    actix_web::rt::spawn(connection.run(end));
    response
}

fn refuse(status: StatusCode, code: &'static str, sentence: impl Into<Box<str>>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, MediaType::Json.content_type()))
        .body(Response::refusal(&[GraphQLError::new(code, sentence)]).body)
}

fn failed_handshake(error: &actix_web::Error) -> HttpResponse {
    let sentence = "This is no handshake of a WebSocket, version 13.";
    let refusal = Response::refusal(&[GraphQLError::new(code::BAD_REQUEST, sentence)]);
    // Its status and headers tell what is missing, such as the version.
    let mut response = error.error_response().set_body(BoxBody::new(refusal.body));
    response.headers_mut().insert(header::CONTENT_TYPE, MediaType::Json.content_type());
    response
}

fn no_room(full: Full) -> HttpResponse {
    let mut response = match full {
        Full::Server => {
            let class = FaultClass::Overloaded;
            refuse(StatusCode::SERVICE_UNAVAILABLE, class.code(), class.sentence())
        }
        Full::Address => {
            let sentence = "This address has as many sockets open as one address may have.";
            refuse(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY_SOCKETS, sentence)
        }
    };
    let soon = header::HeaderValue::from_static("10");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// An operation that has run.
struct Answer {
    operation: Operation,
    response: Response,
    held: Held,
}

/// What an operation holds until its answer has been handed over: the place among those that run,
/// and the memory of the answer.
struct Held {
    _permit: Option<OwnedSemaphorePermit>,
    buffer: Buffer,
}

/// One socket.
struct Connection {
    state: web::Data<State>,
    protocol: Protocol,
    messages: Messages,
    outgoing: Outgoing,
    running: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = Answer>>>>>,
    /// To stop them, by their number.
    handles: HashMap<u64, AbortHandle>,
    permits: Arc<Semaphore>,
    /// The memory of the requests that are open.
    requests: Buffer,
    /// What the answer that is being handed over holds.
    answering: Option<Held>,
    opened: Instant,
    next_ping: Instant,
    silent_pings: u32,
    /// When the last operation ended, or the socket was opened.
    idle_since: Instant,
    /// Once the server stops: when to close, finished or not.
    close_by: Option<Instant>,
    line: Line,
    /// Whose points the operations cost.
    client: Option<Client>,
    ticket: Ticket,
}

impl Connection {
    fn new(
        state: web::Data<State>,
        messages: Messages,
        outgoing: Outgoing,
        line: Line,
        client: Option<Client>,
        ticket: Ticket,
    ) -> Self {
        let options = &state.options.sockets;
        let limits =
            Limits { operations: options.operations_max, bytes: state.options.body_bytes_max };
        let now = Instant::now();
        Self {
            protocol: Protocol::new(limits),
            messages,
            outgoing,
            running: FuturesUnordered::new(),
            handles: HashMap::new(),
            permits: Arc::new(Semaphore::new(RUNNING_MAX)),
            requests: state.sockets.buffer(options.buffered_bytes_max),
            answering: None,
            opened: now,
            next_ping: now + options.ping_interval,
            silent_pings: 0,
            idle_since: now,
            close_by: None,
            line,
            client,
            ticket,
            state,
        }
    }

    /// Serve the socket, unless it has ended before it began, and close it.
    async fn run(mut self, end: Option<End>) {
        let end = match end {
            Some(end) => end,
            None => self.serve().await,
        };
        let Self { outgoing, messages, running, mut line, ticket, .. } = self;
        // What nobody waits for any more is stopped.
        drop(running);
        let (code, reason) = match &end {
            End::Broken => (BROKEN, None),
            End::Close(Close { code, reason }) => {
                let description = Some(reason.clone());
                (*code, Some(Some(CloseReason { code: (*code).into(), description })))
            }
            End::Closed(None) => (NO_CODE, Some(None)),
            End::Closed(Some(theirs)) => (theirs.code.into(), Some(Some(theirs.code.into()))),
        };
        ticket.gauges().count_close(code);
        if let Some(reason) = reason {
            let goodbye = async {
                let _ = outgoing.into_session().close(reason).await;
                match end {
                    End::Closed(_) => line.written().await,
                    // The client answers, or goes.
                    _ => tokio::select! {
                        () = messages.drain() => {}
                        () = line.gone() => {}
                    },
                }
            };
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
        }
        line.cut();
    }

    /// Serve the socket to its end.
    async fn serve(&mut self) -> End {
        loop {
            let is_free = self.outgoing.is_empty();
            if is_free {
                self.answering = None;
            }
            let is_stopping = self.close_by.is_some();
            if is_stopping && is_free && self.running.is_empty() {
                return End::Close(Close::stopping());
            }
            let deadline = self.deadline();
            let step = tokio::select! {
                sent = self.outgoing.send(), if !is_free => match sent {
                    Ok(()) => Ok(()),
                    Err(_) => Err(End::Broken),
                },
                message = self.messages.next(), if is_free && !is_stopping => match message {
                    Some(Ok(message)) => self.receive(message),
                    Some(Err(close)) => Err(End::Close(close)),
                    None => Err(End::Broken),
                },
                Some(answer) = self.running.next(), if is_free => {
                    if let Ok(answer) = answer {
                        self.answer(answer);
                    }
                    Ok(())
                }
                () = sleep_until(deadline) => self.tick(),
                () = self.state.sockets.stopped(), if !is_stopping => {
                    // Half of the time that the server has, and the rest of it for the others.
                    self.close_by = Some(Instant::now() + self.state.options.stop_timeout / 2);
                    Ok(())
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    fn receive(&mut self, message: Incoming) -> Result<(), End> {
        self.silent_pings = 0;
        let text = match message {
            Incoming::Text(text) => text,
            Incoming::Ping(bytes) => {
                self.outgoing.pong(bytes);
                return Ok(());
            }
            Incoming::Pong => return Ok(()),
            Incoming::Close(reason) => return Err(End::Closed(reason)),
        };
        match self.protocol.receive(&text).map_err(End::Close)? {
            None => {}
            Some(Action::Send(text)) => self.outgoing.text(text),
            Some(Action::Start { operation, request }) => self.start(operation, *request),
            Some(Action::Stop(operation)) => {
                if let Some(handle) = self.handles.remove(&operation.number) {
                    handle.abort();
                }
                self.ended();
            }
        }
        Ok(())
    }

    fn start(&mut self, operation: Operation, request: Request) {
        if !self.requests.hold(self.protocol.open_bytes()) {
            return self.say(&operation, &overloaded());
        }
        let api = Arc::clone(&self.state.api);
        let permits = Arc::clone(&self.permits);
        let counted = self.ticket.operation();
        let buffer = self.state.sockets.buffer(self.state.options.sockets.buffered_bytes_max);
        let client = self.client;
        let context = Context { request_id: new_request_id(), client, ..Context::default() };
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(operation.number, handle);
        let run: Pin<Box<dyn Future<Output = Answer>>> = Box::pin(async move {
            // There is one for each, since the semaphore is never closed.
            let mut held = Held { _permit: permits.acquire_owned().await.ok(), buffer };
            let mut response = api.execute(request, context).await;
            drop(counted);
            if !held.buffer.hold(response.body.len()) {
                response = overloaded();
            }
            Answer { operation, response, held }
        });
        self.running.push(Abortable::new(run, registration));
    }

    fn answer(&mut self, answer: Answer) {
        let Answer { operation, response, held } = answer;
        self.handles.remove(&operation.number);
        self.say(&operation, &response);
        self.answering = Some(held);
    }

    /// Tell the client how an operation went.
    fn say(&mut self, operation: &Operation, response: &Response) {
        for text in self.protocol.answer(operation, response) {
            self.outgoing.text(text);
        }
        self.ended();
    }

    /// After the end of an operation.
    fn ended(&mut self) {
        self.idle_since = Instant::now();
        // Giving back always fits.
        let _ = self.requests.hold(self.protocol.open_bytes());
    }

    /// When to look at the clocks again.
    fn deadline(&self) -> Instant {
        let options = &self.state.options.sockets;
        let stalled =
            (!self.outgoing.is_empty()).then(|| self.outgoing.moved() + options.write_timeout);
        let waiting = match self.protocol.is_acknowledged() {
            true => (self.protocol.open() == 0).then(|| self.idle_since + options.idle_timeout),
            false => Some(self.opened + options.init_timeout),
        };
        let others = [stalled, waiting, self.close_by];
        others.into_iter().flatten().fold(self.next_ping, Instant::min)
    }

    /// Do what is due.
    fn tick(&mut self) -> Result<(), End> {
        let options = &self.state.options.sockets;
        let now = Instant::now();
        if !self.protocol.is_acknowledged() && now >= self.opened + options.init_timeout {
            return Err(End::Close(Close::init_timeout()));
        }
        if self.close_by.is_some_and(|close_by| now >= close_by) {
            return Err(End::Close(Close::stopping()));
        }
        let is_free = self.outgoing.is_empty();
        if !is_free && now >= self.outgoing.moved() + options.write_timeout {
            return Err(End::Close(Close::too_slow()));
        }
        if self.protocol.open() == 0 && now >= self.idle_since + options.idle_timeout {
            return Err(End::Close(Close::idle()));
        }
        if now >= self.next_ping {
            self.next_ping = now + options.ping_interval;
            // While something waits to be read, nothing of the client's is heard.
            if is_free && self.close_by.is_none() {
                if self.silent_pings >= SILENT_PINGS_MAX {
                    return Err(End::Close(Close::silent()));
                }
                self.silent_pings += 1;
                self.outgoing.ping();
            }
        }
        Ok(())
    }
}

/// The answer where there is no memory for another one.
fn overloaded() -> Response {
    let class = FaultClass::Overloaded;
    let refusal = Response::refusal(&[GraphQLError::new(class.code(), class.sentence())]);
    Response { outcome: Outcome::Overloaded, ..refusal }
}

/// How a socket ends.
enum End {
    /// The connection broke.
    Broken,
    /// The client has closed it.
    Closed(Option<CloseReason>),
    /// The server closes it.
    Close(Close),
}
