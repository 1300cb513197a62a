//! TLS on the public address, where an operator has set a certificate. Floor 5.
//!
//! The files are looked at with each handshake and read again when they have changed, so that a certificate is renewed without a restart. What
//! cannot be used then is told to the log, and the one before goes on serving.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What is spoken over it.
const HTTP: &[u8] = b"http/1.1";

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// A file has not in it what it should.
    #[error("{} has no {wanted} in PEM", .path.display())]
    Wrong {
        /// Which one.
        path: PathBuf,
        /// What it should have.
        wanted: &'static str,
    },
    /// Key and certificate do not go together, or are of a kind that is not spoken.
    #[error("the certificate of {} and the key of {} cannot be used: {reason}", .certificate.display(), .key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's.
        key: PathBuf,
        /// Why not.
        reason: rustls::Error,
    },
}

/// Takes connections over TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// By a certificate, with those that vouch for it behind it, and its key, both in PEM.
    ///
    /// # Errors
    /// When a file cannot be read or used; says which.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            provider: provider.clone(),
        };
        let unusable = |reason| files.unusable(reason);
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_no_client_auth();
        let stamp = files.stamp();
        let served = files.read()?;
        let kept = Kept {
            files,
            state: Mutex::new((stamp, served)),
        };
        let mut config = config.with_cert_resolver(Arc::new(kept));
        config.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The handshake, for as long as a head of a request may take.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        within: Duration,
    ) -> io::Result<TlsStream<TcpStream>> {
        tokio::time::timeout(within, self.0.accept(stream)).await?
    }
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
}

/// What tells a file from the one that it was: when it was written, and its size.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let known = fs::metadata(path).ok()?;
            Some((known.modified().ok()?, known.len()))
        })
    }

    fn unusable(&self, reason: rustls::Error) -> TlsError {
        TlsError::Unusable {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            reason,
        }
    }

    fn read(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let bytes = |path: &Path| {
            fs::read(path).map_err(|reason| TlsError::Unreadable {
                path: path.to_owned(),
                reason,
            })
        };
        let wrong = |path: &Path, wanted| TlsError::Wrong {
            path: path.to_owned(),
            wanted,
        };
        let text = bytes(&self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| wrong(&self.certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&bytes(&self.key)?)
            .map_err(|_| wrong(&self.key, "private key"))?;
        CertifiedKey::from_der(chain, key, &self.provider)
            .map(Arc::new)
            .map_err(|reason| self.unusable(reason))
    }
}

/// The certificate that is served, and of which files it is.
#[derive(Debug)]
struct Kept {
    files: Files,
    state: Mutex<(Stamp, Arc<CertifiedKey>)>,
}

impl ResolvesServerCert for Kept {
    /// Two looks at files cost little beside the handshake that follows.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, served) = &mut *state;
        let now = self.files.stamp();
        if *stamp != now {
            *stamp = now;
            match self.files.read() {
                Ok(renewed) => {
                    tracing::info!("the TLS certificate was read again");
                    *served = renewed;
                }
                Err(error) => {
                    tracing::error!(%error, "the TLS certificate is not renewed; the one before is served");
                }
            }
        }
        Some(served.clone())
    }
}
