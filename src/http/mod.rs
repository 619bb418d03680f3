//! The server. It knows HTTP and the GraphQL requests in it, and nothing of films.

mod graphql;
mod negotiate;
pub mod playground;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::{ServerHandle, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error as ActixError, HttpMessage, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            playground: true,
            body_bytes_max: 1 << 20,
            body_timeout: Duration::from_secs(10),
            stop_timeout: Duration::from_secs(30),
        }
    }
}

/// What handlers share.
struct State {
    api: Arc<Api>,
    options: Options,
    stopping: AtomicBool,
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
        let state = web::Data::new(State { api, options, stopping: AtomicBool::new(false) });
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .wrap(from_fn(around))
                .configure(|routes| configure(routes, &shared.options))
        })
        .tcp_nodelay(true)
        .client_request_timeout(Duration::from_secs(5))
        .shutdown_timeout(stop_seconds)
        .disable_signals()
        .listen(listener)
        .map_err(unusable)?
        .run();
        Ok(Self { address, handle: server.handle(), task: tokio::spawn(server), state })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serve until told to stop: then say so at `/readyz`, take no new connections, and let the
    /// requests under way end.
    ///
    /// # Errors
    /// When the server breaks off.
    pub async fn until_stopped(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let ended = |result: Result<std::io::Result<()>, tokio::task::JoinError>| match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::refused(format!("the server broke off: {error}"))),
            Err(error) => Err(Error::refused(format!("the server broke off: {error}"))),
        };
        let Self { handle, mut task, state, .. } = self;
        tokio::select! {
            result = &mut task => return ended(result),
            () = stop => {}
        }
        tracing::info!("stopping");
        state.stopping.store(true, Ordering::Relaxed);
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
                .route(web::post().to(graphql::post))
                .route(web::get().to(graphql::get))
                .default_service(web::to(graphql::method_not_allowed)),
        )
        .service(web::resource("/livez").route(web::get().to(live)).route(web::head().to(live)))
        .service(web::resource("/readyz").route(web::get().to(ready)).route(web::head().to(ready)));
    if options.playground {
        routes.configure(playground::configure);
    }
    routes.default_service(web::to(not_found));
}

/// What is done once, around every request.
async fn around(
    request: actix_web::dev::ServiceRequest,
    next: Next<impl actix_web::body::MessageBody>,
) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, ActixError> {
    let id = new_request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// Sixteen random hexadecimal digits: enough to find a request in the log.
fn new_request_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Keyed at random at the start of each thread, and another one each time.
    format!("{:016x}", RandomState::new().build_hasher().finish())
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
