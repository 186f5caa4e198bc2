//! The show for programs: a JSON object a line, its kind in `event`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Billing, Moment};
use crate::demo::stage::DEPLOYMENT;

#[derive(Default)]
pub(in crate::demo) struct JsonLines {
    /// Figures are told once a second.
    told: Option<u64>,
}

impl JsonLines {
    pub(super) fn show(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        let Some(line) = self.line(moment) else {
            return Ok(());
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    fn line(&mut self, moment: &Moment<'_>) -> Option<Value> {
        Some(match moment {
            Moment::Opens { addresses } => {
                json!({"event": "opens", "deployment": DEPLOYMENT, "dashboard": addresses.dashboard()})
            }
            Moment::SceneBegins { seconds, billing } => {
                json!({"event": "scene_begins", "seconds": seconds, "scene": scene(billing), "why": billing.scene.why()})
            }
            Moment::Happened { seconds, text } => {
                json!({"event": "happened", "seconds": seconds, "text": text})
            }
            Moment::Now { billing, figures } => {
                let second = figures.seconds as u64;
                if self.told.replace(second) == Some(second) {
                    return None;
                }
                json!({"event": "figures", "scene": billing.as_ref().map(scene), "figures": figures})
            }
            Moment::SceneEnds {
                billing,
                outcome,
                figures,
            } => {
                json!({"event": "scene_ends", "scene": scene(billing), "outcome": outcome, "figures": figures})
            }
            Moment::Serving { addresses, .. } => json!({
                "event": "serving",
                "url": addresses.clients,
                "admin_url": addresses.admin,
                "vendors_url": addresses.vendors,
                "admin_token": addresses.admin_token,
                "key": addresses.key,
            }),
            Moment::Ends {
                figures,
                broken_promises,
            } => json!({
                "event": "ends",
                "ok": broken_promises.is_empty(),
                "broken_promises": broken_promises,
                "figures": figures,
            }),
        })
    }
}

fn scene(billing: &Billing) -> Value {
    json!({"number": billing.number, "of": billing.of, "title": billing.scene.title()})
}
