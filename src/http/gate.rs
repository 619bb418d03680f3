//! What stands before GraphQL over HTTP: whoever has used up their points, or comes when there is
//! no room, is told so before anything of the request is read, let alone parsed.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::{Stream, StreamExt};

use super::body::at_the_second_look;
use super::bytes::Reservation;
use super::connection::Connection;
use super::{State, client, graphql};
use crate::graphql::load::{Client, REQUEST_POINTS, Standing};

/// Bodies up to this size are read and thrown away where the request is refused, since the
/// connection can then be used again.
const DISCARDED_BYTES_MAX: u64 = 64 << 10;
/// Longest time that this may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);
/// Answers up to this size are no more than what connections buffer anyway.
const UNCOUNTED_BYTES: u64 = 16 << 10;
/// After so many seconds one may try again who was told nothing better.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Marks an answer whose request was charged for already.
pub struct Charged;

/// Let a request pass, if its client may and there is room.
pub async fn gate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let client = client::identify(request.head(), &state.options.proxies);
    if let Some(refused) = state.api.load().refuse_unread(&client) {
        discard(&mut request).await;
        let response = graphql::refuse(request.request(), refused);
        return Ok(finish(request.into_response(response), &state, &client));
    }
    request.extensions_mut().insert(client);
    let held = Rc::new(RefCell::new(Held {
        bytes: Reservation::none(&state.request_bytes),
        overflowed: false,
    }));
    // The other methods have no body, or one without an end.
    if request.method() == Method::POST {
        let payload = request.take_payload();
        let connection = request.conn_data::<Arc<Connection>>().cloned();
        if let Some(connection) = &connection {
            connection.receiving();
        }
        let counted: Pin<Box<dyn Stream<Item = _>>> =
            Box::pin(Counted { payload, connection, held: Rc::clone(&held) });
        request.set_payload(Payload::from(counted));
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    let is_charged = response.response().extensions().get::<Charged>().is_some();
    if response.status().is_client_error() && !is_charged {
        // One who cannot pay for it is refused the next time.
        let _ = state.api.load().charge(Some(&client), REQUEST_POINTS);
    }
    let full = held.borrow().overflowed || !hold(&mut response, &state);
    if full {
        let refusal = graphql::refuse(response.request(), state.api.load().refuse());
        response = response.into_response(refusal);
    }
    Ok(finish(response, &state, &client))
}

/// Take the memory of an answer for as long as it is being read.
fn hold(response: &mut ServiceResponse, state: &State) -> bool {
    let BodySize::Sized(bytes) = response.response().body().size() else { return true };
    if bytes <= UNCOUNTED_BYTES {
        return true;
    }
    let mut held = Reservation::none(&state.response_bytes);
    let taken = usize::try_from(bytes).is_ok_and(|bytes| held.grow_by(bytes));
    if taken {
        response.response_mut().extensions_mut().insert(held);
    } else {
        state.connections.cut_slowest_reader();
    }
    taken
}

/// What every answer tells of the client's points.
fn finish(
    mut response: ServiceResponse<BoxBody>,
    state: &State,
    client: &Client,
) -> ServiceResponse<BoxBody> {
    let is_unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    if is_unavailable && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    if let Some(standing) = state.api.load().budgets().standing(client) {
        tell(headers, standing);
    }
    response
}

fn tell(headers: &mut HeaderMap, Standing { limit, remaining, reset }: Standing) {
    for (name, number) in [(LIMIT, limit), (REMAINING, remaining), (RESET, reset)] {
        headers.insert(name, HeaderValue::from(number));
    }
}

/// Read a body that is not wanted, if it is small: a connection with an unread one must be closed.
async fn discard(request: &mut ServiceRequest) {
    let length = request.headers().get(actix_web::http::header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_none_or(|length| length > DISCARDED_BYTES_MAX) {
        return;
    }
    let mut payload = request.take_payload();
    let mut all = pin!(async { while let Some(Ok(_)) = payload.next().await {} });
    if at_the_second_look(all.as_mut()).await.is_none() {
        let _ = tokio::time::timeout(DISCARD_TIMEOUT, all).await;
    }
}

/// The memory of a body, from its first bytes until its request is answered.
struct Held {
    bytes: Reservation,
    overflowed: bool,
}

/// A body whose bytes are counted, together with those of all other bodies.
struct Counted {
    payload: Payload,
    connection: Option<Arc<Connection>>,
    held: Rc<RefCell<Held>>,
}

impl Stream for Counted {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = std::task::ready!(self.payload.poll_next_unpin(context));
        let mut held = self.held.borrow_mut();
        Poll::Ready(match chunk {
            Some(Ok(chunk)) if !held.bytes.grow_by(chunk.len()) => {
                held.overflowed = true;
                Some(Err(PayloadError::Overflow))
            }
            None => {
                if let Some(connection) = &self.connection {
                    connection.received();
                }
                None
            }
            other => other,
        })
    }
}
