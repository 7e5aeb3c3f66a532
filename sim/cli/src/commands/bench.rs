//! `sim bench`: what one secure inference costs.

use crate::answers::active::{self, ActiveBenchDocument, TermDocument};
use crate::answers::bench::{
    BenchDocument, DifferenceDocument, Job, LayerMeasured, PerInference, SetupMeasured, load, measure,
};
use crate::answers::pictures::Pictures;
use crate::answers::predict::{FamilyPrediction, PredictedCost, PredictionDocument, predict};
use crate::args::bench::BenchArgs;
use crate::text::{self, BAD, DIM, HEADING};
use fusion_2pc::backend::{Choice, Family};
use fusion_2pc::ot::Extension;
use fusion_active::network::Triples;
use fusion_adversaries::problem::{counted, one_line};
use fusion_engine::failure::Failure;
use std::io::Write;

/// Measures each batch, and writes a table for each or one JSON array for all.
pub fn run(args: &BenchArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    if args.predict {
        return write_predictions(&predict(args)?, args.json, stdout);
    }
    let inference = args.inference();
    let model = load(args.model(), &inference.fixed_point)?;
    let images = Pictures::new(args.images.as_deref(), args.seed, &model)?;
    if args.active {
        let job = |&batch: &usize| active::Job {
            triples: args.triples.unwrap_or(Triples::Elements),
            batch,
            file: args.model(),
            model: &model,
            inference: &inference,
            seed: args.seed,
            images: &images,
        };
        let measured = args.batch.iter().map(|batch| active::measure(&job(batch)));
        return write_active(&measured.collect::<Result<Vec<_>, _>>()?, args.json, stdout);
    }
    let measured = |&batch: &usize| {
        measure(&Job {
            file: args.model(),
            model: &model,
            inference: &inference,
            seed: args.seed,
            batch,
            images: &images,
            threads: Some(args.threads()),
        })
    };
    let mut documents: Vec<BenchDocument> = args.batch.iter().map(measured).collect::<Result<_, _>>()?;
    if args.explain {
        let family = inference.backend;
        for document in &mut documents {
            document.differences = Some(DifferenceDocument::of(family));
        }
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *stdout, &documents).map_err(std::io::Error::from)?;
        writeln!(stdout)?;
    } else {
        documents.iter().try_for_each(|document| document.write_text(args.by.is_some(), stdout))?;
        if args.explain {
            write_differences(inference.protocols()?.backend, stdout)?;
        }
    }
    stdout.flush()?;
    documents.iter().try_for_each(BenchDocument::fault)
}

/// Writes a table of the families for each batch, or one JSON array for all.
fn write_predictions(documents: &[PredictionDocument], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        serde_json::to_writer_pretty(&mut *out, documents).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    for PredictionDocument { model, batch, network, truncation, families, active, active_matrices } in documents {
        let title = format!("{model}   predicted   batch {batch}   {truncation}");
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        let named = !["lan", "wan"].contains(&network.as_str());
        let own = format!("over {network}");
        let mut heading = vec!["per inference", "client sends", "server sends", "rounds", "over lan", "over wan"];
        heading.extend(named.then_some(own.as_str()));
        let cells = |name: &str, cost: &PredictedCost| {
            let PredictedCost { client_sent_bytes, server_sent_bytes, rounds_at_most, .. } = cost;
            let [client, server] = [client_sent_bytes, server_sent_bytes].map(|bytes| kilo(*bytes));
            let mut row = vec![name.to_owned(), client, server, format!("{rounds_at_most:.2}")];
            row.extend([cost.lan_s_at_most, cost.wan_s_at_most].map(milli));
            row.extend(named.then(|| milli(cost.network_s_at_most)));
            row
        };
        let runs = |family: &FamilyPrediction| Some(cells(family.backend, family.per_inference.as_ref()?));
        let all = || families.iter().chain([active, active_matrices]);
        write!(out, "{}", text::table(&heading, all().filter_map(runs).collect(), 1))?;
        let note = "rounds and times at most, times of messages alone; set-up and computing come on top";
        writeln!(out, "\n{}", text::styled(DIM, note))?;
        let note = format!(
            "{} and {}: full active security; every other line is secure against parties that follow the protocol",
            active.backend, active_matrices.backend
        );
        writeln!(out, "{}", text::styled(DIM, &note))?;
        for FamilyPrediction { backend, reasons, .. } in all() {
            for reason in reasons {
                writeln!(out, "not by {backend}: {}", one_line(reason))?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Writes each batch with full active security, or one JSON array for all.
fn write_active(documents: &[ActiveBenchDocument], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        serde_json::to_writer_pretty(&mut *out, documents).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        documents.iter().try_for_each(|document| document.write_text(out))?;
    }
    out.flush()?;
    documents.iter().try_for_each(ActiveBenchDocument::fault)
}

/// Writes in what a family differs here from the system as released.
fn write_differences(backend: Choice, out: &mut dyn Write) -> Result<(), Failure> {
    let family = backend.family();
    if !family.shared().is_empty() {
        writeln!(out, "\n{} {}", text::styled(HEADING, "shared with Cheetah:"), family.shared().join(", "))?;
    }
    writeln!(out, "\n{}", text::styled(HEADING, &format!("{} here, and as released", family.name())))?;
    if let Some(extension) = backend.extension() {
        let what = match (family, extension) {
            (Family::Cheetah, _) => "of transfers (chosen: by default their number decides)",
            (_, Extension::Iknp) => "of transfers of one of two messages (as released)",
            _ => "of transfers of one of two messages (not as released, which is iknp)",
        };
        writeln!(out, "  extension {what}\n    {}", extension.about())?;
    }
    if backend.checks().is_active() {
        writeln!(out, "  checks of extensions (not as released)\n    {}", backend.checks().about())?;
    }
    for DifferenceDocument { part, released, here, effect } in DifferenceDocument::of(family) {
        writeln!(out, "  {part} ({effect})\n    here: {here}\n    released: {released}")?;
    }
    Ok(())
}

fn kilo(bytes: f64) -> String {
    format!("{:.1} KB", bytes / 1000.0)
}

fn milli(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1000.0)
}

/// The cells of a layer in the table of layers.
fn row_of_layer(layer: &LayerMeasured) -> Vec<String> {
    let LayerMeasured { step, messages, rounds, .. } = layer;
    let [client, server] = [layer.client_sent_bytes, layer.server_sent_bytes].map(kilo);
    let times = [layer.lan_s, layer.wan_s, layer.client_cpu_s, layer.server_cpu_s].map(milli);
    let sent = [step.clone(), client, server, messages.to_string(), format!("{rounds:.2}")];
    sent.into_iter().chain(times).collect()
}

impl PerInference {
    fn rows(&self, network: &str) -> Vec<Vec<String>> {
        let sent = self.client_sent_bytes + self.server_sent_bytes;
        let mut rows = vec![
            vec!["client sends".into(), kilo(self.client_sent_bytes)],
            vec!["server sends".into(), kilo(self.server_sent_bytes)],
            vec!["total".into(), kilo(sent)],
            vec!["of which offline".into(), kilo(self.offline_bytes)],
            vec!["TCP frames, extra".into(), kilo(self.framing_bytes)],
            vec!["rounds".into(), format!("{:.2}", self.rounds)],
            vec!["client computes".into(), milli(self.client_cpu_s)],
            vec!["server computes".into(), milli(self.server_cpu_s)],
            vec!["time in memory".into(), milli(self.wall_s)],
            vec!["time over lan".into(), milli(self.lan_s)],
            vec!["time over wan".into(), milli(self.wan_s)],
        ];
        if !["lan", "wan"].contains(&network) {
            rows.push(vec![format!("time over {network}"), milli(self.network_s)]);
        }
        rows
    }
}

impl ActiveBenchDocument {
    /// The triples in words.
    fn triples(&self) -> String {
        let Self { triples, products, matrices, .. } = self;
        match matrices {
            0 => format!("{triples} triples, {products} of them of products of linear layers"),
            _ => format!(
                "{matrices} triples of matrices for {products} products of linear layers, and {triples} triples of elements"
            ),
        }
    }

    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { protocol, model, batch, network, setup, per_inference: each, .. } = self;
        if let Some(error) = &self.error {
            writeln!(out, "{} {error}", text::styled(BAD, "error"))?;
        }
        let exact = if self.exact { "every logit exact" } else { "NOT the plaintext's logits" };
        let title = format!("{model}   {protocol}   batch {batch}   full active security   {exact}");
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        write!(out, "{}", text::table(&["per inference", ""], each.rows(network), 1))?;
        #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
        let sent = kilo((setup.client_sent_bytes + setup.server_sent_bytes) as f64);
        let [client, server] = [setup.client_cpu_s, setup.server_cpu_s].map(milli);
        let once = format!(
            "once per pair: {sent}, {} rounds, client {client}, server {server}, here {}\n{}, each {:.0} bytes with its product; by chance {} masks and {} proofs again",
            setup.rounds,
            milli(setup.wall_s),
            self.triples(),
            self.bytes_per_product,
            self.masks_again,
            self.proofs_again.iter().sum::<usize>(),
        );
        writeln!(out, "\n{}", text::styled(DIM, &once))?;
        let row = |term: &TermDocument| {
            let TermDocument { name, each, times, bits } = term;
            vec![(*name).to_string(), times.to_string(), each.clone(), text::bits(Some(*bits))]
        };
        let heading = ["a party that deviates gets through or learns something: how", "times", "each at most", "bits"];
        write!(out, "\n{}", text::table(&heading, self.error_terms.iter().map(row).collect(), 1))?;
        writeln!(out, "together at most {}, {} bits", self.error_bound, text::bits(Some(self.error_bits)))?;
        writeln!(out, "two honest parties stop with a probability of at most {}", self.false_alarm)?;
        Ok(())
    }
}

impl BenchDocument {
    fn write_text(&self, show_layers: bool, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { backend, model, batch, lanes, threads, network, truncation, per_inference: each, .. } = self;
        let extension = self.extension.map_or_else(String::new, |extension| format!(" over {extension}"));
        let checks = self.checks.map_or_else(String::new, |checks| format!(", checks {checks}"));
        if let Some(error) = &self.error {
            writeln!(out, "{} {error}", text::styled(BAD, "error"))?;
        }
        let beside = match lanes {
            0..=1 => String::new(),
            _ => format!(", lanes {lanes}, threads {threads}"),
        };
        let exact = if self.exact { "every logit exact" } else { "NOT the plaintext's logits" };
        let wrapped = self.wrapped.map_or_else(String::new, |count| format!(", {count} values wrapped"));
        let linear = self.linear.map_or_else(String::new, |linear| format!(", linear {linear}"));
        let carries = self.carries.map_or_else(String::new, |carries| format!(", carries {carries}"));
        let title = format!(
            "{model}   {backend}{extension}{checks}{linear}{carries}   batch {batch}{beside}   {truncation}   {exact}{wrapped}"
        );
        writeln!(out, "{}\n", text::styled(HEADING, &title))?;
        write!(out, "{}", text::table(&["per inference", ""], each.rows(network), 1))?;
        writeln!(out, "\n{}", text::styled(DIM, &self.once()))?;
        if show_layers {
            let heading = [
                "layer",
                "client sends",
                "server sends",
                "messages",
                "rounds",
                "over lan",
                "over wan",
                "client works",
                "server works",
            ];
            let rows = self.by_layer.iter().map(row_of_layer).chain([self.row_of_rest()]).collect();
            write!(out, "\n{}", text::table(&heading, rows, 1))?;
        }
        Ok(())
    }

    /// The processor time of steps that send nothing, as a row beside those of layers.
    fn row_of_rest(&self) -> Vec<String> {
        let rest = |whole: f64, of_layer: fn(&LayerMeasured) -> f64| {
            milli((whole - self.by_layer.iter().map(of_layer).sum::<f64>()).max(0.0))
        };
        let each = &self.per_inference;
        let client = rest(each.client_cpu_s, |layer| layer.client_cpu_s);
        let server = rest(each.server_cpu_s, |layer| layer.server_cpu_s);
        let nothing = std::iter::repeat_n("-".to_owned(), 6);
        ["rest".to_owned()].into_iter().chain(nothing).chain([client, server]).collect()
    }

    /// The bytes of a set-up as a share of those of one session with this batch, in percent.
    #[expect(clippy::cast_precision_loss, reason = "bytes and slots are below 2^52")]
    fn setup_share(&self) -> f64 {
        let Self { setup, encrypted_weights, per_inference: each, batch, .. } = self;
        let session = (each.client_sent_bytes + each.server_sent_bytes) * *batch as f64;
        let once = |once: &SetupMeasured| once.client_sent_bytes + once.server_sent_bytes;
        100.0 * (once(setup) + encrypted_weights.as_ref().map_or(0, once)) as f64 / session
    }

    /// Describes what is done before the first inference, one line for each part.
    #[expect(clippy::cast_precision_loss, reason = "bytes are below 2^52")]
    fn once(&self) -> String {
        let Self { once_per_network, setup, .. } = self;
        let sent = kilo((setup.client_sent_bytes + setup.server_sent_bytes) as f64);
        let framing = kilo(setup.framing_bytes as f64);
        let [client, server] = [setup.client_cpu_s, setup.server_cpu_s].map(milli);
        let memory =
            self.peak_rss_bytes.map_or_else(String::new, |bytes| format!("   memory {} MB", bytes / 1_000_000));
        let weights = self.encrypted_weights.as_ref().map_or_else(String::new, |weights| {
            let sent = kilo((weights.client_sent_bytes + weights.server_sent_bytes) as f64);
            let [client, server] = [weights.client_cpu_s, weights.server_cpu_s].map(milli);
            format!(
                ", encrypted weights {sent}, {}, client {client}, server {server}",
                counted(weights.rounds, "round")
            )
        });
        let rounds = setup.rounds + self.encrypted_weights.as_ref().map_or(0, |weights| weights.rounds);
        format!(
            "once per network: plan and weights {}{weights}\nonce per pair: {sent}, TCP frames {framing}, {}, client {client}, \
             server {server}, here {}{memory}\nonce per session instead (`setup: session`): {:.2} % more bytes, {}",
            milli(once_per_network.wall_s),
            counted(setup.rounds, "round"),
            milli(setup.wall_s),
            self.setup_share(),
            counted(rounds, "more round"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::bench::{PreparationMeasured, inexact};
    use fusion_2pc::wire::clock::LinkSpeed;
    use fusion_engine::simulate::beside::Traced;
    use fusion_engine::simulate::metered::SetupSpent;
    use std::path::Path;

    fn document(error: Option<String>) -> BenchDocument {
        BenchDocument {
            exact: error.is_none(),
            error,
            wrapped: None,
            backend: "cheetah",
            extension: None,
            checks: None,
            model: "model.onnx".into(),
            batch: 1,
            lanes: 1,
            threads: 1,
            network: "lan".into(),
            truncation: "faithful",
            linear: None,
            carries: None,
            encrypted_weights: None,
            once_per_network: PreparationMeasured { cpu_s: 0.25, wall_s: 0.5 },
            setup: SetupMeasured::new(&SetupSpent::default()),
            per_inference: PerInference::new(
                &Traced::default(),
                1,
                0.0,
                [std::time::Duration::ZERO; 2],
                LinkSpeed::LAN,
            ),
            peak_rss_bytes: None,
            by_layer: Vec::new(),
            differences: None,
        }
    }

    /// On the first line, as the first key, and by the exit code.
    #[test]
    fn logits_that_are_not_exact_are_said_first() {
        let wrong = document(Some(inexact(Path::new("model.onnx"), 1)));
        let mut text = anstream::StripStream::new(Vec::new());
        wrong.write_text(false, &mut text).unwrap();
        let text = String::from_utf8(text.into_inner()).unwrap();
        let first = "error model.onnx: batch 1: two parties do not compute the plaintext's logits, and faithful truncation must";
        assert_eq!(text.lines().next(), Some(first));
        let json = serde_json::to_string(&wrong).unwrap();
        assert!(json.starts_with(r#"{"error":"model.onnx: batch 1: "#), "{json}");
        let failure = wrong.fault().unwrap_err();
        let code = crate::failure::report(&failure, crate::failure::Format::Text, &mut Vec::new());
        assert_eq!(code, crate::failure::BUG);
        let right = document(None);
        assert!(right.fault().is_ok() && !serde_json::to_string(&right).unwrap().contains("error"));
    }

    #[test]
    fn what_comes_once_is_apart() {
        let once = document(None).once();
        assert!(
            once.starts_with("once per network: plan and weights 500.00 ms\nonce per pair: 0.0 KB, TCP frames 0.0 KB"),
            "{once}"
        );
    }
}
