//! The progress of a campaign: a bar on a terminal, a line every half minute otherwise, and an event for each checkpoint with
//! `--json`.

use super::style::Style;
use fusion_adversaries::problem::counted;
use fusion_engine::campaign::run::Observer;
use fusion_engine::campaign::verdict::Standing;
use fusion_engine::campaign::{Campaign, Entry};
use fusion_engine::clock::now;
use fusion_engine::documents::event::CampaignEvent;
use fusion_engine::failure::Failure;
use fusion_engine::store::Store;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The time between two lines of progress where there is no terminal.
const LINE: Duration = Duration::from_secs(30);
/// The shortest time between two events of a strategy.
const EVENT: Duration = Duration::from_secs(1);

/// An observer of a campaign that shows its progress.
pub struct Watch<'o> {
    style: Style,
    stdout: &'o mut dyn Write,
    stderr: &'o mut dyn Write,
    bar: Option<ProgressBar>,
    /// The time at which a line or an event was last written.
    spoken: Instant,
    /// Whether a signal has stopped the campaign.
    stopping: bool,
}

impl<'o> Watch<'o> {
    /// Makes an observer that writes events to `stdout` and progress to `stderr`.
    pub fn new(style: Style, stdout: &'o mut dyn Write, stderr: &'o mut dyn Write) -> Self {
        Self { style, stdout, stderr, bar: None, spoken: now(), stopping: false }
    }

    /// Reports that the campaign begins.
    pub fn start(&mut self, campaign: &Campaign, store: &Store) -> Result<(), Failure> {
        if self.style != Style::Json {
            return Ok(());
        }
        write_event(&CampaignEvent::start(campaign, store), self.stdout)
    }

    /// Returns the progress bar of an entry. Its speed is that of the trials after the first `trials`.
    fn bar(&mut self, entry: &Entry, trials: u64) -> &ProgressBar {
        self.bar.get_or_insert_with(|| {
            let most = entry.max * entry.counters().len() as u64;
            let bar = ProgressBar::with_draw_target(Some(most), ProgressDrawTarget::stderr());
            let template = "{prefix:16!} {bar:24} {human_pos}/{human_len} trials{speed}{left}  {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.with_key("speed", speed).with_key("left", left));
            }
            bar.set_prefix(entry.name.clone());
            bar.set_position(trials);
            bar.tick();
            bar.reset_eta();
            bar
        })
    }
}

/// Writes the speed, once there is one.
fn speed(state: &ProgressState, out: &mut dyn fmt::Write) {
    if let Some(speed) = brief(state.per_sec()) {
        let _ = write!(out, ", {speed}");
    }
}

/// Writes a number of trials a second in whole thousands or millions from ten of them on, and one below 1 as the seconds of a trial; `None` where there
/// is no speed yet.
fn brief(per_second: f64) -> Option<String> {
    match per_second {
        speed if !speed.is_finite() || speed <= 0.0 => None,
        speed if speed < 0.5 => Some(format!("1 in {:.0} s", 1.0 / speed)),
        speed if speed < 1e4 => Some(format!("{speed:.0}/s")),
        speed if speed < 1e7 => Some(format!("{:.0}k/s", speed / 1e3)),
        speed => Some(format!("{:.0}M/s", speed / 1e6)),
    }
}

/// Writes the time that is left, once there is a speed.
fn left(state: &ProgressState, out: &mut dyn fmt::Write) {
    if state.per_sec() > 0.0 {
        let _ = write!(out, ", at most {:#} more", HumanDuration(state.eta()));
    }
}

impl Observer for Watch<'_> {
    fn progress(&mut self, entry: &Entry, trials: u64) {
        if self.style == Style::Quiet {
            return;
        }
        if std::io::stderr().is_terminal() {
            self.bar(entry, trials).set_position(trials);
        } else if self.spoken.elapsed() >= LINE {
            self.spoken = now();
            // Progress that nobody can read is no reason to stop.
            let _ = writeln!(self.stderr, "{}: {}", entry.name, counted(trials, "trial"));
        }
    }

    fn checkpoint(&mut self, entry: &Entry, standing: &Standing) -> Result<(), Failure> {
        let verdict = standing.verdict().name();
        if let Some(bar) = &self.bar {
            bar.set_message(verdict);
        }
        let last = standing.is_decided();
        if self.style != Style::Json || !(last || self.spoken.elapsed() >= EVENT) {
            return Ok(());
        }
        self.spoken = now();
        write_event(&CampaignEvent::checkpoint(entry, standing), self.stdout)?;
        Ok(self.stdout.flush()?)
    }

    fn interrupted(&mut self) {
        self.over();
        // Said once, though every strategy that is left is told; a reader of lines gets the one with the command to go on.
        if !std::mem::replace(&mut self.stopping, true) && std::io::stderr().is_terminal() {
            let _ = writeln!(self.stderr, "stopping after the current trials; a second signal stops at once");
        }
    }

    fn over(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Writes an event as a line of JSON.
pub fn write_event(event: &CampaignEvent, out: &mut dyn Write) -> Result<(), Failure> {
    let line = serde_json::to_string(event).map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(writeln!(out, "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn speeds_are_whole_and_there_is_none_before_the_first_trial() {
        let told = |speeds: &[f64]| speeds.iter().map(|speed| brief(*speed)).collect::<Vec<_>>();
        assert_eq!(told(&[0.0, -1.0, f64::NAN, f64::INFINITY]), [None, None, None, None]);
        let speeds = [0.05, 0.3, 0.6, 57.3, 9_999.4, 12_345.6, 31_234_567.8];
        assert_eq!(
            told(&speeds),
            ["1 in 20 s", "1 in 3 s", "1/s", "57/s", "9999/s", "12k/s", "31M/s"].map(|speed| Some(speed.to_string()))
        );
    }
}
