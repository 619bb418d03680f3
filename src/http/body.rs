//! The body of a request: read within its bounds, and read as JSON once.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web;
use apollo_compiler::response::{JsonMap, JsonValue};
use futures_util::StreamExt;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::State;
use crate::graphql::Request;

/// A request that is refused before it is known to be GraphQL.
#[derive(Debug)]
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    /// One that is no GraphQL request.
    pub fn bad_request(sentence: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence.into())
    }
}

/// What a body holds.
#[derive(Debug)]
pub enum Body {
    /// A request.
    One(Box<Request>),
    /// Several, to be answered together.
    Batch(Vec<Request>),
}

/// Read a body, if it is JSON and not too large.
pub async fn read(
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
    // What is small when it is sent could be large when it is read.
    let codings = headers.get_all(header::CONTENT_ENCODING);
    if codings.into_iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request as it is, without a Content-Encoding.".to_owned(),
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
    let mut read = pin!(read);
    if let Some(result) = at_the_second_look(read.as_mut()).await {
        return result;
    }
    tokio::time::timeout(state.options.body_timeout, read).await.unwrap_or_else(|_| {
        Err(Refusal(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive.".to_owned()))
    })
}

/// What a future gives at once, or when it is looked at again right away: actix-web hands over the
/// body that came with its head after the handler has begun. For what is there then, no timer need
/// be set.
pub async fn at_the_second_look<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let mut has_looked = false;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if has_looked => Poll::Ready(None),
        Poll::Pending => {
            has_looked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
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

/// The request or requests in a body.
///
/// # Errors
/// What is not JSON, or not a request, or more of them than `batch_max`.
pub fn parse(body: &[u8], batch_max: usize) -> Result<Body, Refusal> {
    // Told apart by us and not by serde, whose sentences quote values.
    let sentence = |error: &serde_json::Error| {
        let text = error.to_string();
        match error.is_data() {
            // Made here, up to the place that is added to it.
            true => text.split(" at line ").next().unwrap_or_default().to_owned(),
            false => "The body is not JSON.".to_owned(),
        }
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    Bodies { batch_max }
        .deserialize(&mut deserializer)
        .and_then(|parsed| deserializer.end().map(|()| parsed))
        .map_err(|error| Refusal::bad_request(sentence(&error)))
}

/// The request that is a JSON value.
///
/// # Errors
/// What is wrong with it.
pub fn request(value: serde_json::Value) -> Result<Request, String> {
    One.deserialize(value).map_err(|error| error.to_string())
}

/// A batch or a request.
struct Bodies {
    batch_max: usize,
}

impl<'de> DeserializeSeed<'de> for Bodies {
    type Value = Body;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        deserializer.deserialize_any(self)
    }
}

const NOT_AN_OBJECT: &str = "A request must be an object with `query`, a string.";

/// Refuse every kind of value but those that follow.
macro_rules! refuse_all_else {
    ($sentence:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a GraphQL request")
        }

        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }

        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }

        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }

        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }

        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Err(E::custom($sentence))
        }
    };
}

impl<'de> Visitor<'de> for Bodies {
    type Value = Body;

    refuse_all_else!(NOT_AN_OBJECT);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body, A::Error> {
        One.visit_map(map).map(Box::new).map(Body::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut requests: A) -> Result<Body, A::Error> {
        if self.batch_max == 0 {
            let sentence = "Send one request at a time: batches are not taken.";
            return Err(de::Error::custom(sentence));
        }
        let mut batch = Vec::new();
        while let Some(request) = requests.next_element_seed(One)? {
            if batch.len() == self.batch_max {
                let max = self.batch_max;
                let sentence = format!("A batch may have at most {max} requests.");
                return Err(de::Error::custom(sentence));
            }
            batch.push(request);
        }
        match batch.is_empty() {
            true => Err(de::Error::custom("The batch has no request.")),
            false => Ok(Body::Batch(batch)),
        }
    }
}

/// A request: an object.
struct One;

impl<'de> DeserializeSeed<'de> for One {
    type Value = Request;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Request, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One {
    type Value = Request;

    refuse_all_else!(NOT_AN_OBJECT);

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Request, A::Error> {
        Err(de::Error::custom(NOT_AN_OBJECT))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
        /// Take the value of a field that was not there before.
        fn take<'de, A: MapAccess<'de>, T>(
            map: &mut A,
            name: &str,
            kind: &str,
            seen: &mut bool,
        ) -> Result<Option<T>, A::Error>
        where
            T: FromValue,
        {
            if std::mem::replace(seen, true) {
                return Err(de::Error::custom(format!("`{name}` is there twice.")));
            }
            let value = map.next_value::<JsonValue>()?;
            match value {
                JsonValue::Null => Ok(None),
                value => T::of(value)
                    .map(Some)
                    .ok_or_else(|| de::Error::custom(format!("`{name}` must be {kind}."))),
            }
        }
        let mut request = Request::default();
        let mut seen = [false; 5];
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            const OBJECT: &str = "an object";
            const STRING: &str = "a string";
            let [query, id, operation, variables, extensions] = &mut seen;
            let map = &mut map;
            match &*name {
                "query" => request.query = take(map, "query", STRING, query)?,
                "documentId" => request.document_id = take(map, "documentId", STRING, id)?,
                "operationName" => {
                    request.operation_name = take(map, "operationName", STRING, operation)?;
                }
                "variables" => request.variables = take(map, "variables", OBJECT, variables)?,
                "extensions" => request.extensions = take(map, "extensions", OBJECT, extensions)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match &request {
            Request { query: None, document_id: None, extensions: None, .. } => {
                Err(de::Error::custom(NOT_AN_OBJECT))
            }
            _ => Ok(request),
        }
    }
}

/// What a field of a request is made of.
trait FromValue: Sized {
    fn of(value: JsonValue) -> Option<Self>;
}

impl FromValue for String {
    fn of(value: JsonValue) -> Option<Self> {
        match value {
            JsonValue::String(text) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }
}

impl FromValue for JsonMap {
    fn of(value: JsonValue) -> Option<Self> {
        match value {
            JsonValue::Object(map) => Some(map),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str, batch_max: usize) -> String {
        match parse(body.as_bytes(), batch_max) {
            Ok(parsed) => panic!("{body}: {parsed:?}"),
            Err(Refusal(status, sentence)) => {
                assert_eq!(status, StatusCode::BAD_REQUEST);
                sentence
            }
        }
    }

    #[test]
    fn a_body_is_read_as_it_is_meant() {
        let body = r#"{"query": "{ a }", "variables": {"a": [1, null]}, "operationName": null, "x": [{}]}"#;
        let Ok(Body::One(request)) = parse(body.as_bytes(), 0) else { panic!("a request") };
        assert_eq!(request.query.as_deref(), Some("{ a }"));
        assert_eq!(request.variables.map(|map| map.len()), Some(1));
        assert!(request.operation_name.is_none() && request.extensions.is_none());
        let Ok(Body::Batch(batch)) = parse(b"[{\"query\": \"a\"}, {\"documentId\": \"b\"}]", 2)
        else {
            panic!("a batch")
        };
        assert_eq!(batch.len(), 2);
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (body, batch_max, expected) in [
            ("", 0, "not JSON"),
            ("{", 0, "not JSON"),
            ("{\"query\": \"a\"} x", 0, "not JSON"),
            ("{\"query\": \"\\ud800\"}", 0, "not JSON"),
            ("null", 0, "must be an object"),
            ("true", 0, "must be an object"),
            ("1", 0, "must be an object"),
            ("1.5", 0, "must be an object"),
            ("\"a secret\"", 0, "must be an object"),
            ("{}", 0, "must be an object"),
            ("{\"query\": 1}", 0, "`query` must be a string"),
            ("{\"query\": null}", 0, "must be an object with `query`"),
            ("{\"query\": \"a\", \"query\": \"b\"}", 0, "`query` is there twice"),
            ("{\"query\": \"a\", \"variables\": []}", 0, "`variables` must be an object"),
            ("{\"query\": \"a\", \"operationName\": {}}", 0, "`operationName` must be a string"),
            ("{\"query\": \"a\", \"extensions\": \"e\"}", 0, "`extensions` must be an object"),
            ("[]", 0, "one request at a time"),
            ("[]", 2, "no request"),
            ("[1]", 2, "must be an object"),
            ("[[]]", 2, "must be an object"),
            ("[{\"query\": \"a\"}, {\"query\": \"a\"}]", 1, "at most 1"),
        ] {
            let sentence = refusal(body, batch_max);
            assert!(sentence.contains(expected), "{body}: {sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
        let deep = format!("{{\"query\": \"a\", \"x\": {}", "[".repeat(100_000));
        assert!(refusal(&deep, 0).contains("not JSON"));
    }
}
