//! The proof of a plan: what was checked, as formulas, as the line that the extracted checker reads, and as a document.

use fusion_engine::failure::Failure;
use fusion_spec::bound::certificate::{self, Certificate};
use fusion_spec::bound::plan::{Goal, Plan};
use fusion_spec::bound::slack_certificate::{self, Fewer, SlackCertificate};
use fusion_spec::params::{Lambda, MAX_T};
use rug::Rational;
use serde::Serialize;

/// The proof that a plan is the least.
pub enum Proof<'p> {
    /// Of all plans at slack 0 with enough publics.
    Least(&'p Certificate),
    /// Of all plans at one slack with a number of publics in some range.
    AtSlack(&'p SlackCertificate),
}

/// A proof as a JSON document.
#[derive(Serialize)]
pub struct CertificateDocument {
    min_T: u64,
    b: u128,
    l: u128,
    comparisons: Vec<String>,
    /// The rest of the witness at positive slack, and within a limit on the publics.
    #[serde(flatten)]
    at_slack: Option<AtSlackDocument>,
}

#[derive(Serialize)]
struct AtSlackDocument {
    /// The limit on the publics, if there is one.
    max_T: Option<u64>,
    q: u64,
    c: u64,
    /// `[j, T]` of each interval.
    cover: Vec<[u64; 2]>,
}

impl<'p> Proof<'p> {
    /// Returns the proof of a plan, if it has one.
    pub fn of(plan: &'p Plan) -> Option<Self> {
        let at_slack = || plan.slack_certificate.as_ref().map(Self::AtSlack);
        plan.certificate.as_ref().map(Self::Least).or_else(at_slack)
    }

    /// Checks the proof; that it does not hold would be a mistake of the planner.
    pub fn check(&self) -> Result<(), Failure> {
        let bug = |proof: String, refusal: String| Failure::Bug(format!("{proof} does not hold: {refusal}"));
        match self {
            Self::Least(claim) => certificate::check(claim).map_err(|e| bug(format!("{claim:?}"), e.to_string())),
            Self::AtSlack(claim) => {
                slack_certificate::check(claim).map_err(|e| bug(format!("{claim:?}"), e.to_string()))
            }
        }
    }

    /// Returns the proof as the line that `spec/coq/recompute.ml` reads: `certificate R lambda min_T B T b l = 1`, or
    /// `slack_certificate R lambda slack min_T max_T B T b l q c j T ... = 1`.
    pub fn line(&self) -> String {
        match self {
            Self::Least(Certificate { R, lambda, min_T, B, T, N: _, b, l }) => {
                format!("certificate {R} {} {min_T} {B} {T} {b} {l} = 1", lambda.bits())
            }
            Self::AtSlack(claim) => {
                let numbers: Vec<String> = claim.numbers().iter().map(ToString::to_string).collect();
                format!("slack_certificate {} = 1", numbers.join(" "))
            }
        }
    }

    /// Returns what is compared, as formulas.
    pub fn comparisons(&self) -> Vec<String> {
        match self {
            Self::Least(claim) => five(claim),
            Self::AtSlack(claim) => at_slack(claim),
        }
    }

    /// Returns what is proved of the plan.
    pub fn sentence(&self) -> String {
        let range = match self {
            Self::Least(_) => String::new(),
            Self::AtSlack(claim) => format!("at slack {} with {} publics ", claim.slack, range(claim)),
        };
        format!("{range}no smaller N suffices, and no smaller B at this N; checked:")
    }

    /// Makes the document.
    pub fn document(&self) -> CertificateDocument {
        let (min_T, b, l, at_slack) = match self {
            Self::Least(claim) => (claim.min_T, claim.b, claim.l, None),
            Self::AtSlack(claim) => {
                let cover = claim.cover.iter().map(|interval| [interval.j, interval.T]).collect();
                let max_T = (claim.max_T < MAX_T).then_some(claim.max_T);
                let rest = AtSlackDocument { max_T, q: claim.q, c: claim.c, cover };
                (claim.min_T, claim.b.into(), claim.l.into(), Some(rest))
            }
        };
        CertificateDocument { min_T, b, l, comparisons: self.comparisons(), at_slack }
    }
}

/// Returns what an accuracy game asks of the publics as lines for the extracted checker: `floor n w lambda s T = 1` says that the weak model errs on `w` of `n` inputs and that `T` publics are
/// the fewest that reject it, and `ceiling n w kappa s T = 1` the same of the most that accept the honest one.
pub fn ends(goal: &Goal, accuracy_lambda: Lambda, plan: &Plan) -> Vec<String> {
    let (Some(game), Some((fewest, most))) = (&goal.accuracy, plan.ends) else { return Vec::new() };
    let slack = plan.params.slack();
    let line = |kind: &str, accuracy: &Rational, bits: Lambda, T: u64| {
        let error = Rational::from(1 - accuracy);
        format!("{kind} {} {} {} {slack} {T} = 1", error.denom(), error.numer(), bits.bits())
    };
    let floor = line("floor", &game.reject, accuracy_lambda, fewest);
    let ceiling =
        game.honest.as_ref().zip(most).map(|(honest, most)| line("ceiling", &honest.accuracy, honest.kappa, most));
    [floor].into_iter().chain(ceiling).collect()
}

/// The numbers of publics of which a claim speaks.
fn range(claim: &SlackCertificate) -> String {
    match (claim.min_T, claim.max_T) {
        (least, most) if most >= MAX_T => format!("{least} or more"),
        (least, most) => format!("{least} to {most}"),
    }
}

/// The five comparisons at slack 0.
fn five(claim: &Certificate) -> Vec<String> {
    let Certificate { R, lambda, min_T, B, T, N, b, l } = *claim;
    let (lambda, M) = (lambda.bits(), N - 1);
    let fewer = B - 1;
    vec![
        format!("C({N},{B}) >= {R}*2^{lambda}"),
        format!("C({N},{T}) >= 2^{lambda}"),
        format!("C({M},{b}) < {R}*2^{lambda}"),
        format!("C({M},{l}) < 2^{lambda} and {M} < {R}*({b}+1) + max({l}+1, {min_T})"),
        match fewer {
            0 => "B = 1".into(),
            _ => {
                format!("C({N},{fewer}) < {R}*2^{lambda} or C({N},{}) < 2^{lambda}", u128::from(R) * u128::from(fewer))
            }
        },
    ]
}

/// What is compared at positive slack, and within a limit on the publics.
fn at_slack(claim: &SlackCertificate) -> Vec<String> {
    let &SlackCertificate { R, lambda, slack: s, min_T, max_T, B, T, b, l, q, c, .. } = claim;
    let lambda = lambda.bits();
    let RB = u128::from(R) * u128::from(B);
    let N = RB + u128::from(T);
    let (M, Rb) = (N - 1, u128::from(R) * u128::from(b));
    let shifted = M + u128::from(s);
    let safe = match s {
        0 => format!("C({N},{B}) >= {R}*2^{lambda} and C({N},{RB}) >= 2^{lambda}"),
        _ if s < B => {
            format!("C({N},{B}+j) >= {R}*C({T},j)*2^{lambda} and C({N},{RB}+j) >= C({T},j)*2^{lambda} for j = 0 to {s}")
        }
        _ => format!("C({N},k) >= W(k)*2^{lambda} for k = 0 to {N}"),
    };
    // C(n,k) times 2^lambda
    let times = |n: u128, k: u64| if k == 0 { format!("2^{lambda}") } else { format!("C({n},{k})*2^{lambda}") };
    let mut lines =
        vec![safe, format!("C({shifted},{l}) < {} and {M} < {R}*({b}+1) + max({l}+1, {min_T})", times(shifted, s))];
    if q > l {
        lines.push(format!("C({},{q}) < {}", Rb + u128::from(q), times(Rb + u128::from(s), s)));
    }
    let too_few = |copies: u64, publics: u128, j: u64| {
        let slots = u128::from(R) * u128::from(copies) + publics;
        format!("C({slots},{}) < {R}*{}", copies + j, times(publics, j))
    };
    if let Some([least, _]) = claim.between() {
        let mut from = least;
        for interval in &claim.cover {
            let (to, j) = (u128::from(interval.T), interval.j);
            let first = too_few(b, from, j);
            lines.push(if from == to { first } else { format!("{first} and {}", too_few(b, to, j)) });
            from = to + 1;
        }
    } else {
        let least = l.max(q) + 1;
        lines.push(format!("max({least}, {min_T}) > {max_T} or {shifted} <= {l} + max({least}, {min_T})"));
    }
    let fewer = B - 1;
    let left = N - u128::from(R) * u128::from(fewer);
    lines.push(match claim.fewer() {
        None => return lines,
        Some(Fewer::None) => "B = 1".into(),
        Some(Fewer::Publics) => format!("{N} - {R}*{fewer} > {max_T}"),
        Some(Fewer::Copies) => too_few(fewer, left, c),
        Some(Fewer::Queries) => {
            format!("C({N},{}) < {}", N - left + u128::from(c), times(left, c))
        }
    });
    lines
}
