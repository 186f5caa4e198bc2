//! Which gateways are alive: the charges under way of those that are not are orphans.

use decide::book::{GiveBack, Operation, Progress, Reserve, Settlement};

use super::row::ChargeRow;
use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};

/// Says that this gateway is alive, and forgets those that are long gone.
///
/// # Errors
/// When the store cannot be written.
pub async fn alive(store: &Store, id: &str, at: UnixMilliseconds) -> Result<(), StoreError> {
    /// A gateway's row is of no use after its charges are settled; a day is long after that.
    const FORGOTTEN_AFTER: i64 = 86_400_000;
    on_database!(store, write transaction => {
        let statement = "INSERT INTO gateways (id, seen_at) VALUES ($1, $2)
                         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
        sqlx::query(statement).bind(id).bind(at).execute(&mut *transaction).await?;
        let statement = "DELETE FROM gateways WHERE seen_at < $1";
        sqlx::query(statement).bind(at - FORGOTTEN_AFTER).execute(transaction).await?;
    })
}

/// The settlements of charges whose gateways were not seen since `unseen_since`, at most 1,000; `own` is never
/// among them.
///
/// # Errors
/// When the store cannot be read.
pub async fn orphans(
    store: &Store,
    own: &str,
    unseen_since: UnixMilliseconds,
) -> Result<Vec<Operation>, StoreError> {
    let rows: Vec<ChargeRow> = on_database!(store, read connection => {
        let statement =
            "SELECT id, request_id, account, key_name, budget_period, budget_nanos, owner, held_nanos,
                    marked_charge_nanos, marked_cost_nanos, charged_nanos, cost_nanos, estimated
             FROM charges
             WHERE charged_nanos IS NULL AND owner <> $1
               AND owner NOT IN (SELECT gateways.id FROM gateways WHERE seen_at >= $2)
             LIMIT 1000";
        sqlx::query_as(statement).bind(own).bind(unseen_since).fetch_all(connection).await?
    })?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, charge) = row.charge()?;
        found.extend(charge.orphaned(&id).map(Operation::Settle));
    }
    Ok(found)
}

/// For a log line: whose request it was, never what was in it.
impl super::Settled {
    pub fn is_free(&self) -> bool {
        self.charged == 0
    }
}

/// The charge that a settlement is about.
pub(crate) fn charge_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Settle(Settlement { charge, .. }) => Some(charge),
        Operation::Hold(hold) | Operation::Reserve(Reserve { hold, .. }) => Some(&hold.charge),
        Operation::Mark(Progress { charge, .. }) | Operation::GiveBack(GiveBack { charge, .. }) => {
            Some(charge)
        }
        Operation::Move(_) => None,
    }
}
