//! Answers that are compressed.

use actix_web::HttpRequest;
use actix_web::http::header;

/// Bodies from this size on are worth it.
const WORTHWHILE_BYTES: usize = 1_024;

/// Whether an answer of so many bytes is sent compressed.
pub fn is_wanted(request: &HttpRequest, bytes: usize) -> bool {
    bytes >= WORTHWHILE_BYTES && takes_gzip(request)
}

/// Whether the client takes gzip.
pub fn takes_gzip(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT_ENCODING);
    let codings = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    codings.map(|coding| coding.replace(' ', "").to_ascii_lowercase()).any(|coding| {
        let (name, quality) = coding.split_once(";q=").unwrap_or((&coding, "1"));
        matches!(name, "gzip" | "x-gzip")
            && quality.parse::<f32>().is_ok_and(|quality| quality > 0.0)
    })
}
