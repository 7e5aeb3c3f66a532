//! `sim sweep`: one campaign for each combination of some parameters, one table and one picture.

mod axis;
mod picture;

use super::attack::{Style, keep_budget, play};
use crate::args::SweepArgs;
use crate::report::run::Run;
use crate::signals::{self, INTERRUPTED};
use crate::terminal::Terminal;
use crate::text::{self, HEADING, percent};
use axis::Key;
use fusion_adversaries::problem::counted;
use fusion_adversaries::script::HONEST;
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::campaign::run::{Options, cores};
use fusion_engine::campaign::verdict::CampaignVerdict;
use fusion_engine::campaign::{Campaign, Entry, Shard};
use fusion_engine::documents::sweep::SweepRow;
use fusion_engine::failure::{Failure, Located};
use fusion_engine::files;
use fusion_engine::store::{Environment, Store};
use fusion_engine::sweep::Setting;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name of the table in the folder of a sweep.
const TABLE: &str = "sweep.csv";
/// The name of the picture in the folder of a sweep.
const PICTURE: &str = "sweep.svg";

/// Plays a campaign for each combination that is not decided yet, and writes what all came to.
pub fn run(
    args: &SweepArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    // Each `auto` is searched for, which may take minutes.
    let waiting = terminal.waiting("sim sweep");
    let settings = args.axes().settings(&args.script)?;
    let settings = share(settings, args.shard)?;
    let overrides = args.trials.overrides();
    let name = check(args, &settings, &overrides, stderr)?;
    drop(waiting);
    let out = args.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("{name}-sweep")));
    let interrupted = signals::interruption()?;
    let options = Options { threads: args.threads.unwrap_or_else(cores), shard: None, interrupted };
    let (mut rows, mut worst, mut code) = (Vec::new(), Vec::new(), 0);
    for (place, setting) in settings.iter().enumerate() {
        let mut campaign = load(&args.script, &setting.apply(&overrides))?;
        let mut said = Vec::new();
        let mut store = open(&out.join(setting.name()), &mut campaign, &mut said)?;
        let ended = play(&mut campaign, &mut store, &options, Style::Quiet, &mut io::sink(), &mut said)?;
        if ended == INTERRUPTED {
            // The state is saved, whether or not anybody reads where.
            let _ = writeln!(
                stderr,
                "{place} of {} done; repeat the command to continue",
                counted(settings.len(), "combination")
            );
            return Ok(INTERRUPTED);
        }
        stderr.write_all(&said)?;
        let result = Run::read(store.folder())?.result;
        if !args.quiet {
            let _ =
                writeln!(stderr, "{} of {}  {}  {}", place + 1, settings.len(), setting.name(), result.verdict.name());
        }
        rows.extend(SweepRow::of(setting, &campaign, &result, &below(&out, store.folder())?));
        worst.push(result.verdict);
        code = worse(code, ended);
    }
    write_files(&out, &name, &rows, &Key::varied(args))?;
    if args.json {
        serde_json::to_writer(&mut *stdout, &rows).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        show(args, (&name, &out), &rows, CampaignVerdict::worst(worst), stdout)?;
    }
    Ok(code)
}

/// The combinations of a share, of which there must be some.
fn share(settings: Vec<Setting>, shard: Option<Shard>) -> Result<Vec<Setting>, Failure> {
    let Some(shard) = shard else { return Ok(settings) };
    let all = settings.len();
    let own = (0..).zip(settings).filter(|(place, _)| shard.holds(*place));
    let own: Vec<Setting> = own.map(|(_, setting)| setting).collect();
    if own.is_empty() {
        return Err(Failure::Usage(format!(
            "--shard {shard}: there {} {}, and none is in this share",
            if all == 1 { "is" } else { "are" },
            counted(all, "combination")
        )));
    }
    Ok(own)
}

/// The path of a run below the folder of its sweep.
fn below(out: &Path, run: &Path) -> Result<String, Failure> {
    let whole =
        |path: &Path| path.canonicalize().map_err(|error| Failure::Io(format!("finding {}", path.display()), error));
    let (out, run) = (whole(out)?, whole(run)?);
    let path = run.strip_prefix(&out).map_err(|error| Failure::Bug(format!("{}: {error}", run.display())))?;
    Ok(path.display().to_string())
}

/// Loads every campaign once, so that what is wrong with one of them is told before the first trial. Returns the campaigns' name.
fn check(
    args: &SweepArgs,
    settings: &[Setting],
    overrides: &Overrides,
    stderr: &mut dyn Write,
) -> Result<String, Failure> {
    let (mut told, mut name) = (BTreeSet::new(), String::new());
    for setting in settings {
        let campaign = load(&args.script, &setting.apply(overrides)).map_err(|failure| named(failure, setting))?;
        for warning in &campaign.warnings {
            if told.insert(warning.message.clone()) {
                // Told for whoever reads it: the campaigns are played all the same.
                let _ = writeln!(stderr, "{}", text::warning(&warning.message));
            }
        }
        let inside = |entry: &Entry| entry.strategy.moves().iter().any(|m| m.act.is_inside());
        if setting.backend.is_some() && !campaign.is_at_real() && !campaign.entries.iter().any(inside) {
            let name = &campaign.script.name;
            return Err(Failure::Usage(format!(
                "--backend: no strategy of {name} is played inside a protocol; ask for --fidelity real"
            )));
        }
        name = campaign.script.name;
    }
    Ok(name)
}

/// Adds to a problem of a script the combination that has it.
fn named(failure: Failure, setting: &Setting) -> Failure {
    match failure {
        Failure::Script(Located { file, text, problems }) => {
            Failure::Script(Located { file: format!("{file} with {}", setting.name()), text, problems })
        }
        other => other,
    }
}

/// Opens the run of a campaign in the folder of its combination, or makes one where there is none.
fn open(folder: &Path, campaign: &mut Campaign, said: &mut dyn Write) -> Result<Store, Failure> {
    match last_run(&folder.join(&campaign.script.name), campaign) {
        Some((run, environment)) => {
            environment.apply(campaign)?;
            keep_budget(campaign, &run, said)?;
            Store::open(&run, campaign)
        }
        None => Store::create(folder, campaign, None),
    }
}

/// The last of the runs in a folder that are of a campaign. One whose environment cannot be read, such as a part of a copy, is none.
fn last_run(folder: &Path, campaign: &Campaign) -> Option<(PathBuf, Environment)> {
    let runs = fs::read_dir(folder).ok()?;
    let own = |run: PathBuf| {
        let environment = Environment::read(&run).ok()?;
        (environment.id == campaign.id.to_string() && environment.shard.is_none()).then_some((run, environment))
    };
    // Names begin with the second in which a run was begun.
    runs.filter_map(|run| own(run.ok()?.path())).max_by(|(one, _), (other, _)| one.cmp(other))
}

/// The exit code of the worse of two campaigns: a bug of this program, then a refutation, then an open clause.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |code: u8| match code {
        0 => 0,
        3 => 1,
        1 => 2,
        _ => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// Writes the table and the picture.
fn write_files(out: &Path, name: &str, rows: &[SweepRow], varied: &[Key]) -> Result<(), Failure> {
    let lines = rows.iter().map(|row| row.csv() + "\n");
    let table: String = std::iter::once(format!("{}\n", SweepRow::COLUMNS)).chain(lines).collect();
    files::replace(&out.join(TABLE), &table)?;
    files::replace(&out.join(PICTURE), &picture::draw(name, rows, varied)?)
}

/// Shows the wins of every strategy that has some claim, and where the files are.
fn show(
    args: &SweepArgs,
    (name, out): (&str, &Path),
    rows: &[SweepRow],
    verdict: CampaignVerdict,
    stdout: &mut dyn Write,
) -> Result<(), Failure> {
    if args.quiet {
        return Ok(writeln!(stdout, "{}", verdict.name())?);
    }
    let combinations = rows.iter().map(|row| &row.run).collect::<BTreeSet<_>>().len();
    writeln!(stdout, "{}", text::styled(HEADING, &format!("{name}   {}", counted(combinations, "combination"))))?;
    let heading = [
        "strategy",
        "of",
        "R",
        "B",
        "T",
        "slack",
        "lambda",
        "backend",
        "rate",
        "interval",
        "exact",
        "verdict",
        "KB a query",
    ];
    let shown = rows.iter().filter(|row| row.verdict.is_some() || row.event == "win" && row.strategy != HONEST);
    let table = shown.map(line).collect();
    write!(stdout, "{}", text::table(&heading, table, 2))?;
    let [table, picture] = [TABLE, PICTURE].map(|file| out.join(file).display().to_string());
    Ok(writeln!(stdout, "\n{}   {table} {picture}", verdict.name().to_uppercase())?)
}

/// The cells of a row that is shown.
fn line(row: &SweepRow) -> Vec<String> {
    let dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let SweepRow { R, B, T, slack, .. } = row;
    let interval = row.low.zip(row.high).map(|(low, high)| text::interval([low, high]));
    let exact = row.exact.as_ref().map(|exact| {
        let at_most = if row.relation == Some("at_most") { "<= " } else { "" };
        format!("{at_most}{}", text::probability(&exact.0))
    });
    vec![
        row.strategy.clone(),
        row.event.into(),
        R.to_string(),
        B.to_string(),
        T.to_string(),
        slack.to_string(),
        dash(row.lambda.map(|bits| bits.to_string())),
        dash(row.backend.clone()),
        dash(row.rate.map(percent)),
        dash(interval),
        dash(exact),
        dash(row.verdict.map(|verdict| verdict.name().into())),
        dash(row.bytes_per_query.map(|bytes| format!("{:.1}", bytes / 1e3))),
    ]
}
