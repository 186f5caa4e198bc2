//! Reading the book: statements, balances, and whether it adds up.

use std::collections::BTreeMap;

use decide::book::{BookAccount, Entry, Nanos, Spent};

use super::apply::book_account;
use super::row::EntryRow;
use crate::database::on_database;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};

/// An entry as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub number: i64,
    pub at: UnixMilliseconds,
    pub entry: Entry,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this customer.
    pub account: Option<String>,
    /// From then on.
    pub since: Option<UnixMilliseconds>,
    /// Before then.
    pub until: Option<UnixMilliseconds>,
}

/// Entries in the order they were written.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    store: &Store,
    which: &Which,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<Listed>, StoreError> {
    let after = after.map_or(0, |cursor| cursor.0);
    let (since, until) = (which.since.unwrap_or(i64::MIN), which.until.unwrap_or(i64::MAX));
    let rows: Vec<EntryRow> = on_database!(store, read connection => {
        let statement = match which.account {
            Some(_) => "SELECT number, id, recorded_at, debit, credit, amount_nanos, request_id, reason FROM ledger
                        WHERE account = $5 AND number > $1 AND recorded_at >= $2 AND recorded_at < $3
                        ORDER BY number LIMIT $4",
            None => "SELECT number, id, recorded_at, debit, credit, amount_nanos, request_id, reason FROM ledger
                     WHERE number > $1 AND recorded_at >= $2 AND recorded_at < $3 ORDER BY number LIMIT $4",
        };
        let query = sqlx::query_as(statement).bind(after).bind(since).bind(until).bind(rows_to_fetch(limit));
        match &which.account {
            Some(account) => query.bind(account).fetch_all(connection).await?,
            None => query.fetch_all(connection).await?,
        }
    })?;
    let page = page_of(rows, limit, |row: &EntryRow| row.number);
    let listed = page.rows.into_iter().map(|row| {
        Ok(Listed {
            number: row.number,
            at: row.recorded_at,
            entry: row.entry()?,
        })
    });
    Ok(Page {
        rows: listed.collect::<Result<_, StoreError>>()?,
        next: page.next,
    })
}

/// What a customer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Free to spend; negative where it owes.
    pub available: Nanos,
    /// Set aside for requests under way.
    pub held: Nanos,
}

/// # Errors
/// When the store cannot be read.
pub async fn standing(store: &Store, account: &str) -> Result<Standing, StoreError> {
    let credit = BookAccount::Credit(account.to_owned());
    let holds = BookAccount::Holds(account.to_owned());
    // One statement, so that a hold between the two cannot be seen twice or not at all.
    let rows: Vec<(String, i64)> = on_database!(store, read connection => {
        let statement = "SELECT book_account, balance_nanos FROM book_balances WHERE book_account IN ($1, $2)";
        sqlx::query_as(statement)
            .bind(credit.to_string())
            .bind(holds.to_string())
            .fetch_all(connection)
            .await?
    })?;
    let of = |account: &BookAccount| {
        let name = account.to_string();
        rows.iter()
            .find(|(row, _)| *row == name)
            .map_or(0, |(_, nanos)| *nanos)
    };
    Ok(Standing {
        available: of(&credit),
        held: of(&holds),
    })
}

/// What a key has spent in a period.
///
/// # Errors
/// When the store cannot be read.
pub async fn spent(store: &Store, key: &str, period: &str) -> Result<Spent, StoreError> {
    let found: Option<(i64, i64)> = on_database!(store, read connection => {
        let statement = "SELECT held_nanos, spent_nanos FROM budgets WHERE key_name = $1 AND period = $2";
        sqlx::query_as(statement).bind(key).bind(period).fetch_optional(connection).await?
    })?;
    Ok(found.map_or(Spent::default(), |(held, spent)| Spent { held, spent }))
}

/// A book account's balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    pub account: BookAccount,
    pub nanos: Nanos,
}

/// The book, added up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Of all balances; 0 in a book that is right.
    pub sum: i128,
    pub balances: Vec<Balance>,
    /// Balances that are not the sum of their entries, with that sum; none in a book that is right.
    pub wrong: Vec<(Balance, i128)>,
    pub entries: u64,
}

/// Rows of the book read at a time.
const READ_AT_ONCE: u32 = 1_000;

/// Adds every entry up and compares. Reads the whole book, page by page, so entries that are written meanwhile make
/// it look wrong: ask again.
///
/// # Errors
/// When the store cannot be read.
pub async fn check(store: &Store) -> Result<Checked, StoreError> {
    let rows: Vec<(String, i64)> = on_database!(store, read connection => {
        let statement = "SELECT book_account, balance_nanos FROM book_balances ORDER BY book_account";
        sqlx::query_as(statement).fetch_all(connection).await?
    })?;
    let mut sums: BTreeMap<BookAccount, i128> = BTreeMap::new();
    let (mut after, mut entries) = (None, 0);
    loop {
        let page = list(store, &Which::default(), after, READ_AT_ONCE).await?;
        for Listed { entry, .. } in page.rows {
            entries += 1;
            *sums.entry(entry.debit).or_default() -= i128::from(entry.nanos);
            *sums.entry(entry.credit).or_default() += i128::from(entry.nanos);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut balances = Vec::with_capacity(rows.len());
    for (account, nanos) in rows {
        balances.push(Balance {
            account: book_account(&account)?,
            nanos,
        });
    }
    let kept = |account: &BookAccount| balances.iter().any(|balance| balance.account == *account);
    let mut wrong: Vec<(Balance, i128)> = balances
        .iter()
        .filter_map(|balance| {
            let sum = sums.get(&balance.account).copied().unwrap_or_default();
            (sum != i128::from(balance.nanos)).then(|| (balance.clone(), sum))
        })
        .collect();
    wrong.extend(
        sums.iter()
            .filter(|(account, _)| !kept(account))
            .map(|(account, sum)| {
                let account = account.clone();
                (Balance { account, nanos: 0 }, *sum)
            }),
    );
    Ok(Checked {
        sum: balances.iter().map(|balance| i128::from(balance.nanos)).sum(),
        balances,
        wrong,
        entries,
    })
}
