//! Charges and entries as rows.

use decide::book::{Allowance, Charge, Entry, Mark, Nanos, Payer, State};
use sqlx::FromRow;

use super::apply::book_account;
use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

#[derive(Clone, Debug, FromRow)]
pub(crate) struct ChargeRow {
    pub(crate) id: String,
    pub(crate) request_id: String,
    pub(crate) account: String,
    pub(crate) key_name: String,
    pub(crate) budget_period: Option<String>,
    pub(crate) budget_nanos: Option<i64>,
    pub(crate) owner: String,
    pub(crate) held_nanos: Option<i64>,
    pub(crate) marked_charge_nanos: Option<i64>,
    pub(crate) marked_cost_nanos: Option<i64>,
    pub(crate) charged_nanos: Option<i64>,
    pub(crate) cost_nanos: Option<i64>,
    pub(crate) estimated: bool,
}

impl ChargeRow {
    pub(crate) fn charge(self) -> Result<(String, Charge), StoreError> {
        let allowance = self.budget_period.zip(self.budget_nanos);
        let payer = Payer {
            account: self.account,
            key: self.key_name,
            request_id: self.request_id,
            allowance: allowance.map(|(period, nanos)| Allowance { period, nanos }),
        };
        let mark = self.marked_charge_nanos.zip(self.marked_cost_nanos);
        let state = match (self.charged_nanos.zip(self.cost_nanos), self.held_nanos) {
            (Some((charged, cost)), _) => State::Settled {
                charged,
                cost,
                estimated: self.estimated,
            },
            (None, Some(nanos)) => State::Held {
                nanos,
                mark: mark.map(|(charge, cost)| Mark { charge, cost }),
            },
            (None, None) => return Err(StoreError::corrupt(format!("charge '{}'", self.id))),
        };
        let charge = Charge {
            payer,
            owner: self.owner,
            state,
        };
        Ok((self.id, charge))
    }
}

pub(crate) fn columns((id, charge): (&String, &Charge)) -> ChargeRow {
    let payer = &charge.payer;
    let (held, mark, settled) = match charge.state {
        State::Held { nanos, mark } => (Some(nanos), mark, None),
        State::Settled {
            charged,
            cost,
            estimated,
        } => (None, None, Some((charged, cost, estimated))),
    };
    ChargeRow {
        id: id.clone(),
        request_id: payer.request_id.clone(),
        account: payer.account.clone(),
        key_name: payer.key.clone(),
        budget_period: payer.allowance.as_ref().map(|allowance| allowance.period.clone()),
        budget_nanos: payer.allowance.as_ref().map(|allowance| allowance.nanos),
        owner: charge.owner.clone(),
        held_nanos: held,
        marked_charge_nanos: mark.map(|mark| mark.charge),
        marked_cost_nanos: mark.map(|mark| mark.cost),
        charged_nanos: settled.map(|(charged, _, _)| charged),
        cost_nanos: settled.map(|(_, cost, _)| cost),
        estimated: settled.is_some_and(|(_, _, estimated)| estimated),
    }
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct EntryRow {
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) recorded_at: UnixMilliseconds,
    pub(crate) debit: String,
    pub(crate) credit: String,
    pub(crate) amount_nanos: i64,
    pub(crate) request_id: Option<String>,
    pub(crate) reason: String,
}

impl EntryRow {
    pub(crate) fn entry(self) -> Result<Entry, StoreError> {
        Ok(Entry {
            debit: book_account(&self.debit)?,
            credit: book_account(&self.credit)?,
            id: self.id,
            nanos: self.amount_nanos,
            request_id: self.request_id,
            reason: self.reason,
        })
    }
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Settled {
    #[sqlx(rename = "charged_nanos")]
    pub charged: Nanos,
    #[sqlx(rename = "cost_nanos")]
    pub cost: Nanos,
    /// Tokens were counted here, for want of the vendor's count.
    pub estimated: bool,
}

/// What the latest request of this id and key came to; `None` while it is not settled, or nobody pays for it.
///
/// # Errors
/// When the store cannot be read.
pub async fn settled(store: &Store, request_id: &str, key: &str) -> Result<Option<Settled>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT charged_nanos, cost_nanos, estimated FROM charges
                         WHERE request_id = $1 AND key_name = $2 AND charged_nanos IS NOT NULL
                         ORDER BY updated_at DESC LIMIT 1";
        sqlx::query_as(statement).bind(request_id).bind(key).fetch_optional(connection).await?
    })
}
