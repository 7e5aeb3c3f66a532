//! The signals that interrupt long work whose state is kept.

use fusion_engine::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The exit code if a signal stopped work whose state is saved.
pub const INTERRUPTED: u8 = 130;

/// Returns a flag that the first Ctrl-C sets. A second Ctrl-C ends the process.
pub fn interruption() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .map_err(|error| Failure::Io("watching for signals".into(), error))?;
    }
    Ok(flag)
}
