//! Encrypted connections: of clients to the server, and of the server to its database.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use shotlist::catalog::{Backend, Catalog, DatabaseUrl, Options, database};
use shotlist::http::{self, tls::Files};

use crate::load::{hasty, is_ended};
use crate::support::{App, Cluster, Database, runtime};

/// An authority that tests trust, or do not.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// A certificate for a host and its key, PEM.
    fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// How a client connects that trusts this authority alone.
    fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// The files of a server's certificate in a folder.
fn files(folder: &Path) -> Files {
    Files { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

fn write(files: &Files, (certificate, key): &(String, String)) {
    std::fs::write(&files.certificate, certificate).expect("it is written");
    std::fs::write(&files.key, key).expect("it is written");
}

fn serve(files: Files) -> App {
    let options = http::Options { tls: Some(files), ..http::Options::default() };
    App::with(Database::built_in(Backend::Sqlite), options)
}

fn stream(app: &App) -> TcpStream {
    let address = app.url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

type Encrypted = StreamOwned<ClientConnection, TcpStream>;

fn connect(app: &App, authority: &Authority) -> Encrypted {
    let name = "localhost".try_into().expect("a name");
    let connection = ClientConnection::new(authority.client(), name).expect("a connection");
    StreamOwned::new(connection, stream(app))
}

/// Ask over a connection that stays open.
fn ask(stream: &mut Encrypted) -> std::io::Result<String> {
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut chunk = [0; 1_024];
    while !answer.ends_with(b"alive\n") {
        match stream.read(&mut chunk)? {
            0 => break,
            length => answer.extend_from_slice(&chunk[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn served(stream: &Encrypted) -> CertificateDer<'static> {
    stream.conn.peer_certificates().expect("certificates")[0].clone().into_owned()
}

#[test]
fn the_server_speaks_tls_to_whoever_trusts_its_certificate() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = files(folder.path());
    write(&files, &authority.certify("localhost"));
    let app = serve(files);
    let answer = ask(&mut connect(&app, &authority)).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let stranger = ask(&mut connect(&app, &Authority::new())).expect_err("it is not trusted");
    assert!(stranger.to_string().contains("invalid peer certificate"), "{stranger}");

    // Plain HTTP gets no answer of HTTP's and harms nobody.
    let mut plain = stream(&app);
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it is sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{:?}", String::from_utf8_lossy(&answer));
    assert!(ask(&mut connect(&app, &authority)).is_ok());
}

#[test]
fn slow_clients_are_cut_off_in_the_handshake_and_after_it() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = files(folder.path());
    write(&files, &authority.certify("localhost"));
    let options = http::Options { tls: Some(files), ..hasty() };
    let app = App::with(Database::built_in(Backend::Sqlite), options);
    std::thread::scope(|scope| {
        for start in [b"".as_slice(), b"\x16\x03\x01\x02"] {
            let app = &app;
            scope.spawn(move || {
                let mut stream = stream(app);
                stream.write_all(start).expect("sent");
                assert!(is_ended(&mut stream), "a handshake begins with {start:?}");
            });
        }
        scope.spawn(|| {
            let mut stream = connect(&app, &authority);
            ask(&mut stream).expect("an answer");
            assert!(is_ended(&mut stream), "no further request is sent");
        });
        scope.spawn(|| {
            let mut stream = connect(&app, &authority);
            ask(&mut stream).expect("an answer");
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost:").expect("sent");
            assert!(is_ended(&mut stream), "half a head is sent");
        });
    });
    ask(&mut connect(&app, &authority)).expect("others are answered");
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = files(folder.path());
    write(&files, &authority.certify("localhost"));
    let app = serve(files.clone());
    let mut open = connect(&app, &authority);
    ask(&mut open).expect("an answer");
    let first = served(&open);

    let hang_up = || kill(Pid::this(), Signal::SIGHUP).expect("a signal");
    // A key of another certificate changes nothing.
    let (certificate, _) = authority.certify("localhost");
    let (_, key) = authority.certify("localhost");
    write(&files, &(certificate, key));
    hang_up();
    std::thread::sleep(Duration::from_millis(200));
    let mut next = connect(&app, &authority);
    ask(&mut next).expect("an answer");
    assert_eq!(served(&next), first);

    write(&files, &authority.certify("localhost"));
    hang_up();
    let renewed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let mut next = connect(&app, &authority);
        ask(&mut next).expect("an answer");
        served(&next) != first
    });
    assert!(renewed, "the old certificate is still served");
    let answer = ask(&mut open).expect("an open connection goes on");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// What opening a database says, with a password that it must not say.
fn opened(url: &str) -> Result<Catalog, String> {
    let url: DatabaseUrl = url.parse()?;
    let opened = runtime().block_on(Catalog::open(&url, &Options::default()));
    opened.map_err(|error| error.to_string())
}

#[test]
fn a_database_server_is_verified_and_never_talked_to_in_plain_text_instead() {
    let authority = Authority::new();
    let cluster = Cluster::start("encrypted");
    let (certificate, key) = authority.certify("localhost");
    cluster.give("server.pem", &certificate);
    cluster.give("server.key", &key);
    let tls = "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n";
    let port = cluster.listen(tls);
    cluster.built_in("catalog");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        std::fs::write(&path, authority.0.pem()).expect("it is written");
        path.display().to_string()
    };
    let (trusted, other) = (root("trusted", &authority), root("other", &Authority::new()));
    let url = |host: &str, root: &str| {
        format!(
            "postgres://shotlist:C4NARY@{host}:{port}/catalog?sslmode=verify-full&sslrootcert={root}"
        )
    };

    let catalog = opened(&url("localhost", &trusted)).expect("it opens");
    let encrypted = "SELECT count(*)::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'shotlist' AND ssl";
    let rows = runtime().block_on(crate::support::fetch(&catalog, encrypted, Vec::new()));
    let rows = rows.expect("it is read");
    let count = rows.text(0, 0).expect("text").expect("a count");
    assert!(count.parse::<u32>().is_ok_and(|count| count >= 2), "{count} are encrypted");
    runtime().block_on(catalog.close()).expect("it closes");

    // Another authority, another host, no such file: refused, both by what writes and what reads.
    for url in [url("localhost", &other), url("127.0.0.1", &trusted), url("localhost", "nowhere")] {
        let error = opened(&url).err().expect(&url);
        assert!(!error.contains("C4NARY"), "{error}");
        let parsed: DatabaseUrl = url.parse().expect(&url);
        let options = Options::default();
        let read = runtime().block_on(database::connect_read(&parsed, &options));
        let error = read.err().expect(&url).to_string();
        assert!(!error.contains("C4NARY"), "{error}");
    }
    // A server without TLS.
    cluster.listen("ssl = off\n");
    let plain = cluster.port();
    let url = format!("postgres://shotlist@localhost:{plain}/catalog?sslmode=verify-full");
    let error = opened(&url).err().expect("it does not open");
    assert!(error.contains("encrypt") || error.contains("TLS"), "{error}");
}
