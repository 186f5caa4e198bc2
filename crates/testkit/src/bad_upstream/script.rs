//! What a bad upstream does on one connection, step by step.

use std::time::Duration;

/// After the last step the connection is held until the peer ends it.
///
/// Everything the peer sends is read and recorded all the time, whatever the step, unless
/// [`Step::StopReading`] says otherwise.
#[derive(Clone, Debug)]
pub enum Step {
    /// Waits for one more whole HTTP request, head and body.
    ReadRequest,
    /// Waits until this many bytes have arrived on the connection.
    ReadBytes(u64),
    /// Sends exactly these bytes.
    Send(Vec<u8>),
    /// Sends these bytes in small pieces with a pause after each.
    Trickle {
        bytes: Vec<u8>,
        piece: usize,
        pause: Duration,
    },
    /// Sends these bytes over and over until the peer ends the connection or this many were sent.
    SendEndlessly {
        bytes: Vec<u8>,
        most: u64,
    },
    /// Streams chat completion chunks of one token each, every one a chunk of its own, with a pause after each.
    StreamTokens {
        count: u64,
        pause: Duration,
    },
    /// Waits until the test calls `release` with this name.
    PauseUntilReleased(String),
    /// What the peer sends stays in the kernel, until its buffers are full.
    StopReading,
    ResumeReading,
    /// Sends FIN and goes on reading.
    HalfClose,
    /// Ends the connection with FIN both ways.
    Close,
    /// Ends the connection with RST.
    Reset,
    /// Says nothing more and waits for the peer to end the connection.
    HoldUntilPeerEnds,
    /// Starts the script again: for connections that serve many requests.
    Repeat,
}

impl Step {
    #[must_use]
    pub fn send(bytes: impl AsRef<[u8]>) -> Step {
        Step::Send(bytes.as_ref().to_vec())
    }

    #[must_use]
    pub fn pause(name: &str) -> Step {
        Step::PauseUntilReleased(name.to_owned())
    }

    /// One event line that never ends, up to 1 GiB.
    #[must_use]
    pub fn endless_line() -> Step {
        Step::SendEndlessly {
            bytes: vec![b'a'; 64 * 1024],
            most: 1 << 30,
        }
    }
}
