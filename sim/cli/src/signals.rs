//! The signals that interrupt long work whose state is kept.

use fusion_engine::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The exit code if a signal stopped work whose state is saved.
pub const INTERRUPTED: u8 = 130;

/// Returns a flag that the first Ctrl-C sets, or the first request to end, or the loss of the terminal. A second one ends the process.
pub fn interruption() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let hangs_up = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| !ignores(&status, SIGHUP));
    for signal in [SIGINT, SIGTERM].into_iter().chain(hangs_up.then_some(SIGHUP)) {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .map_err(|error| Failure::Io("watching for signals".into(), error))?;
    }
    Ok(flag)
}

/// Whether a process ignores a signal, by its `/proc/PID/status`. One that `nohup` has started ignores `SIGHUP`, and is to go on without its terminal;
/// where this cannot be told, `SIGHUP` keeps its default.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_starts_ignores_that_its_terminal_is_gone() {
        let status =
            |mask: &str| format!("Name:\tsim\nSigBlk:\t0000000000000000\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert!(ignores(&status("0000000000000001"), SIGHUP) && ignores(&status("0000000000001001"), SIGHUP));
        assert!(!ignores(&status("0000000000001000"), SIGHUP) && ignores("Name:\tsim\n", SIGHUP));
        assert!(ignores(&status("0000000000000002"), SIGINT));
    }
}
