//! `sim party ask`: a client that asks a server about images, and believes it only if the session is accepted.

use super::fault::failure;
use crate::args::AskArgs;
use crate::output;
use crate::terminal::Terminal;
use fusion_2pc::role::Role;
use fusion_2pc::wire::meter::Meter;
use fusion_adversaries::problem::counted;
use fusion_engine::failure::Failure;
use fusion_engine::files;
use fusion_nn::idx::{self, Images};
use fusion_party::{Answers, Identity, Protected, ProtectedError, Question, Step, Wanted, ask, ask_protected};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Verdict};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The exit code of a session that is rejected.
const REJECTED: u8 = 1;

/// The result of a session.
#[derive(Serialize)]
struct AskDocument {
    /// Whether the client checked the answers.
    protected: bool,
    /// Whether the labels may be used.
    accepted: bool,
    /// Why they may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// How the session ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// The label of each query, in their order, if the session is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<u32>>,
    slots: usize,
    sent_bytes: usize,
    received_bytes: usize,
    messages: usize,
}

/// Asks, and returns the exit code.
pub fn run(args: &AskArgs, stdout: &mut dyn Write, stderr: &mut dyn Write, terminal: Terminal) -> Result<u8, Failure> {
    let identity = Identity::open(&args.identity).map_err(failure)?;
    let question = Question {
        identity: &identity,
        server: args.peer,
        address: &args.to,
        wanted: Wanted { backend: args.backend, checks: args.checks },
        patience: args.patience.patience(),
        threads: args.threads.threads(),
    };
    let images = images(&args.images)?;
    let queries = first(&images, &args.images, args.R)?;
    if let Some(out) = &args.out {
        output::check_file("--out", out)?;
    }
    // Labels that cannot be kept are not asked for, and those of an earlier session are gone.
    let mut open = OpenOptions::new();
    let open = open.create(true).write(true).truncate(true).mode(0o600);
    let out = args.out.as_deref().map(|out| open.open(out).map_err(|error| writing(out, error))).transpose()?;
    let document = match args.plan()? {
        None => plain(question, &queries, terminal)?,
        Some(params) => {
            let publics = Publics::new(args, params.T())?;
            protected(question, params, &queries, &publics, terminal)?
        }
    };
    if let (Some(mut file), Some(path), Some(labels)) = (out, &args.out, &document.labels) {
        labels.iter().try_for_each(|label| writeln!(file, "{label}")).map_err(|error| writing(path, error))?;
    }
    document.write(args, stdout, stderr)?;
    Ok(if document.accepted { 0 } else { REJECTED })
}

impl AskArgs {
    /// The plan of mix-and-check; `None` without it.
    fn plan(&self) -> Result<Option<Params>, Failure> {
        let (Some(B), Some(T)) = (self.B, self.T) else { return Ok(None) };
        Params::new(self.R, B, T, self.slack).map(Some).map_err(Failure::usage)
    }
}

/// The public samples of two files.
struct Publics {
    /// The images; `None` where there is no public.
    images: Option<Images>,
    labels: Vec<u32>,
}

impl Publics {
    /// Reads the files, which a session with `T` publics needs unless `T` is 0.
    fn new(args: &AskArgs, T: u64) -> Result<Self, Failure> {
        let (publics, labels) = match (&args.publics, &args.public_labels) {
            (Some(publics), Some(labels)) => (publics, labels),
            _ if T == 0 => return Ok(Self { images: None, labels: Vec::new() }),
            _ => return Err(Failure::Usage(format!("--publics and --public-labels are needed, as T = {T}"))),
        };
        let images = images(publics)?;
        let named = |what: String| Failure::Usage(format!("{}: {what}", files::name(labels)));
        let labels = idx::labels(&files::read(labels, files::MAX_BYTES)?).map_err(|error| named(error.to_string()))?;
        if labels.len() != images.len() {
            return Err(named(format!("{} for {}", counted(labels.len(), "label"), counted(images.len(), "public"))));
        }
        Ok(Self { images: Some(images), labels })
    }

    fn samples(&self) -> Vec<(&[u8], Label)> {
        let images = self.images.iter().flat_map(|images| (0..).map_while(|index| images.get(index)));
        images.zip(self.labels.iter().copied().map(Label)).collect()
    }
}

fn images(path: &Path) -> Result<Images, Failure> {
    let images = Images::parse(&files::read(path, files::MAX_BYTES)?);
    images.map_err(|error| Failure::Usage(format!("{}: {error}", files::name(path))))
}

/// The first `R` images.
fn first<'i>(images: &'i Images, path: &Path, R: u64) -> Result<Vec<&'i [u8]>, Failure> {
    if (images.len() as u64) < R {
        return Err(Failure::Usage(format!(
            "{}: {}, where R = {R}",
            files::name(path),
            counted(images.len(), "image")
        )));
    }
    Ok((0..).map_while(|index| images.get(index)).zip(0..R).map(|(image, _)| image).collect())
}

fn plain(question: Question<'_>, queries: &[&[u8]], terminal: Terminal) -> Result<AskDocument, Failure> {
    let Answers { labels, meter } = ask(question, queries, watch(queries.len(), terminal)).map_err(failure)?;
    let labels = labels.map_err(|halt| failure(halt.into()))?;
    Ok(AskDocument { labels: Some(labels), ..AskDocument::of(false, queries.len(), &meter) }.judged(None))
}

fn protected(
    question: Question<'_>,
    params: Params,
    queries: &[&[u8]],
    publics: &Publics,
    terminal: Terminal,
) -> Result<AskDocument, Failure> {
    let slots = usize::try_from(params.N()).map_err(|_| Failure::Usage("too many slots for one session".into()))?;
    let asked = ask_protected(question, params, queries, &publics.samples(), watch(slots, terminal));
    let Protected { verdict, halt, meter } = asked.map_err(|error| match error {
        ProtectedError::Party(error) => failure(error),
        ProtectedError::Protect(error) => Failure::usage(error),
    })?;
    let (labels, reason) = match verdict {
        Verdict::Accepted(labels) => (Some(labels.into_iter().map(|label| label.0).collect()), None),
        Verdict::Rejected(reason) => (None, Some(reason.name())),
    };
    let ended = halt.map(|halt| halt.to_string());
    Ok(AskDocument { ended, labels, ..AskDocument::of(true, slots, &meter) }.judged(reason))
}

/// A display of how many slots are answered, on a terminal.
fn watch(slots: usize, terminal: Terminal) -> impl FnMut(Step) + Send {
    let shows = terminal != Terminal::Embedded && io::stderr().is_terminal();
    let target = if shows { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(slots as u64), target);
    move |step| match step {
        Step::Agreed(_) => bar.tick(),
        Step::Answered(slots) => {
            bar.inc(slots as u64);
            if bar.length() == Some(bar.position()) {
                bar.finish_and_clear();
            }
        }
    }
}

impl AskDocument {
    fn of(protected: bool, slots: usize, meter: &Meter) -> Self {
        let [sent, received] = [Role::Client, Role::Server].map(|role| meter.sent(role, None));
        Self {
            protected,
            accepted: false,
            reason: None,
            ended: None,
            labels: None,
            slots,
            sent_bytes: sent.bytes,
            received_bytes: received.bytes,
            messages: sent.messages + received.messages,
        }
    }

    fn judged(self, reason: Option<&'static str>) -> Self {
        Self { accepted: self.labels.is_some(), reason, ..self }
    }

    fn write(&self, args: &AskArgs, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<(), Failure> {
        if args.json {
            serde_json::to_writer_pretty(&mut *stdout, self).map_err(io::Error::from)?;
            return Ok(writeln!(stdout)?);
        }
        let Self { slots, sent_bytes, received_bytes, messages, .. } = self;
        let (slots, messages) = (counted(*slots, "slot"), counted(*messages, "message"));
        let cost = format!("{slots}, {sent_bytes} bytes sent, {received_bytes} received, {messages}");
        match &self.labels {
            Some(labels) if args.out.is_some() => {
                writeln!(stdout, "{}: {} written; {cost}", self.headline(), counted(labels.len(), "label"))?;
            }
            Some(labels) => {
                writeln!(stderr, "{}: {cost}", self.headline())?;
                labels.iter().try_for_each(|label| writeln!(stdout, "{label}"))?;
            }
            None => {
                let why = self.ended.as_deref().map_or_else(String::new, |ended| format!(" ({ended})"));
                writeln!(stdout, "{}{why}; {cost}", self.headline())?;
            }
        }
        Ok(())
    }

    fn headline(&self) -> String {
        match (self.accepted, self.protected) {
            (true, true) => "accepted".into(),
            (true, false) => "not checked".into(),
            (false, _) => format!("rejected: {}", self.reason.unwrap_or("no labels")),
        }
    }
}

fn writing(path: &Path, error: io::Error) -> Failure {
    Failure::Io(format!("writing {}", files::name(path)), error)
}
