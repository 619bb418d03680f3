//! Which media type a client wants.

use std::cell::RefCell;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// The media types that a GraphQL response comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/graphql-response+json`: the status tells whether the request was executed.
    GraphQL,
    /// `application/json`: 200 for every well-formed request, as older clients expect.
    Json,
    /// `text/event-stream`: a stream of events, for those who name it.
    EventStream,
}

impl MediaType {
    /// As a header.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphQL => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            // It is UTF-8 by definition.
            Self::EventStream => "text/event-stream",
        })
    }

    /// The type in which a request is refused that is not even executed: no stream is begun for it.
    pub fn of_refusals(self) -> Self {
        match self {
            Self::EventStream => Self::Json,
            other => other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::GraphQL => "application/graphql-response+json",
            Self::Json => "application/json",
            Self::EventStream => "text/event-stream",
        }
    }
}

/// A range of media types that a client takes.
struct Range<'a> {
    name: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    fn of(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts
            .filter_map(|parameter| parameter.strip_prefix("q="))
            .find_map(|quality| quality.parse().ok());
        Self { name, quality: quality.unwrap_or(1.0) }
    }
}

thread_local! {
    /// The last header that a thread has read, and what it says: clients of a kind send the same one,
    /// whose reading costs more than all other headers together.
    static LAST: RefCell<(HeaderValue, Option<MediaType>)> =
        const { RefCell::new((HeaderValue::from_static(""), Some(MediaType::Json))) };
}

/// The type that the client wants most; none where it takes neither.
pub fn accepted(request: &HttpRequest) -> Option<MediaType> {
    let headers = request.headers();
    let mut values = headers.get_all(header::ACCEPT);
    let (Some(value), None) = (values.next(), values.next()) else { return most_wanted(headers) };
    LAST.with_borrow_mut(|(last, media_type)| {
        if last != value {
            (*last, *media_type) = (value.clone(), most_wanted(headers));
        }
        *media_type
    })
}

fn most_wanted(headers: &HeaderMap) -> Option<MediaType> {
    let values = headers.get_all(header::ACCEPT);
    let ranges: Vec<Range<'_>> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .map(Range::of)
        .collect();
    if ranges.is_empty() {
        return Some(MediaType::Json);
    }
    // Of equal wishes the one that is named first wins, and of those that are not named the first
    // type here: what takes anything gets what everything reads.
    let candidates = [MediaType::Json, MediaType::GraphQL, MediaType::EventStream];
    let mut best = None;
    for media_type in candidates {
        let names = |range: &Range<'_>| range.name.eq_ignore_ascii_case(media_type.name());
        let named = ranges.iter().position(names);
        let quality = match named {
            Some(place) => ranges[place].quality,
            None => covering(&ranges),
        };
        // A stream is for those who ask for it: others would wait for its end.
        if quality == 0.0 || (media_type == MediaType::EventStream && named.is_none()) {
            continue;
        }
        let rank = (quality, std::cmp::Reverse(named.unwrap_or(usize::MAX)));
        if best.is_none_or(|(_, best)| rank > best) {
            best = Some((media_type, rank));
        }
    }
    best.map(|(media_type, _)| media_type)
}

/// The quality of a type of ours that is not named: that of the most specific range that covers it,
/// 0 where none does.
fn covering(ranges: &[Range<'_>]) -> f32 {
    let found = ["application/*", "*/*"]
        .iter()
        .find_map(|name| ranges.iter().find(|range| range.name.eq_ignore_ascii_case(name)));
    found.map_or(0.0, |range| range.quality)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_client_gets_the_type_it_wants_most() {
        use MediaType::{EventStream, GraphQL, Json};
        for (accept, expected) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/graphql-response+json", Some(GraphQL)),
            ("application/graphql-response+json, application/json", Some(GraphQL)),
            ("application/json, application/graphql-response+json", Some(Json)),
            ("application/graphql-response+json;q=0.5, application/json;q=0.9", Some(Json)),
            ("application/graphql-response+json; charset=utf-8, */*;q=0.1", Some(GraphQL)),
            ("application/json;q=0, application/graphql-response+json", Some(GraphQL)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("text/html, */*;q=0.1", Some(Json)),
            ("text/event-stream", Some(EventStream)),
            ("Text/Event-Stream", Some(EventStream)),
            ("text/event-stream, application/json", Some(EventStream)),
            ("application/json, text/event-stream", Some(Json)),
            ("application/json;q=0.5, text/event-stream;q=0.9", Some(EventStream)),
            (
                "application/graphql-response+json, application/json, text/event-stream",
                Some(GraphQL),
            ),
            ("text/event-stream, */*", Some(EventStream)),
            ("text/event-stream;q=0.5, */*", Some(Json)),
            ("text/event-stream;q=0, */*", Some(Json)),
            ("text/event-stream;q=0", None),
            ("text/*", None),
        ] {
            let request =
                TestRequest::default().insert_header(("accept", accept)).to_http_request();
            assert_eq!(accepted(&request), expected, "{accept}");
        }
    }
}
