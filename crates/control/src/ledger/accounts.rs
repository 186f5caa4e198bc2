//! Accounts: made, changed, corrected, and known to the request path.

use std::collections::HashMap;
use std::sync::Arc;

use decide::book::{Applied, Billing, BookAccount, Entry, Move, Nanos, Operation, Refused};
use store::StoreError;
use store::accounts::Account;
use store::ledger::Standing;

use super::{Ledger, Terms};
use crate::desk::now;

/// An account with what it has.
#[derive(Clone, Debug)]
pub struct AccountState {
    pub account: Account,
    pub standing: Standing,
}

impl Ledger {
    /// Makes an account; `welcome` is given to it once, from promotions.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub async fn create_account(
        &self,
        name: String,
        billing: Billing,
        markup: i64,
        welcome: Nanos,
    ) -> Result<AccountState, StoreError> {
        let account = Account {
            name,
            billing,
            markup,
            created_at: now(),
        };
        store::accounts::create(self.store(), &account, welcome).await?;
        self.read_accounts().await?;
        self.with_standing(account).await
    }

    /// Changes how an account pays, or its markup.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_account(
        &self,
        name: &str,
        billing: Option<Billing>,
        markup: Option<i64>,
    ) -> Result<AccountState, StoreError> {
        let account = store::accounts::change(self.store(), name, billing, markup).await?;
        self.read_accounts().await?;
        self.with_standing(account).await
    }

    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn account(&self, name: &str) -> Result<AccountState, StoreError> {
        let account = store::accounts::get(self.store(), name).await?;
        self.with_standing(account).await
    }

    /// # Errors
    /// When the store cannot be read.
    pub async fn with_standing(&self, account: Account) -> Result<AccountState, StoreError> {
        let reserved = self.reserves.idle(&account.name);
        let standing = store::ledger::standing(self.store(), &account.name).await?;
        // What is reserved for requests to come can be spent.
        let standing = Standing {
            available: standing.available.saturating_add(reserved),
            held: standing.held.saturating_sub(reserved),
        };
        Ok(AccountState { account, standing })
    }

    /// Adds to an account's credit, or takes from it if `nanos` is negative, with a reason. The same id again changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or why the store cannot be written; inside, why the book refuses it.
    pub async fn correct(
        &self,
        name: &str,
        id: &str,
        nanos: Nanos,
        reason: String,
    ) -> Result<Result<Applied, Refused>, StoreError> {
        let account = store::accounts::get(self.store(), name).await?;
        let credit = BookAccount::Credit(account.name);
        let (debit, credit) = match nanos {
            0.. => (BookAccount::Corrections, credit),
            _ => (credit, BookAccount::Corrections),
        };
        let Some(nanos) = nanos.checked_abs() else {
            return Ok(Err(Refused::BadAmount));
        };
        let correction = Operation::Move(Move {
            entry: Entry {
                id: format!("correction/{id}"),
                debit,
                credit,
                nanos,
                request_id: None,
                reason,
            },
            covered: false,
        });
        let applied = store::ledger::write(self.store(), &[correction], now()).await?;
        Ok(applied.into_iter().next().unwrap_or(Err(Refused::BadAmount)))
    }

    /// What a request needs to know of an account; `None` for one that nobody made.
    pub fn terms(&self, account: &str) -> Option<Terms> {
        self.accounts.load().get(account).copied()
    }

    /// Reads what other gateways on a shared store did to accounts.
    pub(crate) async fn read_accounts(&self) -> Result<(), StoreError> {
        // One after the other: an older list must not take the place of a newer one.
        let _reading = self.reading_accounts.lock().await;
        let accounts = store::accounts::load_all(self.store()).await?;
        let terms = accounts.into_iter().map(|account| {
            let terms = Terms {
                billing: account.billing,
                markup: account.markup,
            };
            (account.name, terms)
        });
        self.accounts.store(Arc::new(terms.collect::<HashMap<_, _>>()));
        Ok(())
    }
}
