//! Providers, deployments and services: every environment leads somewhere, every split sums.

use std::collections::BTreeMap;

use super::super::path::Path;
use super::super::report::nearest;
use super::super::share::Share;
use super::super::units::Period;
use super::super::{Deployment, Environment, Fallback, HeaderName, Split};
use super::{Checks, listed};

/// Headers that frame a message or name its receiver: they are the gateway's to write.
const FRAMING: [&str; 5] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
];

impl Checks<'_> {
    pub(super) fn providers(&mut self) {
        let config = self.config;
        let mut publishers: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, provider) in &config.providers {
            let path = Path::top().key("providers").key(name);
            if name.is_empty() || name.contains(['/', '@', ' ']) {
                let message = format!("`{name}` cannot name a provider");
                let help = "use letters, digits, dots and dashes: clients write it before a slash";
                self.report.add(self.key(&path, message).help(help));
            }
            for (index, model) in provider.models.iter().enumerate() {
                let path = path.key("models").index(index);
                match publishers.insert(model, name) {
                    Some(other) if !self.names.deployments.contains(model) => {
                        let message = format!("both `{other}` and `{name}` publish `{model}`");
                        let help = "publish it once, or make a deployment of that name";
                        self.report.add(self.value(&path, message).help(help));
                    }
                    _ => {}
                }
            }
            for header in provider
                .headers
                .keys()
                .map(HeaderName::as_str)
                .filter(|name| FRAMING.contains(name))
            {
                let message = format!("the header `{header}` is the gateway's own to write");
                self.report
                    .add(self.value(&path.key("headers"), message).help("leave it out"));
            }
            if let Some(file) = provider.ca_file.as_ref().filter(|file| !file.is_file()) {
                let message = format!("there is no file {}", file.display());
                self.report.add(self.value(&path.key("ca_file"), message));
            }
        }
    }

    pub(super) fn deployments(&mut self) {
        let config = self.config;
        for (name, deployment) in &config.deployments {
            self.deployment(name, deployment, &Path::top().key("deployments").key(name));
        }
    }

    /// One deployment, wherever it came from.
    pub(in super::super) fn deployment(&mut self, name: &str, deployment: &Deployment, path: &Path) {
        self.public_name(name, path);
        self.environment(&deployment.blue, &path.key("blue"));
        if let Some(green) = &deployment.green {
            self.environment(green, &path.key("green"));
            self.embeddings(&deployment.blue, green, path);
        }
        self.split(&deployment.split, deployment.green.is_some(), path);
        self.plan_name(&deployment.rollout, &path.key("rollout"));
    }

    pub(super) fn services(&mut self) {
        let config = self.config;
        for (name, service) in &config.services {
            let path = Path::top().key("services").key(name);
            if self.names.deployments.contains(name) {
                let message = format!("`{name}` is the name of a service and of a deployment");
                self.report
                    .add(self.key(&path, message).help("rename one of them"));
            }
            if service.hosts.is_empty() {
                let help = "name at least one, as in [app.example.com]";
                self.report.add(
                    self.value(&path.key("hosts"), "a service needs a host name")
                        .help(help),
                );
            }
            for (key, written) in [("path", &service.path), ("health.path", &service.health.path)] {
                if !written.starts_with('/') {
                    let path = key.split('.').fold(path.clone(), |path, key| path.key(key));
                    self.report.add(self.value(&path, "a path begins with a slash"));
                }
            }
            self.probe_times(
                service.health.interval,
                service.health.timeout,
                &path.key("health"),
            );
            self.split(&service.split, service.green.is_some(), &path);
            self.plan_name(&service.rollout, &path.key("rollout"));
        }
    }

    fn environment(&mut self, environment: &Environment, path: &Path) {
        self.provider_name(&environment.provider, &path.key("provider"));
        if environment.model.is_empty() {
            self.report
                .add(self.value(&path.key("model"), "the model has no name"));
        }
        for (index, Fallback { provider, .. }) in environment.fallback.iter().enumerate() {
            self.provider_name(provider, &path.key("fallback").index(index).key("provider"));
        }
        for (section, fields) in [("set", &environment.set), ("default", &environment.default)] {
            if fields.contains_key("model") {
                let path = path.key(section).key("model");
                let message = format!("`{section}` cannot change the model");
                self.report.add(
                    self.key(&path, message)
                        .help("name it by the environment's own `model`"),
                );
            }
        }
        let timeouts = &environment.timeouts;
        for (name, period) in [
            ("connect", timeouts.connect),
            ("first_byte", timeouts.first_byte),
            ("idle", timeouts.idle),
            ("total", timeouts.total),
        ] {
            if period == Period::seconds(0) {
                let path = path.key("timeouts").key(name);
                self.report
                    .add(self.value(&path, "a timeout of nothing would fail every request"));
            }
        }
        self.probe_times(
            environment.health.interval,
            environment.health.timeout,
            &path.key("health"),
        );
    }

    fn provider_name(&mut self, name: &str, path: &Path) {
        if !self.names.providers.contains(name) {
            let near = nearest(name, self.names.providers.iter().map(String::as_str));
            let message = format!("there is no provider `{name}`");
            let help = listed("providers", &self.names.providers);
            self.report
                .add(self.value(path, message).nearest(near).help(help));
        }
    }

    fn probe_times(&mut self, interval: Period, timeout: Period, path: &Path) {
        if interval == Period::seconds(0) || timeout == Period::seconds(0) {
            self.report
                .add(self.value(path, "health probes need an interval and a timeout above nothing"));
        }
    }

    fn split(&mut self, split: &Split, has_green: bool, path: &Path) {
        // A green that is written but broken has been reported already.
        let has_green = has_green || self.tree.has(&path.key("green"));
        if split.green > Share::NONE && !has_green {
            let message = format!(
                "green gets {} % of the traffic, but there is no green",
                split.green
            );
            let help = "define `green`, or leave `split` out";
            self.report
                .add(self.value(&path.key("split").key("green"), message).help(help));
        }
        if let Some(blue) = split.blue.filter(|blue| *blue != split.green.rest()) {
            let message = format!("blue's {blue} and green's {} do not sum to 100", split.green);
            let help = format!("blue gets {} %; it may be left out", split.green.rest());
            self.report
                .add(self.value(&path.key("split"), message).help(help));
        }
    }

    fn embeddings(&mut self, blue: &Environment, green: &Environment, path: &Path) {
        let is_embedding = |environment: &Environment| environment.model.to_lowercase().contains("embed");
        if blue.model != green.model && (is_embedding(blue) || is_embedding(green)) {
            let message = format!(
                "embeddings of `{}` and `{}` cannot share a split",
                blue.model, green.model
            );
            let help = "vectors of different models cannot be compared; give the new model a name of its own";
            self.report
                .add(self.value(&path.key("green").key("model"), message).help(help));
        }
    }

    fn plan_name(&mut self, name: &str, path: &Path) {
        if !self.names.plans.contains(name) {
            let near = nearest(name, self.names.plans.iter().map(String::as_str));
            let message = format!("there is no rollout plan `{name}`");
            let help = listed("plans", &self.names.plans);
            self.report
                .add(self.value(path, message).nearest(near).help(help));
        }
    }
}
