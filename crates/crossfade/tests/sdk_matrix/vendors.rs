//! The gateway with three vendors behind it, and deployments in which something is wrong with one of them.

use std::fmt::Write as _;

use serde_json::json;
use testkit::vendors::Simulator;
use testkit::wait::{self, CrossfadeProcess};

use crate::house::{self, APP, VENDOR_KEY};

pub(crate) struct Vendors {
    pub(crate) gateway: CrossfadeProcess,
    /// Kept as long as the gateway: they end when this is dropped.
    _simulated: Simulator,
}

/// Name (dialect and provider as well), model, and who is green where this one is blue.
const VENDORS: [(&str, &str, &str); 3] = [
    ("openai", "gpt-4.1", "anthropic"),
    ("anthropic", "claude-sonnet-4-5", "gemini"),
    ("gemini", "gemini-2.5-flash", "openai"),
];
const STATUSES: [u16; 3] = [429, 500, 529];
/// What breaks an answer that has begun, by the name of its deployment. These come at a pace: of a stream that breaks
/// in its first packet the client never hears.
const BREAKS: [(&str, &str); 3] = [
    ("truncated", "truncate_stream"),
    ("reset", "reset_mid_stream"),
    ("erring", "error_mid_stream"),
];

impl Vendors {
    pub(crate) async fn start() -> Vendors {
        let simulated = house::vendors().await;
        for (_, model, _) in VENDORS {
            for status in STATUSES {
                let trouble = json!({"error_rate": 1.0, "error_status": status, "retry_after_seconds": 7});
                let model = format!("{model}-{status}");
                simulated.change_behaviour(&model, trouble).unwrap();
            }
            for (name, fault) in BREAKS {
                let trouble = json!({"faults": {fault: 1.0}, "tokens_per_second": 500.0});
                let model = format!("{model}-{name}");
                simulated.change_behaviour(&model, trouble).unwrap();
            }
        }
        let gateway = wait::spawn_crossfade(house::BINARY, &file(&simulated.url()), &[]).await;
        Vendors {
            gateway,
            _simulated: simulated,
        }
    }
}

fn file(url: &str) -> String {
    let mut providers = String::new();
    let mut deployments = String::new();
    for (name, model, green) in VENDORS {
        let url = if name == "openai" {
            format!("{url}/v1")
        } else {
            url.to_owned()
        };
        for (provider, key) in [
            (name.to_owned(), VENDOR_KEY),
            (format!("{name}-wrong-key"), "sk-wrong"),
        ] {
            let _ = writeln!(
                providers,
                "  {provider}: {{dialect: {name}, base_url: {url}, api_key: {key}}}"
            );
        }
        let mut blue = |deployment: String, provider: &str, model: &str| {
            let _ = writeln!(
                deployments,
                "  {deployment}: {{blue: {{provider: {provider}, model: {model}}}}}"
            );
        };
        blue(format!("on-{name}"), name, model);
        blue(format!("{name}-401"), &format!("{name}-wrong-key"), model);
        for status in STATUSES {
            blue(format!("{name}-{status}"), name, &format!("{model}-{status}"));
        }
        for (fault, _) in BREAKS {
            blue(format!("{name}-{fault}"), name, &format!("{model}-{fault}"));
        }
        let green_model = VENDORS.iter().find(|vendor| vendor.0 == green).unwrap().1;
        let _ = writeln!(
            deployments,
            "  split-{name}: {{blue: {{provider: {name}, model: {model}}}, \
             green: {{provider: {green}, model: {green_model}}}, split: {{green: 50}}}}"
        );
    }
    format!(
        "admin_token: ${{CROSSFADE_ADMIN_TOKEN}}
workers: 2
providers:
{providers}deployments:
{deployments}  embed-openai: {{blue: {{provider: openai, model: text-embedding-3-small}}}}
  embed-gemini: {{blue: {{provider: gemini, model: gemini-embedding-001}}}}
keys:
  - {{name: app, secret: {APP}}}
"
    )
}
