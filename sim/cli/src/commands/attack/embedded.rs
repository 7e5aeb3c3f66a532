//! Campaigns for programs that embed this one: `sim attack` without a process, a terminal or signal handlers.
//!
//! ```
//! use fusion_sim::attack::{Attack, Script};
//!
//! let runs = std::env::temp_dir().join(format!("fusion-attack-{}", std::process::id()));
//! let mut attack = Attack::new(Script::Path("quickstart".into()), runs.clone());
//! (attack.overrides.max, attack.threads) = (Some(2048), 2);
//! let mut events = Vec::new();
//! let folder = attack.play(&mut events, &mut std::io::sink())?.expect("nothing interrupts it");
//! assert!(folder.join("result.json").is_file() && !events.is_empty());
//! # std::fs::remove_dir_all(runs)?;
//! # Ok::<(), fusion_engine::failure::Failure>(())
//! ```

use super::{Style, play};
use crate::signals::INTERRUPTED;
use crate::text;
use fusion_engine::campaign::load::{Overrides, load, load_text};
use fusion_engine::campaign::run::{Options, cores};
use fusion_engine::failure::Failure;
use fusion_engine::store::Store;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Where the script of a campaign is.
#[derive(Clone, Debug)]
pub enum Script {
    /// The path of a file, or the name of a curated script such as `low-quality`.
    Path(PathBuf),
    /// The script itself, in YAML. Relative paths in it start from the current folder.
    Text(String),
}

/// A campaign to play.
#[derive(Debug)]
pub struct Attack {
    /// Where the script is.
    pub script: Script,
    /// What is changed of the script.
    pub overrides: Overrides,
    /// The folder of all runs; the campaign makes one of its own below it.
    pub runs: PathBuf,
    /// The number of worker threads, at least 1.
    pub threads: usize,
    /// Stops the campaign when it is set, within one block of trials; the state is kept.
    pub interrupted: Arc<AtomicBool>,
}

impl Attack {
    /// Makes a campaign from a script as it is, on one thread for each core.
    #[must_use]
    pub fn new(script: Script, runs: PathBuf) -> Self {
        Self { script, overrides: Overrides::default(), runs, threads: cores(), interrupted: Arc::default() }
    }

    /// Plays the campaign and returns the folder of its run, or `None` if it was interrupted. Events go to `events` as `sim attack --json` prints them, one
    /// JSON object a line with the result last, and remarks and how to resume to `notes`.
    ///
    /// # Errors
    /// [`Failure::Script`], [`Failure::Problems`] and [`Failure::Usage`] for what is wrong with the script, [`Failure::Io`] if reading or
    /// writing fails. A campaign that finds a bug of this program ends with the verdict `error`, which is no failure here.
    pub fn play(&self, events: &mut dyn Write, notes: &mut dyn Write) -> Result<Option<PathBuf>, Failure> {
        let Self { script, overrides, runs, threads, interrupted } = self;
        if *threads == 0 {
            return Err(Failure::Usage("threads must be at least 1".into()));
        }
        let mut campaign = match script {
            Script::Path(path) => load(path, overrides)?,
            Script::Text(text) => load_text(text, overrides)?,
        };
        for warning in &campaign.warnings {
            writeln!(notes, "{}", text::warning(&warning.message))?;
        }
        let mut store = Store::create(runs, &campaign, None)?;
        let options = Options { threads: *threads, shard: None, interrupted: Arc::clone(interrupted) };
        let code = play(&mut campaign, &mut store, &options, Style::Json, events, notes)?;
        Ok((code != INTERRUPTED).then(|| store.folder().to_path_buf()))
    }
}
