//! The page itself, in OpenMetrics' text form.

use std::fmt;
use std::sync::Arc;

use decide::Side;
use decide::rollout::Stage;
use gateway::{Shared, Snapshot};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::buckets::Buckets;
use super::counts::{Counts, SideCounts};
use crate::driver::Board;
use crate::health::{Health, Status};
use crate::observe::Observatory;

/// The page's `content-type`.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Writes the page whenever it is asked for.
#[derive(Debug)]
pub struct Metrics(Registry);

impl Metrics {
    pub fn new(
        observatory: Arc<Observatory>,
        shared: Arc<Shared>,
        health: Arc<Health>,
        rollouts: Arc<Board>,
    ) -> Metrics {
        let mut registry = Registry::with_prefix("crossfade");
        registry.register_collector(Box::new(Everything {
            observatory,
            shared,
            health,
            rollouts,
        }));
        Metrics(registry)
    }

    /// # Errors
    /// Never in practice: text is written to memory.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(16 << 10);
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

struct Everything {
    observatory: Arc<Observatory>,
    shared: Arc<Shared>,
    health: Arc<Health>,
    rollouts: Arc<Board>,
}

impl fmt::Debug for Everything {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Everything")
    }
}

impl Collector for Everything {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        {
            let fold = self.observatory.up_to_date();
            requests(&fold.counts, &mut encoder)?;
            times(&fold.counts, &mut encoder)?;
            usage(&fold.counts, &mut encoder)?;
            troubles(&fold.counts, &mut encoder)?;
            let help = "Finished requests that the request log in the store was spared, for their number or its trouble";
            counter(&mut encoder, "request_log_left_out", help)?
                .encode_counter::<NoLabelSet, _, u64>(&fold.left_out(), None)?;
        }
        let help = "Finished requests that no statistics know of, since they came too fast";
        counter(&mut encoder, "records_dropped", help)?
            .encode_counter::<NoLabelSet, _, u64>(&self.observatory.dropped(), None)?;
        let help =
            "Requests that this gateway's own limiter decided, since the shared one did not answer in time";
        counter(&mut encoder, "limits_decided_alone", help)?
            .encode_counter::<NoLabelSet, _, u64>(&self.shared.meters.decided_alone(), None)?;
        standing(&self.shared.snapshot(), &self.health, &mut encoder)?;
        rollouts(&self.rollouts, &mut encoder)?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        encoder
            .encode_descriptor("build", "What is running", None, MetricType::Info)?
            .encode_info(&version)
    }
}

type Encoder<'a> = DescriptorEncoder<'a>;

fn requests(counts: &Counts, encoder: &mut Encoder<'_>) -> fmt::Result {
    let help = "Finished requests by the environment that had the last word, how they ended, and why it was that one. \
                Outcome 'rescued' counts a request once more, for the environment that failed it";
    let mut family = counter(encoder, "requests", help)?;
    for (outcome, count) in &counts.unrouted.0 {
        let labels = [
            ("deployment", ""),
            ("environment", ""),
            ("outcome", *outcome),
            ("reason", ""),
        ];
        count_of(&mut family, &labels, *count)?;
    }
    each_side(counts, |at, side| {
        side.requests.0.iter().try_for_each(|((outcome, reason), count)| {
            count_of(
                &mut family,
                &[at[0], at[1], ("outcome", outcome), ("reason", reason)],
                *count,
            )
        })
    })?;
    let mut family = counter(encoder, "upstream_attempts", "Calls of vendors by how they ended")?;
    each_side(counts, |at, side| {
        side.attempts
            .0
            .iter()
            .try_for_each(|((provider, outcome), count)| {
                count_of(
                    &mut family,
                    &[at[0], at[1], ("provider", provider), ("outcome", outcome)],
                    *count,
                )
            })
    })?;
    let mut family = counter(
        encoder,
        "rescues",
        "Requests that blue was given because green had failed them",
    )?;
    for (name, deployment) in &counts.deployments {
        count_of(&mut family, &[("deployment", &**name)], deployment.rescues)?;
    }
    Ok(())
}

fn times(counts: &Counts, encoder: &mut Encoder<'_>) -> fmt::Result {
    let help = "From a request's head to the last byte of its answer, of good answers";
    let mut family = histogram(encoder, "request_duration_seconds", help)?;
    each_side(counts, |at, side| buckets_of(&mut family, &at, &side.duration))?;
    let help = "From a request's head to the first byte of its answer that says anything";
    let mut family = histogram(encoder, "time_to_first_byte_seconds", help)?;
    each_side(counts, |at, side| buckets_of(&mut family, &at, &side.first_byte))?;
    let help = "The gateway's own share of the time to the first byte";
    let overhead = &counts.overhead;
    histogram(encoder, "gateway_overhead_seconds", help)?.encode_histogram::<NoLabelSet>(
        overhead.sum_seconds,
        overhead.count,
        &overhead.counts,
        None,
    )
}

fn usage(counts: &Counts, encoder: &mut Encoder<'_>) -> fmt::Result {
    let help = "Tokens by type; cached_input is part of input, reasoning is part of output";
    let mut family = counter(encoder, "tokens", help)?;
    each_side(counts, |at, side| {
        side.tokens
            .0
            .iter()
            .try_for_each(|(kind, count)| count_of(&mut family, &[at[0], at[1], ("type", kind)], *count))
    })?;
    let mut family = counter(encoder, "cost_usd", "What the tokens cost")?;
    each_side(counts, |at, side| {
        let dollars = side.cost_nanos as f64 / 1e9;
        family
            .encode_family(&at)?
            .encode_counter::<NoLabelSet, _, u64>(&dollars, None)
    })
}

fn troubles(counts: &Counts, encoder: &mut Encoder<'_>) -> fmt::Result {
    let mut family = counter(encoder, "errors", "Error answers of the gateway's own, by code")?;
    for (code, count) in &counts.refusals.0 {
        count_of(&mut family, &[("code", *code)], *count)?;
    }
    let mut family = counter(encoder, "rollbacks", "Rollbacks by cause")?;
    for (cause, count) in &counts.rollbacks.0 {
        count_of(&mut family, &[("cause", *cause)], *count)?;
    }
    let help = "Changed configuration files that were refused";
    counter(encoder, "config_reload_failures", help)?
        .encode_counter::<NoLabelSet, _, u64>(&counts.reload_failures, None)
}

/// How things stand at this moment.
fn standing(snapshot: &Snapshot, health: &Health, encoder: &mut Encoder<'_>) -> fmt::Result {
    let routes = || snapshot.deployments.iter().zip(&snapshot.table.routes);
    let help = "Share of automatic traffic, 0 to 1";
    let mut family = gauge(encoder, "split_ratio", help)?;
    for (deployment, route) in routes() {
        for (side, share) in [(Side::Blue, route.green.rest()), (Side::Green, route.green)] {
            if deployment.environment(side).is_some() {
                family
                    .encode_family(&place(&deployment.name, side))?
                    .encode_gauge(&share.fraction())?;
            }
        }
    }
    let mut family = gauge(encoder, "in_flight_requests", "Requests under way")?;
    each_environment(snapshot, |at, _, environment| {
        let under_way = i64::from(environment.flight.in_flight());
        family.encode_family(&at)?.encode_gauge(&under_way)
    })?;
    let help = "1 where probes are answered, 0 where they are not; missing where nothing is known";
    let mut family = gauge(encoder, "environment_healthy", help)?;
    each_environment(snapshot, |at, side, _| match health.of(at[0].1, side).status {
        Status::Healthy => family.encode_family(&at)?.encode_gauge(&1_i64),
        Status::Unhealthy => family.encode_family(&at)?.encode_gauge(&0_i64),
        Status::Unknown => Ok(()),
    })?;
    let mut family = gauge(
        encoder,
        "revision",
        "Grows with every change of a deployment's route",
    )?;
    for (deployment, route) in routes() {
        family
            .encode_family(&[("deployment", &*deployment.name)])?
            .encode_gauge(&route.revision)?;
    }
    Ok(())
}

fn rollouts(board: &Board, encoder: &mut Encoder<'_>) -> fmt::Result {
    let all = board.all();
    let mut family = gauge(
        encoder,
        "rollout_state",
        "1 for the state that a deployment's newest rollout is in, 0 for the others",
    )?;
    for (name, shown) in &all {
        for stage in Stage::ALL {
            let is_in = i64::from(shown.stage == stage);
            family
                .encode_family(&[("deployment", name.as_str()), ("state", stage.name())])?
                .encode_gauge(&is_in)?;
        }
    }
    let help = "Evidence against green in a rollout under way, by stream; it acts at its limit";
    let mut family = gauge(encoder, "evidence", help)?;
    for (name, shown) in all.iter().filter(|(_, shown)| !shown.stage.is_finished()) {
        for (stream, evidence) in &shown.evidence {
            family
                .encode_family(&[("deployment", name.as_str()), ("stream", *stream)])?
                .encode_gauge(evidence)?;
        }
    }
    Ok(())
}

type Place<'a> = [(&'static str, &'a str); 2];

fn place(deployment: &str, side: Side) -> Place<'_> {
    [("deployment", deployment), ("environment", side.name())]
}

/// Environments that were used, or have been since the start.
fn each_side<'a>(
    counts: &'a Counts,
    mut write: impl FnMut(Place<'a>, &'a SideCounts) -> fmt::Result,
) -> fmt::Result {
    for (name, deployment) in &counts.deployments {
        for (side, counted) in deployment.sides() {
            if !counted.attempts.0.is_empty() || !counted.requests.0.is_empty() {
                write(place(name, side), counted)?;
            }
        }
    }
    Ok(())
}

fn each_environment<'a>(
    snapshot: &'a Snapshot,
    mut write: impl FnMut(Place<'a>, Side, &'a gateway::Environment) -> fmt::Result,
) -> fmt::Result {
    for deployment in &snapshot.deployments {
        for side in [Side::Blue, Side::Green] {
            if let Some(environment) = deployment.environment(side) {
                write(place(&deployment.name, side), side, environment)?;
            }
        }
    }
    Ok(())
}

fn counter<'a>(
    encoder: &'a mut Encoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Counter)
}

fn gauge<'a>(
    encoder: &'a mut Encoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)
}

fn histogram<'a>(
    encoder: &'a mut Encoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Histogram)
}

fn count_of(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
    family
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn buckets_of(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, times: &Buckets) -> fmt::Result {
    family.encode_family(labels)?.encode_histogram::<NoLabelSet>(
        times.sum_seconds,
        times.count,
        &times.counts,
        None,
    )
}
