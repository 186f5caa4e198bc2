//! Why an attempt failed, and what may be done about it.

use std::io;

use dialect::VendorAnswer;

use crate::outcome::FailureKind;

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    /// The same request may succeed on a second try at the same vendor.
    pub(crate) retryable: bool,
    /// What the vendor said, already in the shape of the door, where it said something.
    pub(crate) answer: Option<VendorAnswer>,
    /// The header lines that go with it.
    pub(crate) lines: Vec<u8>,
    /// The vendor's status, where it gave one.
    pub(crate) status: Option<u16>,
    /// For our log, never for the client.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, detail: impl Into<String>) -> Failure {
        let retryable = match kind {
            FailureKind::Dns | FailureKind::Refused | FailureKind::Reset | FailureKind::Disconnected => true,
            FailureKind::Tls
            | FailureKind::ConnectTimeout
            | FailureKind::FirstByteTimeout
            | FailureKind::IdleTimeout
            | FailureKind::TotalTimeout
            | FailureKind::Status
            | FailureKind::RateLimited
            | FailureKind::Invalid
            | FailureKind::ErrorEvent
            | FailureKind::Capacity
            | FailureKind::Caller => false,
        };
        Failure {
            kind,
            retryable,
            answer: None,
            lines: Vec::new(),
            status: None,
            detail: detail.into(),
        }
    }

    /// A connection that broke while it was written to or read from.
    pub(crate) fn from_io(error: &io::Error) -> Failure {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => FailureKind::Refused,
            io::ErrorKind::InvalidData => FailureKind::Invalid,
            io::ErrorKind::UnexpectedEof => FailureKind::Disconnected,
            _ => FailureKind::Reset,
        };
        Failure::new(kind, error.to_string())
    }
}
