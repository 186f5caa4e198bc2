//! The monitoring report: how blue and green compare, for people and for scripts.

use decide::route::Route;
use decide::{Share, Side};
use gateway::{Deployment, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use crate::health::{Health, Status};
use crate::observe::{Observatory, Window};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// RFC 3339.
    pub timestamp: String,
    pub deployment: Compared,
    pub metrics: Summary,
    /// As the rollout's own endpoint shows it.
    pub rollout: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    pub name: String,
    pub revision: u64,
    pub blue: Figures,
    pub green: Option<Figures>,
}

/// One environment's last minute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Percent of automatic traffic.
    pub weight: Number,
    /// False only where probes say so: what nobody probes is not called ill.
    pub healthy: bool,
    pub avg_latency_ms: Option<f64>,
    pub p95_latency_ms: Option<f64>,
    /// 0 to 1.
    pub error_rate: f64,
    pub requests: u64,
}

/// The same in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub total_traffic_split: String,
    pub average_latency: Both<String>,
    pub health: Both<&'static str>,
}

/// `null` where there is no such environment, or nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Both<T> {
    pub blue: Option<T>,
    pub green: Option<T>,
}

/// Percentages of automatic traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Shares)]
pub struct Split {
    #[schema(value_type = f64)]
    pub blue: Number,
    #[schema(value_type = f64)]
    pub green: Number,
}

impl Split {
    pub fn of(green: Share) -> Split {
        Split {
            blue: percent(green.rest()),
            green: percent(green),
        }
    }
}

/// Without a fraction where there is none.
pub fn percent(share: Share) -> Number {
    let whole = u64::from(share.hundredths() / 100);
    if share.hundredths().is_multiple_of(100) {
        return whole.into();
    }
    Number::from_f64(share.percent()).unwrap_or_else(|| whole.into())
}

/// The report on one deployment of the snapshot; `None` if it has no such deployment.
pub fn report(
    snapshot: &Snapshot,
    name: &str,
    observatory: &Observatory,
    health: &Health,
    now: jiff::Timestamp,
    rollout: Value,
) -> Option<Report> {
    let index = snapshot.table.names.deployment(name)?;
    let deployment = snapshot.deployments.get(index)?;
    let sides = |side| {
        deployment.environment(side)?;
        Some((observatory.window(name, side), health.of(name, side).status))
    };
    let route = snapshot.table.routes.get(index)?;
    let blue = sides(Side::Blue)?;
    Some(compare(deployment, route, blue, sides(Side::Green), now, rollout))
}

fn compare(
    deployment: &Deployment,
    route: &Route,
    blue: (Window, Status),
    green: Option<(Window, Status)>,
    now: jiff::Timestamp,
    rollout: Value,
) -> Report {
    let share = route.green;
    let metrics = Summary {
        total_traffic_split: format!("blue {} : green {share}", share.rest()),
        average_latency: Both {
            blue: shown_latency(&blue.0),
            green: green.as_ref().and_then(|green| shown_latency(&green.0)),
        },
        health: Both {
            blue: Some(blue.1.name()),
            green: green.as_ref().map(|green| green.1.name()),
        },
    };
    Report {
        timestamp: format!("{now:.3}"),
        deployment: Compared {
            name: deployment.name.to_string(),
            revision: route.revision,
            blue: figures(share.rest(), blue),
            green: green.map(|green| figures(share, green)),
        },
        metrics,
        rollout,
    }
}

fn figures(weight: Share, (window, status): (Window, Status)) -> Figures {
    Figures {
        weight: percent(weight),
        healthy: status != Status::Unhealthy,
        avg_latency_ms: window.latency_ms.avg,
        p95_latency_ms: window.latency_ms.p95,
        error_rate: window.error_rate,
        requests: window.requests,
    }
}

fn shown_latency(window: &Window) -> Option<String> {
    window.latency_ms.avg.map(|millis| format!("{millis:.0}ms"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;

    use gateway::Observer;
    use serde_json::json;

    use super::*;
    use crate::events::Hub;
    use crate::observe::WINDOW_SECONDS;
    use crate::observe::sample::{environment, rescued, snapshot};

    fn shown(snapshot: &Snapshot) -> Value {
        let observatory = Observatory::new(WINDOW_SECONDS);
        observatory.observe(rescued());
        let health = Health::new(Arc::new(Hub::new(0)));
        let now = "2026-07-01T12:00:00Z".parse().unwrap();
        let report = report(snapshot, "gpt-4.1", &observatory, &health, now, Value::Null);
        serde_json::to_value(report.unwrap()).unwrap()
    }

    #[test]
    fn a_report_has_the_contracts_shape() {
        let expected = json!({
            "timestamp": "2026-07-01T12:00:00.000Z",
            "deployment": {
                "name": "gpt-4.1", "revision": 7,
                "blue": {"weight": 90, "healthy": true, "avg_latency_ms": 100.0, "p95_latency_ms": 100.35,
                         "error_rate": 0.0, "requests": 1},
                "green": {"weight": 10, "healthy": true, "avg_latency_ms": null, "p95_latency_ms": null,
                          "error_rate": 1.0, "requests": 1},
            },
            "metrics": {
                "total_traffic_split": "blue 90% : green 10%",
                "average_latency": {"blue": "100ms", "green": null},
                "health": {"blue": "unknown", "green": "unknown"},
            },
            "rollout": null,
        });
        let shown = shown(&snapshot());
        assert_eq!(shown, expected, "{shown:#}");
    }

    #[test]
    fn without_a_green_its_half_is_null() {
        let mut alone = snapshot();
        let blue = Arc::clone(&alone.deployments[0].blue);
        alone.table.routes[0].green = Share::NONE;
        alone.deployments = vec![Arc::new(Deployment {
            name: "gpt-4.1".into(),
            blue: environment(&blue.provider),
            green: None,
            rescue: true,
            list: None,
        })];
        let shown = shown(&alone);
        assert_eq!(shown["deployment"]["green"], Value::Null);
        assert_eq!(shown["metrics"]["total_traffic_split"], "blue 100% : green 0%");
        assert_eq!(
            shown["metrics"]["health"],
            json!({"blue": "unknown", "green": null})
        );
    }

    #[test]
    fn percentages_have_a_fraction_only_where_they_need_one() {
        let rows = [("0", "0"), ("12.5", "12.5"), ("99.99", "99.99"), ("100", "100")];
        for (written, shown) in rows {
            assert_eq!(percent(Share::parse(written).unwrap()).to_string(), shown);
        }
    }
}
