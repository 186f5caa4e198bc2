//! Searching the log of finished requests.
//!
//! The store filters by what its rows hold; status and outcome are in a row's detail and are looked at here. A search
//! reads so many rows and no more, and then says where to go on.

use std::fmt;
use std::str::FromStr;

use store::requests::{Filter, Place};
use store::{Store, StoreError};

use super::{Record, flush};
use crate::observe::Observatory;

/// Rows read from the store at a time.
const CHUNK: u32 = 500;
/// Rows read for one page: some tens of milliseconds.
const MOST_READ: usize = 10_000;
/// Rows on a page, whatever the caller asks for.
const MOST: u32 = 200;

#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub deployment: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    pub status: Option<Status>,
    /// Finished before this one.
    pub before: Option<Cursor>,
    pub limit: u32,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Exactly(u16),
    /// The hundreds, as 5.
    Class(u16),
    Outcome(&'static str),
    /// Whatever is not `ok`.
    Trouble,
}

const OUTCOMES: [&str; 6] = ["ok", "caller_error", "refused", "failed", "broken", "client_left"];

impl FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Status, &'static str> {
        if text == "trouble" {
            return Ok(Status::Trouble);
        }
        if let Some(outcome) = OUTCOMES.into_iter().find(|outcome| *outcome == text) {
            return Ok(Status::Outcome(outcome));
        }
        let refusal = "write a status as 429, a class as 5xx, an outcome as failed, or trouble";
        match text.strip_suffix("xx") {
            Some(class) => class.parse().map(Status::Class).map_err(|_| refusal),
            None => text.parse().map(Status::Exactly).map_err(|_| refusal),
        }
    }
}

impl Status {
    fn is_of(&self, record: &Record) -> bool {
        match self {
            Status::Exactly(status) => record.status == *status,
            Status::Class(class) => record.status / 100 == *class,
            Status::Outcome(outcome) => record.outcome == *outcome,
            Status::Trouble => record.outcome != "ok",
        }
    }
}

/// Where a search goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0.at, self.0.id)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Cursor, &'static str> {
        let place = text.split_once('.').and_then(|(at, id)| {
            Some(Place {
                at: at.parse().ok()?,
                id: id.to_owned(),
            })
        });
        place.map(Cursor).ok_or("this is no `next` of a page of requests")
    }
}

#[derive(Debug)]
pub struct Found {
    pub records: Vec<Record>,
    pub next: Option<Cursor>,
}

/// The newest requests that match, those included that have just finished.
///
/// # Errors
/// When the store cannot be read.
pub async fn search(observatory: &Observatory, store: &Store, wanted: Wanted) -> Result<Found, StoreError> {
    if let Err(error) = flush(observatory, store).await {
        // What is in the store can be shown all the same, and `keep_log` tells of the trouble.
        tracing::debug!(%error, "the newest requests are missing from a search");
    }
    let filter = Filter {
        deployment: wanted.deployment,
        key: wanted.key,
    };
    let limit = wanted.limit.clamp(1, MOST) as usize;
    let (mut records, mut read) = (Vec::new(), 0);
    let mut place = wanted.before.map(|Cursor(place)| place);
    loop {
        let rows = store::requests::list(store, &filter, place.as_ref(), CHUNK).await?;
        let is_last = rows.len() < CHUNK as usize;
        read += rows.len();
        for row in rows {
            if records.len() == limit {
                let next = place.map(Cursor);
                return Ok(Found { records, next });
            }
            place = Some(Place {
                at: row.at,
                id: row.id,
            });
            // A row that this version cannot read is as good as none.
            let Ok(record) = serde_json::from_str::<Record>(&row.detail) else {
                continue;
            };
            if wanted.status.as_ref().is_none_or(|status| status.is_of(&record)) {
                records.push(record);
            }
        }
        if is_last || read >= MOST_READ {
            let next = place.filter(|_| !is_last).map(Cursor);
            return Ok(Found { records, next });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn statuses_are_numbers_classes_and_outcomes() {
        for (text, status) in [
            ("429", Status::Exactly(429)),
            ("5xx", Status::Class(5)),
            ("client_left", Status::Outcome("client_left")),
            ("trouble", Status::Trouble),
        ] {
            assert_eq!(text.parse(), Ok(status));
        }
        assert!("fine".parse::<Status>().is_err() && "xx".parse::<Status>().is_err());
    }

    #[test]
    fn a_cursor_is_read_back_whatever_the_id_holds() {
        let cursor = Cursor(Place {
            at: 17,
            id: "mine.1.2".to_owned(),
        });
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!("x.y".parse::<Cursor>().is_err());
    }
}
