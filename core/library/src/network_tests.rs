//! Downloads that go well in the end, from servers of this machine.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::case::{Case, begun, in_thirds, model};
use crate::server::{Server, field, send};
use crate::{Error, Got, MOST_BYTES, Published, Transfer, Trust, disk};

#[test]
fn a_model_arrives_and_progress_is_told() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url("oak.nam"), &content);
    let mut told = Vec::new();
    let got = case.watched(&mut |there, whole| told.push((there, whole)));
    assert_eq!(got.expect("installed"), Got::Installed(case.file()));
    assert!(fs::read(case.file()).expect("a file") == content);
    let whole = content.len() as u64;
    assert!(told.len() > 5 && told.is_sorted() && told.iter().all(|t| t.1 == whole));
    assert_eq!((told[0].0, told[told.len() - 1].0), (0, whole));
    // What is there is not fetched again, nor asked for.
    assert_eq!(case.get().expect("there"), Got::There(case.file()));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("get /oak.nam http/1.1"), "{}", asked[0]);
    assert_eq!(field(&asked[0], "accept-encoding"), Some("identity"));
    let names = fs::read_dir(case.folder.path().join("partial")).expect("a folder").flatten();
    let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    assert_eq!(names, [format!("{}.lock", case.sha256).as_str()]);
}

#[test]
fn chunks_and_bodies_that_end_with_the_connection_are_read() {
    let chunked = Server::saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"2\r\noa\r\n1\r\nk\r\n0\r\n\r\n",
    );
    Case::new(&chunked.url(""), b"oak").succeeds(b"oak");
    let open = Server::saying("HTTP/1.1 200 OK\r\n\r\n", b"oak");
    Case::new(&open.url(""), b"oak").succeeds(b"oak");
}

#[test]
fn what_was_cut_off_is_gone_on_with() {
    let content = model();
    for etag in ["\"a\"", "w/\"a\""] {
        let server = in_thirds(content.clone(), etag);
        let case = Case::new(&server.url(""), &content);
        let third = content.len().div_ceil(3) as u64;
        for n in 1..=2 {
            assert!(matches!(case.fails(), Error::Network { .. }));
            assert_eq!(case.part(), Some(n * third));
        }
        let mut first = None;
        let got = case.watched(&mut |there, _| {
            first.get_or_insert(there);
        });
        assert_eq!(got.expect("installed"), Got::Installed(case.file()));
        assert_eq!(first, Some(2 * third));
        assert!(fs::read(case.file()).expect("a file") == content);
        let asked = server.asked();
        let ranges: Vec<_> = asked.iter().map(|head| field(head, "range")).collect();
        let from = |n: u64| format!("bytes={}-", n * third);
        assert_eq!(ranges, [None, Some(from(1).as_str()), Some(from(2).as_str())]);
        // A weak mark may stand for different bytes, so it is not relied on.
        let mark = Some(etag).filter(|etag| etag.starts_with('"'));
        assert_eq!(field(&asked[2], "if-range"), mark);
    }
}

#[test]
fn what_changed_meanwhile_is_begun_anew() {
    let content = model();
    let server = in_thirds(content.clone(), "\"a\"");
    let case = Case::new(&server.url(""), &content);
    case.fails();
    let note = case.folder.path().join("partial").join(format!("{}.json", case.sha256));
    let text = fs::read_to_string(&note).expect("a note");
    // By another mark the server sends all of it, as many bytes as one call brings.
    fs::write(&note, text.replace("\\\"a\\\"", "\\\"b\\\"")).expect("written");
    case.fails();
    assert_eq!(case.part(), Some(content.len().div_ceil(3) as u64));
    assert_eq!(field(&server.asked()[1], "if-range"), Some("\"b\""));
    // Nor is it gone on with when nobody knows where it is from.
    for unknown in [&b"{"[..], b"", &[0xff; 10_000]] {
        fs::write(&note, unknown).expect("written");
        case.fails();
        assert_eq!(field(server.asked().last().expect("a call"), "range"), None);
    }
}

#[test]
fn parts_that_the_server_does_not_continue_are_fetched_whole() {
    let content = model();
    let whole = content.clone();
    for odd in [
        "416 Range Not Satisfiable\r\nContent-Length: 0".to_owned(),
        format!("206 Partial Content\r\nContent-Range: bytes 7-9/{}", content.len()),
        "206 Partial Content\r\nContent-Range: bytes 200000-9999999/10000000".to_owned(),
        "206 Partial Content\r\nContent-Range: none of this".to_owned(),
        "206 Partial Content".to_owned(),
    ] {
        let content = content.clone();
        let server = Server::new(move |head, stream| {
            if field(head, "range").is_some() {
                send(stream, format!("HTTP/1.1 {odd}\r\n\r\n").as_bytes());
            } else {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
                send(stream, head.as_bytes());
                send(stream, &content);
            }
        });
        let case = Case::new(&server.url(""), &whole);
        begun(&case, &server.url(""), &whole[..200_000]);
        case.succeeds(&whole);
        assert_eq!(server.asked().len(), 2);
    }
}

#[test]
fn a_part_that_is_whole_needs_no_server() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    begun(&case, &server.url(""), b"oak");
    case.succeeds(b"oak");
    assert!(server.asked().is_empty());
    // A wrong one is removed, and then all is fetched.
    let case = Case::new(&server.url(""), b"oak");
    begun(&case, &server.url(""), b"elm");
    assert!(matches!(case.fails(), Error::Hash { .. }));
    assert_eq!(case.part(), None);
    case.succeeds(b"oak");
    // One that is longer, or from elsewhere, is not looked at.
    for (url, part) in [(server.url(""), &b"oaks"[..]), (server.url("elsewhere"), b"oa")] {
        let case = Case::new(&server.url(""), b"oak");
        begun(&case, &url, part);
        case.succeeds(b"oak");
    }
}

#[test]
fn cancelling_keeps_what_has_arrived() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url(""), &content);
    let half = content.len() as u64 / 2;
    let got = case.watched(&mut |there, _| {
        if there > half {
            case.cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(got, Err(Error::Cancelled)), "{got:?}");
    assert!(!case.file().exists() && case.part().is_some_and(|part| part > half));
    // Cancelled before it begins, it asks nobody.
    assert!(matches!(case.fails(), Error::Cancelled));
    assert_eq!(server.asked().len(), 1);
    // What is left of it can be had rid of.
    case.library().remove("oak").expect("removed");
    assert_eq!(case.part(), None);
}

#[test]
fn cancelling_does_not_wait_for_a_silent_server() {
    let silent = Server::new(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nyyyyyyyy");
        let _gone = std::io::Read::read(stream, &mut [0; 1]);
    });
    let mut case = Case::new(&silent.url(""), &vec![b'y'; 400_000]);
    // So long that only the cancelling can end it.
    case.patience.stall = Duration::from_secs(100_000);
    let got = case.watched(&mut |there, _| case.cancel.store(there > 0, Ordering::Relaxed));
    assert!(matches!(got, Err(Error::Cancelled)), "{got:?}");
    assert_eq!((case.file().exists(), case.part()), (false, Some(8)));
}

#[test]
fn two_at_once_fetch_it_once() {
    let content = model();
    let server = Server::with(&content);
    let case = Case::new(&server.url(""), &content);
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| case.get()), scope.spawn(|| case.get())];
        for one in both {
            one.join().expect("no panic").expect("installed");
        }
    });
    assert!(fs::read(case.file()).expect("a file") == content);
    assert_eq!(server.asked().len(), 1);
    case.library().verify("oak", &AtomicBool::new(false)).expect("right");
}

#[test]
fn a_later_revision_replaces_the_file() {
    let server = Server::with(b"oak");
    let case = Case::new(&server.url(""), b"oak");
    case.succeeds(b"oak");
    let newer = Server::with(b"ash tree");
    let mut library = case.library();
    let mut manifest = json!({ "version": 1, "name": "trees", "revision": 2 });
    let mut entry = serde_json::to_value(library.entry("oak").expect("listed").1).expect("JSON");
    entry["sha256"] = json!(disk::hex(Sha256::new_with_prefix(b"ash tree")));
    (entry["bytes"], entry["url"], entry["file"]) =
        (json!(8), json!(newer.url("")), json!("ash.nam"));
    manifest["models"] = json!([entry]);
    let manifest = manifest.to_string().into_bytes();
    let published = Published { manifest, signature: None, origin: String::new() };
    library.add(&published, &Trust::Unsigned).expect("added");
    // Until it is fetched, the old one stays what it was.
    assert_eq!(library.read_model("oak", 100).expect("bytes").0, b"oak");
    case.get().expect("installed");
    assert_eq!(library.read_model("oak", 100).expect("bytes").0, b"ash tree");
    assert!(!case.file().exists(), "the file of another name is left over");
}

#[test]
fn manifests_are_fetched_with_their_signatures() {
    let signed = |name: &str| {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data");
        fs::read(data.join(name)).expect(name)
    };
    let (manifest, signature) = (signed("oak-1.json"), signed("oak-1.json.minisig"));
    let server = Server::new({
        let (manifest, signature) = (manifest.clone(), signature.clone());
        move |head, stream| {
            let body = if head.contains("/oak.json.minisig ") { &signature } else { &manifest };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            send(stream, head.as_bytes());
            send(stream, body);
        }
    });
    let case = Case::new(&server.url(""), b"oak");
    let fetch = |url: &str, signed| {
        let (patience, cancel) = (case.patience, &case.cancel);
        Published::fetch(url, signed, &mut Transfer { patience, cancel, progress: &mut |_, _| {} })
    };
    let published = fetch(&server.url("oak.json"), true).expect("fetched");
    assert_eq!(published.manifest, manifest);
    assert_eq!(published.signature.as_deref().map(str::as_bytes), Some(&signature[..]));
    assert_eq!(published.origin, server.url("oak.json"));
    assert_eq!(fetch(&server.url("oak.json"), false).expect("fetched").signature, None);
    assert_eq!(server.asked().len(), 3);

    let absent = Server::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"");
    assert!(matches!(fetch(&absent.url("a"), false), Err(Error::Status { found: 404, .. })));
    let large = Server::with(&vec![b' '; MOST_BYTES + 1]);
    assert!(matches!(fetch(&large.url("a"), false), Err(Error::Invalid { .. })));
    assert!(fetch("http://example.org/oak.json", false).is_err());
}
