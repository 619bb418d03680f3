//! GraphQL over HTTP, by the working draft of <https://graphql.github.io/graphql-over-http/>.

use std::time::Instant;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;

use super::body::{self, Body, Refusal};
use super::gate::Charged;
use super::kept::{Answer, Asking, Found};
use super::negotiate::{MediaType, accepted};
use super::{RequestId, State, caching, compression, origin, sse};
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::load::{REQUEST_POINTS, Refused};
use crate::graphql::{Context, Outcome, Request, Response};

/// The header with which a request asks what it costs: `x-shotlist-cost: 1`.
const COST: &str = "x-shotlist-cost";

/// A query in the parameters of a URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// The methods that are answered here.
pub const ALLOWED: &str = "GET, HEAD, POST, OPTIONS";
/// What an answer depends on beside its address.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `POST /graphql`.
pub async fn post(
    request: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let Some(media_type) = accepted(&request) else { return not_acceptable() };
    if !origin::may_ask(&request, &state.options.origins) {
        return forbidden();
    }
    let body = match body::read(request.headers(), &state, payload).await {
        Ok(body) => body,
        Err(refusal) => return refused(media_type, &refusal),
    };
    let asked = match known(&request, &state, media_type, "POST ", &body).await {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    match body::parse(&body, state.options.batch_max) {
        Ok(Body::One(parsed)) => respond(&request, &state, media_type, asked, Ok(*parsed)).await,
        Ok(Body::Batch(batch)) => respond_to_all(&request, &state, media_type, batch).await,
        Err(refusal) => respond(&request, &state, media_type, asked, Err(refusal)).await,
    }
}

/// `GET /graphql`, and `HEAD`, for queries.
pub async fn get(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let Some(media_type) = accepted(&request) else { return not_acceptable() };
    if !origin::may_ask(&request, &state.options.origins) {
        return forbidden();
    }
    let query = request.query_string();
    let asked = match known(&request, &state, media_type, "GET ", query.as_bytes()).await {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    let parsed = web::Query::<Parameters>::from_query(query)
        .map_err(|_| Refusal::bad_request("The parameters of the URL cannot be read."))
        .and_then(|parameters| from_parameters(parameters.into_inner()));
    respond(&request, &state, media_type, asked, parsed).await
}

/// A request whose answer is not known.
struct Asked<'s> {
    /// It may be kept.
    asking: Option<Asking<'s>>,
    /// Since when it is looked for: others may have been waited for.
    since: Instant,
}

/// Look for the answer to what a request says. Else it has to be found out, and perhaps kept.
///
/// # Errors
/// The answer.
async fn known<'s>(
    request: &HttpRequest,
    state: &'s State,
    media_type: MediaType,
    method: &str,
    text: &[u8],
) -> Result<Asked<'s>, HttpResponse> {
    let since = Instant::now();
    let Some(kept) = &state.kept else { return Ok(Asked { asking: None, since }) };
    let headers = request.headers();
    // What is asked by somebody, or tells more than the answer, is not everyone's.
    let is_own =
        [header::AUTHORIZATION, header::COOKIE].iter().any(|name| headers.contains_key(name));
    let is_stream = media_type == MediaType::EventStream
        || sse::wants_single_connection(request.method(), headers);
    if is_own || headers.contains_key(COST) || is_stream {
        return Ok(Asked { asking: None, since });
    }
    let question = [method.as_bytes(), text].concat();
    match kept.find(&question).await {
        Found::Open(asking) => Ok(Asked { asking: Some(asking), since }),
        Found::Unknown => Ok(Asked { asking: None, since }),
        Found::Answer(found) => {
            let load = state.api.load();
            let client = request.extensions().get().copied();
            let mut response = match load.charge(client.as_ref(), REQUEST_POINTS) {
                Err(refused) => answer(request, media_type, refused.into()),
                Ok(()) => {
                    load.counts().add(Outcome::Executed, since.elapsed());
                    sent(request, build(StatusCode::OK, media_type), &found)
                }
            };
            response.extensions_mut().insert(Charged);
            Err(response)
        }
    }
}

/// `OPTIONS /graphql`, of a client that is no page of another site.
pub async fn options() -> HttpResponse {
    HttpResponse::NoContent().insert_header((header::ALLOW, ALLOWED)).finish()
}

fn forbidden() -> HttpResponse {
    let sentence = "Pages of this origin may not ask this server.";
    build(StatusCode::FORBIDDEN, MediaType::Json)
        .body(Response::refusal(&[GraphQLError::new(code::FORBIDDEN, sentence)]).body)
}

/// Any other method.
pub async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    let sentence = match sse::wants_single_connection(request.method(), request.headers()) {
        true => sse::SINGLE_CONNECTION_REFUSED,
        false => "Send a GraphQL request with POST, or a query with GET.",
    };
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, ALLOWED))
        .insert_header((header::CONTENT_TYPE, MediaType::Json.content_type()))
        .body(refusal_body(sentence))
}

fn not_acceptable() -> HttpResponse {
    HttpResponse::NotAcceptable()
        .insert_header((header::VARY, VARY))
        .insert_header((header::CONTENT_TYPE, MediaType::Json.content_type()))
        .body(refusal_body(
            "The answer comes as application/graphql-response+json, application/json or \
             text/event-stream.",
        ))
}

fn refused(media_type: MediaType, Refusal(status, sentence): &Refusal) -> HttpResponse {
    build(*status, media_type).body(refusal_body(sentence))
}

fn refusal_body(sentence: &str) -> Vec<u8> {
    Response::refusal(&[GraphQLError::new(code::BAD_REQUEST, sentence)]).body
}

async fn respond(
    request: &HttpRequest,
    state: &State,
    media_type: MediaType,
    Asked { asking, since }: Asked<'_>,
    parsed: Result<Request, Refusal>,
) -> HttpResponse {
    let is_single = sse::wants_single_connection(request.method(), request.headers());
    let parsed = match is_single {
        true => Err(Refusal::bad_request(sse::SINGLE_CONNECTION_REFUSED)),
        false => parsed,
    };
    match parsed {
        Err(refusal) => refused(media_type, &refusal),
        Ok(parsed) => {
            let context = Context { since: Some(since), ..context(request) };
            if media_type == MediaType::EventStream {
                let mut stream = sse::respond(state, parsed, context);
                stream.extensions_mut().insert(Charged);
                return stream;
            }
            // An extension may want more than an answer: that a document is remembered.
            let asking = asking.filter(|_| parsed.extensions.is_none());
            let response = state.api.execute(parsed, context).await;
            let kept = match asking {
                Some(asking) => asking.keep(response),
                None => Err(response),
            };
            let mut response = match kept {
                Ok(kept) => sent(request, build(StatusCode::OK, media_type), &kept),
                Err(response) => answer(request, media_type, response),
            };
            response.extensions_mut().insert(Charged);
            response
        }
    }
}

/// Answer a batch: one after the other, so that it takes no more room than one.
async fn respond_to_all(
    request: &HttpRequest,
    state: &State,
    media_type: MediaType,
    batch: Vec<Request>,
) -> HttpResponse {
    let mut bodies = Vec::with_capacity(batch.len());
    for one in batch {
        bodies.push(state.api.execute(one, context(request)).await.body);
    }
    let body = [b"[".as_slice(), &bodies.join(&b','), b"]"].concat();
    let executed = Response { outcome: Outcome::Executed, body, retry_after: None, max_age: None };
    let mut response = answer(request, media_type, executed);
    response.extensions_mut().insert(Charged);
    response
}

fn context(request: &HttpRequest) -> Context {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    Context {
        request_id: id.unwrap_or_default(),
        only_queries: is_safe(request.method()),
        wants_cost: request.headers().get(COST).is_some_and(|value| value == "1"),
        client: request.extensions().get().copied(),
        since: None,
    }
}

fn is_safe(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// A refusal as it is sent, to whoever it is.
pub fn refuse(request: &HttpRequest, refused: Refused) -> HttpResponse {
    answer(request, accepted(request).unwrap_or(MediaType::Json), refused.into())
}

/// An answer as it is sent.
fn answer(request: &HttpRequest, media_type: MediaType, response: Response) -> HttpResponse {
    let mut builder = build(status(response.outcome, media_type), media_type);
    if response.outcome == Outcome::NotAllowed {
        builder.insert_header((header::ALLOW, "POST"));
    }
    if let Some(seconds) = response.retry_after {
        builder.insert_header((header::RETRY_AFTER, seconds));
    }
    sent(request, builder, &Answer::new(response.body, response.max_age))
}

/// Bytes in the coding that the client takes, with what it may do with them.
fn sent(request: &HttpRequest, mut builder: HttpResponseBuilder, answer: &Answer) -> HttpResponse {
    let is_compressed = compression::is_wanted(request, answer.body().len());
    let body = if is_compressed { answer.compressed() } else { answer.body() };
    if is_compressed {
        builder.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    if let Some(max_age) = answer.max_age.filter(|_| is_safe(request.method())) {
        let tag = answer.tag(is_compressed);
        builder.insert_header((header::CACHE_CONTROL, caching::control(request, max_age)));
        builder.insert_header((header::ETAG, tag));
        if caching::is_known(request, tag) {
            return builder.status(StatusCode::NOT_MODIFIED).finish();
        }
    }
    builder.body(body.clone())
}

fn build(status: StatusCode, media_type: MediaType) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder
        .insert_header((header::CONTENT_TYPE, media_type.of_refusals().content_type()))
        .insert_header((header::CACHE_CONTROL, NO_STORE))
        .insert_header((header::VARY, VARY));
    builder
}

/// The status of an answer. Older clients read `application/json` only where it comes with 200.
fn status(outcome: Outcome, media_type: MediaType) -> StatusCode {
    match (outcome, media_type) {
        (Outcome::Executed, _) | (_, MediaType::EventStream) => StatusCode::OK,
        (Outcome::Refused, MediaType::Json) => StatusCode::OK,
        (Outcome::Refused, MediaType::GraphQL) => StatusCode::BAD_REQUEST,
        (Outcome::NotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Outcome::RateLimited, _) => StatusCode::TOO_MANY_REQUESTS,
        (Outcome::Overloaded | Outcome::TimedOut, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Outcome::Failed, _) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn from_parameters(parameters: Parameters) -> Result<Request, Refusal> {
    let Parameters { query, document_id, operation_name, variables, extensions } = parameters;
    let object = |name: &str, text: Option<String>| match text.as_deref() {
        None | Some("" | "null") => Ok(None),
        Some(text) => serde_json::from_str(text).map(Some).map_err(|_| {
            Refusal::bad_request(format!("The parameter `{name}` must be a JSON object."))
        }),
    };
    let query = query.filter(|query| !query.is_empty());
    let variables = object("variables", variables)?;
    let extensions = object("extensions", extensions)?;
    if query.is_none() && document_id.is_none() && extensions.is_none() {
        return Err(Refusal::bad_request("The parameter `query` is missing."));
    }
    Ok(Request { query, document_id, operation_name, variables, extensions })
}
