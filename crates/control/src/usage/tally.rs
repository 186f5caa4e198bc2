//! The sums of this run that are not history yet.

use std::collections::HashMap;
use std::sync::Arc;

use decide::Side;
use decide::money::Nano;
use foldhash::fast::RandomState;
use gateway::{Attempt, Cost, Outcome};
use store::usage::{Of, Sums, hour_of};

use crate::observe::parts::Ending;

/// Sums that one hour tells apart. What comes beyond is summed up without its model: a client that calls by ever
/// other names must not fill the store.
const MOST_IN_AN_HOUR: usize = 20_000;

/// The model of what comes beyond, and of what a provider was asked for by a client and does not have.
const OTHER_MODELS: &str = "(other)";

const HOUR_MILLISECONDS: i64 = 3_600_000;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    hours: Vec<Hour>,
}

#[derive(Debug)]
struct Hour {
    began: i64,
    sums: HashMap<Who, Entry, RandomState>,
}

/// Names are shared with the snapshot; only what is written is copied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Who {
    key: Arc<str>,
    account: Arc<str>,
    deployment: Arc<str>,
    side: Side,
    provider: Arc<str>,
    model: Arc<str>,
}

#[derive(Debug, Default)]
struct Entry {
    sums: Sums,
    changed: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let (Some(key), Some(deployment)) = (&outcome.key, &outcome.deployment) else {
            return;
        };
        let took = i64::try_from(outcome.duration.as_millis()).unwrap_or(i64::MAX);
        let ended = i64::try_from(outcome.at).unwrap_or(i64::MAX).saturating_add(took);
        let hour = self.hour(hour_of(ended));
        let last = outcome.attempts.len().saturating_sub(1);
        for (number, attempt) in outcome.attempts.iter().enumerate() {
            let who = Who {
                key: Arc::clone(&key.name),
                account: Arc::clone(&key.account),
                deployment: Arc::clone(deployment),
                side: attempt.side,
                provider: Arc::clone(&attempt.provider),
                model: model_of(deployment, attempt),
            };
            let entry = hour.entry(who);
            entry.changed = true;
            add(&mut entry.sums, outcome, attempt, number == last);
        }
    }

    /// Adds what another tally holds, and leaves it empty.
    pub(crate) fn absorb(&mut self, other: &mut Tally) {
        for hour in other.hours.drain(..) {
            let own = self.hour(hour.began);
            for (who, entry) in hour.sums {
                let to = own.entry(who);
                to.changed = true;
                plus(&mut to.sums, &entry.sums);
            }
        }
    }

    /// What has changed since it was written.
    pub(crate) fn changed(&self) -> Vec<(Of, Sums)> {
        let rows = self.hours.iter().flat_map(|hour| {
            let changed = hour.sums.iter().filter(|(_, entry)| entry.changed);
            changed.map(|(who, entry)| (who.of(hour.began), entry.sums))
        });
        rows.collect()
    }

    /// These were written; what has not grown since needs not be written again, and hours that are over are
    /// forgotten once they are.
    pub(crate) fn written(&mut self, rows: &[(Of, Sums)]) {
        let rows: HashMap<&Of, &Sums> = rows.iter().map(|(of, sums)| (of, sums)).collect();
        for hour in &mut self.hours {
            for (who, entry) in hour.sums.iter_mut().filter(|(_, entry)| entry.changed) {
                entry.changed = rows.get(&who.of(hour.began)) != Some(&&entry.sums);
            }
        }
        let newest = self.hours.iter().map(|hour| hour.began).max().unwrap_or_default();
        // The hour before stays for records that come late.
        self.hours.retain(|hour| {
            hour.began >= newest - HOUR_MILLISECONDS || hour.sums.values().any(|entry| entry.changed)
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    /// The sums of an hour. One that is history would begin from nothing and write less over more, so what
    /// comes too late (or by a clock that was set back) counts for the oldest hour there is.
    fn hour(&mut self, began: i64) -> &mut Hour {
        let oldest = self.hours.iter().map(|hour| hour.began).min();
        let began = began.max(oldest.unwrap_or(began));
        let at = match self.hours.iter().position(|hour| hour.began == began) {
            Some(at) => at,
            None => {
                self.hours.push(Hour {
                    began,
                    sums: HashMap::default(),
                });
                self.hours.len() - 1
            }
        };
        &mut self.hours[at]
    }
}

impl Hour {
    fn entry(&mut self, mut who: Who) -> &mut Entry {
        if self.sums.len() >= MOST_IN_AN_HOUR && !self.sums.contains_key(&who) {
            who.model = OTHER_MODELS.into();
        }
        self.sums.entry(who).or_default()
    }
}

impl Who {
    fn of(&self, hour: i64) -> Of {
        Of {
            hour,
            key: self.key.to_string(),
            account: self.account.to_string(),
            deployment: self.deployment.to_string(),
            environment: self.side.name().to_owned(),
            provider: self.provider.to_string(),
            model: self.model.to_string(),
        }
    }
}

/// A model that a client named itself is one once its vendor has answered for it.
fn model_of(deployment: &str, attempt: &Attempt) -> Arc<str> {
    let named_by_client = deployment.ends_with("/*");
    let answered = attempt.usage.is_some() || attempt.status.is_some_and(|status| status < 400);
    if named_by_client && !answered {
        OTHER_MODELS.into()
    } else {
        Arc::clone(&attempt.model)
    }
}

fn add(sums: &mut Sums, outcome: &Outcome, attempt: &Attempt, last: bool) {
    sums.attempts += 1;
    if last {
        sums.requests += 1;
        sums.errors += i64::from(matches!(Ending::of(outcome), Ending::Failed | Ending::Broken));
    }
    let Some(usage) = attempt.usage else { return };
    for (sum, count) in [
        (&mut sums.input_tokens, usage.input_tokens),
        (&mut sums.cached_input_tokens, usage.cached_input_tokens),
        (&mut sums.cache_write_tokens, usage.cache_write_tokens),
        (&mut sums.output_tokens, usage.output_tokens),
        (&mut sums.reasoning_tokens, usage.reasoning_tokens),
    ] {
        *sum = sum.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
    }
    sums.estimated += i64::from(attempt.estimated);
    let cost = attempt.cost(outcome.at);
    sums.unpriced += i64::from(cost == Cost::Unpriced);
    sums.cost_nanos = sums.cost_nanos.saturating_add(nanos(cost.known()));
    if last {
        let listed = nanos(outcome.listed(attempt).known());
        sums.list_nanos = sums.list_nanos.saturating_add(listed);
        // A probe is not sold.
        if !outcome.monitoring {
            let sold = nanos(outcome.sold(attempt).known());
            sums.sold_nanos = sums.sold_nanos.saturating_add(sold);
        }
    }
}

fn nanos(amount: Option<Nano>) -> i64 {
    amount.unwrap_or_default().get()
}

fn plus(sums: &mut Sums, more: &Sums) {
    for (sum, more) in [
        (&mut sums.requests, more.requests),
        (&mut sums.errors, more.errors),
        (&mut sums.attempts, more.attempts),
        (&mut sums.input_tokens, more.input_tokens),
        (&mut sums.cached_input_tokens, more.cached_input_tokens),
        (&mut sums.cache_write_tokens, more.cache_write_tokens),
        (&mut sums.output_tokens, more.output_tokens),
        (&mut sums.reasoning_tokens, more.reasoning_tokens),
        (&mut sums.cost_nanos, more.cost_nanos),
        (&mut sums.list_nanos, more.list_nanos),
        (&mut sums.sold_nanos, more.sold_nanos),
        (&mut sums.unpriced, more.unpriced),
        (&mut sums.estimated, more.estimated),
    ] {
        *sum = sum.saturating_add(more);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use decide::price::{Dated, Price, Rates};
    use gateway::End;

    use super::*;
    use crate::observe::sample::{answered, ordinary, outcome, rescued};

    fn priced(dollars: &str) -> Arc<Dated> {
        let rate = dollars.parse().unwrap();
        let rates = Rates {
            input: rate,
            output: rate,
            ..Rates::default()
        };
        Arc::new(Dated::always(Price::flat(rates)))
    }

    fn of<'a>(rows: &'a [(Of, Sums)], environment: &str) -> &'a Sums {
        &rows
            .iter()
            .find(|(of, _)| of.environment == environment)
            .unwrap()
            .1
    }

    #[test]
    fn a_request_is_counted_where_its_answer_came_from_and_each_attempt_where_it_was() {
        let mut tally = Tally::default();
        tally.add(&ordinary());
        tally.add(&rescued());
        let rows = tally.changed();
        let (blue, green) = (of(&rows, "blue"), of(&rows, "green"));
        assert_eq!((blue.requests, blue.attempts, blue.input_tokens), (2, 2, 24));
        assert_eq!((green.requests, green.attempts, green.errors), (0, 1, 0));
        assert_eq!((blue.unpriced, blue.cost_nanos), (2, 0));
    }

    #[test]
    fn cost_list_and_sold_are_three_prices() {
        let mut attempt = answered(Side::Blue);
        attempt.price = Some(priced("1.00"));
        let mut request = outcome(vec![attempt], End::Complete);
        request.list = Some(priced("3.00"));
        request.markup = 5_000;
        let mut probe = request_like(&request);
        probe.monitoring = true;
        let mut tally = Tally::default();
        tally.add(&request);
        tally.add(&probe);
        let rows = tally.changed();
        let blue = of(&rows, "blue");
        // 42 tokens each.
        assert_eq!(
            (blue.cost_nanos, blue.list_nanos, blue.sold_nanos),
            (84_000, 252_000, 189_000)
        );
        assert_eq!(blue.unpriced, 0);
    }

    fn request_like(request: &Outcome) -> Box<Outcome> {
        let mut like = outcome(request.attempts.clone(), End::Complete);
        like.list.clone_from(&request.list);
        like
    }

    #[test]
    fn what_is_written_is_not_written_again_until_it_grows() {
        let mut tally = Tally::default();
        tally.add(&ordinary());
        let rows = tally.changed();
        tally.add(&ordinary());
        tally.written(&rows);
        let again = tally.changed();
        assert_eq!((rows[0].1.requests, again[0].1.requests), (1, 2));
        tally.written(&again);
        assert_eq!(tally.changed(), []);
    }

    #[test]
    fn an_hour_that_is_over_is_forgotten_once_it_is_written_and_never_begun_again() {
        let mut tally = Tally::default();
        let at = |hours: u64| {
            let mut request = ordinary();
            request.at += hours * 3_600_000;
            request
        };
        tally.add(&at(0));
        tally.add(&at(5));
        let rows = tally.changed();
        assert_eq!(rows.len(), 2);
        tally.written(&[]);
        assert_eq!(
            tally.changed().len(),
            2,
            "nothing is forgotten before it is written"
        );
        tally.written(&rows);
        tally.add(&at(0));
        let late = tally.changed();
        assert_eq!((late.len(), late[0].1.requests), (1, 2));
        assert_eq!(late[0].0.hour, rows.iter().map(|(of, _)| of.hour).max().unwrap());
    }

    #[test]
    fn a_flood_of_names_does_not_fill_the_store() {
        let mut tally = Tally::default();
        for number in 0..MOST_IN_AN_HOUR + 100 {
            let mut attempt = answered(Side::Blue);
            attempt.model = format!("m{number}").into();
            tally.add(&outcome(vec![attempt], End::Complete));
        }
        let rows = tally.changed();
        assert_eq!(rows.len(), MOST_IN_AN_HOUR + 1);
        let requests: i64 = rows.iter().map(|(_, sums)| sums.requests).sum();
        assert_eq!(requests, MOST_IN_AN_HOUR as i64 + 100);
    }

    #[test]
    fn what_another_tally_holds_is_added_once() {
        let (mut tally, mut other) = (Tally::default(), Tally::default());
        tally.add(&ordinary());
        other.add(&ordinary());
        tally.absorb(&mut other);
        tally.absorb(&mut other);
        assert_eq!(tally.changed()[0].1.requests, 2);
    }
}
