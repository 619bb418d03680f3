//! GraphQL over HTTP, by the working draft of <https://graphql.github.io/graphql-over-http/>.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::Deserialize;

use super::negotiate::{MediaType, accepted};
use super::{RequestId, State};
use crate::graphql::error::{GraphQLError, code};
use crate::graphql::{Outcome, Request, Response};

/// A query in the parameters of a URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

/// A request that is refused before it is known to be GraphQL.
struct Refusal(StatusCode, String);

impl Refusal {
    fn bad_request(sentence: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence.into())
    }
}

/// `POST /graphql`.
pub async fn post(
    request: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let Some(media_type) = accepted(&request) else { return not_acceptable() };
    let parsed = match json_body(request.headers(), &state, payload).await {
        Ok(body) => parse(&body),
        Err(refusal) => Err(refusal),
    };
    respond(&request, &state, media_type, parsed).await
}

/// `GET /graphql`, for queries.
pub async fn get(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let Some(media_type) = accepted(&request) else { return not_acceptable() };
    let parsed = web::Query::<Parameters>::from_query(request.query_string())
        .map_err(|_| Refusal::bad_request("The parameters of the URL cannot be read."))
        .and_then(|parameters| from_parameters(parameters.into_inner()));
    respond(&request, &state, media_type, parsed).await
}

/// Any other method.
pub async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, "GET, POST"))
        .content_type(MediaType::Json.content_type())
        .body(refusal_body("Send a GraphQL request with POST, or a query with GET."))
}

fn not_acceptable() -> HttpResponse {
    HttpResponse::NotAcceptable()
        .insert_header((header::VARY, "Accept"))
        .content_type(MediaType::Json.content_type())
        .body(refusal_body(
            "The answer comes as application/graphql-response+json or application/json.",
        ))
}

fn refusal_body(sentence: &str) -> Vec<u8> {
    Response::refusal(&[GraphQLError::new(code::BAD_REQUEST, sentence)]).body
}

async fn respond(
    request: &HttpRequest,
    state: &State,
    media_type: MediaType,
    parsed: Result<Request, Refusal>,
) -> HttpResponse {
    let (status, body) = match parsed {
        Err(Refusal(status, sentence)) => (status, refusal_body(&sentence)),
        Ok(parsed) => {
            let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
            let response = state.api.execute(parsed, id.unwrap_or_default()).await;
            let status = match (response.outcome, media_type) {
                (Outcome::Failed, _) => StatusCode::INTERNAL_SERVER_ERROR,
                (Outcome::Refused, MediaType::GraphQL) => StatusCode::BAD_REQUEST,
                _ => StatusCode::OK,
            };
            (status, response.body)
        }
    };
    HttpResponse::build(status)
        .content_type(media_type.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        .body(body)
}

/// The body, if it is JSON and not too large.
async fn json_body(
    headers: &HeaderMap,
    state: &State,
    mut payload: web::Payload,
) -> Result<Vec<u8>, Refusal> {
    // Only this type: a page of another site cannot send it without being asked for permission.
    if !is_json(headers) {
        return Err(Refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request as application/json, in UTF-8.".to_owned(),
        ));
    }
    let max = state.options.body_bytes_max;
    let too_large = || {
        Refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("The body may have at most {max} bytes."))
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > max) {
        return Err(too_large());
    }
    let read = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Refusal::bad_request("The body cannot be read."))?;
            if body.len() + chunk.len() > max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    tokio::time::timeout(state.options.body_timeout, read).await.unwrap_or_else(|_| {
        Err(Refusal(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive.".to_owned()))
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    is_json && is_utf8
}

fn parse(body: &[u8]) -> Result<Request, Refusal> {
    let value: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| Refusal::bad_request("The body is not JSON."))?;
    if value.is_array() {
        return Err(Refusal::bad_request("Send one request at a time: batches are not taken."));
    }
    check(&value, "query", "a string", serde_json::Value::is_string, true)?;
    let optional = |name, what, fits: fn(&serde_json::Value) -> bool| {
        check(&value, name, what, |value| value.is_null() || fits(value), false)
    };
    optional("operationName", "a string", serde_json::Value::is_string)?;
    optional("variables", "an object", serde_json::Value::is_object)?;
    optional("extensions", "an object", serde_json::Value::is_object)?;
    serde_json::from_slice(body)
        .map_err(|_| Refusal::bad_request("The body is not a GraphQL request."))
}

fn check(
    body: &serde_json::Value,
    name: &str,
    what: &str,
    fits: impl Fn(&serde_json::Value) -> bool,
    required: bool,
) -> Result<(), Refusal> {
    match body.get(name) {
        Some(value) if fits(value) => Ok(()),
        None if !required => Ok(()),
        None => {
            Err(Refusal::bad_request(format!("The body must be an object with `{name}`, {what}.")))
        }
        Some(_) => Err(Refusal::bad_request(format!("`{name}` must be {what}."))),
    }
}

fn from_parameters(parameters: Parameters) -> Result<Request, Refusal> {
    let query = parameters.query.filter(|query| !query.is_empty());
    let query = query.ok_or_else(|| Refusal::bad_request("The parameter `query` is missing."))?;
    let variables = match parameters.variables.as_deref() {
        None | Some("" | "null") => None,
        Some(text) => Some(serde_json::from_str(text).map_err(|_| {
            Refusal::bad_request("The parameter `variables` must be a JSON object.")
        })?),
    };
    Ok(Request { query, operation_name: parameters.operation_name, variables })
}
