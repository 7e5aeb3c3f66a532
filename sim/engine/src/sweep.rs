//! Sweeps: a script's campaign under every combination of some parameters.
//!
//! ```
//! use fusion_adversaries::script::Auto;
//! use fusion_engine::sweep::Axes;
//! use fusion_spec::params::Lambda;
//! use std::path::Path;
//!
//! let axes = Axes { R: vec![8, 512], lambda: vec![Lambda::new(40)?], B: vec![Auto::Auto], T: vec![Auto::Value(100)], ..Axes::default() };
//! let settings = axes.settings(Path::new("low-quality")).map_err(|failure| failure.message())?;
//! let names: Vec<String> = settings.iter().map(|setting| setting.name()).collect();
//! assert_eq!(names, ["R8-B8-T100-lambda40", "R512-B5-T100-lambda40"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::campaign::load::{Overrides, parameters, planned};
use crate::failure::Failure;
use crate::files;
use fusion_adversaries::script::{Auto, Backend, GoalSection, Protocol, Sizes};
use fusion_spec::bound::plan::{Goal, plan};
use fusion_spec::bound::slack::Search;
use fusion_spec::params::{Lambda, MAX_T, Params};
use std::collections::BTreeSet;
use std::path::Path;

/// The largest number of settings of a sweep.
pub const MAX_SETTINGS: usize = 10_000;

/// The values of the parameters that a sweep varies. An empty list stands for what the script says.
#[derive(Clone, Debug, Default)]
pub struct Axes {
    /// The numbers of queries.
    pub R: Vec<u64>,
    /// The security bits for which `auto` is chosen.
    pub lambda: Vec<Lambda>,
    /// The numbers of copies of each query; `auto` is the least that is secure.
    pub B: Vec<Auto>,
    /// The numbers of publics; `auto` is the least that is secure.
    pub T: Vec<Auto>,
    /// The numbers of wrong publics that are tolerated.
    pub slack: Vec<u64>,
    /// The protocols that two parties run.
    pub backend: Vec<Backend>,
}

/// One combination of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The parameters of a session.
    pub params: Params,
    /// The security bits for which they were chosen, where the sweep varies them and something was chosen.
    pub lambda: Option<Lambda>,
    /// The protocols of two parties, where the sweep varies it.
    pub backend: Option<Backend>,
}

impl Setting {
    /// Returns the name of the setting, which is that of its folder: `R8-B2-T4-lambda40-delphi`.
    #[must_use]
    pub fn name(&self) -> String {
        let params = self.params;
        let mut name = format!("R{}-B{}-T{}", params.R(), params.B(), params.T());
        let slack = (params.slack() > 0).then(|| format!("slack{}", params.slack()));
        let lambda = self.lambda.map(|lambda| format!("lambda{}", lambda.bits()));
        let backend = self.backend.map(|backend| backend.name().to_string());
        for part in [slack, lambda, backend].into_iter().flatten() {
            name.push('-');
            name.push_str(&part);
        }
        name
    }

    /// Returns the flags of a campaign with these parameters instead of its own.
    #[must_use]
    pub fn apply(&self, overrides: &Overrides) -> Overrides {
        Overrides {
            params: Some(self.params),
            lambda: self.lambda.or(overrides.lambda),
            backend: self.backend.or(overrides.backend),
            ..overrides.clone()
        }
    }
}

impl Axes {
    /// Returns every combination: backends first, then lambda, R, slack, B and T, each in the order of its list. Combinations that come to the same
    /// are one.
    ///
    /// # Errors
    /// What [`parameters`] refuses; [`Failure::Problems`] with every combination that cannot be met; [`Failure::Usage`] for lambda where nothing is
    /// `auto`, for more than [`MAX_SETTINGS`], and for a script that can be read only once.
    pub fn settings(&self, script: &Path) -> Result<Vec<Setting>, Failure> {
        if files::is_stream(script) {
            return Err(Failure::Usage("a sweep reads its script for every setting: give a file, not a stream".into()));
        }
        let (protocol, goal) = parameters(script)?;
        let R = if self.R.is_empty() { vec![protocol.R] } else { self.R.clone() };
        let [B, T, slack] = self.or_as_written(&protocol);
        let count = [R.len(), B.len(), T.len(), slack.len(), self.lambda.len().max(1), self.backend.len().max(1)];
        if count.iter().try_fold(1_usize, |all, n| all.checked_mul(*n)).is_none_or(|all| all > MAX_SETTINGS) {
            return Err(Failure::Usage(format!("the sweep has more than {MAX_SETTINGS} settings")));
        }
        if !self.lambda.is_empty() && !B.iter().chain(&T).any(|of| *of == Auto::Auto) {
            return Err(Failure::Usage("lambda is what `auto` is chosen for: ask for B or T `auto` too".into()));
        }
        let (mut settings, mut problems) = (Vec::new(), Vec::new());
        for backend in optional(&self.backend) {
            for lambda in optional(&self.lambda) {
                let goal = aimed_at(goal.as_ref(), lambda);
                let rows = R.iter().flat_map(|R| slack.iter().map(move |slack| (*R, *slack)));
                for (R, slack, B, T) in rows.flat_map(|(R, slack)| {
                    let pairs = B.iter().flat_map(|B| T.iter().map(move |T| (*B, *T)));
                    pairs.map(move |(B, T)| (R, slack, B, T))
                }) {
                    match chosen(R, [B, T, slack], goal.as_ref()) {
                        Ok(params) => {
                            let lambda = lambda.filter(|_| [B, T].contains(&Auto::Auto));
                            settings.push(Setting { params, lambda, backend });
                        }
                        Err(problem) => problems.push(told(R, [B, T, slack], lambda, &problem)),
                    }
                }
            }
        }
        let (mut known, mut told) = (BTreeSet::new(), BTreeSet::new());
        settings.retain(|setting| known.insert(setting.name()));
        problems.retain(|problem| told.insert(problem.clone()));
        if problems.is_empty() { Ok(settings) } else { Err(Failure::Problems(problems)) }
    }

    /// The values of B, T and slack, where those that the sweep does not vary are the script's.
    fn or_as_written(&self, protocol: &Protocol) -> [Vec<Auto>; 3] {
        let own = match protocol.sizes {
            Sizes::Given { B, T, slack } => [B, T, slack].map(Auto::Value),
            Sizes::Planned { slack, .. } => [Auto::Auto, Auto::Auto, slack],
        };
        let slack = self.slack.iter().map(|slack| Auto::Value(*slack)).collect();
        let mut lists = [self.B.clone(), self.T.clone(), slack];
        for (list, own) in lists.iter_mut().zip(own).filter(|(list, _)| list.is_empty()) {
            list.push(own);
        }
        lists
    }
}

/// Every value of a list, or nothing once where the list is empty.
fn optional<T: Copy>(list: &[T]) -> Vec<Option<T>> {
    if list.is_empty() { vec![None] } else { list.iter().copied().map(Some).collect() }
}

/// The script's goal with other security bits, or a goal of these alone.
fn aimed_at(goal: Option<&GoalSection>, lambda: Option<Lambda>) -> Option<GoalSection> {
    let bare = |lambda: Lambda| GoalSection {
        lambda: lambda.bits(),
        kappa: None,
        min_T: 0,
        accuracy: None,
        substitution: None,
    };
    match (goal, lambda) {
        (Some(goal), Some(lambda)) => Some(GoalSection { lambda: lambda.bits(), ..goal.clone() }),
        (None, lambda) => lambda.map(bare),
        (Some(goal), None) => Some(goal.clone()),
    }
}

/// The parameters of a combination: as they are given, or the least that are secure.
fn chosen(R: u64, [B, T, slack]: [Auto; 3], goal: Option<&GoalSection>) -> Result<Params, String> {
    if let (Auto::Value(B), Auto::Value(T), Auto::Value(slack)) = (B, T, slack) {
        return Params::new(R, B, T, slack).map_err(|error| error.to_string());
    }
    let goal = goal.ok_or("`auto` needs lambda, or a goal in the script")?;
    let lambda = Lambda::new(goal.lambda.into()).map_err(|error| error.to_string())?;
    match (B, T, slack) {
        (Auto::Auto, Auto::Auto, slack) => planned(R, slack, goal),
        (Auto::Auto, Auto::Value(T), Auto::Value(slack)) => {
            let only =
                Goal { R, lambda, min_T: T, max_T: Some(T), slack: Some(slack), accuracy: None, substitution: None };
            Ok(plan(&only).map_err(|error| error.to_string())?.params)
        }
        (Auto::Value(B), Auto::Auto, Auto::Value(slack)) => {
            let search = Search { R, lambda, min_T: goal.min_T.max(slack), max_T: MAX_T, slack, below: None };
            let found = search.least_publics(B, None).map_err(|error| error.to_string())?;
            found.ok_or_else(|| "no number of publics is enough".into())
        }
        (_, _, Auto::Auto) => Err("slack is chosen together with B and T: give it, or ask for all `auto`".into()),
        (Auto::Value(_), Auto::Value(_), Auto::Value(_)) => unreachable!("these are given"),
    }
}

/// What is wrong with a combination, in a line that names it.
fn told(R: u64, sizes: [Auto; 3], lambda: Option<Lambda>, problem: &str) -> String {
    let [B, T, slack] = sizes.map(|size| match size {
        Auto::Auto => "auto".to_string(),
        Auto::Value(value) => value.to_string(),
    });
    let lambda = lambda.map_or_else(String::new, |lambda| format!(", lambda = {}", lambda.bits()));
    format!("at R = {R}, B = {B}, T = {T}, slack = {slack}{lambda}: {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use fusion_2pc::backend::Family;
    use fusion_spec::bound::worst::is_secure;

    /// The settings of a sweep of a script with these parameters.
    fn settings(name: &str, protocol: &str, axes: &Axes) -> Result<Vec<Setting>, Failure> {
        let folder = Scratch::new(name);
        let text = format!(
            "schema: fusion/campaign/v1\nname: ours\nprotocol: {protocol}\nfidelity: plain\ntrials: {{ seed: 1, max: 1024 }}\nstrategies: []\n"
        );
        axes.settings(folder.file("ours.yaml", &text).as_ref())
    }

    fn names(settings: Result<Vec<Setting>, Failure>) -> Vec<String> {
        settings.unwrap_or_else(|failure| panic!("{failure:?}")).iter().map(Setting::name).collect()
    }

    fn lambda(bits: u64) -> Lambda {
        Lambda::new(bits).expect("legal")
    }

    const GIVEN: &str = "{ R: 8, B: 2, T: 4 }";

    #[test]
    fn what_is_not_varied_is_the_scripts() {
        assert_eq!(names(settings("as-written", GIVEN, &Axes::default())), ["R8-B2-T4"]);
        let axes =
            Axes { R: vec![4, 8], T: vec![Auto::Value(4), Auto::Value(6)], slack: vec![0, 1], ..Axes::default() };
        let all = names(settings("some", GIVEN, &axes));
        assert_eq!(all.len(), 8);
        assert_eq!(all[..4], ["R4-B2-T4", "R4-B2-T6", "R4-B2-T4-slack1", "R4-B2-T6-slack1"]);
        let planned = "{ R: 8, B: auto, T: auto }\ngoal: { lambda: 40 }";
        assert_eq!(names(settings("planned", planned, &Axes { R: vec![512], ..Axes::default() })), ["R512-B5-T4"]);
    }

    #[test]
    fn what_is_chosen_is_the_least_that_is_secure() {
        let axes = Axes {
            lambda: vec![lambda(40), lambda(20)],
            T: vec![Auto::Auto],
            B: vec![Auto::Value(8)],
            ..Axes::default()
        };
        for Setting { params, lambda, .. } in settings("publics", GIVEN, &axes).expect("met") {
            let lambda = lambda.expect("varied");
            assert!(is_secure(params, lambda).expect("decided"));
            let fewer = Params::new(8, 8, params.T() - 1, 0).expect("legal");
            assert!(!is_secure(fewer, lambda).expect("decided"), "{params:?}");
        }
        let axes = Axes { lambda: vec![lambda(40)], B: vec![Auto::Auto], T: vec![Auto::Value(100)], ..Axes::default() };
        let [setting] = &settings("copies", GIVEN, &axes).expect("met")[..] else { panic!("one") };
        assert!(is_secure(setting.params, lambda(40)).expect("decided"));
        let fewer = Params::new(8, setting.params.B() - 1, 100, 0).expect("legal");
        assert!(!is_secure(fewer, lambda(40)).expect("decided"));
    }

    #[test]
    fn combinations_that_come_to_the_same_are_one() {
        let axes =
            Axes { B: vec![Auto::Value(2), Auto::Value(2)], backend: vec![Family::Delphi.into()], ..Axes::default() };
        assert_eq!(names(settings("twice", GIVEN, &axes)), ["R8-B2-T4-delphi"]);
        let (lambda, B) = (vec![lambda(20), lambda(30)], vec![Auto::Value(2), Auto::Auto]);
        let axes = Axes { lambda, B, T: vec![Auto::Value(100)], ..Axes::default() };
        let names = names(settings("not-chosen", GIVEN, &axes));
        assert_eq!(names.len(), 3, "what is given is not chosen for a lambda: {names:?}");
        assert_eq!(names[0], "R8-B2-T100");
    }

    #[test]
    fn every_combination_that_cannot_be_met_is_told() {
        let refused = |name: &str, axes: Axes| match settings(name, GIVEN, &axes) {
            Err(Failure::Problems(problems)) => problems,
            Err(Failure::Usage(problem)) => vec![problem],
            other => panic!("{other:?}"),
        };
        let slack = refused("slack", Axes { slack: vec![0, 5, 6], ..Axes::default() });
        assert_eq!(slack.len(), 2, "{slack:?}");
        assert!(slack[0].starts_with("at R = 8, B = 2, T = 4, slack = 5: "), "{slack:?}");
        let alone = refused("alone", Axes { B: vec![Auto::Auto], ..Axes::default() });
        assert!(alone[0].ends_with("`auto` needs lambda, or a goal in the script"), "{alone:?}");
        let nothing = refused("nothing", Axes { lambda: vec![lambda(40)], ..Axes::default() });
        assert!(nothing[0].contains("ask for B or T `auto` too"), "{nothing:?}");
        let many = refused("many", Axes { R: (1..=200).collect(), slack: (0..200).collect(), ..Axes::default() });
        assert!(many[0].contains("more than 10000 settings"), "{many:?}");
        let few = refused(
            "few",
            Axes { lambda: vec![lambda(40)], B: vec![Auto::Auto], T: vec![Auto::Value(0)], ..Axes::default() },
        );
        assert!(few[0].starts_with("at R = 8, B = auto, T = 0, slack = 0, lambda = 40: "), "{few:?}");
    }
}
