//! Opening a connection: look the name up, connect, shake hands.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::io::{Bytes, Io};
use super::names::Names;
use super::pool::Pool;
use crate::descriptors::is_exhausted;
use crate::outcome::FailureKind;

/// Opens a connection within `limit`, look-up and TLS included.
pub(super) async fn open(pool: &Pool, endpoint: &Endpoint, limit: Duration) -> Result<Io, Failure> {
    let Some(line) = pool.line() else {
        return Err(Failure::new(
            FailureKind::Capacity,
            "there are too many connections to vendors",
        ));
    };
    match tokio::time::timeout(limit, dial(&pool.names, endpoint, limit)).await {
        Ok(result) => result.map(|bytes| Io { bytes, _line: line }),
        Err(_) => Err(Failure::new(
            FailureKind::ConnectTimeout,
            format!("no connection within {limit:?}"),
        )),
    }
}

async fn dial(names: &Names, endpoint: &Endpoint, limit: Duration) -> Result<Bytes, Failure> {
    let addresses = names.addresses(endpoint).await?;
    // An address that swallows packets may not use up the time of those after it.
    let share = limit / u32::try_from(addresses.len()).unwrap_or(1).max(1);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return secure(endpoint, stream).await,
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    if is_exhausted(&last) {
        return Err(exhausted(&last));
    }
    // Whatever the system calls it, nobody answered there; a stale address is forgotten.
    names.forget(endpoint);
    let timed_out = last.kind() == io::ErrorKind::TimedOut;
    let kind = if timed_out {
        FailureKind::ConnectTimeout
    } else {
        FailureKind::Refused
    };
    Err(Failure::new(kind, last.to_string()))
}

/// Nothing was sent, and the vendor is not to blame.
fn exhausted(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Capacity, error.to_string())
}

async fn secure(endpoint: &Endpoint, stream: TcpStream) -> Result<Bytes, Failure> {
    // Events are small and each matters; a failure to set this costs speed only.
    let _ = stream.set_nodelay(true);
    let Some((config, name)) = &endpoint.tls else {
        return Ok(Bytes::Plain(stream));
    };
    match TlsConnector::from(config.clone())
        .connect(name.clone(), stream)
        .await
    {
        Ok(stream) => Ok(Bytes::Tls(Box::new(stream))),
        Err(error) => Err(Failure::new(FailureKind::Tls, error.to_string())),
    }
}
