//! `kiln models`, with servers of this machine only.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use fx::factory;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::*;

/// `kiln models` with a library of its own, in `folder`.
fn models(folder: &Folder, args: &[&str]) -> Output {
    let library = folder.at("library");
    kiln(&[&["models", "--library", &library], args].concat())
}

/// What it says on standard output when all goes well.
fn fine(folder: &Folder, args: &[&str]) -> String {
    let output = models(folder, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// What it says on standard error when it cannot.
fn cannot(folder: &Folder, args: &[&str]) -> String {
    let output = models(folder, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    stderr(&output)
}

/// Sends `body` to whoever asks, as often as `times`; where it is.
fn serve(body: Vec<u8>, times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(times) {
            let mut stream = stream.expect("a call");
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), &body].concat()).expect("sent");
        }
    });
    format!("http://127.0.0.1:{port}/model.nam")
}

/// A manifest of one model, whose licence is to be accepted.
fn manifest(url: &str, content: &[u8]) -> String {
    let sha256: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let model = json!({ "id": "two-taps", "name": "Two Taps", "kind": "amp",
        "file": "two-taps.nam", "url": url, "sha256": sha256, "bytes": content.len(),
        "licence": "CC-BY-NC-4.0", "attribution": "Taps & Sons", "source": "A workbench",
        "training_data": "A riff", "accept_required": true });
    json!({ "version": 1, "name": "taps", "revision": 1, "models": [model] }).to_string()
}

fn signed(name: &str) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../library/tests/data");
    data.join(name).display().to_string()
}

#[test]
fn the_factory_is_listed_and_can_be_had_without_a_network() {
    let folder = Folder::new("models-factory");
    let list: Value = serde_json::from_str(&fine(&folder, &["list", "--json"])).expect("JSON");
    let listed: Vec<_> = list.as_array().expect("models").iter().collect();
    let items = [factory::MODELS, factory::CABINETS, factory::DRIVES].concat();
    assert_eq!(listed.len(), items.len());
    for (row, item) in listed.iter().zip(&items) {
        assert_eq!((&row["id"], &row["name"]), (&json!(item.id), &json!(item.name)));
        assert_eq!((&row["built_in"], &row["installed"]), (&json!(true), &json!(false)));
        assert_eq!(row["licence"], "MIT");
    }
    assert!(folder.names().is_empty(), "looking wrote something");

    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    let said = fine(&folder, &[&["get"], &ids[..]].concat());
    assert!(said.contains("licence        MIT") && said.contains("kiln-clean: installed, "));
    let clean = folder.0.join("library/models/kiln-clean/kiln-clean.nam");
    assert!(fs::read(&clean).expect("a file") == items[0].bytes);
    assert_eq!(fine(&folder, &["verify"]).matches(": right\n").count(), items.len());
    fs::write(&clean, b"{}").expect("written");
    let error = cannot(&folder, &["verify"]);
    assert!(error.contains("kiln-clean.nam: expected 37980 bytes, found 2"), "{error}");
    fine(&folder, &["remove", "kiln-clean"]);
    assert!(!clean.exists());
    assert!(cannot(&folder, &["remove", "kiln-clean"]).contains("only listed"));
    let list = fine(&folder, &["list", "--installed"]);
    assert!(!list.contains("kiln-clean") && list.contains("kiln-edge"), "{list}");
}

#[test]
fn manifests_must_be_signed_unless_the_user_says_so() {
    let folder = Folder::new("models-signed");
    let (manifest, key) = (signed("oak-1.json"), signed("oak.pub"));
    let error = cannot(&folder, &["add", &manifest]);
    assert!(error.contains("signature: expected a key, or word that"), "{error}");
    let error = cannot(&folder, &["add", &manifest, "--key", &signed("other.pub")]);
    assert!(error.contains("found one of another key"), "{error}");
    assert!(cannot(&folder, &["add", &manifest, "--key", "nonsense"]).contains("public key"));
    let usage = models(&folder, &["add", &manifest, "--key", &key, "--unsigned"]);
    assert_eq!(usage.status.code(), Some(2));
    assert_eq!(fine(&folder, &["add", &manifest, "--key", &key]), "oak: revision 1, 1 models\n");
    fine(&folder, &["add", &signed("oak-2.json")]);
    let info = fine(&folder, &["info", "oak-lead"]);
    for line in ["Oak Lead II, amp, 3 bytes", "CC-BY-4.0", "Oak Amplifiers", "oak, signed by RWQ"] {
        assert!(info.contains(line), "{line}: {info}");
    }
    assert!(cannot(&folder, &["add", &manifest]).contains("revision: expected"));
    let copies = fs::read_dir(folder.0.join("library/manifests")).expect("copies").flatten();
    for copy in copies.filter(|copy| copy.path().extension().is_some_and(|e| e == "json")) {
        fs::write(copy.path(), b"{}").expect("written");
    }
    let output = models(&folder, &["list"]);
    assert!(stderr(&output).contains("oak is left out: "), "{}", stderr(&output));
    fine(&folder, &["forget", "oak"]);
    assert!(cannot(&folder, &["forget", "oak"]).contains("expected the name of a list"));
    assert!(cannot(&folder, &["info", "oak-lead"]).contains("expected the id of a model"));
}

#[test]
fn a_model_is_fetched_after_its_licence_is_accepted_and_played_by_its_id() {
    let folder = Folder::new("models-get");
    let file = folder.linear();
    let content = fs::read(&file).expect("a model");
    let text = manifest(&serve(content.clone(), 1), &content);
    let list = folder.put("taps.json", &text);
    fine(&folder, &["add", &list, "--unsigned"]);
    let output = models(&folder, &["get", "two-taps"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("CC-BY-NC-4.0, to be accepted") && shown.contains("Taps & Sons"));
    assert!(stderr(&output).contains("CC-BY-NC-4.0, to be accepted"), "{}", stderr(&output));
    assert!(!folder.0.join("library/models").exists());

    let wav = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let play = |model: &str, out: &str| {
        Command::new(env!("CARGO_BIN_EXE_kiln"))
            .args(["amp", "--raw", "-m", model, &wav, out])
            .env("KILN_LIBRARY", folder.at("library"))
            .output()
            .expect("kiln runs")
    };
    let early = play("two-taps", &folder.at("early.wav"));
    assert_eq!(early.status.code(), Some(1));
    fine(&folder, &["get", "--accept", "two-taps"]);
    let info: Value =
        serde_json::from_str(&fine(&folder, &["info", "two-taps", "--json"])).expect("JSON");
    assert_eq!((&info["installed"], &info["training_data"]), (&json!(true), &json!("A riff")));
    assert!(
        info["accepted"].as_str().is_some_and(|when| when.starts_with("20") && when.ends_with('Z'))
    );
    for (model, out) in [("two-taps", "id.wav"), (&file, "file.wav")] {
        let output = play(model, &folder.at(out));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(samples(&folder.at("id.wav")), samples(&folder.at("file.wav")));
    // What is there is not asked for again: the server is gone.
    assert!(fine(&folder, &["get", "two-taps"]).contains("there already"));
    let installed = folder.0.join("library/models/two-taps/two-taps.nam");
    fs::write(&installed, content.to_ascii_uppercase()).expect("written");
    let changed = play("two-taps", &folder.at("changed.wav"));
    assert!(stderr(&changed).contains("expected the SHA-256"), "{}", stderr(&changed));
}

#[test]
fn two_processes_fetch_a_model_once() {
    let folder = Folder::new("models-two");
    let content = vec![b'y'; 1 << 20];
    // It answers once, so the other must wait and find what is there.
    let list = folder.put("taps.json", &manifest(&serve(content.clone(), 1), &content));
    fine(&folder, &["add", &list, "--unsigned"]);
    let library = folder.at("library");
    let start = || {
        let mut kiln = Command::new(env!("CARGO_BIN_EXE_kiln"));
        kiln.args(["models", "--library", &library, "get", "--accept", "two-taps"]);
        kiln.stdout(std::process::Stdio::null()).spawn().expect("kiln runs")
    };
    for mut kiln in [start(), start(), start()] {
        assert_eq!(kiln.wait().expect("it ends").code(), Some(0));
    }
    assert_eq!(fine(&folder, &["verify"]), "two-taps: right\n");
}

#[test]
fn one_that_fails_stops_no_other() {
    let folder = Folder::new("models-fail");
    let list = folder.put("taps.json", &manifest(&serve(b"oak".to_vec(), 1), b"elm"));
    fine(&folder, &["add", &list, "--unsigned"]);
    let error = cannot(&folder, &["get", "--accept", "two-taps", "nothing", "kiln-edge"]);
    assert!(error.contains("expected the SHA-256") && error.contains("nothing: "), "{error}");
    let list: Value =
        serde_json::from_str(&fine(&folder, &["list", "--installed", "--json"])).expect("JSON");
    assert_eq!((list.as_array().map(Vec::len), &list[0]["id"]), (Some(1), &json!("kiln-edge")));
    assert!(!folder.0.join("library/models/two-taps").join("two-taps.nam").exists());
}

#[test]
fn manifests_that_are_wrong_are_refused_by_name() {
    let folder = Folder::new("models-wrong");
    let good = manifest("https://models.example.org/a.nam", b"elm");
    for (what, text) in [
        ("not JSON", "{".to_owned()),
        ("a way out", good.replace("two-taps.nam", "../two-taps.nam")),
        ("no licence", good.replace("CC-BY-NC-4.0", "Mine")),
        ("not secret", good.replace("https:", "http:")),
        ("an id of the factory", good.replace("\"two-taps\"", "\"kiln-clean\"")),
    ] {
        let path = folder.put("wrong.json", &text);
        let error = cannot(&folder, &["add", &path, "--unsigned"]);
        assert!(error.contains("wrong.json: ") && error.contains("expected"), "{what}: {error}");
    }
    assert!(cannot(&folder, &["add", &folder.at("none.json"), "--unsigned"]).contains("none.json"));
}

#[test]
fn proxies_of_the_environment_are_used_but_not_for_this_machine() {
    let folder = Folder::new("models-proxy");
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", proxy.local_addr().expect("an address"));
    // It says what it was asked, and refuses.
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().expect("a call");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("a line");
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").expect("sent");
        line
    });
    let proxied = |args: &[&str]| {
        let mut kiln = Command::new(env!("CARGO_BIN_EXE_kiln"));
        for name in ["ALL_PROXY", "HTTP_PROXY", "NO_PROXY"] {
            kiln.env_remove(name).env_remove(name.to_lowercase());
        }
        kiln.env("HTTPS_PROXY", &address).env("KILN_LIBRARY", folder.at("library"));
        kiln.arg("models").args(args).output().expect("kiln runs")
    };
    fine(&folder, &["add", &signed("oak-1.json"), "--key", &signed("oak.pub")]);
    let list = folder.put("taps.json", &manifest(&serve(b"elm".to_vec(), 1), b"elm"));
    fine(&folder, &["add", &list, "--unsigned"]);
    let near = proxied(&["get", "--accept", "two-taps"]);
    assert_eq!(near.status.code(), Some(0), "{}", stderr(&near));
    let far = proxied(&["get", "oak-lead"]);
    assert_eq!(far.status.code(), Some(1));
    assert!(stderr(&far).contains("https://models.example.org/oak-lead.nam: expected an answer"));
    assert_eq!(
        asked.join().expect("no panic").trim_end(),
        "CONNECT models.example.org:443 HTTP/1.1"
    );
}
