//! The book, kept. What an operation does is decided by `decide::book`; here it is loaded, and written down.
//!
//! Everything that moves money takes one lock first (SQLite's writer, a row of Postgres), so transfers happen one
//! after the other, across gateways too, and no balance is read that somebody else is about to change. That order
//! costs little because a gateway writes many operations in one transaction ([`Scribe`]).
//!
//! Entries are only ever inserted. A write has been acknowledged when it is on the disk.

pub(crate) mod apply;
mod list;
mod owners;
pub(crate) mod row;
mod scribe;

pub use list::{Balance, Checked, Listed, Standing, Which, check, list, spent, standing};
pub use owners::{alive, orphans};
pub use row::{Settled, settled};
pub use scribe::{Answer, Scribe, Unwritten};

use decide::book::{Applied, Operation, Refused};

use crate::database::on_database;
use crate::{Store, StoreError, UnixMilliseconds};
pub(crate) use apply::apply_in;

/// Applies operations in order, in one transaction; what became of each.
///
/// # Errors
/// When the store cannot be written. Whether it was written is unknown then; the same operations again are safe.
pub async fn write(
    store: &Store,
    operations: &[Operation],
    at: UnixMilliseconds,
) -> Result<Vec<Result<Applied, Refused>>, StoreError> {
    on_database!(store, write transaction => apply_in!(transaction, operations, at))
}
