//! Keeping answers: by browsers, and by caches between them and the server.

use std::fmt::Write;

use actix_web::HttpRequest;
use actix_web::http::header;
use sha2::{Digest, Sha256};

/// A strong validator of a body, as it is sent.
pub fn tag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &hash[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// For how long an answer may be kept, and by whom: one that may have been made for somebody, by
/// nobody else.
pub fn control(request: &HttpRequest, max_age: u32) -> String {
    let headers = request.headers();
    let somebody =
        headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE);
    format!("{}, max-age={max_age}", if somebody { "private" } else { "public" })
}

/// Whether the client has the body with this validator already.
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let values = request.headers().get_all(header::IF_NONE_MATCH);
    let mut tags =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    // A proxy that compresses anew weakens the validator; that is good enough here.
    tags.any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
}
