//! Names of vendors and their addresses, as one worker knows them.
//!
//! The system's look-up blocks a thread and cannot be taken back. So there is one at a time for each name, however
//! many requests wait for it: names that take their time would otherwise fill the threads, and what is queued behind
//! them would still be looked up long after everybody has gone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::endpoint::Endpoint;
use super::failure::Failure;
use crate::descriptors::is_exhausted;
use crate::outcome::FailureKind;

/// How long a looked-up name is trusted: vendors move their addresses by the minute.
const NAME_KEPT: Duration = Duration::from_secs(30);
/// After which a look-up is not waited for if an older address is known: somebody answered there before.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Default)]
pub(super) struct Names(Rc<RefCell<HashMap<Place, Entry>>>);

/// Host and port.
type Place = (String, u16);

#[derive(Default)]
struct Entry {
    known: Option<(Instant, Vec<SocketAddr>)>,
    /// The look-up under way.
    asking: Option<Answer>,
}

type Answer = watch::Receiver<Option<Result<Vec<SocketAddr>, (FailureKind, String)>>>;

impl Names {
    pub(super) async fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Failure> {
        if let Ok(ip) = endpoint.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, endpoint.port)]);
        }
        let place = (endpoint.host.clone(), endpoint.port);
        let known = self.0.borrow().get(&place).and_then(|entry| entry.known.clone());
        let Some((at, older)) = known else {
            return self.look_up(&place).await;
        };
        if at.elapsed() < NAME_KEPT {
            return Ok(older);
        }
        match timeout(PATIENCE, self.look_up(&place)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) | Err(_) => Ok(older),
        }
    }

    /// Nobody answers there.
    pub(super) fn forget(&self, endpoint: &Endpoint) {
        let place = (endpoint.host.clone(), endpoint.port);
        if let Some(entry) = self.0.borrow_mut().get_mut(&place) {
            entry.known = None;
        }
    }

    async fn look_up(&self, place: &Place) -> Result<Vec<SocketAddr>, Failure> {
        let mut answer = self.ask(place);
        let answered = match answer.wait_for(Option::is_some).await {
            Ok(answered) => answered.clone(),
            // The worker ends.
            Err(_) => None,
        };
        let gone = || Err((FailureKind::Dns, "the look-up was given up".to_owned()));
        answered
            .unwrap_or_else(gone)
            .map_err(|(kind, detail)| Failure::new(kind, detail))
    }

    /// Joins the look-up under way, or starts one.
    fn ask(&self, place: &Place) -> Answer {
        let mut names = self.0.borrow_mut();
        let entry = names.entry(place.clone()).or_default();
        if let Some(answer) = &entry.asking {
            return answer.clone();
        }
        let (tell, answer) = watch::channel(None);
        entry.asking = Some(answer.clone());
        let (names, place) = (self.clone(), place.clone());
        tokio::task::spawn_local(async move {
            let found = tokio::net::lookup_host((place.0.as_str(), place.1)).await;
            let found = read(found.map(Iterator::collect));
            if let Some(entry) = names.0.borrow_mut().get_mut(&place) {
                entry.asking = None;
                if let Ok(addresses) = &found {
                    entry.known = Some((Instant::now(), addresses.clone()));
                }
            }
            tell.send_replace(Some(found));
        });
        answer
    }
}

fn read(found: io::Result<Vec<SocketAddr>>) -> Result<Vec<SocketAddr>, (FailureKind, String)> {
    match found {
        Ok(addresses) if addresses.is_empty() => {
            Err((FailureKind::Dns, "the name has no address".to_owned()))
        }
        Ok(addresses) => Ok(addresses),
        Err(error) if is_exhausted(&error) => Err((FailureKind::Capacity, error.to_string())),
        Err(error) => Err((FailureKind::Dns, error.to_string())),
    }
}
