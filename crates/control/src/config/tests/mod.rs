//! What an operator sees: files that are read, and every way in which one is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod digests;
mod documents;
mod parts;
mod reading;
mod refusals;
mod secrets;
mod whole;

use super::{Config, Problems};

/// The environment of the tests.
fn variables(name: &str) -> Option<String> {
    match name {
        "OPENAI_API_KEY" | "ANTHROPIC_API_KEY" | "DEEPSEEK_API_KEY" | "GEMINI_API_KEY" => {
            Some(format!("sk-{name}"))
        }
        "CROSSFADE_ADMIN_TOKEN" => Some("an-admin-token-of-the-tests".to_owned()),
        "APP_KEY" | "KIM_ADMIN_TOKEN" | "WEBHOOK_SECRET" => Some(format!("secret-{name}")),
        "GREEN" => Some("12.5".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse("crossfade.yaml", text, &variables)
}

/// Every problem of a text on a line: place, path, message, the nearest names and the help.
fn problems(text: &str) -> String {
    listed(&parse(text).expect_err("the text was taken"))
}

fn listed(problems: &Problems) -> String {
    let mut out = String::new();
    for problem in &problems.problems {
        out.push_str(&format!(
            "{}:{} {}: {}",
            problem.line, problem.column, problem.path, problem.message
        ));
        if !problem.nearest.is_empty() {
            out.push_str(&format!(" [{}]", problem.nearest.join(", ")));
        }
        if let Some(help) = &problem.help {
            out.push_str(&format!(" ({help})"));
        }
        out.push('\n');
    }
    out
}
