//! The playground: GraphiQL, built into the program.

use std::io::Read;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::read::GzDecoder;

use super::caching;
use super::compression::takes_gzip;

/// A file of the page.
pub struct Asset {
    /// Path below the page.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Whether its name changes with its content.
    pub immutable: bool,
    /// Whether the body is compressed.
    pub gzipped: bool,
    /// The content.
    pub body: &'static [u8],
    /// A strong validator of the body.
    pub etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/playground.rs"));

/// What the page may load: its own files, and from other hosts nothing at all.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The same for a page that loads GraphiQL from a CDN.
const POLICY_CDN: &str = "default-src 'none'; script-src 'self' 'unsafe-inline' https://esm.sh; style-src 'self' 'unsafe-inline' https://esm.sh; font-src 'self' data: https://esm.sh; img-src 'self' data:; connect-src 'self' https://esm.sh; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub fn configure(routes: &mut web::ServiceConfig) {
    for asset in ASSETS {
        let path =
            if asset.path == "index.html" { "/".to_owned() } else { format!("/{}", asset.path) };
        let serve = move |request: HttpRequest| async move { response(asset, &request) };
        let resource = web::resource(path);
        routes.service(resource.route(web::get().to(serve)).route(web::head().to(serve)));
    }
}

fn response(asset: &'static Asset, request: &HttpRequest) -> HttpResponse {
    let as_it_is = !asset.gzipped || takes_gzip(request);
    let mut response = HttpResponse::Ok();
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    response
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, "Accept-Encoding"));
    if as_it_is {
        response.insert_header((header::ETAG, asset.etag));
        if caching::is_known(request, asset.etag) {
            return response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
        }
    }
    if asset.path == "index.html" {
        let policy = if BUNDLED { POLICY } else { POLICY_CDN };
        response
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header((header::X_FRAME_OPTIONS, "DENY"))
            .insert_header((header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
            .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
            .insert_header((
                header::PERMISSIONS_POLICY,
                "camera=(), geolocation=(), microphone=()",
            ));
    }
    response.content_type(asset.content_type);
    if !as_it_is {
        let mut body = Vec::new();
        return match GzDecoder::new(asset.body).read_to_end(&mut body) {
            Ok(_) => response.body(body),
            Err(_) => HttpResponse::InternalServerError().finish(),
        };
    }
    if asset.gzipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    response.body(asset.body)
}
