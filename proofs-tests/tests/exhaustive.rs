//! Every small setting, from the definition: all sets of slots, and all permutations.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_spec::bound::deviation::Deviation;
use fusion_spec::machine::{Effect, Event, State, step};
use fusion_spec::mix::{Permutation, Sample};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Events, Label, Outcome, Verdict};
use rug::{Integer, Rational};

/// How many `k`-sets of slots do what, counted one by one.
struct Counts {
    all: Vec<u64>,
    touched: Vec<u64>,
    /// `[m][t][s][k]`.
    win: Vec<u64>,
    accepted: Vec<u64>,
}

const MAX_SLACK: usize = 2;

struct Setting {
    R: usize,
    B: usize,
    T: usize,
}

impl Setting {
    fn N(&self) -> usize {
        self.R * self.B + self.T
    }

    fn index(&self, m: usize, t: usize, s: usize, k: usize) -> usize {
        ((m * (self.T + 1) + t) * (MAX_SLACK + 1) + s) * (self.N() + 1) + k
    }

    /// The act changes the first `m` queries and the first `t` publics: by symmetry any would do.
    fn count(&self) -> Counts {
        let &Self { R, B, T } = self;
        let N = self.N();
        let size = self.index(R, T, MAX_SLACK, N) + 1;
        let mut counts =
            Counts { all: vec![0; N + 1], touched: vec![0; N + 1], win: vec![0; size], accepted: vec![0; size] };
        for set in 0..1_u32 << N {
            let k = set.count_ones() as usize;
            let groups: Vec<u32> = (0..R).map(|q| (set >> (q * B) & ((1 << B) - 1)).count_ones()).collect();
            let is_whole = |&hits: &u32| hits as usize == B;
            counts.all[k] += 1;
            counts.touched[k] += u64::from(groups.iter().any(is_whole));
            for m in 0..=R {
                let changed = &groups[..m];
                if !changed.iter().all(|hits| *hits == 0 || is_whole(hits)) {
                    break;
                }
                let wins = u64::from(changed.iter().any(is_whole));
                for t in 0..=T {
                    let wrong = (set >> (R * B) & ((1 << t) - 1)).count_ones() as usize;
                    for s in wrong..=MAX_SLACK {
                        counts.accepted[self.index(m, t, s, k)] += 1;
                        counts.win[self.index(m, t, s, k)] += wins;
                    }
                }
            }
        }
        counts
    }
}

fn rational(numer: u64, denom: u64) -> Rational {
    Rational::from((numer, denom))
}

#[test]
fn all_sets_of_slots_equal_the_formulas() {
    let mut checked = 0;
    for (R, B, T) in (1..=4).flat_map(|R| (1..=3).flat_map(move |B| (0..=4).map(move |T| (R, B, T)))) {
        let setting = Setting { R, B, T };
        let counts = setting.count();
        for s in 0..=MAX_SLACK.min(T) {
            let params = Params::new(R as u64, B as u64, T as u64, s as u64).expect("legal");
            let acts = (0..=R).flat_map(|m| (0..=T).map(move |t| (m, t)));
            for ((m, t), k) in acts.flat_map(|act| (0..=setting.N()).map(move |k| (act, k))) {
                let deviation = Deviation::new(params, k as u128, m as u64, t as u64).expect("fits");
                let at = setting.index(m, t, s, k);
                let context = format!("{params} k={k} m={m} t={t}");
                assert_eq!(deviation.winning_sets(), Ok(Integer::from(counts.win[at])), "{context}");
                assert_eq!(deviation.accepted_sets(), Ok(Integer::from(counts.accepted[at])), "{context}");
                assert_eq!(deviation.pr_win(), Ok(rational(counts.win[at], counts.all[k])), "{context}");
                assert_eq!(deviation.pr_accepted(), Ok(rational(counts.accepted[at], counts.all[k])), "{context}");
                assert_eq!(deviation.touch_bound(), Ok(rational(counts.touched[k], counts.all[k])), "{context}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 16_518, "sum of (min(2,T)+1)(R+1)(T+1)(N+1) over R <= 4, B <= 3, T <= 4");
}

/// Calls `visit` with every order of the items.
fn permutations(items: &mut Vec<Sample>, from: usize, visit: &mut impl FnMut(&[Sample])) {
    if from == items.len() {
        visit(items);
        return;
    }
    for other in from..items.len() {
        items.swap(from, other);
        permutations(items, from + 1, visit);
        items.swap(from, other);
    }
}

const HONEST: Label = Label(0);
const WRONG: Label = Label(1);

/// The machine, with the first `k` slots answered wrongly.
fn play(mix: Permutation, k: u32) -> Verdict {
    let params = mix.params();
    let known = vec![HONEST; usize::try_from(params.T()).expect("small")];
    let N = mix.N();
    let mut state = State::Idle(params);
    step(&mut state, Event::Prepare { mix, known }).expect("fits");
    for slot in 0..N {
        step(&mut state, Event::Query).expect("a slot is left");
        let label = if slot < k { WRONG } else { HONEST };
        step(&mut state, Event::Answer { slot, label }).expect("legal");
    }
    match step(&mut state, Event::Check) {
        Ok(Effect::Conclude(verdict)) => verdict,
        other => panic!("a complete session concludes, not {other:?}"),
    }
}

/// Over all `N!` orders, a server that answers fixed slots wrongly: the events, the machine's verdicts and the formulas.
#[test]
fn all_permutations_equal_events_and_machine() {
    for (R, B, T) in [(1, 1, 0), (1, 2, 3), (2, 1, 2), (2, 2, 0), (2, 2, 2), (3, 2, 1), (2, 3, 1), (1, 3, 3), (3, 1, 3)]
    {
        let publics = (0..T).map(|index| Sample::Public { index });
        let copies = (0..R).flat_map(|query| (0..B).map(move |copy| Sample::Query { query, copy }));
        let mut order: Vec<Sample> = copies.chain(publics).collect();
        let N = R * B + T;
        let honest = vec![HONEST; R as usize];
        for slack in 0..=T.min(2) {
            let params = Params::new(R.into(), B.into(), T.into(), slack.into()).expect("legal");
            let slots = N as usize + 1;
            let (mut all, mut e_t, mut both) = (0_u64, vec![0_u64; slots], vec![0_u64; slots]);
            let (mut win, mut harmless) = (vec![0_u64; slots], vec![0_u64; slots]);
            permutations(&mut order, 0, &mut |order| {
                all += 1;
                let mix = Permutation::from_samples(params, order).expect("a permutation");
                for k in 0..slots {
                    let events = Events::of(params, order[..k].iter().copied());
                    e_t[k] += u64::from(events.e_t);
                    both[k] += u64::from(events.e_t && events.e_b);
                    let verdict = play(mix.clone(), u32::try_from(k).expect("small"));
                    match Outcome::of(&verdict, &honest) {
                        Outcome::Win => win[k] += 1,
                        Outcome::Harmless => harmless[k] += 1,
                        Outcome::Caught(_) => {}
                    }
                }
            });
            for k in 0..slots {
                let deviation = Deviation::full(params, k as u128).expect("k <= N");
                let context = format!("{params} k={k}");
                assert_eq!(deviation.pr_e_t(), Ok(rational(e_t[k], all)), "{context}");
                let e_b = (e_t[k] > 0).then(|| rational(both[k], e_t[k]));
                assert_eq!(deviation.pr_e_b(), Ok(e_b), "{context}");
                assert_eq!(deviation.pr_win(), Ok(rational(win[k], all)), "{context}");
                assert_eq!(deviation.pr_accepted(), Ok(rational(win[k] + harmless[k], all)), "{context}");
            }
        }
    }
}
