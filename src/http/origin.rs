//! Whether the page that sends a request may do so.
//!
//! Browsers let any page send simple requests to any server, and open sockets to it, with the
//! cookies and the network position of its visitor. They tell which page it was; a client that is
//! no browser tells nothing, and may.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// Whether a request comes from a page of this server or of one of the allowed origins, or from
/// something that is no browser.
///
/// Source: Fetch Metadata Request Headers, "Sec-Fetch-Site".
pub fn may_ask(request: &HttpRequest, allowed: &[String]) -> bool {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    match site {
        // The browser knows, whatever names proxies give the server; `none` is the visitor.
        Some(b"same-origin" | b"none") => true,
        // A page that may tells its origin with what it sends.
        Some(_) => request.headers().contains_key(header::ORIGIN) && is_allowed(request, allowed),
        None => is_allowed(request, allowed),
    }
}

/// Whether a request tells no origin, or that of this server, or one of those allowed.
fn is_allowed(request: &HttpRequest, allowed: &[String]) -> bool {
    let mut origins = request.headers().get_all(header::ORIGIN);
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
    let listed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(origin);
    allowed.iter().any(listed) || is_own(origin, request.headers())
}

/// Whether an origin is that of the server itself, by the name under which it was asked.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    // A proxy in front may speak TLS, so the scheme of this connection says nothing.
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    !host.is_empty() && authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn pages_of_other_sites_are_told_from_our_own() {
        let listed = ["https://films.example".to_owned()];
        for (origin, host, expected) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", true),
            ("https://shotlist.example", "shotlist.example", true),
            ("https://shotlist.example", "shotlist.example:443", true),
            ("https://SHOTLIST.example", "shotlist.EXAMPLE", true),
            ("http://[::1]:8000", "[::1]:8000", true),
            ("https://films.example", "shotlist.example", true),
            ("http://films.example", "shotlist.example", false),
            ("https://films.example:444", "shotlist.example", false),
            ("https://evil.example", "shotlist.example", false),
            ("https://shotlist.example.evil.example", "shotlist.example", false),
            ("https://shotlist.example", "shotlist.example:80", false),
            ("https://shotlist.example:8443", "shotlist.example", false),
            ("null", "shotlist.example", false),
            ("file://", "shotlist.example", false),
            ("https://", "", false),
            ("", "shotlist.example", false),
        ] {
            let request = TestRequest::default()
                .insert_header(("origin", origin))
                .insert_header(("host", host))
                .to_http_request();
            assert_eq!(is_allowed(&request, &listed), expected, "{origin} at {host}");
        }
        let evil = TestRequest::default().insert_header(("origin", "https://evil.example"));
        let evil = evil.append_header(("origin", "http://localhost"));
        assert!(!is_allowed(&evil.insert_header(("host", "localhost")).to_http_request(), &listed));
        assert!(is_allowed(&TestRequest::default().to_http_request(), &[]));
        let any = TestRequest::default().insert_header(("origin", "null")).to_http_request();
        assert!(is_allowed(&any, &["*".to_owned()]));
    }

    #[test]
    fn browsers_tell_what_sends_a_request() {
        let listed = ["https://films.example".to_owned()];
        for (site, origin, expected) in [
            (None, None, true),
            (Some("none"), None, true),
            (Some("same-origin"), Some("https://behind.a.proxy.example"), true),
            (Some("cross-site"), None, false),
            (Some("same-site"), None, false),
            (Some("cross-site"), Some("https://films.example"), true),
            (Some("cross-site"), Some("https://evil.example"), false),
            (Some("cross-site"), Some("null"), false),
            (None, Some("https://evil.example"), false),
            (None, Some("https://shotlist.example"), true),
        ] {
            let mut request = TestRequest::default().insert_header(("host", "shotlist.example"));
            if let Some(site) = site {
                request = request.insert_header(("sec-fetch-site", site));
            }
            if let Some(origin) = origin {
                request = request.insert_header(("origin", origin));
            }
            let request = request.to_http_request();
            assert_eq!(may_ask(&request, &listed), expected, "{site:?} {origin:?}");
        }
    }
}
