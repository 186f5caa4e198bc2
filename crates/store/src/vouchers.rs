//! Vouchers: codes that are worth credit once. A code is never here, only its SHA-256.

use decide::book::Nanos;
use sqlx::{FromRow, QueryBuilder};

use crate::database::on_database;
use crate::expiring::lots_in;
use crate::{Store, StoreError, UnixMilliseconds};

/// Codes made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub name: String,
    pub usd_nanos: Nanos,
    /// When a code that was not redeemed stops working.
    pub code_expires_at: Option<UnixMilliseconds>,
    /// When what is left of its credit is taken back.
    pub credit_expires_at: Option<UnixMilliseconds>,
    pub at: UnixMilliseconds,
}

/// A code that was found.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Voucher {
    pub batch: String,
    pub usd_nanos: Nanos,
    pub code_expires_at: Option<UnixMilliseconds>,
    pub credit_expires_at: Option<UnixMilliseconds>,
    /// The order that it paid.
    pub topup: Option<String>,
}

/// How a batch stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct BatchState {
    pub batch: String,
    pub usd_nanos: Nanos,
    pub code_expires_at: Option<UnixMilliseconds>,
    pub credit_expires_at: Option<UnixMilliseconds>,
    pub codes: i64,
    pub redeemed: i64,
}

const ROWS_A_STATEMENT: usize = 1_000;

/// Makes a batch's codes.
///
/// # Errors
/// [`StoreError::Exists`] when there is a batch of this name.
pub async fn create(store: &Store, batch: &Batch, digests: &[[u8; 32]]) -> Result<(), StoreError> {
    on_database!(store, change transaction, _number => {
        let statement = "SELECT count(*) FROM vouchers WHERE batch = $1";
        let codes: i64 = sqlx::query_scalar(statement).bind(&batch.name).fetch_one(&mut *transaction).await?;
        if codes > 0 {
            return Err(StoreError::Exists { noun: "voucher batch", name: batch.name.clone() });
        }
        for digests in digests.chunks(ROWS_A_STATEMENT) {
            let mut statement =
                QueryBuilder::new(
                    "INSERT INTO vouchers (digest, batch, usd_nanos, code_expires_at, credit_expires_at, created_at) ",
                );
            statement.push_values(digests, |mut row, digest| {
                row.push_bind(digest.to_vec()).push_bind(&batch.name).push_bind(batch.usd_nanos);
                row.push_bind(batch.code_expires_at).push_bind(batch.credit_expires_at).push_bind(batch.at);
            });
            statement.build().execute(&mut *transaction).await?;
        }
    })
}

/// Takes a code for an order, so that no other can have it; the same order may have it again. `None` for a code that
/// is unknown, used or expired, which are not told apart. From then on the account's spending counts against its credit,
/// if that expires.
///
/// # Errors
/// When the store cannot be written.
pub async fn take(
    store: &Store,
    digest: &[u8; 32],
    (topup, account): (&str, &str),
    now: UnixMilliseconds,
) -> Result<Option<Voucher>, StoreError> {
    on_database!(store, write transaction => {
        let statement = "UPDATE vouchers SET topup = $2, redeemed_at = COALESCE(redeemed_at, $3)
                         WHERE digest = $1 AND (topup = $2 OR topup IS NULL AND COALESCE(code_expires_at > $3, TRUE)
                                               AND COALESCE(credit_expires_at > $3, TRUE))
                         RETURNING batch, usd_nanos, code_expires_at, credit_expires_at, topup";
        let taken: Option<Voucher> =
            sqlx::query_as(statement).bind(&digest[..]).bind(topup).bind(now).fetch_optional(&mut *transaction).await?;
        let expiring = taken.as_ref().and_then(|voucher| Some((voucher, voucher.credit_expires_at?)));
        if let Some((voucher, expires_at)) = expiring {
            let (_, head) = lots_in!(transaction, account);
            let statement = "INSERT INTO expiring_credit (topup, account, left_nanos, seen_number, expires_at)
                             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (topup) DO NOTHING";
            sqlx::query(statement)
                .bind(topup)
                .bind(account)
                .bind(voucher.usd_nanos)
                .bind(head)
                .bind(expires_at)
                .execute(&mut *transaction)
                .await?;
        }
        taken
    })
}

/// All batches, by name.
///
/// # Errors
/// When the store cannot be read.
pub async fn batches(store: &Store) -> Result<Vec<BatchState>, StoreError> {
    on_database!(store, read connection => {
        let statement = "SELECT batch, usd_nanos, code_expires_at, credit_expires_at, count(*) AS codes,
                                count(topup) AS redeemed
                         FROM vouchers GROUP BY batch, usd_nanos, code_expires_at, credit_expires_at ORDER BY batch";
        sqlx::query_as(statement).fetch_all(connection).await?
    })
}
