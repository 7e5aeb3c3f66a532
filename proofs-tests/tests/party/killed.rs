//! Processes that are killed in the middle: the other one ends with one clear line, no label is released, and the next session works.

use fusion_proofs_tests::networks::small_lenet;
use fusion_proofs_tests::scratch::Scratch;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A file of three images of 28 by 28.
fn idx() -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28];
    header.into_iter().chain((0..3 * 784_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0])).collect()
}

/// A server, and what it logs.
struct Server {
    process: Child,
    address: String,
    heard: Receiver<String>,
}

impl Server {
    /// Waits until a session begins, so that what comes next falls into it.
    fn session_begins(&self) {
        let begins = |line: String| line.contains("session begins").then_some(());
        std::iter::from_fn(|| self.heard.recv_timeout(Duration::from_mins(1)).ok())
            .find_map(begins)
            .expect("a session");
    }

    fn kill(mut self) {
        self.process.kill().expect("a process");
        self.process.wait().expect("it ends");
    }
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

    fn serve(&self) -> Server {
        let [client, _] = &self.fingerprints;
        let mut process = sim(&self.folder)
            .args(["party", "serve", "--model", "model.onnx", "--listen", "127.0.0.1:0", "--identity", "server"])
            .args(["--peer", client, "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let (events, heard) = channel();
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| events.send(line)));
        let listening: serde_json::Value = serde_json::from_str(&heard.recv().expect("an event")).expect("JSON");
        Server { process, address: listening["address"].as_str().expect("an address").to_string(), heard }
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

/// When a process is killed: so long after its start, or after its session has begun.
#[derive(Clone, Copy)]
struct Moment {
    in_session: bool,
    after: Duration,
}

/// Moments that are spread over a session and what comes before it.
fn moments(count: usize) -> impl Iterator<Item = Moment> {
    let mut random = Pcg64::seed_from_u64(1);
    (0..count)
        .map(move |place| Moment { in_session: place % 2 == 1, after: Duration::from_millis(random.next_u64() % 120) })
}

fn is_one_line(output: &Output) -> bool {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).expect("text").lines().count() == 1
}

/// Kills the client at each of these moments.
fn clients_are_killed(count: usize) {
    let hall = Hall::new();
    let server = hall.serve();
    for Moment { in_session, after } in moments(count) {
        let mut client = hall.ask(&server.address).spawn().expect("it runs");
        if in_session {
            server.session_begins();
        }
        std::thread::sleep(after);
        client.kill().expect("a process");
        client.wait().expect("it ends");
        let before = hall.begun();
        // The server may still be busy with a message when the next one comes.
        let next = (0..100).find_map(|_| {
            let output = hall.ask(&server.address).output().expect("it runs");
            std::thread::sleep(Duration::from_millis(20));
            output.status.success().then_some(output)
        });
        assert!(next.is_some_and(|output| is_one_line(&output)), "the next session works");
        assert_eq!(hall.labels().lines().count(), 3);
        assert!(hall.begun().iter().zip(before).all(|(now, before)| *now > before), "no number is used twice");
        while server.heard.try_recv().is_ok() {}
    }
    server.kill();
}

/// Kills the server at each of these moments.
fn servers_are_killed(count: usize) {
    let hall = Hall::new();
    let mut cut = 0;
    for Moment { in_session, after } in moments(count) {
        let server = hall.serve();
        let client = hall.ask(&server.address).spawn().expect("it runs");
        if in_session {
            server.session_begins();
        }
        // A session takes longer than the first of these on any machine.
        std::thread::sleep(if in_session { after / 8 } else { after });
        server.kill();
        let output = client.wait_with_output().expect("it ends");
        assert!(is_one_line(&output), "{output:?}");
        let labels = if output.status.success() { 3 } else { 0 };
        assert_eq!(hall.labels().lines().count(), labels, "{output:?}");
        cut += usize::from(in_session && labels == 0);
        let before = hall.begun();
        let server = hall.serve();
        assert!(hall.ask(&server.address).output().expect("it runs").status.success(), "the next session works");
        assert!(hall.begun().iter().zip(before).all(|(now, before)| *now > before), "no number is used twice");
        server.kill();
    }
    assert!(cut > 0, "no session was cut");
}

#[test]
fn a_client_that_is_killed_leaves_a_server_that_serves() {
    clients_are_killed(6);
}

#[test]
fn a_server_that_is_killed_leaves_a_client_without_labels() {
    servers_are_killed(6);
}

#[test]
#[ignore = "long: run by make bench"]
fn either_may_be_killed_at_fifty_moments() {
    clients_are_killed(50);
    servers_are_killed(50);
}
