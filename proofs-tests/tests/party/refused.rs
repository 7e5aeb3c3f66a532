//! Sessions that do not take place, each for a reason that is told.

use crate::world::{Keys, LIMITS, asked, cheetah, images, model, question, serving, views};
use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::ot::Checks;
use fusion_2pc::share::truncate::Truncation;
use fusion_party::{PartyError, Question, Service, ServiceLimits, Step, Wanted, ask};
use fusion_sim::CommandOutput;

/// The reason why a party that asks gets no session.
fn told(error: Result<fusion_party::Answers, PartyError>) -> String {
    error.expect_err("no session").to_string()
}

#[test]
fn keys_that_are_not_pinned_are_refused_at_either_end() {
    let keys = Keys::new(&["server", "client", "stranger"]);
    let images = images(1);
    serving(&keys, cheetah(), LIMITS, |address, _| {
        let unknown = asked(&keys, "stranger", address, &views(&images), |_| {});
        assert_eq!(told(unknown), "the peer does not take this party's key");
        let identity = keys.of("client");
        let address = address.to_string();
        let wrong = Question { server: keys.fingerprint("stranger"), ..question(&identity, &keys, &address) };
        let found = keys.fingerprint("server");
        assert_eq!(
            told(ask(wrong, &views(&images), |_| {})),
            format!("the peer has the key {found}, which is not pinned")
        );
    });
    let ledger: serde_json::Value = serde_json::from_str(&keys.ledger("server")).expect("JSON");
    assert_eq!((&ledger["begun"], &ledger["peers"]), (&0.into(), &serde_json::json!({})), "no session was begun");
}

#[test]
fn a_client_gets_what_it_insists_on_or_nothing() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    serving(&keys, cheetah(), LIMITS, |address, _| {
        let (identity, address) = (keys.of("client"), address.to_string());
        let asked = |wanted| ask(Question { wanted, ..question(&identity, &keys, &address) }, &views(&images), |_| {});
        let delphi = Wanted { backend: Some(Family::Delphi), checks: None };
        assert_eq!(told(asked(delphi)), "backend: the server has cheetah, and delphi is wanted");
        let active = Wanted { backend: Some(Family::Cheetah), checks: Some(Checks::Active) };
        assert_eq!(told(asked(active)), "checks: the server has none, and active is wanted");
        let own = Wanted { backend: Some(Family::Cheetah), checks: Some(Checks::None) };
        assert!(asked(own).is_ok());
    });
}

#[test]
fn images_of_another_size_are_not_sent() {
    let keys = Keys::new(&["server", "client"]);
    let wrong = vec![vec![0; 35]];
    let answers =
        serving(&keys, cheetah(), LIMITS, |address, _| asked(&keys, "client", address, &views(&wrong), |_| {}));
    assert_eq!(told(answers), "images: one has 35 values, and the network reads 36");
}

#[test]
fn a_client_has_one_session_at_a_time_and_a_server_no_more_than_its_limit() {
    let keys = Keys::new(&["server", "client"]);
    keys.copy("client", "copy");
    let images = images(1);
    let (mut own, mut copied) = (None, None);
    let first = serving(&keys, cheetah(), LIMITS, |address, _| {
        asked(&keys, "client", address, &views(&images), |step| {
            if let Step::Agreed(_) = step {
                own = Some(told(asked(&keys, "client", address, &views(&images), |_| {})));
                copied = Some(told(asked(&keys, "copy", address, &views(&images), |_| {})));
            }
        })
    });
    assert!(first.expect("a session").labels.is_ok());
    assert!(own.is_some_and(|told| told.ends_with("is in use by another session of this party")));
    assert_eq!(copied.as_deref(), Some("the peer refuses: turn: a session of this client is not over yet"));
}

/// A folder that was put back from an older copy would name sessions as before.
#[test]
fn a_number_is_not_used_twice() {
    let keys = Keys::new(&["server", "client"]);
    keys.copy("client", "copy");
    let images = images(1);
    serving(&keys, cheetah(), LIMITS, |address, _| {
        asked(&keys, "client", address, &views(&images), |_| {}).expect("a session");
        let again = told(asked(&keys, "copy", address, &views(&images), |_| {}));
        let reason = "session number: the peer has used this number before; is its folder an older copy?";
        assert_eq!(again, format!("the peer refuses: {reason}"));
    });
}

#[test]
fn a_budget_of_sessions_ends() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    let limits = ServiceLimits { sessions: 2, ..LIMITS };
    serving(&keys, cheetah(), limits, |address, _| {
        for _ in 0..2 {
            asked(&keys, "client", address, &views(&images), |_| {}).expect("a session");
        }
        let third = told(asked(&keys, "client", address, &views(&images), |_| {}));
        assert_eq!(third, "the peer refuses: sessions: the budget of 2 sessions is used up");
    });
    let clients = [keys.fingerprint("client")].into();
    let more = Service::new(&keys.of("server"), clients, model(), (cheetah(), Truncation::Faithful), LIMITS);
    let reason = "this identity has a budget of 2; another budget takes a new identity";
    assert_eq!(more.err().expect("refused").to_string(), format!("sessions: {reason}"));
}

#[test]
fn a_machine_that_does_not_listen_is_named() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let told = told(asked(&keys, "client", nobody, &views(&images), |_| {}));
    assert!(told.starts_with("127.0.0.1:1 cannot be reached: "), "{told}");
}

/// What the flags say is wrong is told before anybody is asked, with exit code 64; a machine that does not listen is no mistake of the flags.
#[test]
fn flags_of_a_party_are_looked_at_first() {
    let keys = Keys::new(&["client"]);
    let (identity, peer) = (keys.folder("client"), "a".repeat(64));
    let told = |line: &[&str], more: &str| {
        let both = ["--identity", &identity, "--peer", &peer];
        let CommandOutput { code, stdout, stderr } =
            fusion_sim::run(["sim", "party"].iter().chain(line).chain(&both).copied().chain(more.split_whitespace()));
        assert_eq!((stdout.as_str(), stderr.lines().count()), ("", 1), "{stderr}");
        (code, stderr)
    };
    let images = "built-in:/mnist_t1000-images-idx3-ubyte";
    let ask = ["ask", "--images", images, "--R", "1", "--B", "1"];
    let no_port = "not an address with its port, such as server.example:7000";
    let nowhere = keys.folder("nowhere/labels");
    for (more, code, says) in [
        ("--T 0 --to nohost".to_string(), 64, no_port),
        ("--T 0 --to no-host.invalid:7".into(), 64, "no-host.invalid:7: "),
        (format!("--T 0 --to 127.0.0.1:1 --out {identity}"), 64, "is a folder, not a file"),
        (format!("--T 0 --to 127.0.0.1:1 --out {nowhere}"), 64, "its folder does not exist"),
        ("--T 1 --to 127.0.0.1:1".into(), 64, "--publics and --public-labels are needed, as T = 1"),
        ("--T 0 --to 127.0.0.1:1".into(), 74, "127.0.0.1:1: Connection refused"),
    ] {
        let (found, stderr) = told(&ask, &more);
        assert!(found == code && stderr.contains(says), "{more}: {found}: {stderr}");
    }
    let (code, stderr) = told(&["serve", "--model", "built-in:/small_mnist.onnx"], "--listen nohost");
    assert!(code == 64 && stderr.contains(no_port), "{code}: {stderr}");
}

/// What a client cannot be told in an offer is not served: it would plan other messages.
#[test]
fn options_that_no_client_takes_are_refused() {
    let keys = Keys::new(&["server", "client"]);
    let chunk = Options { chunk: Some(1), ..Options::default() };
    let protocols = (Choice::new(Family::Cheetah, chunk).expect("it has chunks"), Truncation::Faithful);
    let clients = [keys.fingerprint("client")].into();
    let error = Service::new(&keys.of("server"), clients, model(), protocols, LIMITS).err().expect("refused");
    let reason = "no client takes an option other than the extension and the checks";
    assert_eq!(error.to_string(), format!("backend: {reason}"));
}
