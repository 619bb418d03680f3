//! GraphQL over server-sent events, a stream for each operation: what the protocol of
//! [graphql-sse](https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md) calls distinct
//! connections.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, http::Method};
use futures_util::{StreamExt, stream};

use super::State;
use super::bytes::Reservation;
use super::negotiate::MediaType;
use crate::graphql::{Context, Request, Response};

/// Whether a request belongs to the mode in which one stream serves many operations, which is not
/// spoken here: the answers would not be where the client looks for them.
pub fn wants_single_connection(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::PUT || headers.contains_key("x-graphql-event-stream-token")
}

/// What its client is told.
pub const SINGLE_CONNECTION_REFUSED: &str = "An event stream serves one operation here: send each \
    with POST, or a query with GET, and Accept: text/event-stream.";

/// What comes next on a stream.
enum Next<F> {
    Answer(F),
    /// Nothing; with the memory of the answer, which is taken until then.
    End(#[allow(dead_code, reason = "it is held")] Reservation),
}

/// Execute a request and stream its answer. By the protocol even the errors of a request that is
/// not executed come as an event, after status 200.
///
/// A client that goes away stops the request, at the latest when comments no longer reach it.
pub fn respond(state: &State, request: Request, context: Context) -> HttpResponse {
    let api = Arc::clone(&state.api);
    let mut held = Reservation::none(&state.response_bytes);
    let answer = Box::pin(async move {
        let response = api.execute(request, context).await;
        match held.grow_by(response.body.len()) {
            true => (response, held),
            false => (Response::from(api.load().refuse()), held),
        }
    });
    let comment_interval = state.options.event_comment_interval;
    let events = stream::unfold(Next::Answer(answer), move |next| async move {
        let mut answer = match next {
            Next::Answer(answer) => answer,
            Next::End(_) => return None,
        };
        tokio::select! {
            (response, held) = &mut answer => {
                let head = Bytes::from_static(b"event: next\ndata: ");
                // JSON as it is written here has no line breaks.
                let body = Bytes::from(response.body);
                let tail = Bytes::from_static(b"\n\nevent: complete\ndata: \n\n");
                Some((vec![head, body, tail], Next::End(held)))
            }
            // Proxies and clients take a silent stream for a dead one.
            () = tokio::time::sleep(comment_interval) => {
                Some((vec![Bytes::from_static(b":\n\n")], Next::Answer(answer)))
            }
        }
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, MediaType::EventStream.content_type()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        // Some proxies keep back what is short.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events.flat_map(stream::iter).map(Ok::<_, Infallible>))
}
