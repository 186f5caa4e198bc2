//! `simulate`: the simulated vendors alone, for trying a configuration or a client without a key and without cost.

use std::net::SocketAddr;

use anyhow::anyhow;
use clap::Args;
use serde_json::{Value, json};
use testkit::vendors::{Simulator, SimulatorConfig};

use super::{Failure, Stop};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade simulate
  crossfade simulate --listen 127.0.0.1:0       on any free port
  crossfade simulate --key sk-test              vendors that want a key";

/// Run simulated vendors of every dialect, with faults that can be set at any time
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SimulateArgs {
    /// Where the vendors listen, all of them on one port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Words, times and faults follow from it: the same request gets the same answer
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Answer 401 to requests without this key
    #[arg(long, value_name = "SECRET")]
    key: Option<String>,
}

/// On a thread for each processor: the vendors should not be what limits the gateway in front of them.
pub(super) fn run(args: &SimulateArgs, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(anyhow::Error::from)?;
    runtime.block_on(simulate(args, output))
}

async fn simulate(args: &SimulateArgs, output: &Output) -> Result<(), Failure> {
    let config = SimulatorConfig {
        listen: args.listen,
        seed: args.seed,
        required_key: args.key.clone(),
        ..SimulatorConfig::default()
    };
    let vendors = Simulator::start(config).await.map_err(|error| {
        anyhow!(
            "{error}: {}; --listen 127.0.0.1:0 takes any free port",
            error.source
        )
    })?;
    let mut stop = Stop::listen()?;
    if output.json {
        output.json(&addresses(&vendors.url()))?;
    } else {
        output.text(&introduction(&vendors.url(), args.key.as_deref()))?;
    }
    stop.asked_for().await;
    vendors.stop().await;
    Ok(())
}

fn addresses(url: &str) -> Value {
    json!({
        "url": url,
        "base_urls": {"openai": format!("{url}/v1"), "anthropic": url, "gemini": url},
        "settings": format!("{url}/sim/models"),
    })
}

fn introduction(url: &str, key: Option<&str>) -> String {
    let written_key = key.map(|key| format!(", api_key: {key}")).unwrap_or_default();
    let sent_key = key
        .map(|key| format!(" -H 'Authorization: Bearer {key}'"))
        .unwrap_or_default();
    format!(
        r#"Simulated vendors listen on {url} and know every model name.

Point providers at them:
  providers:
    openai:    {{dialect: openai, base_url: {url}/v1{written_key}}}
    anthropic: {{dialect: anthropic, base_url: {url}{written_key}}}
    gemini:    {{dialect: gemini, base_url: {url}{written_key}}}

Ask one:
  curl {url}/v1/chat/completions{sent_key} -d '{{"model": "gpt-4.1", "messages": [{{"role": "user", "content": "Hello"}}]}}'

Make a model fail, dawdle or break, from the next request on:
  curl {url}/sim/models/gpt-4.1 -d '{{"error_rate": 0.5, "error_status": 503}}'
  curl {url}/sim/models/gpt-4.1 -d '{{"first_byte_median_ms": 3000, "tokens_per_second": 5}}'
  curl {url}/sim/models/gpt-4.1 -d '{{"faults": {{"rate_limit": 0.2, "stall_mid_stream": 0.1, "reset_mid_stream": 0.1}}}}'

Make it well again, and see what every model met:
  curl -X DELETE {url}/sim/models/gpt-4.1
  curl {url}/sim/models

Ctrl-C ends them."#
    )
}
