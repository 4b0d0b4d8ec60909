//! HTTPS with a certificate that is made when the server starts.

use super::Failure;
use super::kubeconfig::Trust;
use rcgen::{CertificateParams, KeyPair};
use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A certificate that signs itself, with its key.
pub(super) struct Certificate {
    certificate: rcgen::Certificate,
    key: KeyPair,
    pem: String,
    client_pem: String,
    client_key: String,
}

impl Certificate {
    /// A certificate for the names that an API server has, and for this address.
    pub(super) fn for_address(address: IpAddr) -> Result<Certificate, Failure> {
        let wrong = |error: rcgen::Error| Failure::new("certificate", error);
        let names = [
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "127.0.0.1",
        ];
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.push(address.to_string());
        let key = KeyPair::generate().map_err(wrong)?;
        let parameters = CertificateParams::new(names).map_err(wrong)?;
        let certificate = parameters.self_signed(&key).map_err(wrong)?;
        let pem = certificate.pem();
        let client_key = KeyPair::generate().map_err(wrong)?;
        let client = CertificateParams::new(Vec::new()).map_err(wrong)?;
        let client = client.self_signed(&client_key).map_err(wrong)?;
        Ok(Certificate {
            certificate,
            key,
            pem,
            client_pem: client.pem(),
            client_key: client_key.serialize_pem(),
        })
    }

    /// What clients need.
    pub(super) fn trust(&self) -> Trust<'_> {
        Trust {
            authority: &self.pem,
            certificate: &self.client_pem,
            key: &self.client_key,
        }
    }

    /// What shakes hands.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, Failure> {
        let wrong = |error: tokio_rustls::rustls::Error| Failure::new("certificate", error);
        let key = PrivateKeyDer::try_from(self.key.serialize_der())
            .map_err(|error| Failure::new("certificate", error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .map_err(wrong)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
