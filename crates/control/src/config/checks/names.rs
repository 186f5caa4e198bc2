//! Names that lead somewhere, and only to one place: aliases, published models, what keys may call.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Key;
use super::super::path::Path;
use super::super::report::nearest;
use super::{Checks, listed};

/// Suffixes by which a client chooses the side in the model's name.
const SIDES: [&str; 3] = ["@green", "@blue", "@auto"];

impl Checks<'_> {
    pub(super) fn aliases(&mut self) {
        let config = self.config;
        for (alias, target) in &config.aliases {
            let path = Path::top().key("aliases").key(alias);
            if self.names.deployments.contains(alias) {
                let message = format!("the alias `{alias}` is also the name of a deployment");
                self.report.add(
                    self.key(&path, message)
                        .help("a name leads to one place: rename one of them"),
                );
            }
            self.public_name(alias, &path);
            let name = without_side(target);
            if !self.names.is_reachable(name) {
                let near = nearest(name, self.names.reachable().filter(|other| other != alias));
                let message = format!("the alias `{alias}` leads to `{name}`, which does not exist");
                let help = listed("deployments", &self.names.deployments);
                self.report
                    .add(self.value(&path, message).nearest(near).help(help));
            } else if let Some(circle) = circle(alias, &config.aliases) {
                let message = format!("the alias leads back to itself: {}", circle.join(" -> "));
                self.report.add(
                    self.value(&path, message)
                        .help("let one of them lead to a deployment"),
                );
            }
        }
    }

    /// Names under which clients call something.
    pub(super) fn public_name(&mut self, name: &str, path: &Path) {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            let message = "a name that clients call cannot be empty or hold spaces";
            self.report.add(
                self.key(path, message)
                    .help("use letters, digits, dots and dashes"),
            );
        } else if let Some(side) = SIDES.iter().find(|side| name.ends_with(**side)) {
            let message = format!("`{name}` ends in `{side}`, by which clients choose an environment");
            self.report.add(self.key(path, message).help("rename it"));
        } else if name.contains("${") {
            let message = format!("`{name}` is a name, and names are not read from the environment");
            self.report
                .add(self.key(path, message).help("write the name itself"));
        } else if self.names.is_provider_model(name) {
            let provider = name.split('/').next().unwrap_or_default();
            let message = format!("`{name}` already means a model of the provider `{provider}`");
            self.report
                .add(self.key(path, message).help("rename one of them"));
        }
    }

    pub(super) fn keys(&mut self) {
        let config = self.config;
        let mut names = BTreeSet::new();
        let mut secrets = BTreeMap::new();
        for (index, key) in config.keys.iter().enumerate() {
            let path = Path::top().key("keys").index(index);
            if key.name.is_empty() || !names.insert(&key.name) {
                let message = format!("the key name `{}` is empty or taken", key.name);
                self.report.add(
                    self.value(&path.key("name"), message)
                        .help("give each key a name of its own"),
                );
            }
            if let Some(other) = secrets.insert(key.secret.expose(), &key.name) {
                let message = format!("the keys `{other}` and `{}` have the same secret", key.name);
                let help = "give each key a secret of its own: it is how a client is told from another";
                self.report
                    .add(self.value(&path.key("secret"), message).help(help));
            }
            self.limited_models(key, &path.key("limits").key("models"));
            for (number, model) in key.models.iter().enumerate() {
                if model == "*" || self.names.is_reachable(model) {
                    continue;
                }
                let near = nearest(model, self.names.reachable());
                let message = format!("the key `{}` allows `{model}`, which does not exist", key.name);
                let found = self
                    .value(&path.key("models").index(number), message)
                    .nearest(near);
                self.report
                    .add(found.help("name deployments, aliases or provider/model; \"*\" allows all"));
            }
        }
    }
}

impl Checks<'_> {
    /// A limit of a model that nobody can call would never bind.
    fn limited_models(&mut self, key: &Key, path: &Path) {
        for model in key.limits.models.keys() {
            if self.names.is_reachable(model) {
                continue;
            }
            let near = nearest(model, self.names.reachable());
            let message = format!("the key `{}` limits `{model}`, which does not exist", key.name);
            let found = self.key(&path.key(model), message).nearest(near);
            self.report
                .add(found.help("name deployments, aliases, published models or provider/model"));
        }
    }
}

/// `gpt-4.1@green` without its side.
fn without_side(target: &str) -> &str {
    SIDES
        .iter()
        .find_map(|side| target.strip_suffix(side))
        .unwrap_or(target)
}

/// The way from an alias back to itself, if there is one. Each circle is told once, by its first name.
fn circle<'a>(start: &'a str, aliases: &'a BTreeMap<String, String>) -> Option<Vec<&'a str>> {
    let mut way = vec![start];
    let mut name = start;
    while let Some(target) = aliases.get(name) {
        name = without_side(target);
        way.push(name);
        if name == start {
            return (way.iter().min() == Some(&start)).then_some(way);
        }
        if way.len() > aliases.len() + 1 {
            return None;
        }
    }
    None
}
