//! Telling people and programs of a transition: the events, the log, the audit log.
//!
//! Nothing here is waited for. The audit log is written by a task of its own, in order.

use std::sync::Arc;

use decide::rollout::{Notice, Report, State, Verdict};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::running::Rollout;
use super::view;
use crate::desk::{Actor, Desk};
use crate::events::{EventKind, Hub};
use crate::report::Split;

pub(super) struct Transition<'a> {
    pub(super) rollout: &'a Rollout,
    pub(super) notice: &'a Notice,
    pub(super) report: &'a Report,
    /// If it is a new one.
    pub(super) verdict: Option<&'a Verdict>,
    pub(super) actor: Actor,
}

/// Which verdict was told last.
#[derive(Debug)]
pub(super) struct Told(Option<Verdict>);

impl Told {
    /// After a restart, what stands was told before.
    pub(super) fn of(state: &State) -> Told {
        Told(state.verdict().cloned())
    }

    pub(super) fn new_verdict<'a>(&mut self, state: &'a State) -> Option<&'a Verdict> {
        let verdict = state.verdict()?;
        if self.0.as_ref() == Some(verdict) {
            return None;
        }
        self.0 = Some(verdict.clone());
        Some(verdict)
    }
}

#[derive(Debug)]
pub(super) struct Teller {
    hub: Arc<Hub>,
    audit: mpsc::UnboundedSender<Entry>,
}

struct Entry {
    actor: Actor,
    deployment: String,
    detail: Value,
}

impl Teller {
    pub(super) fn start(hub: Arc<Hub>, desk: Arc<Desk>) -> Teller {
        // Not bounded: transitions come a few a minute, and an audit entry is never left out.
        let (audit, mut entries) = mpsc::unbounded_channel::<Entry>();
        tokio::spawn(async move {
            while let Some(entry) = entries.recv().await {
                desk.audit(&entry.actor, "rollout", &entry.deployment, entry.detail)
                    .await;
            }
        });
        Teller { hub, audit }
    }

    /// And gives what other programs are told.
    pub(super) fn tell(&self, transition: &Transition<'_>) -> Value {
        let mut detail = self::detail(transition);
        let Transition { rollout, notice, .. } = transition;
        tracing::info!(
            deployment = rollout.deployment,
            rollout = rollout.id,
            from = notice.from.name(),
            to = notice.to.name(),
            green = %transition.report.share,
            "rollout: {}",
            notice.sentence
        );
        self.hub.publish(EventKind::Rollout, detail.clone());
        if let Some(verdict) = transition.verdict {
            let mut data = view::verdict(verdict);
            if let Some(fields) = data.as_object_mut() {
                fields.insert("deployment".to_owned(), json!(rollout.deployment));
                fields.insert("rollout".to_owned(), json!(rollout.id));
            }
            self.hub.publish(EventKind::Verdict, data);
        }
        // Fails only when the process ends.
        let _ = self.audit.send(Entry {
            actor: transition.actor.clone(),
            deployment: rollout.deployment.clone(),
            detail: detail.clone(),
        });
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("at".to_owned(), json!(format!("{:.3}", jiff::Timestamp::now())));
            fields.insert(
                "verdict".to_owned(),
                transition.verdict.map_or(Value::Null, view::verdict),
            );
        }
        detail
    }
}

fn detail(transition: &Transition<'_>) -> Value {
    let Transition {
        rollout,
        notice,
        report,
        ..
    } = transition;
    json!({
        "deployment": rollout.deployment,
        "rollout": rollout.id,
        "from": notice.from.name(),
        "to": notice.to.name(),
        "phase": notice.phase,
        "split": Split::of(report.share),
        "message": notice.sentence,
    })
}
