//! Who pays: an account has a way of paying and a markup on the list price. Its money is in the book.
//!
//! A customer's name may stand in the book without a row here: such an account pays afterwards, at the list price.

use decide::book::{Billing, BookAccount, Entry, Move, Nanos, Operation};
use sqlx::FromRow;

use crate::database::on_database;
use crate::ledger::apply_in;
use crate::page::{page_of, rows_to_fetch};
use crate::{Cursor, Page, Store, StoreError, UnixMilliseconds};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub billing: Billing,
    /// Over the list price, in hundredths of a percent.
    pub markup: i64,
    pub created_at: UnixMilliseconds,
}

#[derive(FromRow)]
struct AccountRow {
    name: String,
    created_number: i64,
    billing: String,
    markup: i64,
    created_at: UnixMilliseconds,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Account, StoreError> {
        Ok(Account {
            billing: billing_of(&row.billing)?,
            name: row.name,
            markup: row.markup,
            created_at: row.created_at,
        })
    }
}

pub(crate) fn billing_of(text: &str) -> Result<Billing, StoreError> {
    match text {
        "prepaid" => Ok(Billing::Prepaid),
        "postpaid" => Ok(Billing::Postpaid),
        other => Err(StoreError::corrupt(format!("billing '{other}'"))),
    }
}

fn text_of(billing: Billing) -> &'static str {
    match billing {
        Billing::Prepaid => "prepaid",
        Billing::Postpaid => "postpaid",
    }
}

/// Makes an account; its welcome credit, if that is more than nothing, is booked from promotions with it.
///
/// # Errors
/// [`StoreError::Exists`].
pub async fn create(store: &Store, account: &Account, welcome: Nanos) -> Result<(), StoreError> {
    let gift: Vec<Operation> = (welcome > 0)
        .then(|| {
            Operation::Move(Move {
                entry: Entry {
                    id: format!("welcome/{}", account.name),
                    debit: BookAccount::Promotions,
                    credit: BookAccount::Credit(account.name.clone()),
                    nanos: welcome,
                    request_id: None,
                    reason: "welcome credit".to_owned(),
                },
                covered: false,
            })
        })
        .into_iter()
        .collect();
    on_database!(store, change transaction, number => {
        let statement = "INSERT INTO accounts (name, created_number, changed_number, billing, markup, created_at)
                         VALUES ($1, $2, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING";
        let made = sqlx::query(statement)
            .bind(&account.name)
            .bind(number)
            .bind(text_of(account.billing))
            .bind(account.markup)
            .bind(account.created_at)
            .execute(&mut *transaction)
            .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::Exists { noun: "account", name: account.name.clone() });
        }
        if !gift.is_empty() {
            apply_in!(transaction, &gift, account.created_at);
        }
    })
}

/// Changes how an account pays, or its markup; what is `None` stays.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn change(
    store: &Store,
    name: &str,
    billing: Option<Billing>,
    markup: Option<i64>,
) -> Result<Account, StoreError> {
    let changed: AccountRow = on_database!(store, change transaction, number => {
        let statement = "UPDATE accounts SET billing = COALESCE($3, billing), markup = COALESCE($4, markup),
                                changed_number = $2
                         WHERE name = $1 RETURNING name, created_number, billing, markup, created_at";
        let changed = sqlx::query_as(statement)
            .bind(name)
            .bind(number)
            .bind(billing.map(text_of))
            .bind(markup)
            .fetch_optional(transaction)
            .await?;
        changed.ok_or_else(|| not_found(name))?
    })?;
    changed.try_into()
}

/// # Errors
/// [`StoreError::NotFound`].
pub async fn get(store: &Store, name: &str) -> Result<Account, StoreError> {
    let found: Option<AccountRow> = on_database!(store, read connection => {
        let statement = "SELECT name, created_number, billing, markup, created_at FROM accounts WHERE name = $1";
        sqlx::query_as(statement).bind(name).fetch_optional(connection).await?
    })?;
    found.ok_or_else(|| not_found(name))?.try_into()
}

/// In the order they were made.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(store: &Store, after: Option<Cursor>, limit: u32) -> Result<Page<Account>, StoreError> {
    let rows: Vec<AccountRow> = on_database!(store, read connection => {
        let statement = "SELECT name, created_number, billing, markup, created_at FROM accounts
                         WHERE created_number > $1 ORDER BY created_number LIMIT $2";
        sqlx::query_as(statement)
            .bind(after.map_or(0, |cursor| cursor.0))
            .bind(rows_to_fetch(limit))
            .fetch_all(connection)
            .await?
    })?;
    let page = page_of(rows, limit, |row: &AccountRow| row.created_number);
    Ok(Page {
        rows: page
            .rows
            .into_iter()
            .map(Account::try_from)
            .collect::<Result<_, _>>()?,
        next: page.next,
    })
}

/// Every account, for loading into the gateway.
///
/// # Errors
/// When the store cannot be read.
pub async fn load_all(store: &Store) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<AccountRow> = on_database!(store, read connection => {
        let statement = "SELECT name, created_number, billing, markup, created_at FROM accounts";
        sqlx::query_as(statement).fetch_all(connection).await?
    })?;
    rows.into_iter().map(Account::try_from).collect()
}

fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        noun: "account",
        name: name.to_owned(),
    }
}
