//! The server. It knows HTTP and the GraphQL requests in it, and nothing of films.

mod body;
mod bytes;
mod caching;
pub mod client;
mod compression;
mod connection;
mod gate;
mod graphql;
mod kept;
mod metrics;
mod negotiate;
mod origin;
pub mod playground;
pub mod socket;
mod sse;
pub mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::{App, Error as ActixError, HttpMessage, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use bytes::{Bytes, Reservation};
use connection::{Connection, Connections, Paced, Timeouts};
use kept::Kept;
pub use metrics::Readers;

use crate::error::Error;
use crate::graphql::Api;

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the playground is served at `/`.
    pub playground: bool,
    /// Largest request body.
    pub body_bytes_max: usize,
    /// Longest time that a request body may take to arrive.
    pub body_timeout: Duration,
    /// Longest time that requests may take to end once the server stops.
    pub stop_timeout: Duration,
    /// Longest time that the head of a request may take to arrive.
    pub header_timeout: Duration,
    /// Longest time that a connection may wait for its next request.
    pub keep_alive: Duration,
    /// Longest time that a client may take to read an answer, beside the time that it takes at the
    /// lowest rate.
    pub response_timeout: Duration,
    /// The lowest rate at which an answer may be read, in bytes per second.
    pub read_rate_min: u64,
    /// Connections at once.
    pub connections_max: usize,
    /// Bytes of the bodies of all requests that are not answered yet.
    pub request_bytes_max: usize,
    /// Bytes of all answers that are not read yet.
    pub response_bytes_max: usize,
    /// The proxies that are believed.
    pub proxies: client::Proxies,
    /// Who may read the metrics.
    pub metrics: Readers,
    /// Time between two comments on an event stream that waits for its answer.
    pub event_comment_interval: Duration,
    /// Bytes of answers that are kept until the catalogue changes.
    pub kept_bytes_max: usize,
    /// What sockets are allowed.
    pub sockets: socket::Options,
    /// The other sites whose pages may ask: origins, or `*` for all.
    pub origins: Vec<String>,
    /// Whether they may send the credentials of their visitors.
    pub credentials: bool,
    /// Requests that may be sent together; 0 takes no batches.
    pub batch_max: usize,
    /// Where its certificate is, if it speaks TLS.
    pub tls: Option<tls::Files>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            playground: true,
            body_bytes_max: 1 << 20,
            body_timeout: Duration::from_secs(10),
            stop_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(75),
            response_timeout: Duration::from_secs(30),
            read_rate_min: 64 << 10,
            connections_max: 2_000,
            request_bytes_max: 64 << 20,
            response_bytes_max: 64 << 20,
            proxies: client::Proxies::default(),
            metrics: Readers::Local,
            event_comment_interval: Duration::from_secs(12),
            kept_bytes_max: 16 << 20,
            sockets: socket::Options::default(),
            origins: Vec::new(),
            credentials: false,
            batch_max: 0,
            tls: None,
        }
    }
}

/// What handlers share.
struct State {
    api: Arc<Api>,
    options: Options,
    stopping: AtomicBool,
    start: Instant,
    connections: Arc<Connections>,
    /// Answers that are kept, if any are.
    kept: Option<Kept>,
    request_bytes: Arc<Bytes>,
    response_bytes: Arc<Bytes>,
    sockets: Arc<socket::Sockets>,
}

/// The id under which the log tells about a request.
#[derive(Clone)]
struct RequestId(String);

/// A running server.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
    state: web::Data<State>,
    /// They cut off connections that are late, and look after the certificate.
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Server {
    /// Start serving an API on a listener.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start(api: Arc<Api>, listener: TcpListener, options: Options) -> Result<Self, Error> {
        let unusable = |error| Error::refused(format!("cannot serve: {error}"));
        let address = listener.local_addr().map_err(unusable)?;
        let stop_seconds = options.stop_timeout.as_secs();
        let certificate = options.tls.clone().map(tls::Certificate::load).transpose()?;
        let Options { header_timeout, keep_alive, response_timeout, read_rate_min, .. } = options;
        let timeouts = Timeouts {
            header: header_timeout,
            keep_alive,
            response: response_timeout,
            read_rate_min,
        };
        let connections_max = options.connections_max.min(connection::possible());
        if connections_max < options.connections_max {
            tracing::warn!(connections_max, "the system allows fewer open files than are set");
        }
        let connections = Connections::new(connections_max, timeouts);
        let kept = match options.kept_bytes_max {
            0 => None,
            bytes => Some(Kept::new(api.catalog().reader().changes()?, bytes)),
        };
        let state = web::Data::new(State {
            api,
            kept,
            stopping: AtomicBool::new(false),
            start: Instant::now(),
            connections: Arc::clone(&connections),
            request_bytes: Bytes::new(options.request_bytes_max),
            response_bytes: Bytes::new(options.response_bytes_max),
            sockets: Arc::default(),
            options,
        });
        let shared = state.clone();
        let watch = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&connections).watch()));
        let workers = state.api.catalog().reader().threads();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .wrap(from_fn(around))
                .configure(|routes| configure(routes, &shared.options))
        })
        .workers(workers)
        .tcp_nodelay(true)
        // Whoever closes the connection does not wait for the answer.
        .h1_allow_half_closed(false)
        .client_request_timeout(header_timeout)
        .keep_alive(keep_alive)
        // Of each worker: one connection more, and another is cut off, or itself.
        .max_connections(connections_max + 1)
        .on_connect(move |stream, data| connections.register(stream, data))
        .shutdown_timeout(stop_seconds)
        .disable_signals();
        let mut tasks = vec![watch];
        let server = match certificate {
            None => server.listen(listener),
            Some(certificate) => {
                let config = certificate.server_config()?;
                tasks.push(AbortOnDropHandle::new(tokio::spawn(certificate.watch()?)));
                server.listen_rustls_0_23(listener, config)
            }
        };
        let server = server.map_err(unusable)?.run();
        let handle = server.handle();
        Ok(Self { address, handle, task: tokio::spawn(server), state, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the playground, or of the API without its path.
    pub fn url(&self) -> String {
        let scheme = if self.state.options.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }

    /// The sockets of this server.
    pub fn sockets(&self) -> Arc<socket::Sockets> {
        Arc::clone(&self.state.sockets)
    }

    /// Serve until told to stop: then say so at `/readyz`, take no new connections, let the
    /// requests under way end, and close sockets.
    ///
    /// # Errors
    /// When the server breaks off.
    pub async fn until_stopped(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let ended = |result: Result<std::io::Result<()>, tokio::task::JoinError>| match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::refused(format!("the server broke off: {error}"))),
            Err(error) => Err(Error::refused(format!("the server broke off: {error}"))),
        };
        let Self { handle, mut task, state, _tasks, .. } = self;
        tokio::select! {
            result = &mut task => return ended(result),
            () = stop => {}
        }
        tracing::info!("stopping");
        state.stopping.store(true, Ordering::Relaxed);
        state.sockets.stop();
        handle.stop(true).await;
        ended(task.await)
    }
}

/// Ends when the process is asked to stop: SIGTERM, or SIGINT from a terminal. From this call on
/// neither ends the process by itself.
///
/// # Errors
/// When the system does not let signals be waited for.
pub fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| Error::refused(format!("cannot wait for signals: {error}")))
    };
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn configure(routes: &mut web::ServiceConfig, options: &Options) {
    routes
        .service(
            web::resource("/graphql")
                .wrap(from_fn(gate::gate))
                .wrap(Condition::new(!options.origins.is_empty(), cors(options)))
                // Routes are tried in their order.
                .route(web::post().to(graphql::post))
                .route(web::get().guard(socket::wanted()).to(socket::upgrade))
                .route(web::get().to(graphql::get))
                .route(web::head().to(graphql::get))
                .route(web::method(Method::OPTIONS).to(graphql::options))
                .default_service(web::to(graphql::method_not_allowed)),
        )
        .service(web::resource("/metrics").route(web::get().to(metrics::show)))
        .service(web::resource("/livez").route(web::get().to(live)).route(web::head().to(live)))
        .service(web::resource("/readyz").route(web::get().to(ready)).route(web::head().to(ready)));
    if options.playground {
        routes.configure(playground::configure);
    }
    routes.default_service(web::to(not_found));
}

/// What pages of other sites are told, by the Fetch standard.
fn cors(options: &Options) -> Cors {
    const MAX_AGE_SECONDS: usize = 3_600;
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allow_any_header()
        .expose_headers([
            "etag",
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "x-request-id",
        ])
        // The handlers refuse, in JSON.
        .block_on_origin_mismatch(false)
        .max_age(MAX_AGE_SECONDS);
    let cors = match options.origins.iter().any(|origin| origin == "*") {
        true => cors.allow_any_origin().send_wildcard(),
        false => options.origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin)),
    };
    if options.credentials { cors.supports_credentials() } else { cors }
}

const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is done once, around every request.
async fn around(
    request: actix_web::dev::ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Paced>, ActixError> {
    let exchange = request.conn_data::<Arc<Connection>>().map(Connection::begin);
    let id = new_request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    let held = response.response_mut().extensions_mut().remove::<Reservation>();
    Ok(response.map_body(|_, body| Paced::new(body.boxed(), exchange, held)))
}

/// Sixteen random hexadecimal digits: enough to find a request in the log.
fn new_request_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Keyed at random at the start of each thread, and another one each time.
    let number = RandomState::new().build_hasher().finish();
    let digits = (0..16).rev().map(|place| (number >> (4 * place) & 0xf) as u32);
    digits.filter_map(|digit| char::from_digit(digit, 16)).collect()
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    let text = "text/plain; charset=utf-8";
    if state.stopping.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().content_type(text).body("stopping\n");
    }
    match state.api.ping().await {
        Ok(()) => HttpResponse::Ok().content_type(text).body("ready\n"),
        Err(fault) => {
            tracing::error!(class = ?fault.class, %fault, "not ready");
            let sentence = format!("{}\n", fault.class.sentence());
            HttpResponse::ServiceUnavailable().content_type(text).body(sentence)
        }
    }
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .body("Nothing is here. The API is at /graphql, the playground at /.\n")
}
