//! The monitoring report as a change ticket in Markdown: what changed, how it was judged, how it ended.

use crate::client::{Deployment, RolloutStatus, Window};
use crate::output::{UNKNOWN, error_rate, milliseconds, plain};

/// `rollout` is the newest one, if there ever was one.
pub(super) fn markdown(deployment: &Deployment, rollout: Option<&RolloutStatus>) -> String {
    let mut lines = vec![
        format!("# Change of `{}`", plain(&deployment.name)),
        String::new(),
        format!(
            "- Split: blue {}% : green {}%",
            deployment.split.blue, deployment.split.green
        ),
        format!("- Revision: {}", deployment.revision),
        format!("- Blue: `{}`", plain(&deployment.blue.target())),
    ];
    if let Some(green) = &deployment.green {
        lines.push(format!("- Green: `{}`", plain(&green.target())));
    }
    lines.push(String::new());
    lines.push("## The last minute".to_owned());
    lines.push(String::new());
    lines.push("| environment | requests | errors | p50 | p95 | first byte p95 |".to_owned());
    lines.push("| --- | ---: | ---: | ---: | ---: | ---: |".to_owned());
    lines.push(window("blue", deployment.blue.window.as_ref()));
    if let Some(green) = &deployment.green {
        lines.push(window("green", green.window.as_ref()));
    }
    if let Some(rollout) = rollout {
        lines.extend(of_rollout(rollout));
    }
    lines.join("\n")
}

fn of_rollout(rollout: &RolloutStatus) -> Vec<String> {
    let moment = |moment: &Option<String>| moment.as_deref().map_or(UNKNOWN.to_owned(), plain);
    let phases: Vec<String> = rollout
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| match index == rollout.phase {
            true => format!("**{}%**", phase.weight),
            false => format!("{}%", phase.weight),
        })
        .collect();
    let mut lines = vec![
        String::new(),
        "## The rollout".to_owned(),
        String::new(),
        format!("- State: **{}**", plain(&rollout.state)),
        format!("- Plan: {} ({})", plain(&rollout.plan), phases.join(" → ")),
        format!("- Started: {}", moment(&rollout.started_at)),
        format!("- Finished: {}", moment(&rollout.finished_at)),
        format!("- {}", plain(rollout.sentence())),
    ];
    if let Some(verdict) = rollout
        .verdict
        .as_ref()
        .filter(|verdict| !verdict.request_ids.is_empty())
    {
        lines.push(format!(
            "- Failing requests: {}",
            plain(&verdict.request_ids.join(", "))
        ));
    }
    lines.push(String::new());
    lines.push("| check | green | blue | evidence | acts at | n green | n blue | status |".to_owned());
    lines.push("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |".to_owned());
    let number = |number: Option<f64>| number.map_or(UNKNOWN.to_owned(), |number| format!("{number:.4}"));
    for check in &rollout.checks {
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            plain(&check.stream),
            number(check.value),
            number(check.baseline),
            number(check.evidence),
            number(check.limit),
            check.n_green,
            check.n_blue,
            plain(&check.status)
        ));
    }
    lines
}

fn window(name: &str, window: Option<&Window>) -> String {
    let Some(window) = window else {
        return format!("| {name} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} |");
    };
    let latency = window.latency_ms.unwrap_or_default();
    format!(
        "| {name} | {} | {} | {} | {} | {} |",
        window.requests.unwrap_or_default(),
        error_rate(window.error_rate.unwrap_or_default()),
        milliseconds(latency.p50),
        milliseconds(latency.p95),
        milliseconds(window.ttft_ms.unwrap_or_default().p95),
    )
}
