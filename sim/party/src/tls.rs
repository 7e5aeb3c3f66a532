//! TLS 1.3 between two parties who know each other's keys: raw public keys (RFC 7250), each pinned by its fingerprint. There are no
//! certificates, and so no dates, names or authorities that could be wrong.

use crate::error::PartyError;
use crate::fingerprint::Fingerprint;
use crate::identity::Identity;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName, Error,
    PeerIncompatible, ServerConfig, ServerConnection, SignatureScheme,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the protocol inside, which a peer of another one refuses.
const PROTOCOL: &[u8] = b"fusion-party/1";

/// The keys of peers that are let in.
#[derive(Debug)]
struct Pinned {
    keys: BTreeSet<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn admit(&self, public_key: &[u8]) -> Result<(), Error> {
        let found = Fingerprint::of(public_key);
        if self.keys.contains(&found) { Ok(()) } else { Err(Error::General(found.to_string())) }
    }

    fn verify(
        &self,
        message: &[u8],
        public_key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(public_key.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.provider.signature_verification_algorithms)
    }
}

/// TLS 1.2 is not offered, so that none of its signatures is ever verified.
fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(PeerIncompatible::Tls12NotOffered.into())
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.admit(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.admit(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// What a server needs for connections: its key, and the keys of its clients.
pub fn server(identity: &Identity, clients: BTreeSet<Fingerprint>) -> Result<Arc<ServerConfig>, PartyError> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Arc::new(Pinned { keys: clients, provider: Arc::clone(&provider) });
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]).map_err(insecure)?;
    let resolver = Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity.key()));
    let mut config = builder.with_client_cert_verifier(pinned).with_cert_resolver(resolver);
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(Arc::new(config))
}

/// The server's end of a new connection.
pub fn accept(config: &Arc<ServerConfig>) -> Result<ServerConnection, PartyError> {
    ServerConnection::new(Arc::clone(config)).map_err(insecure)
}

/// The client's end of a new connection to a server with this key.
pub fn connect(identity: &Identity, server: Fingerprint) -> Result<ClientConnection, PartyError> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Arc::new(Pinned { keys: BTreeSet::from([server]), provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]).map_err(insecure)?;
    let resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(identity.key()));
    let verified = builder.dangerous().with_custom_certificate_verifier(pinned);
    let mut config = verified.with_client_cert_resolver(resolver);
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // A server is known by its key: no name of it is sent or looked at.
    let nobody = ServerName::try_from("fusion.invalid").map_err(|error| PartyError::Insecure(error.to_string()))?;
    ClientConnection::new(Arc::new(config), nobody).map_err(insecure)
}

/// An error of the library in words; that of a key that is not pinned, at either end, is told apart.
pub fn insecure(error: Error) -> PartyError {
    match error {
        Error::General(text) => match text.parse() {
            Ok(found) => PartyError::WrongKey { found },
            Err(_) => PartyError::Insecure(text),
        },
        Error::AlertReceived(alert) if is_about_a_key(alert) => PartyError::NotPinned,
        error => PartyError::Insecure(error.to_string()),
    }
}

/// Whether a peer that does not take a key says so by this alert.
pub fn is_about_a_key(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::UnknownCA
    )
}
