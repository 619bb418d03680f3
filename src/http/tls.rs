//! TLS for the server. The certificate is read again when its files change, so that a renewed one is
//! served without a restart.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Error;
use crate::pem;

/// How often the files are looked at; a hang-up signal has them read at once.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Where the certificate of a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate with those that lead to its authority, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// The certificate that is served.
#[derive(Debug)]
pub struct Certificate {
    files: Files,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, Error> {
        let provider = rustls::crypto::ring::default_provider();
        CertifiedKey::from_der(
            pem::certificates(&self.certificate)?,
            pem::key(&self.key)?,
            &provider,
        )
        .map_err(|error| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            Error::refused(format!("the key {key} cannot be used with {certificate}: {error}"))
        })
    }
}

impl Certificate {
    /// Read it.
    ///
    /// # Errors
    /// A file that cannot be used, or a key of another certificate.
    pub fn load(files: Files) -> Result<Arc<Self>, Error> {
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Arc::new(Self { files, current }))
    }

    /// What a server is configured with: TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// When the library has no protocol.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::refused(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        Ok(config)
    }

    /// Read it again whenever it has changed, for as long as the returned future is polled.
    ///
    /// # Errors
    /// When the system does not let signals be waited for.
    pub fn watch(self: Arc<Self>) -> Result<impl Future<Output = ()>, Error> {
        let hang_up = signal(SignalKind::hangup())
            .map_err(|error| Error::refused(format!("cannot wait for signals: {error}")))?;
        Ok(self.look_again(hang_up))
    }

    async fn look_again(self: Arc<Self>, mut hang_up: Signal) {
        let mut failed = false;
        loop {
            tokio::select! {
                _ = hang_up.recv() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            match self.files.read() {
                Ok(read) => {
                    failed = false;
                    let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                    if current.cert != read.cert {
                        *current = Arc::new(read);
                        tracing::info!("the certificate was renewed");
                    }
                }
                // One of the two may have been written and the other not yet.
                Err(_) if !failed => failed = true,
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
