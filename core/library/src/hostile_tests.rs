//! Servers that fail, lie and dawdle. In none of these cases is there a file under the
//! final name, unless it is got in the end.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::case::{Case, begun, in_thirds, model};
use crate::server::{Server, send};
use crate::{Error, disk};

#[test]
fn wrong_bytes_are_removed() {
    let (right, wrong) = (model(), vec![0; model().len()]);
    let server = Server::with(&wrong);
    let case = Case::new(&server.url(""), &right);
    match case.fails() {
        Error::Hash { expected, found, .. } => {
            assert_eq!(expected, case.sha256);
            assert_eq!(found, disk::hex(Sha256::new_with_prefix(&wrong)));
        }
        other => panic!("expected another digest, found {other}"),
    }
    assert_eq!(case.part(), None);
    // Also when only what came first was wrong.
    let server = in_thirds(right.clone(), "\"a\"");
    let case = Case::new(&server.url(""), &right);
    begun(&case, &server.url(""), &wrong[..wrong.len() - 9]);
    assert!(matches!(case.fails(), Error::Hash { .. }));
    assert_eq!(case.part(), None);
}

#[test]
fn other_lengths_are_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let length = |n: u64| format!("{ok}Content-Length: {n}\r\n\r\n");
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    for (head, body, found) in [
        (length(4), &b"oaks"[..], 4),
        (length(2), b"oa", 2),
        (length(u64::MAX), b"oak", u64::MAX),
        (length(0), b"", 0),
        (chunked.clone(), b"4\r\noaks\r\n0\r\n\r\n", 4),
        (chunked, b"2\r\noa\r\n0\r\n\r\n", 2),
        (format!("{ok}\r\n"), b"oaks and elms", 13),
    ] {
        let server = Server::saying(&head, body);
        let case = Case::new(&server.url(""), b"oak");
        let error = case.fails();
        let right = matches!(error, Error::Length { expected: 3, found: f, .. } if f == found);
        assert!(right, "{head}: {error}");
        assert_eq!(case.part(), None, "{head}");
    }
}

#[test]
fn one_that_never_ends_is_cut() {
    let server = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while send(stream, &[0; 4096]) {}
    });
    let case = Case::new(&server.url(""), b"oak");
    assert!(matches!(case.fails(), Error::Length { .. }));
}

#[test]
fn answers_that_are_no_file_are_refused() {
    for (status, wanted) in [("404 Not Found", 404), ("500 Oh", 500), ("206 Partial Content", 206)]
    {
        let server =
            Server::saying(&format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\n"), b"oak");
        let case = Case::new(&server.url(""), b"oak");
        assert!(matches!(case.fails(), Error::Status { found, .. } if found == wanted), "{status}");
        assert_eq!(case.part(), None);
    }
    for nonsense in ["", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\r\nContent-Len", "\0\0\0\0"] {
        let server = Server::saying(nonsense, b"");
        assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
    }
    let flood = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(100_000));
    let server = Server::saying(&flood, b"oak");
    assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
    let packed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n";
    let server = Server::saying(packed, b"oak");
    assert!(matches!(Case::new(&server.url(""), b"oak").fails(), Error::Network { .. }));
}

#[test]
fn redirects_are_refused_wherever_they_lead() {
    let goal = Server::with(b"oak");
    for code in [301, 302, 303, 307, 308] {
        for to in [goal.url("oak"), "/again".to_owned(), "https://example.org/".to_owned()] {
            let head =
                format!("HTTP/1.1 {code} Gone\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            let server = Server::saying(&head, b"");
            let case = Case::new(&server.url("again"), b"oak");
            assert!(matches!(case.fails(), Error::Redirect { to: found, .. } if found == to));
            assert_eq!(server.asked().len(), 1, "a redirect was followed");
        }
    }
    assert!(goal.asked().is_empty());
}

#[test]
fn servers_that_are_not_there_are_told_of() {
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let case = Case::new(&format!("http://127.0.0.1:{port}/oak"), b"oak");
    assert!(matches!(case.fails(), Error::Network { .. }));
    // Nor is one talked to that speaks no TLS where it should.
    let server = Server::with(b"oak");
    let case = Case::new(&server.url("").replace("http:", "https:"), b"oak");
    assert!(matches!(case.fails(), Error::Network { .. }));
}

#[test]
fn silence_and_trickles_are_not_waited_for() {
    let stall = Duration::from_millis(200);
    // For far longer than a stall, but not for ever.
    let until_gone = move |stream: &mut TcpStream, bytes: &[u8]| {
        for _ in 0..400 {
            if !send(stream, bytes) {
                return;
            }
            std::thread::sleep(stall / 20);
        }
    };
    // Answers nothing, until it is left alone.
    let silent = Server::new(|_, stream| {
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    let head = Server::new(move |_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nX: ");
        until_gone(stream, b"y");
    });
    let body = Server::new(move |_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n");
        until_gone(stream, b"y");
    });
    let stops = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nyyyyyyyy");
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    for (server, keeps) in [(&silent, false), (&head, false), (&body, true), (&stops, true)] {
        let mut case = Case::new(&server.url(""), &vec![b'y'; 400_000]);
        case.patience.stall = stall;
        let error = case.fails();
        assert!(matches!(error, Error::Stalled { .. }), "{error}");
        assert_eq!(case.part().is_some(), keeps, "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_of() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    let folder = case.folder.path().join("partial");
    fs::create_dir_all(&folder).expect("a folder");
    let part = folder.join(format!("{}.part", case.sha256));
    // A file that is empty and never has room.
    std::os::unix::fs::symlink("/dev/full", &part).expect("a link");
    assert!(matches!(case.fails(), Error::Full { path } if path == part));
    assert!(part.symlink_metadata().is_err(), "it is left there");
    case.succeeds(b"oak");
}

#[test]
fn folders_that_cannot_be_made_are_told_of() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    fs::write(case.folder.path().join("models"), b"in the way").expect("written");
    assert!(matches!(case.get(), Err(Error::Io { .. })));
    fs::remove_file(case.folder.path().join("models")).expect("removed");
    case.succeeds(b"oak");
}

#[test]
fn certificates_that_nobody_vouches_for_are_refused() {
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

    let data = |name| {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data");
        fs::read(data.join(name)).expect(name)
    };
    let certificate = CertificateDer::from(data("self-signed.der"));
    let key = PrivatePkcs8KeyDer::from(data("self-signed.key.der"));
    let config = rustls::ServerConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .and_then(|it| it.with_no_client_auth().with_single_cert(vec![certificate], key.into()))
    .expect("a server of TLS");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a call");
        let mut tls = rustls::ServerConnection::new(config.into()).expect("a connection");
        // It would send the right file, had it been believed.
        let _hung_up = rustls::Stream::new(&mut tls, &mut stream)
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noak");
    });
    let case = Case::new(&format!("https://127.0.0.1:{port}/oak"), b"oak");
    let error = case.fails().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    server.join().expect("no panic");
}
