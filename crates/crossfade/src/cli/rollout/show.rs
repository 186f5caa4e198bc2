//! A rollout for people: the phase bar, the split, each check, what it waits for, what still drains.

use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, Check, RolloutStatus};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, error_rate, milliseconds, plain};

/// One line, or the answer as it is for programs.
pub(super) fn line(api: &AdminApi, answer: &Value, output: &Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    Ok(output.text(&change(&api.understood(answer)?))?)
}

/// What a change is told by: it says the same until something changes that matters.
pub(super) fn change(rollout: &RolloutStatus) -> String {
    let text = format!(
        "{}: {}, phase {} of {}, blue {}% : green {}%: {}",
        rollout.deployment,
        rollout.state,
        rollout.phase + 1,
        rollout.phases.len(),
        rollout.split.blue,
        rollout.split.green,
        rollout.sentence()
    );
    plain(&text)
}

pub(super) fn whole(rollout: &RolloutStatus, output: &Output) -> String {
    let tone = match rollout.ended() {
        None => Tone::Strong,
        Some(crate::client::Ended::Succeeded) => Tone::Good,
        Some(crate::client::Ended::RolledBack | crate::client::Ended::Cancelled) => Tone::Bad,
    };
    let mut lines = vec![
        format!(
            "{}  {}  plan {}{}",
            output.paint.paint(Tone::Strong, &plain(&rollout.deployment)),
            output.paint.paint(tone, &plain(&rollout.state)),
            plain(&rollout.plan),
            if rollout.dry_run { ", dry run" } else { "" },
        ),
        bar(rollout, output),
        format!(
            "blue {}% : green {}%  (target {}%)",
            rollout.split.blue, rollout.split.green, rollout.target.green
        ),
    ];
    if !rollout.checks.is_empty() {
        lines.push(String::new());
        lines.push(checks(&rollout.checks).render(output.paint).trim_end().to_owned());
        lines.push(String::new());
    }
    if let Some(drain) = &rollout.drain {
        let left = drain
            .seconds_left
            .map_or(String::new(), |left| format!(", {left:.0} s left"));
        lines.push(format!(
            "{} drains: {} in flight{left}",
            plain(&drain.environment),
            drain.in_flight
        ));
    }
    lines.push(plain(&rollout.waiting_for));
    if let Some(verdict) = &rollout.verdict {
        lines.push(output.paint.paint(
            Tone::Warning,
            &plain(&format!("{}: {}", verdict.action, verdict.sentence)),
        ));
        if !verdict.request_ids.is_empty() {
            lines.push(plain(&format!(
                "failing requests: {}",
                verdict.request_ids.join(", ")
            )));
        }
    }
    lines.join("\n")
}

/// `precheck > 5% > [10%] > 25% > 100%`: what is done, where it is, what is to come.
fn bar(rollout: &RolloutStatus, output: &Output) -> String {
    let phase = |(index, phase): (usize, &crate::client::Phase)| {
        let weight = format!("{}%", phase.weight);
        let named = phase.name.parse::<f64>().is_err() && phase.name != weight;
        let text = if named {
            format!("{} {weight}", plain(&phase.name))
        } else {
            weight
        };
        match index.cmp(&rollout.phase) {
            std::cmp::Ordering::Less => output.paint.paint(Tone::Good, &text),
            std::cmp::Ordering::Equal => output.paint.paint(Tone::Strong, &format!("[{text}]")),
            std::cmp::Ordering::Greater => output.paint.paint(Tone::Quiet, &text),
        }
    };
    let phases: Vec<String> = rollout.phases.iter().enumerate().map(phase).collect();
    phases.join(" > ")
}

fn checks(checks: &[Check]) -> Table {
    let mut table = Table::new(vec![
        Column::Left("CHECK"),
        Column::Right("GREEN"),
        Column::Right("BLUE"),
        Column::Right("EVIDENCE"),
        Column::Right("ACTS AT"),
        Column::Right("N GREEN"),
        Column::Right("N BLUE"),
        Column::Left("STATUS"),
    ]);
    for check in checks {
        let tone = match check.status.as_str() {
            "ok" => Tone::Good,
            "regression" => Tone::Bad,
            _ => Tone::Warning,
        };
        table.row(vec![
            Cell::new(&check.stream),
            Cell::new(value(&check.stream, check.value)),
            Cell::new(value(&check.stream, check.baseline)),
            Cell::new(number(check.evidence)),
            Cell::new(number(check.limit)),
            Cell::new(check.n_green.to_string()),
            Cell::new(check.n_blue.to_string()),
            Cell::toned(tone, &check.status),
        ]);
    }
    table
}

/// In the stream's own unit.
fn value(stream: &str, value: Option<f64>) -> String {
    match (stream, value) {
        (_, None) => UNKNOWN.to_owned(),
        ("hard" | "error" | "tail", Some(rate)) => error_rate(rate),
        ("latency" | "time_per_output_token", Some(seconds)) => milliseconds(Some(seconds * 1_000.0)),
        (_, Some(other)) => format!("{other:.4}"),
    }
}

fn number(number: Option<f64>) -> String {
    match number {
        None => UNKNOWN.to_owned(),
        Some(large) if large >= 100.0 => format!("{large:.0}"),
        Some(small) => format!("{small:.2}"),
    }
}
