//! `sim explore`: serves the local page until Ctrl-C.

use crate::args::ExploreArgs;
use crate::explore::PageServer;
use fusion_engine::failure::Failure;
use std::io::Write;
use tokio::signal::unix::{SignalKind, signal};

/// Says where the page is, and serves it until it is told to stop. The exit code is then 0, because there is nothing to lose.
pub fn run(args: &ExploreArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let server = PageServer::bind(args)?;
    writeln!(stdout, "http://{}/   (Ctrl-C ends it)", server.address())?;
    stdout.flush()?;
    server.serve(stopped()).map_err(|error| Failure::Io("serving the page".into(), error))
}

/// Completes on Ctrl-C, or when the process is told to end.
async fn stopped() {
    let (Ok(mut interrupted), Ok(mut ended)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => (),
        _ = ended.recv() => (),
    }
}
