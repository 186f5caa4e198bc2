//! A store with many keys, as years of use leave one behind: a configuration file holds some 40,000.

use std::path::Path;

use anyhow::Context;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use store::{Store, StoreUrl};

/// Keys that nobody has the secret of: their digests are as random as those of any secret.
const FILL: &str = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1) \
    INSERT INTO keys (name, created_number, changed_number, digest, models, overrides, created_at) \
    SELECT 'many-' || n, n, n, randomblob(32), '[\"*\"]', 'deny', 1760000000000 FROM numbers";

/// Makes the store `file`, and `count` keys in it.
pub(crate) async fn fill(file: &Path, count: usize) -> anyhow::Result<()> {
    let url: StoreUrl = format!("sqlite:{}", file.display()).parse()?;
    Store::open(&url).await?.close().await;
    let count = i64::try_from(count)?;
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query(FILL)
        .bind(count)
        .execute(&mut *transaction)
        .await
        .context("the keys cannot be written")?;
    sqlx::query("UPDATE changes SET number = $1")
        .bind(count)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}
