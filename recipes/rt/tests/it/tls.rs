//! TLS by rustls, over streams with the traits of tokio.

use std::{
    io::ErrorKind::{InvalidData, UnexpectedEof},
    net::{Shutdown, SocketAddr},
    sync::Arc,
};

use corepool::rt::{
    self,
    net::{TcpListener, TcpStream},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName},
    },
    server,
};

use crate::{Result, bytes, go, listen, pair};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Returns an acceptor with a new certificate, and the certificate.
fn acceptor() -> Result<(TlsAcceptor, CertificateDer<'static>)> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    Ok((TlsAcceptor::from(Arc::new(config)), cert.der().clone()))
}

/// Returns a connector that trusts a certificate.
fn connector(certificate: CertificateDer<'static>) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// Makes both ends of a connection with TLS.
async fn tls_pair() -> Result<(client::TlsStream<TcpStream>, server::TlsStream<TcpStream>)> {
    let (acceptor, certificate) = acceptor()?;
    let (client, server) = pair().await?;
    let server = rt::spawn(async move { acceptor.accept(server).await });
    let client = connector(certificate)?.connect(name(), client).await?;
    Ok((client, server.await??))
}

/// Accepts connections, and sends back what comes.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        rt::spawn(async move {
            let (mut reader, mut writer) = split(acceptor.accept(stream).await?);
            tokio::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
    }
}

/// Sends while it receives, more than the buffers hold.
async fn exchange(connector: TlsConnector, address: SocketAddr, len: usize) -> Result<()> {
    let stream = connector.connect(name(), TcpStream::connect(address).await?).await?;
    let (mut reader, mut writer) = split(stream);
    let sender = rt::spawn(async move {
        writer.write_all(&bytes(len)).await?;
        writer.shutdown().await
    });
    let mut received = Vec::new();
    reader.read_to_end(&mut received).await?;
    assert!(received == bytes(len), "{} of {len} bytes, or others", received.len());
    Ok(sender.await??)
}

#[test]
fn streams_with_tls_carry_all_bytes() {
    go(async {
        let ((acceptor, certificate), (listener, address)) = (acceptor()?, listen()?);
        rt::spawn(serve(listener, acceptor));
        let connector = connector(certificate)?;
        let clients: Vec<_> = [0, 1, 1000, 100_000, 4_000_000]
            .map(|len| rt::spawn(exchange(connector.clone(), address, len)))
            .into();
        for client in clients {
            client.await??;
        }
        Ok(())
    });
}

/// The server goes on after a client that does not trust it.
#[test]
fn an_unknown_certificate_is_refused() {
    go(async {
        let ((acceptor, certificate), (listener, address)) = (acceptor()?, listen()?);
        let (_, other) = self::acceptor()?;
        rt::spawn(serve(listener, acceptor));
        let stream = TcpStream::connect(address).await?;
        let refused = connector(other)?.connect(name(), stream).await.unwrap_err();
        assert_eq!(refused.kind(), InvalidData, "{refused}");
        exchange(connector(certificate)?, address, 1000).await
    });
}

/// The end of the connection is told from the end of what was sent.
#[test]
fn a_stream_with_tls_that_is_cut_is_an_error() {
    go(async {
        let (client, mut server) = tls_pair().await?;
        let (stream, _) = client.into_inner();
        stream.shutdown(Shutdown::Write)?;
        let error = server.read(&mut [0; 10]).await.unwrap_err();
        assert_eq!(error.kind(), UnexpectedEof, "{error}");

        let (mut client, mut server) = tls_pair().await?;
        client.shutdown().await?;
        assert_eq!(server.read(&mut [0; 10]).await?, 0);
        Ok(())
    });
}
