//! `sim submit`: a campaign on a cluster. The cluster schedules, retries and logs; this only writes what it runs, and asks it.

mod cluster;
mod folder;
mod ranges;
mod standing;
mod status;

use crate::args::{ClusterArgs, ResumeArgs, SlurmArgs, SubmitArgs, SubmitCommand};
use crate::terminal::Terminal;
use crate::text;
use folder::Submission;
use fusion_adversaries::problem::counted;
use fusion_adversaries::script::Script;
use fusion_engine::campaign::load::{Overrides, load};
use fusion_engine::failure::Failure;
use standing::Progress;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs `sim submit`.
pub fn run(
    args: &SubmitArgs,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: Terminal,
) -> Result<u8, Failure> {
    match &args.command {
        SubmitCommand::Slurm(slurm) => begin(slurm, stdout, stderr, terminal),
        SubmitCommand::Status(args) => status::run(args, stdout),
        SubmitCommand::Resume(resume) => go_on(resume, stdout),
    }
}

/// Writes the folder of a campaign, and submits its shards and the merge.
fn begin(args: &SlurmArgs, stdout: &mut dyn Write, stderr: &mut dyn Write, terminal: Terminal) -> Result<u8, Failure> {
    let program = program(args.program.as_deref(), terminal)?;
    // What the cluster would find wrong with the script a day later is told now.
    let waiting = terminal.waiting("sim submit");
    let overrides = Overrides { backend: args.overrides.backend, ..args.overrides.trials.overrides() };
    let mut campaign = load(&args.script, &overrides)?;
    drop(waiting);
    let untimed = untime(&mut campaign.script);
    let untimed = untimed.then_some("a `wall` is left out: every shard plays up to the maximum, and --time limits it");
    for warning in campaign.warnings.iter().map(|warning| warning.message.as_str()).chain(untimed) {
        // Told for whoever reads it: the campaign is submitted all the same.
        let _ = writeln!(stderr, "{}", text::warning(warning));
    }
    let name = &campaign.script.name;
    let shown = args.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("{name}-slurm")));
    let place = folder::make(&shown)?;
    let ClusterArgs { cpus, .. } = args.cluster;
    let submission = Submission::new(&campaign, &place, args.shards, cpus.unwrap_or(1), args.cluster.flags());
    folder::fill(&place, &campaign, &submission, &program, args.restarts)?;
    let all: BTreeSet<u64> = (1..=submission.shards).collect();
    if args.write_only {
        let shown = text::shell(&shown);
        writeln!(
            stdout,
            "{name}: {} written to {shown}; submit {} with: sim submit resume {shown}",
            if args.shards == 1 { "1 shard is".into() } else { format!("{} shards are", args.shards) },
            if args.shards == 1 { "it" } else { "them" }
        )?;
        writeln!(stdout, "{}", cluster::line(&cluster::shards_command(&submission, &place, &all)))?;
        let after = BTreeSet::from(["JOB".into()]);
        writeln!(stdout, "{}", cluster::line(&cluster::merge_command(&submission, &place, &after)))?;
        return Ok(0);
    }
    submit(&submission, (&shown, &place), &all, BTreeSet::new(), stdout)?;
    Ok(0)
}

/// Submits what is missing.
fn go_on(args: &ResumeArgs, stdout: &mut dyn Write) -> Result<u8, Failure> {
    let shown = &args.folder;
    let mut submission = Submission::read(shown)?;
    let place = absolute(shown)?;
    let progress = Progress::of(&submission, shown)?;
    if let Some((verdict, run)) = &progress.merged {
        writeln!(stdout, "nothing is missing: {}: {}", verdict.name(), text::shell(run))?;
        return Ok(0);
    }
    // Without the queue, what runs would be submitted twice.
    if let Some(silence) = progress.silent {
        return Err(silence.into());
    }
    let absent = progress.absent();
    if absent.is_empty() && progress.merge.is_some() {
        writeln!(stdout, "nothing is missing: the cluster is at work")?;
        return Ok(0);
    }
    let flags = args.cluster.flags();
    if args.cluster.cpus.is_some() || !flags.is_empty() {
        submission.cpus = args.cluster.cpus.unwrap_or(submission.cpus);
        submission.flags.extend(flags);
        submission.write(&place)?;
    }
    submit(&submission, (shown, &place), &absent, progress.jobs, stdout)?;
    Ok(0)
}

/// Submits shards, if there are any, and a merge after them and after the jobs that hold other shards. The folder is given as the user wrote it
/// and as an absolute path.
fn submit(
    submission: &Submission,
    (shown, place): (&Path, &Path),
    shards: &BTreeSet<u64>,
    mut after: BTreeSet<String>,
    stdout: &mut dyn Write,
) -> Result<(), Failure> {
    let (name, shown) = (&submission.name, text::shell(shown));
    let again = |failure: Failure, what: &str| match failure {
        Failure::Usage(why) => Failure::Usage(format!("{why}; {what}: sim submit resume {shown}")),
        other => other,
    };
    let mut said = format!("{name}: ");
    if !shards.is_empty() {
        let job = cluster::submit(&cluster::shards_command(submission, place, shards));
        let job = job.map_err(|failure| again(failure, "nothing is submitted, and this tries again"))?;
        said = format!("{name}: {} of {} as job {job}, ", shards.len(), counted(submission.shards, "shard"));
        after.insert(job);
    }
    let job = cluster::submit(&cluster::merge_command(submission, place, &after));
    let job = job.map_err(|failure| again(failure, &format!("{said}but no merge; this submits it")))?;
    Ok(writeln!(stdout, "{said}the merge as job {job}\nnext: sim submit status {shown}")?)
}

/// Leaves out the longest times, and returns whether there were any.
fn untime(script: &mut Script) -> bool {
    let own = script.strategies.iter_mut().map(|strategy| &mut strategy.trials.wall);
    let walls = std::iter::once(&mut script.trials.wall).chain(own);
    walls.filter_map(Option::take).count() > 0
}

/// Returns the program that the nodes call.
fn program(given: Option<&Path>, terminal: Terminal) -> Result<PathBuf, Failure> {
    match given {
        None if terminal == Terminal::Embedded => {
            Err(Failure::Usage("--program is needed where sim is called inside another program".into()))
        }
        // A word without a slash is looked up on the nodes' own path.
        Some(word) if word.components().count() == 1 && !word.is_absolute() && !word.exists() => Ok(word.into()),
        Some(file) => absolute(file),
        None => std::env::current_exe().map_err(|error| Failure::Io("finding this program".into(), error)),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let name = fusion_engine::files::name(path);
    path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Usage(format!("{name}: there is no such file")),
        _ => Failure::Io(format!("finding {name}"), error),
    })
}
