//! Plays a script on one connection while everything the peer sends is recorded beside it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Shared;
use super::answers::token_chunk;
use super::script::Step;
use super::truth::{ConnectionLog, HowEnded};

/// How the script left the connection.
#[derive(PartialEq)]
enum ScriptEnd {
    Close,
    Reset,
    /// The peer was there first.
    PeerEnded,
}

/// Twice what the gateway lets through: a request of too many headers would be waited for in vain.
const MOST_HEADERS: usize = 200;

pub(super) async fn play_connection(
    stream: TcpStream,
    script: Vec<Step>,
    log: Arc<ConnectionLog>,
    shared: Arc<Shared>,
) {
    // A second handle on the same socket: TLS and the split below hide the first.
    let socket = socket2::SockRef::from(&stream).try_clone();
    let end = match &shared.tls {
        None => play(stream, &script, &log, &shared).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => play(stream, &script, &log, &shared).await,
            Err(error) => {
                log.note(|truth| truth.tls_failure = Some(error.to_string()));
                log.note_peer_ended(HowEnded::Closed);
                ScriptEnd::PeerEnded
            }
        },
    };
    if let (ScriptEnd::Reset, Ok(socket)) = (&end, socket) {
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
    if end != ScriptEnd::PeerEnded {
        log.note_we_ended();
    }
}

/// Returns with the stream dropped; the caller's second handle keeps the socket until it has chosen how to end.
async fn play<S>(stream: S, script: &[Step], log: &ConnectionLog, shared: &Shared) -> ScriptEnd
where
    S: AsyncRead + AsyncWrite,
{
    let (read, write) = tokio::io::split(stream);
    let (reading, may_read) = watch::channel(true);
    let recording = record(read, log, may_read);
    let playing = play_script(write, script, log, shared, &reading);
    tokio::pin!(recording, playing);
    tokio::select! {
        end = &mut playing => end,
        () = &mut recording => playing.await,
    }
}

/// Reads until the peer ends its side.
async fn record<R: AsyncRead + Unpin>(mut read: R, log: &ConnectionLog, mut may_read: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // The other half lives as long as this future.
        let _ = may_read.wait_for(|may| *may).await;
        let read = tokio::select! {
            read = read.read(&mut buffer) => read,
            _ = may_read.wait_for(|may| !*may) => continue,
        };
        match read {
            Ok(0) => return log.note_peer_ended(HowEnded::Closed),
            Ok(length) => log.note(|truth| {
                truth
                    .received
                    .extend_from_slice(buffer.get(..length).unwrap_or(&[]))
            }),
            Err(error) => return log.note_peer_ended(how_ended(&error)),
        }
    }
}

async fn play_script<W: AsyncWrite + Unpin>(
    mut write: W,
    script: &[Step],
    log: &ConnectionLog,
    shared: &Shared,
    reading: &watch::Sender<bool>,
) -> ScriptEnd {
    let mut request_starts_at = 0;
    let mut next = 0;
    while let Some(step) = script.get(next) {
        next += 1;
        match step {
            Step::ReadRequest => {
                let mut end_of_request = None;
                log.until(|truth| {
                    end_of_request = request_end(&truth.received, request_starts_at);
                    end_of_request.is_some() || truth.peer_ended.is_some()
                })
                .await;
                let Some(end) = end_of_request else {
                    return ScriptEnd::PeerEnded;
                };
                request_starts_at = end;
                log.note(|truth| truth.requests += 1);
            }
            Step::ReadBytes(count) => {
                log.until(|truth| truth.received.len() as u64 >= *count || truth.peer_ended.is_some())
                    .await;
            }
            Step::PauseUntilReleased(name) => {
                let _ = shared
                    .released
                    .subscribe()
                    .wait_for(|released| released.contains(name))
                    .await;
            }
            Step::StopReading => {
                reading.send_replace(false);
            }
            Step::ResumeReading => {
                reading.send_replace(true);
            }
            Step::Close => return ScriptEnd::Close,
            Step::Reset => return ScriptEnd::Reset,
            Step::HoldUntilPeerEnds => break,
            Step::Repeat => next = 0,
            Step::Send(_)
            | Step::Trickle { .. }
            | Step::SendEndlessly { .. }
            | Step::StreamTokens { .. }
            | Step::HalfClose => {
                if let Err(error) = write_step(&mut write, step, log).await {
                    log.note_peer_ended(how_ended(&error));
                    return ScriptEnd::PeerEnded;
                }
            }
        }
        log.note(|truth| truth.steps_done += 1);
    }
    log.until(|truth| truth.peer_ended.is_some()).await;
    ScriptEnd::PeerEnded
}

async fn write_step<W: AsyncWrite + Unpin>(
    write: &mut W,
    step: &Step,
    log: &ConnectionLog,
) -> io::Result<()> {
    match step {
        Step::Send(bytes) => send(write, bytes, log).await,
        Step::Trickle { bytes, piece, pause } => {
            for part in bytes.chunks((*piece).max(1)) {
                send(write, part, log).await?;
                tokio::time::sleep(*pause).await;
            }
            Ok(())
        }
        Step::SendEndlessly { bytes, most } => {
            let mut sent = 0;
            while sent < *most {
                send(write, bytes, log).await?;
                sent += bytes.len() as u64;
            }
            Ok(())
        }
        Step::StreamTokens { count, pause } => {
            let token = token_chunk();
            for _ in 0..*count {
                send(write, &token, log).await?;
                log.note(|truth| truth.tokens_sent += 1);
                tokio::time::sleep(*pause).await;
            }
            Ok(())
        }
        Step::HalfClose => write.shutdown().await,
        _ => Ok(()),
    }
}

/// Counts every byte that the kernel took, also of a send that fails half-way.
async fn send<W: AsyncWrite + Unpin>(write: &mut W, bytes: &[u8], log: &ConnectionLog) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = write.write(rest).await?;
        rest = rest.get(sent..).unwrap_or(&[]);
        log.note(|truth| truth.bytes_sent += sent as u64);
    }
    write.flush().await
}

fn how_ended(error: &io::Error) -> HowEnded {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => HowEnded::Reset,
        _ => HowEnded::Closed,
    }
}

/// Where the HTTP request that starts at `start` ends, once all of it is there.
fn request_end(received: &[u8], start: usize) -> Option<usize> {
    let rest = received.get(start..)?;
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(rest) else {
        return None;
    };
    let header = |name: &str| {
        let found = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let (_, used, last) = crate::wait::chunks_within(rest.get(head..)?);
        return last.then_some(start + head + used);
    }
    let length: usize = header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    (rest.len() >= head + length).then_some(start + head + length)
}
