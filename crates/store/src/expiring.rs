//! Credit that expires. What an account spends counts against what expires first; what is left of it when its time
//! has come goes back to where it came from.

use decide::book::{BookAccount, Entry, Move, Nanos, Operation};

use crate::database::on_database;
use crate::ledger::apply_in;
use crate::{Store, StoreError, UnixMilliseconds};

/// What is left of one order's credit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Lot {
    pub(crate) topup: String,
    pub(crate) left_nanos: Nanos,
    pub(crate) seen_number: i64,
    pub(crate) expires_at: UnixMilliseconds,
}

/// Takes what was spent out of the lots, in their order.
pub(crate) fn spend(lots: &mut [Lot], mut spent: Nanos) {
    for lot in lots {
        let taken = lot.left_nanos.min(spent);
        lot.left_nanos -= taken;
        spent -= taken;
    }
}

/// `lots_in!(transaction, account)`: the account's lots, what expires first first, with all that was spent until now
/// taken out of them, and the number of the book's last entry. To be used in `on_database!`'s `write`.
macro_rules! lots_in {
    ($transaction:ident, $account:expr) => {{
        // The lock of the book: nothing is spent until the commit.
        let lock = "UPDATE ledger_head SET number = number WHERE only_row = 1 RETURNING number";
        let head: i64 = sqlx::query_scalar(lock).fetch_one(&mut *$transaction).await?;
        let statement = "SELECT topup, left_nanos, seen_number, expires_at FROM expiring_credit
                         WHERE account = $1 ORDER BY expires_at, topup";
        let mut lots: Vec<$crate::expiring::Lot> = sqlx::query_as(statement)
            .bind($account)
            .fetch_all(&mut *$transaction)
            .await?;
        if let Some(seen) = lots.first().map(|lot| lot.seen_number) {
            let statement = "SELECT CAST(COALESCE(SUM(amount_nanos), 0) AS BIGINT) FROM ledger
                             WHERE account = $1 AND number > $2 AND credit = $3";
            let revenue = decide::book::BookAccount::Revenue.to_string();
            let spent: i64 = sqlx::query_scalar(statement)
                .bind($account)
                .bind(seen)
                .bind(revenue)
                .fetch_one(&mut *$transaction)
                .await?;
            $crate::expiring::spend(&mut lots, spent);
        }
        for lot in &lots {
            let statement = "UPDATE expiring_credit SET left_nanos = $2, seen_number = $3 WHERE topup = $1";
            sqlx::query(statement)
                .bind(&lot.topup)
                .bind(lot.left_nanos)
                .bind(head)
                .execute(&mut *$transaction)
                .await?;
        }
        (lots, head)
    }};
}
pub(crate) use lots_in;

/// Accounts that have credit whose time has come.
///
/// # Errors
/// When the store cannot be read.
pub async fn due(store: &Store, now: UnixMilliseconds) -> Result<Vec<String>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT DISTINCT account FROM expiring_credit WHERE expires_at <= $1";
        sqlx::query_scalar(statement).bind(now).fetch_all(connection).await?
    })
}

/// Takes back what is left of an account's credit whose time has come; how much that is. What is held for requests
/// under way stays theirs.
///
/// # Errors
/// When the store cannot be written.
pub async fn expire(store: &Store, account: &str, now: UnixMilliseconds) -> Result<Nanos, StoreError> {
    on_database!(store, write transaction => {
        let (lots, _) = lots_in!(transaction, account);
        let credit = BookAccount::Credit(account.to_owned());
        let balance = "SELECT balance_nanos FROM book_balances WHERE book_account = $1";
        let balance: Option<i64> =
            sqlx::query_scalar(balance).bind(credit.to_string()).fetch_optional(&mut *transaction).await?;
        let mut available = balance.unwrap_or_default().max(0);
        let mut taken = 0;
        let mut moves = Vec::new();
        for lot in lots.iter().filter(|lot| lot.expires_at <= now) {
            let paid = "SELECT count(*) FROM topups WHERE id = $1 AND state = 'paid'";
            let paid: i64 = sqlx::query_scalar(paid).bind(&lot.topup).fetch_one(&mut *transaction).await?;
            let nanos = if paid > 0 { lot.left_nanos.min(available) } else { 0 };
            if nanos > 0 {
                available -= nanos;
                taken += nanos;
                moves.push(expiry(lot, credit.clone(), nanos));
            }
            let statement = "DELETE FROM expiring_credit WHERE topup = $1";
            sqlx::query(statement).bind(&lot.topup).execute(&mut *transaction).await?;
        }
        let _ = apply_in!(transaction, &moves, now);
        taken
    })
}

fn expiry(lot: &Lot, debit: BookAccount, nanos: Nanos) -> Operation {
    Operation::Move(Move {
        entry: Entry {
            // Once an order, whatever happens.
            id: format!("expiry/{}", lot.topup),
            debit,
            credit: BookAccount::Vouchers,
            nanos,
            request_id: None,
            reason: "credit expired".to_owned(),
        },
        covered: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_first_is_spent_first() {
        let lot = |left_nanos| Lot {
            topup: "v".into(),
            left_nanos,
            seen_number: 0,
            expires_at: 0,
        };
        let mut lots = [lot(5), lot(7)];
        spend(&mut lots, 8);
        assert_eq!(lots.each_ref().map(|lot| lot.left_nanos), [0, 4]);
        spend(&mut lots, 100);
        assert_eq!(lots.each_ref().map(|lot| lot.left_nanos), [0, 0]);
    }
}
