//! `sim merge`: the shards of one campaign become a run.

use super::attack::{Style, play};
use crate::args::campaign::MergeArgs;
use crate::campaign::load::{Overrides, load};
use crate::campaign::run::{Options, decided_rows};
use crate::failure::Failure;
use crate::files;
use crate::store::Store;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Takes the rows of all shards to a new run and decides.
pub fn run(args: &MergeArgs, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<u8, Failure> {
    let first = &args.shards[0];
    let mut campaign = load(&first.join("script.yaml"), &Overrides::default())?;
    let shards = args.shards.iter().map(|folder| Store::open(folder, &campaign)).collect::<Result<Vec<_>, _>>()?;
    for (index, shard) in shards.iter().enumerate() {
        for (other, earlier) in shards[..index].iter().enumerate() {
            if let Some(name) = shard.overlap(earlier) {
                let (a, b) = (files::name(&args.shards[other]), files::name(&args.shards[index]));
                return Err(Failure::Usage(format!("{a} and {b} both hold the trials {name}")));
            }
        }
    }
    for shard in &shards {
        campaign.keep(shard);
    }
    // Decided first: nothing is written of an incomplete set.
    let rows = decided_rows(&campaign, &shards)?;
    let mut store = Store::create(&args.runs, &campaign, None)?;
    for row in rows {
        store.append(row)?;
    }
    store.settle()?;
    // Every row is there: no worker is needed.
    let options = Options { threads: 0, shard: None, interrupted: Arc::new(AtomicBool::new(false)) };
    play(&mut campaign, &mut store, &options, Style::new(args.json, args.quiet), stdout, stderr)
}
