//! From a file, or the body of an admin call, to checked types; or to everything that is wrong with it.

use std::path::Path as FilePath;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::checks::{self, Checks};
use super::path::Path;
use super::report::{Place, Report, problem};
use super::source::{Source, Variables};
use super::tree::Node;
use super::walk::Walk;
use super::{Config, ConfigError, Deployment, Plan, Problems, schema, yaml};

impl Config {
    /// Reads and checks a file. Relative paths in it are relative to it.
    pub fn load(path: &FilePath) -> Result<Config, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let bytes = std::fs::read(path).map_err(unreadable)?;
        Config::from_bytes(path, bytes)
    }

    /// The same for a file that was read already.
    pub(super) fn from_bytes(path: &FilePath, bytes: Vec<u8>) -> Result<Config, ConfigError> {
        let file = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|error| ConfigError::Refused(not_text(&file, &error)))?;
        let environment = |name: &str| std::env::var(name).ok();
        let directory = path.parent().unwrap_or(FilePath::new(""));
        read(&file, &text, &environment, directory).map_err(ConfigError::Refused)
    }

    /// Reads and checks a text; `variables` answers its references to the environment. Relative paths are relative
    /// to the working directory.
    pub fn parse(
        file: &str,
        text: &str,
        variables: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, Problems> {
        read(file, text, variables, FilePath::new(""))
    }

    /// Reads a deployment in the body of an admin call, written as in the file (JSON is YAML), and checks it against
    /// this configuration. References to the environment are not read.
    pub fn read_deployment(&self, name: &str, body: &str) -> Result<Deployment, Problems> {
        let mut report = Report::default();
        let read = typed::<Deployment>(
            &Source::without_references(body),
            "Deployment",
            &|_| None,
            &mut report,
        );
        if let Some((tree, deployment)) = &read {
            Checks::of_running(self, tree, &mut report).deployment(name, deployment, &Path::top());
        }
        finished(read, report, "deployment", body)
    }

    /// Reads a rollout plan in the body of an admin call or in a file of its own, and checks it.
    pub fn read_plan(&self, body: &str) -> Result<Plan, Problems> {
        let mut report = Report::default();
        let read = typed::<Plan>(&Source::without_references(body), "Plan", &|_| None, &mut report);
        if let Some((tree, plan)) = &read {
            Checks::of_running(self, tree, &mut report).plan(plan, &Path::top());
        }
        finished(read, report, "plan", body)
    }
}

fn read(file: &str, text: &str, variables: Variables<'_>, directory: &FilePath) -> Result<Config, Problems> {
    let mut report = Report::default();
    let mut read = typed::<Config>(&Source::with_references(text), "", variables, &mut report);
    if let Some((tree, config)) = &mut read {
        config.store.resolve_against(directory);
        for provider in config.providers.values_mut() {
            provider.ca_file = provider.ca_file.as_ref().map(|file| directory.join(file));
        }
        checks::whole(config, tree, &mut report);
    }
    finished(read, report, file, text)
}

/// Text to tree, tree to values, values to types. `definition` names the schema's part, empty for the whole.
fn typed<T: DeserializeOwned>(
    source: &Source,
    definition: &str,
    variables: Variables<'_>,
    report: &mut Report,
) -> Option<(Node, T)> {
    let tree = yaml::read(source, report)?;
    let schema = if definition.is_empty() {
        schema::whole()
    } else {
        schema::definition(definition)
    };
    let value: Value = Walk {
        source,
        variables,
        report,
    }
    .usable(&tree, schema, &Path::top())?;
    match serde_json::from_value(value) {
        Ok(typed) => Some((tree, typed)),
        Err(error) => {
            // The schema is made from the types, so this is a value that only a type's own rule refuses.
            report.add(problem(Place::START, &Path::top(), error.to_string()));
            None
        }
    }
}

fn finished<T>(read: Option<(Node, T)>, report: Report, file: &str, text: &str) -> Result<T, Problems> {
    match read {
        Some((_, typed)) if report.is_empty() => Ok(typed),
        _ => Err(report.finish(file, text)),
    }
}

fn not_text(file: &str, error: &std::string::FromUtf8Error) -> Problems {
    let before = error
        .as_bytes()
        .get(..error.utf8_error().valid_up_to())
        .unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let mut report = Report::default();
    let place = Place {
        line,
        last_line: line,
        ..Place::START
    };
    report.unparsed(problem(place, &Path::top(), "this line is not UTF-8 text"));
    report.finish(file, "")
}
