//! Sessions that do not take place, each for a reason that is told.

use crate::world::{Keys, LIMITS, asked, cheetah, images, model, question, serving, views};
use fusion_2pc::backend::{Choice, Family, Options};
use fusion_2pc::ot::Checks;
use fusion_2pc::share::truncate::Truncation;
use fusion_party::{PartyError, Question, Service, ServiceLimits, Step, Wanted, ask};

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
