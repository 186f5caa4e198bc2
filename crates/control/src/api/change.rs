//! Changes run to their end, whether or not whoever asked for them waits.

use super::error::ApiError;

/// Runs a change in a task of its own: a client that hangs up drops its handler, and a change that
/// was dropped half way would be in the store, but not in force.
pub(super) async fn to_its_end<T, E>(
    change: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, ApiError>
where
    T: Send + 'static,
    E: Into<ApiError> + Send + 'static,
{
    match tokio::spawn(change).await {
        Ok(result) => result.map_err(Into::into),
        Err(error) => {
            tracing::error!(%error, "a change did not come to its end");
            Err(ApiError::new(
                500,
                "internal_error",
                "The change did not come to its end; look at the state",
            ))
        }
    }
}
