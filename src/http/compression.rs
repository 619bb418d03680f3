//! Answers that are compressed.

use std::io::Write;

use actix_web::HttpRequest;
use actix_web::http::header;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bodies from this size on are worth it.
const WORTHWHILE_BYTES: usize = 1_024;

/// A body, compressed if the client takes that and it is worth it; and how.
pub fn compressed(request: &HttpRequest, body: Vec<u8>) -> (Vec<u8>, Option<&'static str>) {
    if body.len() < WORTHWHILE_BYTES || !takes_gzip(request) {
        return (body, None);
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(compressed) => (compressed, Some("gzip")),
        Err(_) => (body, None),
    }
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
