//! `sim attack`: a campaign from its script to its verdict.

pub mod embedded;
mod evidence;
pub mod faults;
mod style;
mod table;
mod watch;

use crate::args::campaign::{AttackArgs, OverrideArgs};
use crate::failure::{self, BUG, Format};
use crate::signals::{self, INTERRUPTED};
use crate::terminal::Terminal;
use crate::text;
use fusion_adversaries::problem::counted;
use fusion_adversaries::script::HONEST;
use fusion_engine::campaign::Campaign;
use fusion_engine::campaign::Shard;
use fusion_engine::campaign::load::{Overrides, budget, load};
use fusion_engine::campaign::run::{Finished, Options, StoppedBy, cores};
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::campaign::{exemplar, turns};
use fusion_engine::documents::cost::CostDocument;
use fusion_engine::documents::event::{CampaignEvent, ShardEvent, ShardTag};
use fusion_engine::documents::result::{Fault, ResultDocument};
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_engine::store::{Environment, REPORT, RESULT, Store};
use std::io::Write;
use std::path::{Path, PathBuf};
pub use style::Style;
use table::Presentation;
use watch::{Watch, write_event};

/// The exit code if at least one expectation is refuted.
const REFUTED: u8 = 1;
/// The exit code if no expectation is refuted and some are open.
const OPEN: u8 = 3;

/// Runs a campaign, or continues one.
pub fn run(
    args: &AttackArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let resumed = args.resume.as_deref().map(existing_run).transpose()?;
    let script = match (&args.script, &resumed) {
        (Some(script), _) => script.clone(),
        (None, Some(folder)) => folder.join("script.yaml"),
        (None, None) => return Err(Failure::Usage("give a script, or a run to continue with --resume".into())),
    };
    // Models are read and parties set up before there is a trial to tell of.
    let waiting = terminal.waiting("sim attack");
    let mut campaign = load(&script, &overrides(&args.overrides))?;
    drop(waiting);
    for warning in &campaign.warnings {
        // Told for whoever reads it: the campaign is played all the same.
        let _ = writeln!(stderr, "{}", text::warning(&warning.message));
    }
    if let Some(folder) = &resumed {
        Environment::read(folder)?.apply(&mut campaign)?;
        keep_budget(&mut campaign, folder, stderr)?;
    }
    let interrupted = signals::interruption()?;
    let mut store = match &resumed {
        Some(folder) => Store::open(folder, &campaign)?,
        None => Store::create(&args.runs, &campaign, args.shard)?,
    };
    // What was begun as a share goes on as that share.
    let options = Options { threads: args.threads.unwrap_or_else(cores), shard: store.shard(), interrupted };
    play(&mut campaign, &mut store, &options, Style::new(args.json, args.quiet, terminal), stdout, stderr)
}

fn overrides(OverrideArgs { trials, backend }: &OverrideArgs) -> Overrides {
    Overrides { backend: *backend, ..trials.overrides() }
}

/// Keeps the most trials that a run was begun with, and says so where fewer were asked for. A run without a script, such as what a task of a cluster copies,
/// has none.
pub fn keep_budget(campaign: &mut Campaign, run: &Path, stderr: &mut dyn Write) -> Result<(), Failure> {
    let script = run.join("script.yaml");
    if script.is_file()
        && let Some(most) = campaign.keep_budget(&budget(&script)?)
    {
        let most = counted(most, "trial");
        let kept = format!("the run was to play up to {most} of a strategy, and keeps that: fewer were asked for");
        // Told for whoever reads it: the campaign is played all the same.
        let _ = writeln!(stderr, "{}", text::warning(&kept));
    }
    Ok(())
}

/// Returns the folder of a run, with links followed.
fn existing_run(path: &Path) -> Result<PathBuf, Failure> {
    files::run(path)?.ok_or_else(|| Failure::Usage(format!("--resume {}: not the folder of a run", files::name(path))))
}

/// Plays every entry, writes the verdict, and returns the exit code.
pub fn play(
    campaign: &mut Campaign,
    store: &mut Store,
    options: &Options,
    style: Style,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<u8, Failure> {
    campaign.keep(|counter| store.highest(counter));
    let mut watch = Watch::new(style, stdout, stderr);
    watch.start(campaign, store)?;
    let mut finished = turns::play(campaign, store, options, &mut watch)?;
    store.settle()?;
    drop(watch);
    let interrupted = finished.iter().any(|finished| finished.stopped_by == StoppedBy::Interrupted);
    if interrupted {
        let folder = text::shell(store.folder());
        // The state is saved, whether or not anybody reads where.
        let _ = writeln!(stderr, "interrupted; continue with: sim attack --resume {folder}");
    }
    if let Some(shard) = options.shard {
        return conclude_shard(campaign, shard, store, &finished, style, (stdout, stderr));
    }
    let exemplars = exemplar::find(campaign, store)?;
    let cost = CostDocument::measure(campaign);
    let replayed =
        exemplars.iter().filter(|exemplar| exemplar.why.is_some()).map(|exemplar| exemplar.strategy.as_str());
    let departed: Vec<&str> = replayed.chain(cost.is_err().then_some(HONEST)).collect();
    for (entry, finished) in campaign.entries.iter().zip(&mut finished) {
        finished.standing.departed |= departed.contains(&entry.name.as_str());
    }
    let faults = faults::find(campaign, &finished, &exemplars, store.folder());
    let cost = cost.ok().flatten();
    let document = ResultDocument::new(campaign, &finished, faults.clone(), cost, store.folder())?;
    let verdict = document.verdict;
    let line = serde_json::to_string(&CampaignEvent::Result(Box::new(document.clone())))
        .map_err(|error| Failure::Bug(error.to_string()))?;
    let mut shown = store.folder().to_path_buf();
    if !interrupted {
        store.write(RESULT, &format!("{line}\n"))?;
        crate::report::write(store.folder())?;
        shown.push(REPORT);
    }
    match style {
        Style::Json => writeln!(stdout, "{line}")?,
        Style::Quiet => writeln!(stdout, "{}", verdict.name())?,
        Style::Text { plots } => {
            let (document, exemplars, faults) = (&document, &exemplars[..], &faults[..]);
            let (folder, semantics) = (store.folder(), store.semantics());
            let page = Presentation { document, exemplars, faults, folder, semantics, shown: &shown, plots };
            table::write(campaign, &finished, &page, stdout)?;
        }
    }
    if let Some(code) = blame(&faults, style, (stdout, stderr))? {
        return Ok(code);
    }
    Ok(match verdict {
        _ if interrupted => INTERRUPTED,
        CampaignVerdict::Error => BUG,
        CampaignVerdict::Refuted => REFUTED,
        CampaignVerdict::Inconclusive => OPEN,
        CampaignVerdict::Pass => 0,
    })
}

/// The two outputs of a command: standard output and standard error.
type Outputs<'o> = (&'o mut dyn Write, &'o mut dyn Write);

/// Reports on stderr too that the campaign has found a bug of this program, and returns the exit code for that; `None` if it has
/// found none.
fn blame(faults: &[Fault], style: Style, (stdout, stderr): Outputs<'_>) -> Result<Option<u8>, Failure> {
    let Some(failure) = faults::failure(faults) else { return Ok(None) };
    stdout.flush()?;
    let format = if style == Style::Json { Format::Json } else { Format::Text };
    Ok(Some(failure::report(&failure, format, stderr)))
}

/// Reports on a share of a campaign. A share decides nothing except that an error is a bug, and it is inconclusive until all of
/// it is counted.
fn conclude_shard(
    campaign: &Campaign,
    shard: Shard,
    store: &Store,
    finished: &[Finished],
    style: Style,
    (stdout, stderr): Outputs<'_>,
) -> Result<u8, Failure> {
    let exemplars = exemplar::find_errors(campaign, store)?;
    let mut faults = faults::find(campaign, finished, &exemplars, store.folder());
    // Its counts are no prefix of the campaign's: about claims it says nothing.
    let erring = campaign.entries.iter().zip(finished);
    let erring = erring.filter(|(_, finished)| finished.standing.verdict() == CampaignVerdict::Error);
    let erring: Vec<&str> = erring.map(|(entry, _)| entry.name.as_str()).collect();
    faults.retain(|fault| erring.contains(&fault.strategy.as_str()));
    let trials: u64 = finished.iter().map(|finished| finished.standing.trials()).sum();
    let stopped = |by| finished.iter().any(|finished| finished.stopped_by == by);
    let (complete, code) = if stopped(StoppedBy::Interrupted) {
        (false, INTERRUPTED)
    } else if stopped(StoppedBy::Wall) {
        (false, OPEN)
    } else {
        (true, 0)
    };
    let folder = store.folder().display().to_string();
    if style == Style::Json {
        let errors: u64 = finished.iter().map(|finished| finished.standing.errors()).sum();
        let event = ShardEvent {
            complete,
            error: errors,
            errors: faults.clone(),
            event: ShardTag::Shard,
            run_dir: folder,
            shard,
            trials,
        };
        write_event(&CampaignEvent::Shard(event), stdout)?;
    } else {
        faults::write(&faults, store.folder(), stdout)?;
        let next = if complete {
            "join all shards with sim merge".into()
        } else {
            format!("incomplete; continue with: sim attack --resume {}", text::shell(store.folder()))
        };
        let trials = counted(trials, "trial");
        writeln!(stdout, "{}: shard {shard}, {trials} in {folder}; {next}", campaign.script.name)?;
    }
    Ok(blame(&faults, style, (stdout, stderr))?.unwrap_or(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use fusion_adversaries::script::{Fidelity, Relabel};
    use fusion_adversaries::strategy::{Act, Move, Strategy, Touches, View};
    use fusion_engine::campaign::Replay;
    use fusion_engine::campaign::claims::RateClaim;
    use fusion_spec::evidence::Clause;
    use rand_core::Rng;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    const SCRIPT: &str = "
schema: fusion/campaign/v1
name: ours
protocol: { R: 4, B: 2, T: 2 }
fidelity: plain
trials: { seed: 1, max: 2048 }
strategies:
  - { name: astray, do: [{ at: { random: 1 }, relabel: next }] }
";

    /// A strategy that touches a slot that does not exist in one session out of eight.
    struct Astray([Move; 1]);

    impl Strategy for Astray {
        fn moves(&self) -> &[Move] {
            &self.0
        }

        fn session(&self, view: &View, coins: &mut dyn Rng, touches: &mut Touches) {
            touches.touch(if coins.next_u32().is_multiple_of(8) { view.slots } else { 0 }, 0);
        }
    }

    /// Plays the script with a change to its campaign, and returns the exit code, both outputs, the folder and the campaign.
    fn played(name: &str, style: Style, change: impl Fn(&mut Campaign)) -> (u8, [String; 2], Scratch, Campaign) {
        let scratch = Scratch::new(name);
        let mut campaign = load(scratch.file("ours.yaml", SCRIPT).as_ref(), &Overrides::default()).unwrap();
        change(&mut campaign);
        let mut store = Store::create(&scratch, &campaign, None).unwrap();
        let options = Options { threads: 1, shard: None, interrupted: Arc::new(AtomicBool::new(false)) };
        let streams = || anstream::StripStream::new(Vec::new());
        let (mut out, mut err) = (streams(), streams());
        let code = play(&mut campaign, &mut store, &options, style, &mut out, &mut err).unwrap();
        let said = [out, err].map(|stream| String::from_utf8(stream.into_inner()).unwrap());
        (code, said, scratch, campaign)
    }

    /// The first line replays a trial that errs.
    #[test]
    fn an_error_is_said_first_with_its_replay() {
        let astray = |campaign: &mut Campaign| {
            campaign.entries[1].strategy = Box::new(Astray([Move::always(Act::Relabel(Relabel::Next))]));
        };
        let (code, [out, err], scratch, campaign) = played("error", Style::Text { plots: false }, astray);
        let trial = out.lines().next().unwrap().split("--trial astray:").nth(1).unwrap_or_else(|| panic!("{out}"));
        let trial: u64 = trial.strip_suffix(" --trace").unwrap().parse().unwrap();
        let exemplar = std::fs::read_to_string(scratch.join("latest/exemplars/astray-error.json")).unwrap();
        assert_eq!(code, BUG);
        assert!(out.starts_with("replay: sim run ") && out.contains("\nerror astray: "), "{out}");
        assert!(out.contains("\nERROR  formula: 0 of 2 agree."), "{out}");
        assert!(
            err.starts_with("error: a bug in sim, please report it: astray: ") && err.contains("; replay: "),
            "{err}"
        );
        assert!(Replay::new(&campaign, "astray", trial).unwrap().departure().is_some());
        assert!(exemplar.contains(r#""outcome": "error""#), "{exemplar}");
    }

    /// Where this program runs both parties, an honest server that does not follow the formula is a bug; elsewhere it is a
    /// refutation.
    #[test]
    fn an_honest_server_refuted_at_real_is_our_bug() {
        let refuted = |campaign: &mut Campaign| {
            let control = &mut campaign.entries[0].claims.rates[0];
            *control = RateClaim { clause: Clause::Equals(0.into()), ..control.clone() };
        };
        for (depth, expected) in [(Fidelity::Plain, REFUTED), (Fidelity::Real, BUG)] {
            let change = |campaign: &mut Campaign| {
                refuted(campaign);
                campaign.entries[0].depth = depth;
            };
            let (code, [out, err], _, _) = played(depth.name(), Style::Text { plots: false }, change);
            assert_eq!(code, expected, "{out}");
            let ours = "\nerror honest: an honest server is refuted at fidelity `real`: accepted equals spec: ";
            assert_eq!(out.starts_with("replay: sim run ") && out.contains(ours), expected == BUG, "{out}");
            assert_eq!(err.contains("a bug in sim"), expected == BUG, "{err}");
            assert!(out.contains("\nREFUTED  formula: 0 of 1 agree."), "{out}");
        }
    }
}
