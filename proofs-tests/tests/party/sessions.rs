//! Sessions that take place: labels, verdicts, and what each party keeps of them.

use crate::world::{Keys, LIMITS, asked, cheetah, images, model, question, serving, serving_of, views};
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::backend::{Backend, Choice, Family, Options};
use fusion_2pc::ot::{Checks, Extension};
use fusion_2pc::session::{Grouping, Plan};
use fusion_2pc::share::truncate::Truncation;
use fusion_party::{Protected, Question, Service, ServiceLimits, Step, ask, ask_protected};
use fusion_proofs_tests::networks::{PRECISION, digits, fixed, lenet};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Reason, Verdict};
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn labels_are_those_of_the_model_in_every_family() {
    let keys = Keys::new(&["server", "client"]);
    let (model, images) = (model(), images(3));
    let expected: Vec<u32> = images.iter().map(|image| model.label(image).expect("its size")).collect();
    let checked = Options { checks: Some(Checks::Active), ..Options::default() };
    let checked = Choice::new(Family::Cheetah, checked).expect("it has checks");
    let ferret = Options { extension: Some(Extension::Ferret), ..Options::default() };
    let ferret = Choice::new(Family::Cheetah, ferret).expect("it has the choice");
    for choice in Family::ALL.into_iter().map(Choice::from).chain([checked, ferret]) {
        let answers =
            serving(&keys, choice, LIMITS, |address, _| asked(&keys, "client", address, &views(&images), |_| {}));
        let answers = answers.expect("a session");
        assert_eq!(answers.labels, Ok(expected.clone()), "{choice:?}");
    }
}

/// Two lanes, and threads as many as each party likes.
#[test]
fn a_large_batch_is_answered_in_lanes() {
    const SLOTS: usize = 136;
    let keys = Keys::new(&["server", "client"]);
    let model = fixed(&lenet("full"), PRECISION);
    let plan = Cheetah::default().circuit(&[&model], Truncation::Faithful).map(|circuit| {
        Plan::for_sessions(Cheetah::default(), circuit, SLOTS, Grouping::Chunk, LIMITS.sessions).expect("it fits")
    });
    assert_eq!(plan.expect("it has a circuit").in_lanes().lanes(), 2, "or this test has no point");
    let images = digits(SLOTS);
    let expected: Vec<u32> = images.iter().map(|image| model.label(image).expect("its size")).collect();
    let limits = ServiceLimits { threads: 2, ..LIMITS };
    let protocols = (cheetah(), Truncation::Faithful);
    let clients = [keys.fingerprint("client")].into();
    let service = Service::new(&keys.of("server"), clients, model, protocols, limits).expect("it has a circuit");
    let answered = AtomicUsize::new(0);
    let answers = serving_of(&service, |address, _| {
        let (identity, address) = (keys.of("client"), address.to_string());
        let question = Question { threads: 3, ..question(&identity, &keys, &address) };
        ask(question, &views(&images), |step| {
            if let Step::Answered(slots) = step {
                answered.fetch_add(slots, Ordering::Relaxed);
            }
        })
    });
    assert_eq!(answers.expect("a session").labels, Ok(expected));
    assert_eq!(answered.into_inner(), SLOTS);
}

/// Publics with their labels, or with the next ones.
fn publics(images: &[Vec<u8>], turn: u32) -> Vec<(&[u8], Label)> {
    let model = model();
    let label = |image: &Vec<u8>| Label((model.label(image).expect("its size") + turn) % model.classes());
    images.iter().map(|image| (image.as_slice(), label(image))).collect()
}

#[test]
fn labels_are_released_only_if_the_session_is_accepted() {
    let keys = Keys::new(&["server", "client"]);
    let (queries, known) = (images(2), images(5));
    let params = Params::new(2, 2, 3, 0).expect("legal");
    let played = |turn: u32| -> Protected {
        serving(&keys, cheetah(), LIMITS, |address, _| {
            let (identity, address) = (keys.of("client"), address.to_string());
            let question = question(&identity, &keys, &address);
            ask_protected(question, params, &views(&queries), &publics(&known, turn), |_| {}).expect("a session")
        })
    };
    let right = queries.iter().map(|query| Label(model().label(query).expect("its size"))).collect();
    assert_eq!(played(0).verdict, Verdict::Accepted(right));
    assert_eq!(played(1).verdict, Verdict::Rejected(Reason::PublicWrong));
}

#[test]
fn every_session_has_a_number_of_its_own_at_both_ends() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(1);
    for sessions in 1..=3 {
        serving(&keys, cheetah(), LIMITS, |address, _| asked(&keys, "client", address, &views(&images), |_| {}))
            .expect("a session");
        for (name, peer) in [("client", "server"), ("server", "client")] {
            let ledger: serde_json::Value = serde_json::from_str(&keys.ledger(name)).expect("JSON");
            assert_eq!(ledger["begun"], sessions);
            assert_eq!(ledger["peers"][keys.fingerprint(peer).to_string()], sessions);
        }
    }
}

#[test]
fn a_service_that_is_stopped_ends_the_session_in_flight() {
    let keys = Keys::new(&["server", "client"]);
    let images = images(2);
    let answers = serving(&keys, cheetah(), LIMITS, |address, stop| {
        asked(&keys, "client", address, &views(&images), |step| {
            if let Step::Agreed(_) = step {
                stop.store(true, Ordering::Relaxed);
            }
        })
    });
    assert!(answers.expect("a session").labels.is_ok());
}
