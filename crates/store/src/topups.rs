//! Orders for credit: made once, paid once, paid back at most as far as they were paid.
//!
//! An order's state and its entry in the book change in one transaction. Whatever a provider says is compared with
//! the order's own row before this is called.

use decide::book::{BookAccount, Entry, Move, Nanos, Operation, Refused};
use decide::money::Nano;
use sqlx::FromRow;

use crate::database::on_database;
use crate::ledger::apply_in;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};

/// An order as it stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Topup {
    pub id: String,
    /// Grows from order to order, with gaps.
    pub number: i64,
    pub account: String,
    pub provider: String,
    /// Thousand-millionths of the currency's unit.
    pub amount_nanos: i64,
    pub currency: String,
    /// What a unit of the currency is, in nano-US-dollars.
    pub rate_nanos: i64,
    /// What is credited.
    pub usd_nanos: Nanos,
    /// `pending`, `paid`, `failed`, `expired`, `partially_refunded`, `refunded`.
    pub state: String,
    /// What the payer writes to it.
    pub reference: Option<String>,
    /// The provider's own name of the payment.
    pub payment: Option<String>,
    /// Of `amount_nanos`.
    pub refunded_nanos: i64,
    pub reason: Option<String>,
    pub created_at: UnixMilliseconds,
    pub expires_at: Option<UnixMilliseconds>,
    pub paid_at: Option<UnixMilliseconds>,
}

/// An order to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopup {
    pub id: String,
    pub account: String,
    pub provider: String,
    pub amount_nanos: i64,
    pub currency: String,
    pub rate_nanos: i64,
    pub usd_nanos: Nanos,
    pub reference: Option<String>,
    pub reason: Option<String>,
    pub at: UnixMilliseconds,
    pub expires_at: Option<UnixMilliseconds>,
}

/// How an order ended without being paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpaid {
    Failed,
    Expired,
}

/// Why an order is not what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The book refuses it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// More than was paid and not yet paid back.
    #[error("more than is left of what was paid")]
    TooMuch,
    /// The id stands for something else.
    #[error("'{0}' stands for something else")]
    Other(String),
}

/// Makes an order, or finds it as it was made: the same id again changes nothing.
///
/// # Errors
/// [`NotDone::Other`] if the id stands for another account, provider, amount or currency.
pub async fn create(store: &Store, order: &NewTopup) -> Result<Topup, NotDone> {
    insert(store, order).await?;
    let found = get(store, &order.id).await?;
    let same = found.account == order.account
        && found.provider == order.provider
        && found.amount_nanos == order.amount_nanos
        && found.currency == order.currency;
    if same {
        Ok(found)
    } else {
        Err(NotDone::Other(order.id.clone()))
    }
}

async fn insert(store: &Store, order: &NewTopup) -> Result<(), StoreError> {
    on_database!(store, change transaction, number => {
        let statement = "INSERT INTO topups (id, number, account, provider, amount_nanos, currency, rate_nanos, usd_nanos,
                                             state, reference, refunded_nanos, reason, created_at, expires_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, 0, $10, $11, $12)
                         ON CONFLICT (id) DO NOTHING";
        sqlx::query(statement)
            .bind(&order.id)
            .bind(number)
            .bind(&order.account)
            .bind(&order.provider)
            .bind(order.amount_nanos)
            .bind(&order.currency)
            .bind(order.rate_nanos)
            .bind(order.usd_nanos)
            .bind(&order.reference)
            .bind(&order.reason)
            .bind(order.at)
            .bind(order.expires_at)
            .execute(transaction)
            .await?;
    })
}

/// Marks an order as paid and books its credit; an order that is paid already stays as it is. `from` is the other
/// side in the book.
///
/// # Errors
/// [`StoreError::Conflict`] if it has failed or expired, or the payment has paid another order.
pub async fn pay(
    store: &Store,
    id: &str,
    payment: Option<&str>,
    from: BookAccount,
    at: UnixMilliseconds,
) -> Result<Topup, StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "SELECT id FROM topups WHERE payment = $1 AND id <> $2
                         AND provider = (SELECT provider FROM topups WHERE id = $2)";
        let other: Option<String> =
            sqlx::query_scalar(statement).bind(payment).bind(id).fetch_optional(&mut *transaction).await?;
        if other.is_some() {
            return Err(conflict(id, "not what this payment was for"));
        }
        // The state is looked at and changed in one statement, so of many at once one pays.
        let statement = "UPDATE topups SET state = 'paid', payment = $2, paid_at = $3
                         WHERE id = $1 AND state = 'pending'
                         RETURNING account, usd_nanos, provider";
        let paid: Option<(String, i64, String)> = sqlx::query_as(statement)
            .bind(id)
            .bind(payment)
            .bind(at)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some((account, nanos, provider)) = paid {
            let (accounts, reason) = ((from, BookAccount::Credit(account)), format!("top-up by {provider}"));
            let credit = transfer(format!("topup/{id}"), accounts, nanos, reason, false);
            if apply_in!(transaction, &[credit], at).iter().any(Result::is_err) {
                // Neither paid nor booked.
                return Err(conflict(id, "more than can be booked"));
            }
        }
    })?;
    let found = get(store, id).await?;
    match found.state.as_str() {
        "failed" => Err(conflict(id, "failed")),
        "expired" => Err(conflict(id, "expired")),
        _ => Ok(found),
    }
}

/// Ends an order that is pending; one that is not stays as it is.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn end(store: &Store, id: &str, how: Unpaid) -> Result<Topup, StoreError> {
    let state = match how {
        Unpaid::Failed => "failed",
        Unpaid::Expired => "expired",
    };
    on_database!(store, change transaction, _number => {
        let statement = "UPDATE topups SET state = $2 WHERE id = $1 AND state = 'pending'";
        sqlx::query(statement).bind(id).bind(state).execute(transaction).await?;
    })?;
    get(store, id).await
}

/// Expires every order that is pending past its time; how many.
///
/// # Errors
/// When the store cannot be written.
pub async fn expire(store: &Store, now: UnixMilliseconds) -> Result<u64, StoreError> {
    on_database!(store, write transaction => {
        let statement = "UPDATE topups SET state = 'expired' WHERE state = 'pending' AND expires_at <= $1";
        sqlx::query(statement).bind(now).execute(transaction).await?.rows_affected()
    })
}

/// Pays a part of an order back, or all that is left for `None`; the same refund id again changes nothing.
///
/// # Errors
/// [`NotDone::TooMuch`]; [`NotDone::Refused`] if the account's credit does not cover it any more;
/// [`StoreError::Conflict`] unless it was paid.
pub async fn refund(
    store: &Store,
    id: &str,
    refund: &str,
    amount_nanos: Option<i64>,
    to: BookAccount,
    at: UnixMilliseconds,
) -> Result<Topup, NotDone> {
    match pay_back(store, id, refund, amount_nanos, to, at).await? {
        Some(refused) => Err(refused),
        None => Ok(get(store, id).await?),
    }
}

async fn pay_back(
    store: &Store,
    id: &str,
    refund: &str,
    amount_nanos: Option<i64>,
    to: BookAccount,
    at: UnixMilliseconds,
) -> Result<Option<NotDone>, StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "SELECT account, amount_nanos, usd_nanos, state, refunded_nanos FROM topups WHERE id = $1";
        let order: Option<(String, i64, i64, String, i64)> =
            sqlx::query_as(statement).bind(id).fetch_optional(&mut *transaction).await?;
        let Some((account, paid, usd, state, before)) = order else {
            return Err(not_found(id));
        };
        let statement = "SELECT amount_nanos FROM refunds WHERE topup = $1 AND id = $2";
        let again: Option<i64> =
            sqlx::query_scalar(statement).bind(id).bind(refund).fetch_optional(&mut *transaction).await?;
        let amount = amount_nanos.unwrap_or(paid - before);
        if let Some(known) = again {
            (amount_nanos.is_some() && amount != known).then(|| NotDone::Other(refund.to_owned()))
        } else if !["paid", "partially_refunded"].contains(&state.as_str()) {
            Some(conflict(id, "not paid, or paid back already").into())
        } else if amount <= 0 || amount > paid - before {
            Some(NotDone::TooMuch)
        } else {
            // Parts are shares of what was credited; the last part is what is left of it.
            let share = |part: i64| Nano::new(usd).share(part.unsigned_abs(), paid.unsigned_abs());
            let nanos = share(before + amount).zip(share(before)).and_then(|(after, before)| after.minus(before));
            let nanos = nanos.map_or(0, Nano::get);
            let back = transfer(
                format!("topup/{id}/refund/{refund}"),
                (BookAccount::Credit(account), to),
                nanos,
                "refund".to_owned(),
                true,
            );
            let applied = apply_in!(transaction, &[back], at);
            match applied.into_iter().find_map(Result::err) {
                Some(refused) => Some(refused.into()),
                None => {
                    let state = if before + amount == paid { "refunded" } else { "partially_refunded" };
                    let statement = "UPDATE topups SET state = $2, refunded_nanos = $3 WHERE id = $1";
                    sqlx::query(statement).bind(id).bind(state).bind(before + amount).execute(&mut *transaction).await?;
                    let statement = "INSERT INTO refunds (topup, id, amount_nanos, usd_nanos, at)
                                     VALUES ($1, $2, $3, $4, $5)";
                    sqlx::query(statement)
                        .bind(id)
                        .bind(refund)
                        .bind(amount)
                        .bind(nanos)
                        .bind(at)
                        .execute(&mut *transaction)
                        .await?;
                    None
                }
            }
        }
    })
}

/// # Errors
/// [`StoreError::NotFound`].
pub async fn get(store: &Store, id: &str) -> Result<Topup, StoreError> {
    let found: Option<Topup> = on_database!(store, read connection => {
        let statement = "SELECT id, number, account, provider, amount_nanos, currency, rate_nanos, usd_nanos, state,
                                reference, payment, refunded_nanos, reason, created_at, expires_at, paid_at
                         FROM topups WHERE id = $1";
        sqlx::query_as(statement).bind(id).fetch_optional(connection).await?
    })?;
    found.ok_or_else(|| not_found(id))
}

/// The order that a payer has written this reference to.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn by_reference(store: &Store, reference: &str) -> Result<Topup, StoreError> {
    let found: Option<String> = on_database!(store, read connection => {
        let statement = "SELECT id FROM topups WHERE reference = $1";
        sqlx::query_scalar(statement).bind(reference).fetch_optional(connection).await?
    })?;
    get(store, &found.ok_or_else(|| not_found(reference))?).await
}

/// Orders, the newest first, all or an account's.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(
    store: &Store,
    account: Option<&str>,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<Topup>, StoreError> {
    let rows: Vec<Topup> = on_database!(store, read connection => {
        let statement = "SELECT id, number, account, provider, amount_nanos, currency, rate_nanos, usd_nanos, state,
                                reference, payment, refunded_nanos, reason, created_at, expires_at, paid_at
                         FROM topups WHERE number < $1 AND ($2 = '' OR account = $2) ORDER BY number DESC LIMIT $3";
        sqlx::query_as(statement)
            .bind(after.map_or(i64::MAX, |cursor| cursor.0))
            .bind(account.unwrap_or_default())
            .bind(rows_to_fetch(limit))
            .fetch_all(connection)
            .await?
    })?;
    Ok(page_of(rows, limit, |order: &Topup| order.number))
}

fn transfer(
    id: String,
    (debit, credit): (BookAccount, BookAccount),
    nanos: Nanos,
    reason: String,
    covered: bool,
) -> Operation {
    Operation::Move(Move {
        entry: Entry {
            id,
            debit,
            credit,
            nanos,
            request_id: None,
            reason,
        },
        covered,
    })
}

fn not_found(id: &str) -> StoreError {
    StoreError::NotFound {
        noun: "top-up",
        name: id.to_owned(),
    }
}

fn conflict(id: &str, state: &'static str) -> StoreError {
    StoreError::Conflict {
        noun: "top-up",
        name: id.to_owned(),
        state,
    }
}
