//! What only the whole file can tell: names that lead somewhere, shares that sum, addresses that differ.

mod names;
mod plans;
mod routes;
mod server;

use std::collections::BTreeSet;

pub(super) use server::SHORTEST_ADMIN_TOKEN;

use super::path::Path;
use super::problem::Problem;
use super::report::{Report, problem};
use super::tree::Node;
use super::{Config, Plan};

/// Checks a whole file.
pub(super) fn whole(config: &Config, tree: &Node, report: &mut Report) {
    let mut checks = Checks {
        config,
        tree,
        names: Names::of_file(config, tree),
        report,
    };
    checks.server();
    checks.providers();
    checks.deployments();
    checks.services();
    checks.aliases();
    checks.keys();
    checks.plans();
}

/// A check's view: the values, and the text they came from.
pub(super) struct Checks<'a> {
    config: &'a Config,
    tree: &'a Node,
    names: Names,
    report: &'a mut Report,
}

/// Names that may be referred to, those of broken entries included: one mistake should not be reported twice.
struct Names {
    providers: BTreeSet<String>,
    deployments: BTreeSet<String>,
    aliases: BTreeSet<String>,
    published: BTreeSet<String>,
    plans: BTreeSet<String>,
}

impl Names {
    fn of_config(config: &Config) -> Names {
        let built_in = Plan::BUILT_IN.into_iter().map(str::to_owned);
        Names {
            providers: config.providers.keys().cloned().collect(),
            deployments: config.deployments.keys().cloned().collect(),
            aliases: config.aliases.keys().cloned().collect(),
            published: config
                .providers
                .values()
                .flat_map(|provider| provider.models.iter().cloned())
                .collect(),
            plans: config.plans.keys().cloned().chain(built_in).collect(),
        }
    }

    fn of_file(config: &Config, tree: &Node) -> Names {
        let mut names = Names::of_config(config);
        for (section, known) in [
            ("providers", &mut names.providers),
            ("deployments", &mut names.deployments),
            ("aliases", &mut names.aliases),
            ("plans", &mut names.plans),
        ] {
            let entries = tree
                .entry(section)
                .into_iter()
                .flat_map(|entry| entry.value.keys());
            known.extend(entries.map(str::to_owned));
        }
        for provider in tree
            .entry("providers")
            .into_iter()
            .flat_map(|entry| entry.value.values())
        {
            let models = provider
                .entry("models")
                .into_iter()
                .flat_map(|entry| entry.value.texts());
            names.published.extend(models.map(str::to_owned));
        }
        names
    }

    /// Whether clients reach something by this name: a deployment, an alias, a published model or `provider/model`.
    fn is_reachable(&self, name: &str) -> bool {
        self.deployments.contains(name)
            || self.aliases.contains(name)
            || self.published.contains(name)
            || self.is_provider_model(name)
    }

    fn is_provider_model(&self, name: &str) -> bool {
        name.split_once('/')
            .is_some_and(|(provider, model)| self.providers.contains(provider) && !model.is_empty())
    }

    /// The names that could have been meant by one that leads nowhere.
    fn reachable(&self) -> impl Iterator<Item = &str> {
        self.deployments
            .iter()
            .chain(&self.aliases)
            .chain(&self.published)
            .map(String::as_str)
    }
}

impl<'a> Checks<'a> {
    /// For a part that is added to a configuration in force.
    pub(super) fn of_running(config: &'a Config, tree: &'a Node, report: &'a mut Report) -> Checks<'a> {
        Checks {
            config,
            tree,
            names: Names::of_config(config),
            report,
        }
    }

    /// A problem with the value at this path.
    fn value(&self, path: &Path, message: impl Into<String>) -> Problem {
        problem(self.tree.place_of_value(path), path, message)
    }

    /// A problem with the key at the end of this path.
    fn key(&self, path: &Path, message: impl Into<String>) -> Problem {
        problem(self.tree.place_of_key(path), path, message)
    }
}

/// For the help of a message: the names there are.
fn listed<'a>(what: &str, names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    if names.is_empty() {
        format!("there are no {what}")
    } else {
        format!("{what}: {}", names.join(", "))
    }
}
