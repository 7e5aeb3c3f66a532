//! The flags of `explore`.

use super::bench::InferenceArgs;
use axum::http::uri::Authority;
use clap::Args;
use std::path::PathBuf;

/// Explore plans on a local web page: move R, lambda, accuracies and slack, and see the cost.
///
/// The page is served to this machine only (127.0.0.1), and needs nothing from the network. It shows the numbers of `sim plan` and
/// `sim bound`: the cheapest B and T, the limiting constraint, the winning rate over k, the cost of neighbouring B and T, and the
/// cost at other R beside the six published points. Sessions of the plan with a cheating server can be played and watched, slot by
/// slot. Its address holds the settings, which can be copied as a command, or as
/// `protocol:` and `goal:` of a script.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExploreArgs {
    /// The port to listen on; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value = "7878")]
    pub port: u16,
    /// One more name with its port under which the page is asked for, such as that of a forwarded port. The server still listens on 127.0.0.1 alone.
    #[arg(long, value_name = "NAME:PORT", value_parser = host)]
    pub host: Option<String>,
    /// Also show the cost of a query on this ONNX model, which is measured when the page first asks, and what every family of protocols would send.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub inference: InferenceArgs,
}

const EXAMPLES: &str = "\
Examples:
  sim explore
      Prints the address of the page, and serves it until Ctrl-C.

  sim explore --host my-desk:9000
      Also answers a browser that reaches the page as http://my-desk:9000, through a port that you forward to 7878.

  sim explore --port 0 --model examples/models/lenet_mnist_full.onnx
      Serves the page on any free port, with bytes and seconds per query.";

/// Reads a name or an address with a port, in the form in which a browser names it in `Host`.
fn host(text: &str) -> Result<String, String> {
    let authority: Option<Authority> = text.parse().ok();
    let has_port =
        authority.is_some_and(|name| name.port_u16().is_some_and(|port| port > 0) && !name.host().is_empty());
    if !has_port || text.contains(['@', '*']) {
        return Err("not a name with a port, such as my-desk:9000".into());
    }
    // A browser leaves out the port of the scheme.
    Ok(text.strip_suffix(":80").unwrap_or(text).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_a_name_with_a_port() {
        for (text, read) in
            [("My-Desk:9000", "my-desk:9000"), ("10.0.0.2:80", "10.0.0.2"), ("[::1]:8080", "[::1]:8080")]
        {
            assert_eq!(host(text), Ok(read.into()));
        }
        for wrong in [
            "",
            "my-desk",
            "my-desk:",
            "my-desk:0",
            ":80",
            "my-desk:99999",
            "http://a:80",
            "a@b:80",
            "*:80",
            "a b:80",
            "a:80/x",
        ] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }
}
