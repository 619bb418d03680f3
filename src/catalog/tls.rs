//! Encrypted connections to a database server: verified, or none.
//!
//! PostgreSQL's other modes encrypt without knowing to whom, or fall back to plain text without a
//! word; they are refused.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::Error;
use crate::pem::{self, unusable};

/// Settle how a connection is encrypted, from the mode that a URL or the environment names, if any:
/// a server on another computer is verified unless the operator says that it shall not be.
///
/// # Errors
/// A mode that does not keep what it promises.
pub fn settle(connect: PgConnectOptions, named: Option<&str>) -> Result<PgConnectOptions, String> {
    let mode = match named {
        // A socket of the system, and what it would be encrypted for, stay within it.
        _ if connect.get_socket().is_some() => PgSslMode::Disable,
        None if is_this_computer(connect.get_host()) => PgSslMode::Disable,
        None | Some("verify-full") => PgSslMode::VerifyFull,
        Some("disable") => PgSslMode::Disable,
        Some(_) => {
            return Err("sslmode in the database URL must be verify-full, the default for another computer, or disable: other modes do not find out to whom they talk".to_owned());
        }
    };
    Ok(connect.ssl_mode(mode))
}

fn is_this_computer(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How the driver that reads encrypts its connections; none where they are not.
///
/// # Errors
/// A file of certificates or a key that cannot be used.
pub fn client(connect: &PgConnectOptions) -> Result<Option<ClientConfig>, Error> {
    if matches!(connect.get_ssl_mode(), PgSslMode::Disable) {
        return Ok(None);
    }
    let url = connect.to_url_lossy();
    let named = |name| {
        let found = url.query_pairs().find(|(known, _)| *known == name);
        // The writing driver tells so how it would read it.
        found.map(|(_, path)| path.strip_prefix("file: ").unwrap_or(&path).to_owned())
    };
    let mut roots = RootCertStore::empty();
    match named("sslrootcert") {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in pem::certificates(Path::new(&path))? {
                let fits = roots.add(certificate);
                fits.map_err(|_| unusable(Path::new(&path), "it holds no certificate to trust"))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::refused(error.to_string()))?
        .with_root_certificates(roots);
    let config = match (named("sslcert"), named("sslkey")) {
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(
                pem::certificates(Path::new(&certificate))?,
                pem::key(Path::new(&key))?,
            )
            .map_err(|_| unusable(Path::new(&key), "it does not fit its certificate"))?,
        _ => builder.with_no_client_auth(),
    };
    Ok(Some(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_computer_is_verified() {
        for (url, named, encrypted) in [
            ("postgres://u@db.example/d", None, true),
            ("postgres://u@db.example/d", Some("verify-full"), true),
            ("postgres://u@db.example/d", Some("disable"), false),
            ("postgres://u@localhost/d", None, false),
            ("postgres://u@127.0.0.1/d", None, false),
            ("postgres://u@[::1]/d", None, false),
            ("postgres://u@localhost/d", Some("verify-full"), true),
            ("postgres:///d?host=/run/postgresql", None, false),
        ] {
            let connect: PgConnectOptions = url.parse().expect(url);
            let connect = settle(connect, named).expect(url);
            let verified = matches!(connect.get_ssl_mode(), PgSslMode::VerifyFull);
            assert_eq!(verified, encrypted, "{url} {named:?}");
            assert_eq!(client(&connect).expect(url).is_some(), encrypted, "{url} {named:?}");
        }
        for mode in ["allow", "prefer", "require", "verify-ca", "off"] {
            let connect = "postgres://u@localhost/d".parse().expect("a URL");
            let error = settle(connect, Some(mode)).expect_err(mode);
            assert!(error.contains("verify-full"), "{error}");
        }
    }
}
