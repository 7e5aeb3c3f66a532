use super::*;
use crate::answers::tables::active::Beside;
use crate::answers::tables::kept::Key;
use crate::answers::tables::published::Network;
use crate::scratch::Scratch;
use fusion_engine::documents::active::QueryCost;
use fusion_engine::documents::tables::{MeasurementDocument, Source, TablesDocument};

/// A measurement of round numbers, in which an inference takes a MiB and as many milliseconds as images.
fn made_up(network: Network, batch: usize) -> MeasurementDocument {
    let Key { backend, batch, model_hash, commit, version } = Key::new("cheetah", batch, "0123");
    let seconds = |factor: f64| Some(factor * f64::from(u32::try_from(batch).unwrap()) / 1e3);
    MeasurementDocument {
        backend,
        batch,
        client_sent_bytes: 524_288.0,
        commit,
        lan_s: seconds(1.0),
        model: "lenet.onnx".into(),
        model_hash,
        network: network.name().into(),
        offline_bytes: Some(1000.0),
        rounds: Some(2.0),
        server_sent_bytes: 524_288.0,
        setup_bytes: Some(2000),
        source: Source::Measured,
        version,
        wan_s: seconds(10.0),
        work_s: None,
    }
}

/// Full active security takes 100 MB and a million times as many rounds on MNIST, where Cheetah takes 1 MB and 2.
fn beside() -> Beside {
    let [set_up, offline, online] = [(1_000, 6), (45_000_000, 100), (5_000_000, 100)]
        .map(|(bytes, rounds)| fusion_active::cost::Cost::of_each(bytes, rounds));
    let active = fusion_active::predicted::Predicted {
        set_up,
        offline,
        online,
        triples: 1000,
        products: 400,
        matrices: 0,
        matrix_answers: 0,
        answers: 100,
        proofs: 4,
        checks: 5,
        authentications: 2,
        sacrifices: 1,
        masks: 10,
        bits: 600,
    };
    let cheetah = QueryCost { bytes: 1e6, lan_s: 0.01, rounds: 2.0, wan_s: 0.1, work_s: None };
    Beside::made_up(Network::Mnist, active, vec![(Family::Cheetah, 64, cheetah)])
}

/// Two batches of MNIST are measured, one of CIFAR-10 is predicted, and every other backend is left out.
fn document() -> TablesDocument {
    let predicted = MeasurementDocument {
        source: Source::Predicted,
        lan_s: None,
        wan_s: None,
        rounds: None,
        offline_bytes: None,
        setup_bytes: None,
        ..made_up(Network::Cifar10, 1)
    };
    let measurements = vec![made_up(Network::Mnist, 1), made_up(Network::Mnist, 64), predicted];
    let beside = vec![beside()];
    let found = Found { quick: false, families: vec![Family::Cheetah], measurements, refusals: Vec::new(), beside };
    found.document().unwrap()
}

fn written(write: impl Fn(&TablesDocument, &mut dyn Write) -> std::io::Result<()>) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&document(), &mut out).unwrap();
    // A backend that this program gets later is left out here, where one that it has not is not measured.
    String::from_utf8(out.into_inner()).unwrap().replace("left out by --backend", "no backend yet")
}

#[test]
fn the_tables_as_text() {
    insta::assert_snapshot!(written(|document, out| text::write(document, out)));
}

#[test]
fn the_tables_as_csv() {
    let csv = written(|document, out| csv::write(document, out)).lines().map(without_backend).collect::<String>();
    insta::assert_snapshot!(csv);
}

/// Drops the name of a backend that figures are not of, which depends on those that this program has.
fn without_backend(line: &str) -> String {
    ["cryptflow2-he", "cryptflow2-ot", "delphi", "aby"]
        .iter()
        .fold(line.to_string(), |line, name| line.replace(&format!(",{name},"), ",,"))
        + "\n"
}

#[test]
fn the_tables_as_latex() {
    insta::assert_snapshot!(written(|document, out| latex::write(document, out)));
}

/// A query costs as many inferences as the plan says, of the largest batch.
#[test]
fn a_query_costs_its_inferences() {
    let document = document();
    let table = &document.tables[2];
    let row = |scheme: &str| {
        table.rows.iter().find(|row| row.scheme == scheme && row.network == Network::Mnist.name()).unwrap()
    };
    let first = row("Fusion (2^3,8,100) on Cheetah");
    assert_eq!(first.plan.map(|plan| (plan.R, plan.B, plan.T)), Some((8, 8, 100)));
    assert_eq!((first.batch, first.source), (Some(64), Source::Measured));
    assert_eq!(first.ours, [Some(20.5), Some(20.5 * 64.0), Some(20.5 * 640.0)]);
    let resnet = &document.tables[3].rows[0];
    assert_eq!((resnet.source, resnet.ours.as_slice()), (Source::NotMeasured, &[None, None, None][..]));
    assert_eq!(resnet.reason.as_deref(), Some("no model of it here: see --resnet50"));
}

/// How many times as much: 100 MB over 20.5 times 1 MB, and one choice after another.
#[test]
fn full_active_security_is_a_multiple_of_each_choice() {
    let document = document();
    let first = &document.tables[0].rows[1];
    assert_eq!(first.scheme, "SPDZ with LowGear over Fusion (2^3,8,100) on Cheetah");
    assert_eq!((first.plan.map(|plan| plan.cost), first.source), (Some(20.5), Source::Predicted));
    let [bytes, time, lan, wan] = first.ours[..] else { panic!("four columns") };
    // 8e8 bits over 1 Gbit/s and 200 rounds of 0.15 ms; over 100 Mbit/s and 200 rounds of 20 ms.
    let expected = [100.0 / 20.5, (0.8 + 0.03) / 0.205, (8.0 + 4.0) / 2.05];
    assert_eq!(time, None);
    assert!(
        [bytes, lan, wan].into_iter().zip(expected).all(|(ours, expected)| (ours.unwrap() - expected).abs() < 1e-9)
    );
    let rows = &document.active.rows;
    assert_eq!(rows.iter().map(|row| row.plan.R).collect::<Vec<_>>(), [8, 32, 128, 512, 8192, 524_288]);
    let cifar = document.tables[0].rows.iter().find(|row| row.network == Network::Cifar10.name()).unwrap();
    assert_eq!((cifar.source, cifar.ours.as_slice()), (Source::NotMeasured, &[None; 4][..]));
}

/// The page has every row, a picture for each table, and neither a script nor a request.
#[test]
fn the_page_shows_every_row() {
    let document = document();
    let page = report::tables(&document).unwrap();
    let rows: usize = document.tables.iter().map(|table| table.rows.len()).sum();
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), rows + document.measurements.len());
    assert_eq!(page.matches("<figure class=\"plot\">").count(), 4);
    assert!(page.contains("Fusion (2^13,4,100) on Cheetah, LeNet-5, MNIST: published 4.799, ours 4.012"));
    assert!(!page.contains("<script") && !page.contains("://"));
}

/// The larger network is for the families that it was published with, and all others are for every family.
#[test]
fn minionn_is_for_three_families() {
    let families = |network: Network| Family::ALL.into_iter().filter(|family| network.has_family(*family)).count();
    assert_eq!([Network::Mnist, Network::Cifar10, Network::MiniOnn].map(families), [6, 6, 3]);
    let rows = document().tables.swap_remove(1).rows.into_iter().filter(|row| row.network == Network::MiniOnn.name());
    let reasons: Vec<_> = rows.map(|row| (row.source, row.reason)).collect();
    assert_eq!(reasons.len(), 3);
    assert_eq!(reasons[0], (Source::NotMeasured, Some("no model of it here: see --minionn".into())));
}

/// A measurement is found again by the same program for the same model, backend and batch only.
#[test]
fn a_measurement_is_kept_for_its_key() {
    let scratch = Scratch::new("kept");
    let kept = Kept::new(&scratch);
    let measured = made_up(Network::Mnist, 64);
    let key = Key::new("cheetah", 64, "0123");
    assert_eq!(kept.find(&key).unwrap(), None);
    kept.keep(&measured).unwrap();
    assert_eq!(kept.find(&key).unwrap(), Some(measured));
    for other in [
        Key::new("cheetah", 1, "0123"),
        Key::new("cheetah", 64, "0124"),
        Key::new("delphi", 64, "0123"),
        Key { version: "0.0.0".into(), ..key.clone() },
        Key { commit: Some("another".into()), ..key.clone() },
    ] {
        assert_eq!(kept.find(&other).unwrap(), None, "{other:?}");
    }
    let files = std::fs::read_dir(kept.folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), 1);
    for broken in ["", "{}", "[1]"] {
        std::fs::write(&files[0], broken).unwrap();
        assert_eq!(kept.find(&key).unwrap(), None, "{broken}");
    }
}

/// A second call measures nothing again: it prints the same, times included.
#[test]
fn a_second_call_continues_where_the_first_stopped() {
    let scratch = Scratch::new("tables-twice");
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/models");
    let line = ["sim", "tables", "--quick", "--backend", "cheetah", "--json", "--models", models, "--runs"];
    let call = || crate::run(line.into_iter().map(String::from).chain([scratch.path("runs")]));
    let first = call();
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    assert_eq!(call(), first);
}

#[test]
fn what_cannot_be_measured_or_written_is_said() {
    let wrong = |line: &str| crate::run(line.split_whitespace());
    for (line, says) in [
        ("sim tables --models nowhere", "nowhere: there is no such folder; run it from the root of a clone"),
        ("sim tables --html nowhere/page.html", "--html nowhere/page.html: its folder does not exist"),
        ("sim tables --backend chetah", "a similar value exists: 'cheetah'"),
        ("sim tables --csv --latex", "cannot be used with"),
        ("sim tables --models .", "./lenet_mnist_full.onnx: there is no such file"),
        ("sim tables --models ../../examples/models --minionn no.onnx", "no.onnx: there is no such file"),
        ("sim tables --models ../../examples/models --resnet50 no.onnx", "no.onnx: there is no such file"),
    ] {
        let outcome = wrong(line);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (64, ""), "{line}");
        assert!(outcome.stderr.contains(says), "{line}: {}", outcome.stderr);
    }
}
