//! Files of certificates and keys.

use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

/// The certificates in a file, PEM.
///
/// # Errors
/// When there is none to read.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unusable(path, "it holds no certificate")),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

/// The private key in a file, PEM.
///
/// # Errors
/// When there is none to read.
pub fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, &error.to_string()))
}

/// The refusal of such a file.
pub fn unusable(path: &Path, reason: &str) -> Error {
    Error::refused(format!("cannot use the file {}: {reason}", path.display()))
}
