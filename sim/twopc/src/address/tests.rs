//! Addresses and their text, patterns and what they match.

use super::*;
use crate::random::Seed;
use rand_core::Rng;
use std::borrow::Cow;

const MESSAGE: &str = "slot[0..20]/layer[4:relu]/msb/level[2]/round[1]/msg[0]";
const STEP: &str = "slot[0..20]/layer[4:relu]";

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Every kind of component, its numbers at both ends of what they may be.
fn components() -> Vec<Component> {
    let layer = |node, operator| Component::Layer { node, operator: Cow::Borrowed(operator) };
    let numbers = [0, 7, u32::MAX as usize, usize::MAX];
    let counted = numbers.into_iter().flat_map(|n| {
        [Component::Slots(0..n), Component::Slots(n..n), Component::Level(n), Component::Group(n), layer(n, "conv")]
    });
    let named = ["msb", "ot-extension", "b2a", "0", "_"].map(Component::from);
    counted.chain([layer(3, "average-pool_2")]).chain(named).collect()
}

fn assert_comes_back(address: &Address) {
    let text = address.to_string();
    assert_eq!(text.parse().as_ref(), Ok(address), "{text}");
    assert!(pattern(&text).matches(address), "{text}");
}

#[test]
fn every_small_address_comes_back_from_its_text() {
    let all = components();
    let paths = all.iter().flat_map(|a| all.iter().map(move |b| vec![a.clone(), b.clone()]));
    for path in paths.chain(all.iter().map(|a| vec![a.clone()])) {
        let step = Address::of(path);
        assert_comes_back(&step);
        for (round, index) in [(0, 0), (1, 2), (u32::MAX, u32::MAX)] {
            assert_comes_back(&step.message(round, index));
        }
    }
    assert_eq!("".parse(), Ok(Address::default()));
    assert_eq!(Address::default().to_string(), "");
    assert_comes_back(&Address::default().message(0, 0));
}

#[test]
fn any_address_comes_back_from_its_text() {
    let (all, mut rng) = (components(), Seed([6; 32]).stream());
    for _ in 0..2000 {
        let mut below = |bound: usize| rng.next_u32() as usize % bound;
        let path: Vec<Component> = (0..=below(7)).map(|_| all[below(all.len())].clone()).collect();
        let step = Address::of(path);
        assert_comes_back(&step);
        let message = step.message(below(1 << 20) as u32, below(9) as u32);
        assert_comes_back(&message);
        assert_eq!(message.step(), step);
        assert_eq!(address(&format!("{step}/{step}")), step.join(&step));
    }
}

#[test]
fn text_that_leaves_something_open_is_no_address() {
    for open in ["*", "**", "layer[*:relu]", "layer[4:*]", "slot[*..3]", "round[1]", "msg[0]", "a/round[1]/b/msg[2]"] {
        assert_eq!(open.parse::<Address>(), Err(NoAddress::Open(open.into())), "{open}");
    }
    let beyond = "a/round[4294967296]/msg[0]";
    assert_eq!(beyond.parse::<Address>(), Err(NoAddress::Open(beyond.into())));
    let error = "a//b".parse::<Address>().unwrap_err();
    assert_eq!(error, NoStep { part: String::new(), form: None }.into());
    assert_eq!(
        "slot[3]".parse::<Address>().unwrap_err().to_string(),
        "`slot[3]` is no part of a step; such as slot[0..64]"
    );
}

#[test]
fn an_address_knows_its_slots_and_its_layer() {
    let message = address(MESSAGE);
    assert_eq!(message.slots(), Some(0..20));
    assert_eq!(message.below_slots(), address("layer[4:relu]/msb/level[2]/round[1]/msg[0]"));
    assert_eq!(message.below_slots().in_slots(0..20), message);
    assert_eq!(message.layer(), address("layer[4:relu]"));
    assert!(message.is_within(&address(STEP)) && !message.is_within(&address("slot[0..20]/layer[5:conv]")));
    assert!(!message.is_in_extension() && address("argmax/mux/ot-extension/server").is_in_extension());
    let set_up = address("keys/round[0]/msg[0]");
    assert_eq!((set_up.slots(), set_up.layer(), set_up.below_slots()), (None, address("keys"), set_up.clone()));
    assert_eq!(address("slot[0..3]").layer(), Address::default());
}

#[test]
fn some_patterns_mean_messages_of_named_steps_alone() {
    let names = |text| pattern(text).names_messages();
    assert!(names("layer[*:relu]/msb/round[1]/msg[0]") && names("slot[0..64]/argmax/label/round[*]/msg[*]"));
    for wide in ["layer[4:*]", "**/round[1]/msg[0]", "layer[1:relu]/*/round[0]/msg[0]", "layer[1:relu]/msb", "round[0]"]
    {
        assert!(!names(wide), "{wide}");
    }
    assert!(!names("layer[1:relu]/msb/ot-extension/server/round[0]/msg[0]"));
}

#[test]
fn a_pattern_is_matched_against_whole_paths() {
    for (text, step, message) in [
        ("layer[4:relu]", true, false),
        ("slot[0..20]/layer[4:relu]", true, false),
        ("slot[*..*]/layer[4:relu]", true, false),
        ("slot[0..64]/layer[4:relu]", false, false),
        ("*/layer[4:relu]", true, false),
        ("*", true, false),
        ("*/*", true, false),
        ("layer[*:relu]", true, false),
        ("layer[4:*]", true, false),
        ("layer[04:relu]", true, false),
        ("layer[4:conv]", false, false),
        ("layer[5:relu]", false, false),
        ("layer[4:rel]", false, false),
        ("layer[4:relu]/**", true, true),
        ("**", true, true),
        ("**/**", true, true),
        ("**/layer[4:relu]", true, false),
        ("**/msg[0]", false, true),
        ("**/msg[*]", false, true),
        ("**/msg[1]", false, false),
        ("layer[4:relu]/**/round[1]/**", false, true),
        ("layer[4:relu]/msb/level[2]/round[1]/msg[0]", false, true),
        ("layer[4:relu]/msb/level[*]/*/*", false, true),
        ("layer[4:relu]/msb/*/msg[0]", false, false),
        ("layer[4:relu]/*", false, false),
        ("msb/**", false, false),
        ("**/msb/**", false, true),
        ("**/mux/**", false, false),
        ("slot[0..20]", false, false),
        ("slot[0..20]/slot[0..20]/**", false, false),
    ] {
        let (pattern, wider) = (pattern(text), pattern(&format!("{text}/**")));
        let [at_step, at_message] = [address(STEP), address(MESSAGE)];
        assert_eq!((pattern.matches(&at_step), pattern.matches(&at_message)), (step, message), "{text}");
        assert_eq!(pattern.matches_message(&at_message), wider.matches(&at_message), "{text}");
    }
}

#[test]
fn a_message_is_meant_by_the_step_it_belongs_to() {
    for (text, meant) in [
        ("layer[4:*]", true),
        ("layer[4:relu]/msb", true),
        ("layer[4:relu]/msb/level[2]/round[1]", true),
        ("layer[4:relu]/msb/level[2]/round[1]/msg[0]", true),
        ("layer[4:relu]/msb/level[2]/round[1]/msg[1]", false),
        ("layer[4:relu]/mux", false),
        ("slot[0..20]", true),
        ("slot[20..40]", false),
        ("msb", false),
    ] {
        assert_eq!(pattern(text).matches_message(&address(MESSAGE)), meant, "{text}");
    }
    assert!(pattern("**").matches_message(&address("round[0]/msg[0]")));
    assert!(!pattern("keys").matches_message(&address("setup/keys/round[0]/msg[0]")));
    assert!(!pattern("keys/**").matches(&address("setup/keys")));
}

#[test]
fn what_is_no_pattern_is_told_with_the_form_that_was_meant() {
    for (text, part, form) in [
        ("layer[4]", "layer[4]", Some("layer[4:relu]")),
        ("layer", "layer", Some("layer[4:relu]")),
        ("layer[4:ReLU]", "layer[4:ReLU]", Some("layer[4:relu]")),
        ("layer[:]", "layer[:]", Some("layer[4:relu]")),
        ("**/slot[3]", "slot[3]", Some("slot[0..64]")),
        ("**/msg[]", "msg[]", Some("msg[0]")),
        ("round[99999999999999999999]", "round[99999999999999999999]", Some("round[1]")),
        ("lyaer[4:relu]", "lyaer[4:relu]", None),
        ("a//b", "", None),
        ("***", "***", None),
    ] {
        assert_eq!(text.parse::<Pattern>(), Err(NoStep { part: part.into(), form }), "{text}");
    }
}

/// A pattern of many parts costs no more than parts times path.
#[test]
fn many_gaps_are_no_trap() {
    let gaps = |part: &str| pattern(&vec![part; 2000].join("/"));
    assert!(gaps("**").matches(&address(MESSAGE)));
    assert!(!gaps("**/*").matches(&address(MESSAGE)));
}
