//! Processes that are killed in the middle: the other one ends with one clear line, no label is released, and the next session works.

use fusion_proofs_tests::networks::small_lenet;
use fusion_proofs_tests::scratch::Scratch;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A file of three images of 28 by 28.
fn idx() -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28];
    header.into_iter().chain((0..3 * 784_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0])).collect()
}

struct Hall {
    folder: Scratch,
    fingerprints: [String; 2],
}

impl Hall {
    fn new() -> Self {
        let folder = Scratch::new("killed");
        folder.file("model.onnx", small_lenet(0));
        folder.file("images.idx", idx());
        let fingerprint = |name: &str| {
            let output = sim(&folder).args(["party", "init", name]).output().expect("it runs");
            String::from_utf8(output.stdout).expect("text").trim().to_string()
        };
        let fingerprints = [fingerprint("client"), fingerprint("server")];
        Self { folder, fingerprints }
    }

    /// A server, and its address.
    fn serve(&self) -> (Child, String) {
        let [client, _] = &self.fingerprints;
        let mut server = sim(&self.folder)
            .args(["party", "serve", "--model", "model.onnx", "--listen", "127.0.0.1:0", "--identity", "server"])
            .args(["--peer", client, "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut line = String::new();
        BufReader::new(server.stdout.as_mut().expect("piped")).read_line(&mut line).expect("text");
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        (server, event["address"].as_str().expect("an address").to_string())
    }

    fn ask(&self, address: &str) -> Command {
        let [_, server] = &self.fingerprints;
        let mut client = sim(&self.folder);
        client
            .args(["party", "ask", "--images", "images.idx", "--to", address, "--identity", "client"])
            .args(["--peer", server, "--R", "3", "--plain-inference", "--out", "labels"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        client
    }

    fn labels(&self) -> String {
        std::fs::read_to_string(self.folder.join("labels")).expect("made before the session")
    }

    /// The number of sessions that each party has begun.
    fn begun(&self) -> [u64; 2] {
        ["client", "server"].map(|name| {
            let ledger = std::fs::read_to_string(self.folder.join(name).join("sessions.json"));
            let entries: Option<serde_json::Value> = ledger.ok().and_then(|text| serde_json::from_str(&text).ok());
            entries.map_or(0, |entries| entries["begun"].as_u64().expect("a number"))
        })
    }
}

fn sim(folder: &Path) -> Command {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_sim-of-the-guides"));
    sim.current_dir(folder);
    sim
}

/// Lengths of time that are spread over a session, its beginning and what follows it.
fn moments() -> impl Iterator<Item = Duration> {
    [0, 15, 40, 70, 110, 160].into_iter().map(Duration::from_millis)
}

fn is_one_line(output: &Output) -> bool {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).expect("text").lines().count() == 1
}

#[test]
fn a_client_that_is_killed_leaves_a_server_that_serves() {
    let hall = Hall::new();
    let (mut server, address) = hall.serve();
    for moment in moments() {
        let mut client = hall.ask(&address).spawn().expect("it runs");
        std::thread::sleep(moment);
        client.kill().expect("a process");
        client.wait().expect("it ends");
        let before = hall.begun();
        // The server may still be busy with a message when the next one comes.
        let next = (0..100).find_map(|_| {
            let output = hall.ask(&address).output().expect("it runs");
            std::thread::sleep(Duration::from_millis(20));
            output.status.success().then_some(output)
        });
        assert!(next.is_some_and(|output| is_one_line(&output)), "the next session works");
        assert_eq!(hall.labels().lines().count(), 3);
        assert!(hall.begun().iter().zip(before).all(|(now, before)| *now > before), "no number is used twice");
    }
    server.kill().expect("a process");
    server.wait().expect("it ends");
}

#[test]
fn a_server_that_is_killed_leaves_a_client_without_labels() {
    let hall = Hall::new();
    let mut cut = 0;
    for moment in moments() {
        let (mut server, address) = hall.serve();
        let client = hall.ask(&address).spawn().expect("it runs");
        std::thread::sleep(moment);
        server.kill().expect("a process");
        server.wait().expect("it ends");
        let output = client.wait_with_output().expect("it ends");
        assert!(is_one_line(&output), "{output:?}");
        let labels = if output.status.success() { 3 } else { 0 };
        assert_eq!(hall.labels().lines().count(), labels, "{output:?}");
        cut += usize::from(labels == 0);
        let before = hall.begun();
        let (mut server, address) = hall.serve();
        assert!(hall.ask(&address).output().expect("it runs").status.success(), "the next session works");
        assert!(hall.begun().iter().zip(before).all(|(now, before)| *now > before), "no number is used twice");
        server.kill().expect("a process");
        server.wait().expect("it ends");
    }
    assert!(cut > 0, "a server that is killed at once serves nobody");
}
