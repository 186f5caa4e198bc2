//! Noticing that a client has left while its answer is being made.
//!
//! The socket is read all the while: a client that goes away shows as an end or an error, and one
//! that sends its next request early has it kept for later. Only a client that sends more than is
//! kept goes unwatched, until writing to it fails.

use std::task::{Context, Poll};

use tokio::net::TcpStream;

/// How much of the next requests is kept.
const AHEAD_LIMIT: usize = 64 << 10;

/// Ready once the client has left. Bytes it sent meanwhile are appended to `ahead`.
pub(super) fn poll_left(stream: &TcpStream, ahead: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        if ahead.len() >= AHEAD_LIMIT {
            return Poll::Pending;
        }
        match stream.poll_read_ready(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Ready(Ok(())) => {}
        }
        let mut bytes = [0; 4_096];
        match stream.try_read(&mut bytes) {
            Ok(0) => return Poll::Ready(()),
            Ok(length) => ahead.extend_from_slice(bytes.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return Poll::Ready(()),
        }
    }
}
