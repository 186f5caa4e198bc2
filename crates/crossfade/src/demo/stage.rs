//! Everything the demonstration needs, in this process: simulated vendors, the gateway itself and a client's key.
//! All of it listens on free loopback ports and keeps its state in memory, so nothing is left when it ends.
//!
//! The gateway is the one that `serve` runs, and it is moved through the admin API as the other verbs move it: what
//! is shown here is what a user has.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use control::config::{Config, ConfigError, Secret};
use serde_json::{Value, json};
use testkit::vendors::{Fault, ModelBehaviour, Simulator, SimulatorConfig};
use tokio::time::Instant;

use crate::client::{Access, AdminApi, Deployment, path};
use crate::serve::{House, Sockets};

/// What clients call.
pub(super) const DEPLOYMENT: &str = "assistant";
pub(super) const BLUE: Candidate = Candidate {
    provider: "openai",
    model: "gpt-4.1",
};
/// Of another vendor than blue, so that every split crosses from one API to another.
pub(super) const GREEN: Candidate = Candidate {
    provider: "anthropic",
    model: "claude-opus-4-7",
};
/// The candidate after it, and the one after that, which leads back to the first vendor.
pub(super) const NEXT: Candidate = Candidate {
    provider: "anthropic",
    model: "claude-opus-4-8",
};
pub(super) const LAST: Candidate = Candidate {
    provider: "openai",
    model: "gpt-5.2",
};

/// Statistics look back this far: long enough for steady figures, short enough to follow the scenes.
pub(super) const WINDOW_SECONDS: u64 = 10;
/// The data plane's threads; the traffic would fit on one, and the vendors need the other.
const WORKERS: u16 = 2;

pub(super) struct Stage {
    vendors: Simulator,
    house: House,
    pub(super) admin: AdminApi,
    pub(super) addresses: Addresses,
}

/// Where everything is, for the traffic and for whoever wants to try it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    /// `http://...`, without a path.
    pub(super) clients: String,
    pub(super) admin: String,
    pub(super) vendors: String,
    pub(super) admin_token: String,
    pub(super) key: String,
}

impl Addresses {
    /// The dashboard, logged in. What stands after `#` never reaches a server or its log.
    pub(super) fn dashboard(&self) -> String {
        format!("{}/#token={}", self.admin, self.admin_token)
    }
}

/// A model of one of the vendors, written `provider/model` as clients may name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    provider: &'static str,
    pub(super) model: &'static str,
}

impl fmt::Display for Candidate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.provider, self.model)
    }
}

/// Which environment of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Blue,
    Green,
}

/// A verb that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Commanded {
    pub(super) revision: u64,
    pub(super) sent: Instant,
    /// When the gateway's answer was here: from then on the new route holds.
    pub(super) in_force: Instant,
}

impl Commanded {
    pub(super) fn took(&self) -> Duration {
        self.in_force - self.sent
    }
}

impl Stage {
    pub(super) async fn open() -> anyhow::Result<Stage> {
        let vendors = Simulator::start(SimulatorConfig::default()).await?;
        vendors.set_behaviour(BLUE.model, well(Side::Blue))?;
        for candidate in [GREEN, NEXT, LAST] {
            vendors.set_behaviour(candidate.model, well(Side::Green))?;
        }
        let text = configuration(&vendors.url());
        let config = Config::parse("the demonstration's configuration", &text, &|_| None)
            .map_err(ConfigError::Refused)?;
        let token = control::desk::new_token()?;
        let sockets = Sockets::bind(&config)?;
        let house = House::open(config, sockets, &token, Path::new(""), WINDOW_SECONDS)
            .await
            .context("the gateway cannot start")?;
        let clients = format!("http://{}", house.gateway.address());
        let admin_url = format!("http://{}", house.admin);
        let secret = token.parse::<Secret>();
        let secret = secret.map_err(|reason| anyhow::anyhow!("the new admin token: {reason}"))?;
        let admin = AdminApi::at(Access::known(admin_url.clone(), secret, clients.clone()))?;
        let made = admin.post(&path(&["keys"]), &json!({"name": "demo"})).await?;
        let key = made.get("secret").and_then(Value::as_str);
        let addresses = Addresses {
            clients,
            admin: admin_url,
            vendors: vendors.url(),
            admin_token: token,
            key: key.context("the gateway made a key without a secret")?.to_owned(),
        };
        let stage = Stage {
            vendors,
            house,
            admin,
            addresses,
        };
        stage.define(BLUE, GREEN).await?;
        Ok(stage)
    }

    /// Through the API and not in the file, because only so the show may name another candidate later.
    pub(super) async fn define(&self, blue: Candidate, green: Candidate) -> anyhow::Result<()> {
        let target = |of: Candidate| json!({"provider": of.provider, "model": of.model});
        let definition = json!({"blue": target(blue), "green": target(green)});
        let path = path(&["deployments", DEPLOYMENT]);
        self.admin.put(&path, &definition).await?;
        Ok(())
    }

    /// The deployment as the admin API shows it.
    pub(super) async fn deployment(&self) -> anyhow::Result<Deployment> {
        let answer = self.admin.get(&path(&["deployments", DEPLOYMENT])).await?;
        Ok(self.admin.understood(&answer)?)
    }

    /// `crossfade split assistant --green N`
    pub(super) async fn split(&self, green: u8) -> anyhow::Result<Commanded> {
        let path = path(&["deployments", DEPLOYMENT, "split"]);
        let body = json!({"green": green});
        self.timed(self.admin.put(&path, &body)).await
    }

    /// `crossfade rollback assistant`
    pub(super) async fn roll_back(&self) -> anyhow::Result<Commanded> {
        let path = path(&["deployments", DEPLOYMENT, "rollback"]);
        self.timed(self.admin.post(&path, &json!({}))).await
    }

    /// `crossfade finalize assistant`
    pub(super) async fn finalize(&self) -> anyhow::Result<()> {
        let path = path(&["deployments", DEPLOYMENT, "finalize"]);
        self.admin.post(&path, &json!({})).await?;
        Ok(())
    }

    /// From its next request on, green's vendor refuses half of them and resets the others' connections. Answers
    /// that are under way end well: no gateway can take back what a user has read already.
    pub(super) fn kill_green(&self) -> anyhow::Result<()> {
        let dead = ModelBehaviour {
            error_rate: 0.5,
            error_status: 503,
            ..well(Side::Green).with_fault(Fault::ResetBeforeHead, 0.5)
        };
        Ok(self.vendors.set_behaviour(GREEN.model, dead)?)
    }

    /// The last candidate answers this share of its requests with 503.
    pub(super) fn fail_last(&self, error_rate: f64) -> anyhow::Result<()> {
        let failing = ModelBehaviour {
            error_rate,
            error_status: 503,
            ..well(Side::Green)
        };
        Ok(self.vendors.set_behaviour(LAST.model, failing)?)
    }

    pub(super) fn heal_green(&self) -> anyhow::Result<()> {
        for candidate in [GREEN, LAST] {
            self.vendors.set_behaviour(candidate.model, well(Side::Green))?;
        }
        Ok(())
    }

    /// Tells whoever looks at the dashboard.
    pub(super) fn notify(&self, message: &str) {
        self.house.hub.notify(message);
    }

    /// Ends all of it; what is still under way is cut.
    pub(super) async fn close(self) {
        drop(self.admin);
        self.house.close().await;
        self.vendors.stop().await;
    }

    async fn timed(
        &self,
        verb: impl Future<Output = Result<Value, crate::client::ClientError>>,
    ) -> anyhow::Result<Commanded> {
        let sent = Instant::now();
        let answer = verb.await?;
        let in_force = Instant::now();
        let deployment: Deployment = self.admin.understood(&answer)?;
        Ok(Commanded {
            revision: deployment.revision,
            sent,
            in_force,
        })
    }
}

/// Both vendors are the same simulator: it speaks every API, each at its own paths.
fn configuration(vendors: &str) -> String {
    format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
store: 'sqlite::memory:'
workers: {WORKERS}
providers:
  openai: {{dialect: openai, base_url: {vendors}/v1, api_key: none-needed}}
  anthropic: {{dialect: anthropic, base_url: {vendors}, api_key: none-needed}}
"
    )
}

/// Quick enough that a few seconds show hundreds of whole answers; green is a little quicker, as a good candidate is.
fn well(side: Side) -> ModelBehaviour {
    let (first_byte_median_ms, tokens_per_second) = match side {
        Side::Blue => (60.0, 160.0),
        Side::Green => (45.0, 200.0),
    };
    ModelBehaviour {
        first_byte_median_ms,
        tokens_per_second,
        answer_tokens: 24,
        ..ModelBehaviour::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn each_split_of_the_show_is_one_between_two_vendors() {
        for (blue, green) in [(BLUE, GREEN), (BLUE, NEXT), (NEXT, LAST)] {
            assert_ne!(blue.provider, green.provider, "{blue} and {green}");
        }
    }

    #[test]
    fn the_demonstration_leaves_no_file_and_takes_no_fixed_port() {
        let text = configuration("http://127.0.0.1:1");
        let config = Config::parse("demo", &text, &|_| None).unwrap();
        assert_eq!(
            (config.listen.socket().port(), config.admin.socket().port()),
            (0, 0)
        );
        assert!(matches!(
            config.store.store(),
            control::config::Store::Sqlite(path) if path == Path::new(":memory:")
        ));
    }
}
