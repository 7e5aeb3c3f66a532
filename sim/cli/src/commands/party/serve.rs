//! `sim party serve`: a server that answers sessions until it is told to stop.

use super::fault::failure;
use crate::answers::bench;
use crate::args::ServeArgs;
use crate::signals::interruption;
use fusion_adversaries::script::Fidelity;
use fusion_engine::campaign::load::{self, Overrides};
use fusion_engine::failure::Failure;
use fusion_party::{Identity, Service, ServiceLimits, addresses};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::time::Duration;
use tracing::Level;

/// How long a connection may take to show the key of a client.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves a model, or plays a strategy.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let addresses = addresses(&args.listen).map_err(failure)?;
    let service = service(args)?;
    let unable = |error| Failure::Io(format!("listening on {}", args.listen), error);
    let listener = TcpListener::bind(&addresses[..]).map_err(unable)?;
    let stop = interruption()?;
    log(args.json, args.verbose).map_err(|error| Failure::Io("opening the log".into(), error))?;
    service.run(&listener, &stop).map_err(unable)
}

fn service(args: &ServeArgs) -> Result<Service, Failure> {
    let limits = ServiceLimits {
        clients: args.clients,
        sessions: args.sessions,
        handshake: HANDSHAKE,
        patience: args.patience.patience(),
        threads: args.threads.threads(),
    };
    let clients = args.peers.iter().copied().collect();
    let made = match (&args.model, &args.strategy, &args.only) {
        (_, Some(script), Some(strategy)) => {
            let only = vec![strategy.clone()];
            let campaign =
                load::load(script, &Overrides { only, fidelity: Some(Fidelity::Real), ..Overrides::default() })?;
            let identity = Identity::open(&args.identity).map_err(failure)?;
            Service::scripted(&identity, clients, campaign, strategy, limits)
        }
        (Some(model), ..) => {
            let protocols = (args.options.of(args.backend)?, args.truncation.into());
            let model = bench::load(model, &args.fixed_point)?;
            let identity = Identity::open(&args.identity).map_err(failure)?;
            Service::new(&identity, clients, model, protocols, limits)
        }
        (None, ..) => return Err(Failure::Usage("--model or --strategy with --only is needed".into())),
    };
    made.map_err(failure)
}

/// Writes the service's events from now on. A process has one log, which the first service in it sets up.
fn log(json: bool, verbose: bool) -> io::Result<()> {
    let level = if verbose { Level::DEBUG } else { Level::INFO };
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    let _ = if json {
        // The process's own handle is locked as long as a command runs, and events come from many threads.
        let stdout = Mutex::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).with_writer(stdout).try_init()
    } else {
        log.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).try_init()
    };
    Ok(())
}
