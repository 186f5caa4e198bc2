//! Steady users: a request every so often, whatever became of the ones before it. Three quarters stream, a
//! quarter belongs to one of a few sessions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::stage::Addresses;
use super::tally::{SESSIONS, Tally};
use super::visit::{Ask, HttpClient, visit};

/// 40 requests a second: enough for a 20 % split to show within seconds, little enough for any machine.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(25);
/// Answers take some 200 ms; a user who waits this long has been failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Users at work; they leave at once when this is dropped.
pub(super) struct Traffic {
    /// Gone once they were told to stop.
    stop: Option<oneshot::Sender<()>>,
    users: JoinHandle<()>,
}

impl Traffic {
    pub(super) fn start(addresses: &Addresses, tally: Arc<Tally>) -> Traffic {
        let (stop, stopped) = oneshot::channel();
        let client: HttpClient = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let users = tokio::spawn(come_and_go(client, addresses.clone(), tally, stopped));
        Traffic {
            stop: Some(stop),
            users,
        }
    }

    /// Sends nothing more, and waits for the answers that are under way.
    pub(super) async fn finish(&mut self) {
        self.stop = None;
        // It was not cut, and it does not panic.
        let _ = (&mut self.users).await;
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.users.abort();
    }
}

async fn come_and_go(
    client: HttpClient,
    addresses: Addresses,
    tally: Arc<Tally>,
    mut stopped: oneshot::Receiver<()>,
) {
    let addresses = Arc::new(addresses);
    let mut requests = JoinSet::new();
    let mut beat = tokio::time::interval(BETWEEN_REQUESTS);
    // A pause of the machine must not become a burst.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0_usize.. {
        tokio::select! {
            _ = beat.tick() => {}
            _ = &mut stopped => break,
        }
        while requests.try_join_next().is_some() {}
        let (client, addresses, tally) = (client.clone(), Arc::clone(&addresses), Arc::clone(&tally));
        requests.spawn(async move { one(&client, &addresses, &tally, ask(number)).await });
    }
    while requests.join_next().await.is_some() {}
}

async fn one(client: &HttpClient, addresses: &Addresses, tally: &Tally, ask: Ask) {
    let sent = Instant::now();
    let visit = visit(client, &addresses.clients, &addresses.key, ask);
    let answered = match tokio::time::timeout(PATIENCE, visit).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("no whole answer within {} s", PATIENCE.as_secs())),
    };
    tally.add(sent, ask, answered);
}

/// Of eight requests six stream, as chats do, and two belong to a session: one of each kind. With as many whole
/// answers as streams, the median time to the first byte would be that of neither.
fn ask(number: usize) -> Ask {
    let in_session = matches!(number % 8, 0 | 5);
    Ask {
        stream: !matches!(number % 8, 1 | 5),
        session: in_session.then_some((number / 4) % SESSIONS),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn most_requests_stream_and_a_quarter_is_spread_over_all_sessions() {
        let asks: Vec<Ask> = (0..96).map(ask).collect();
        assert_eq!(asks.iter().filter(|ask| ask.stream).count(), 72);
        let sessions: Vec<usize> = asks.iter().filter_map(|ask| ask.session).collect();
        assert_eq!(sessions, (0..24).collect::<Vec<_>>());
    }
}
