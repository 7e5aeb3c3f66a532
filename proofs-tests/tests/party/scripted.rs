//! Scripted servers over the line: what a client gets from one is what the simulator's client gets in the trial of the same number.

use crate::world::{Keys, LIMITS, asked, question, serving_of};
use fusion_engine::campaign::load::{Overrides, load_text};
use fusion_engine::campaign::{Campaign, Player};
use fusion_engine::simulate::World;
use fusion_party::{Protected, Service, ask_protected};
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Reason, Verdict};
use std::fmt::Write;

/// A campaign of one strategy on the small model and the digits of the examples.
fn campaign(acts: &str) -> Campaign {
    campaign_by("cheetah", acts)
}

/// The same by another backend.
fn campaign_by(backend: &str, acts: &str) -> Campaign {
    let mut script = String::from(
        "schema: fusion/campaign/v1\nname: over-the-line\nprotocol: { R: 2, B: 2, T: 2 }\nfidelity: real\n\
         model: { path: 'built-in:/small_mnist.onnx' }\n\
         data:\n  images: 'built-in:/mnist_t1000-images-idx3-ubyte'\n  \
         labels: 'built-in:/mnist_t1000-labels-idx1-ubyte'\n  queries: 0..500\n  public: { from: 500..1000 }\n  draw: fixed\n\
         strategies:\n",
    );
    writeln!(script, "  - name: one\n    do: {acts}\nbackend: {backend}").expect("a text");
    load_text(&script, &Overrides::default()).unwrap_or_else(|failure| panic!("{script}: {failure:?}"))
}

/// The image of a sample, of those that are drawn for all sessions.
fn image(world: &World, sample: Sample) -> &[u8] {
    let drawn = world.fixed().expect("samples that are drawn once");
    match sample {
        Sample::Query { query, .. } => world.image(drawn.queries[query as usize]),
        Sample::Public { index } => world.image(world.queries() + drawn.publics[index as usize]),
    }
}

fn service(keys: &Keys, acts: &str) -> Service {
    let clients = [keys.fingerprint("client")].into();
    Service::scripted(&keys.of("server"), clients, campaign(acts), "one", LIMITS).expect("a server can play it")
}

/// Labels by labels, in the order that the simulated client had: wrong labels, a share that is moved, and a message that is bent.
#[test]
fn a_scripted_server_answers_as_in_the_simulators_trials() {
    for acts in [
        "[{ at: { random: 2 }, relabel: next }]",
        "[{ at: { random: 2 }, relabel: random_wrong }]",
        "[{ at: { random: 3 }, relabel: { to: 7 } }]",
        "[{ at: { random: 2 }, add: { step: 'layer[*:relu]', value: 4096, elements: all } }]",
    ] {
        let keys = Keys::new(&["server", "client"]);
        let campaign = campaign(acts);
        let world = campaign.world.as_ref().expect("at real");
        let entry = campaign.entries.iter().find(|entry| entry.name == "one").expect("it is there");
        let mut player = Player::new(&campaign, entry);
        serving_of(&service(&keys, acts), |address, _| {
            for trial in 0..3 {
                let (_, sessions) = player.replay(trial, |_| ()).expect("it is played");
                let slots = &sessions[0].played.slots;
                let images: Vec<&[u8]> = slots.iter().map(|slot| image(world, slot.sample)).collect();
                let answers = asked(&keys, "client", address, &images, |_| {}).expect("a session");
                let expected: Vec<u32> = slots.iter().map(|slot| slot.labels.expect("at real")[1].0).collect();
                assert_eq!(answers.labels, Ok(expected), "{acts}, trial {trial}");
            }
        });
    }
}

#[test]
fn strategies_that_need_to_know_the_inputs_are_refused() {
    let keys = Keys::new(&["server", "client"]);
    let refused = |acts: &str| {
        let clients = [keys.fingerprint("client")].into();
        let made = Service::scripted(&keys.of("server"), clients, campaign(acts), "one", LIMITS);
        made.err().expect("refused").to_string()
    };
    let by_input = "[{ at: all, when: { pixel: [5, 5], at_least: 100 }, relabel: next }]";
    assert_eq!(refused(by_input), "strategy: one: an act depends on the input, which only a simulation can look up");
    let clients = [keys.fingerprint("client")].into();
    let unknown = Service::scripted(&keys.of("server"), clients, campaign("[]"), "two", LIMITS).err().expect("refused");
    assert_eq!(unknown.to_string(), "strategy: the script has no strategy `two`");
}

/// Each session of SPDZ has a set-up of its own, which the line has no message for.
#[test]
fn a_script_of_spdz_is_refused() {
    let keys = Keys::new(&["server", "client"]);
    let clients = [keys.fingerprint("client")].into();
    let campaign = campaign_by("spdz-lowgear", "[]");
    let refused = Service::scripted(&keys.of("server"), clients, campaign, "one", LIMITS).err().expect("refused");
    assert_eq!(refused.to_string(), "backend: `spdz-lowgear` runs in one process");
}

#[test]
fn a_scripted_server_answers_batches_of_the_scripts_size() {
    let keys = Keys::new(&["server", "client"]);
    let image = vec![0; 784];
    serving_of(&service(&keys, "[{ at: { random: 2 }, relabel: next }]"), |address, _| {
        let error = asked(&keys, "client", address, &[&image], |_| {}).expect_err("another size");
        assert_eq!(error.to_string(), "the peer refuses: slots: this server plays sessions of 6");
    });
}

/// A server that bends a message of its extension is caught by its proof, over the line as in a simulation.
#[test]
fn a_server_whose_proof_fails_is_caught_cheating() {
    let keys = Keys::new(&["server", "client"]);
    let acts = "[{ at: all, bend: { step: 'layer[*:relu]/mux/round[0]/msg[0]', flip_bit: 0 } }]";
    let campaign = campaign_by("{ cryptflow2-ot: { checks: active } }", acts);
    let clients = [keys.fingerprint("client")].into();
    let service = Service::scripted(&keys.of("server"), clients, campaign, "one", LIMITS).expect("it can play it");
    let image = vec![0; 784];
    serving_of(&service, |address, _| {
        let identity = keys.of("client");
        let params = Params::new(2, 2, 2, 0).expect("legal");
        let publics: Vec<(&[u8], Label)> = (0..2).map(|label| (&image[..], Label(label))).collect();
        let address = address.to_string();
        let asked = ask_protected(question(&identity, &keys, &address), params, &[&image, &image], &publics, |_| {});
        let Protected { verdict, halt, .. } = asked.expect("a session");
        assert_eq!(verdict, Verdict::Rejected(Reason::Cheating), "{halt:?}");
        assert!(halt.expect("it ended early").to_string().starts_with("cheating at "));
    });
}
