//! One client's HTTP/1.1 connection: request after request, each answered before the next is read.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

use dialect::Door;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::inbox::{Came, Inbox, Unread};
use super::waits::Waits;
use super::watch::poll_left;
use super::{Phase, Welcome};
use super::{http2, prefixed::Prefixed};
use crate::answer::{Answer, AnswerBody, hex_digits, phrase, push_number};
use crate::life::{self, Admission};
use crate::refused::Refused;
use crate::relay::{Relay, Step};
use crate::request::Head;
use crate::ticket::Ticket;
use crate::wire::Headers;
use crate::wire::head::{Framing, RequestHead};
use crate::worker::Worker;

/// A client that takes none of its answer for this long is gone.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// After an error with some of the request unread: how long and how much is still read, so that
/// the client gets to see the answer instead of a reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 20;
/// Bodies up to this size leave together with their head.
const JOINED: usize = 64 << 10;
/// What a connection keeps of its write buffer between writes.
const KEPT_ROOM: usize = 16 << 10;
/// A chunk's size is written with this many digits, since it is known only after the chunk.
const SIZE_DIGITS: usize = 8;

/// Serves until either side closes. When the gateway is stopped, the worker's runtime drops this, and with it whatever
/// is under way: to ask for that here as well would cost each event of a stream.
pub(super) async fn serve(
    worker: Rc<Worker>,
    stream: TcpStream,
    phase: watch::Receiver<Phase>,
    welcome: Welcome,
) {
    // Events are small and each matters; a failure to set this costs speed only.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection {
        worker,
        stream,
        waits: Waits::new(phase),
        inbox: Inbox::default(),
        ahead: Vec::new(),
        out: Vec::new(),
        used: false,
        welcome,
    };
    loop {
        match connection.turn().await {
            After::Next => connection.used = true,
            After::Close => return,
            After::Linger => return connection.linger().await,
            After::Http2 => break,
        }
    }
    let Connection {
        worker,
        stream,
        waits,
        inbox,
        ..
    } = connection;
    let phase = waits.phase().clone();
    drop(waits);
    http2::serve(worker, Prefixed::new(inbox.bytes, stream), phase).await;
}

struct Connection {
    worker: Rc<Worker>,
    stream: TcpStream,
    waits: Waits,
    inbox: Inbox,
    /// What came while a request was being answered.
    ahead: Vec<u8>,
    out: Vec<u8>,
    /// Requests were answered on this connection.
    used: bool,
    welcome: Welcome,
}

/// What follows a turn.
enum After {
    Next,
    Close,
    /// Close, but let the client read its answer first.
    Linger,
    Http2,
}

impl Connection {
    /// Reads one request and answers it.
    async fn turn(&mut self) -> After {
        let mut head = match self
            .inbox
            .head((&mut self.stream, &self.worker.pool), &mut self.waits, self.used)
            .await
        {
            Came::Head(head) => head,
            Came::Http2 if !self.used && self.welcome == Welcome::Served => return After::Http2,
            Came::Http2 | Came::Closed => return After::Close,
            Came::Refused(refused) => {
                let ticket = Ticket::new(&self.worker, String::new(), Door::Other, "");
                return self.last_words(life::refuse(ticket, Door::Other, &refused)).await;
            }
        };
        let mut visit = match life::admit(&self.worker, &view(&self.inbox.bytes, &head)).await {
            Admission::Admitted(visit) => visit,
            Admission::Answered(answer) if head.framing != Framing::Length(0) => {
                return self.last_words(answer).await;
            }
            Admission::Answered(answer) => return self.finish(&head, head.length, answer).await,
        };
        if self.welcome == Welcome::TurnedAway {
            let many = Refused::overloaded("Too many clients are connected, please retry");
            return self.last_words(visit.refuse(&many)).await;
        }
        if head.expects_continue && !self.inbox.has_body_bytes(&head) {
            self.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            if self.write_out().await.is_err() {
                return After::Close;
            }
        }
        let from = (&mut self.stream, &self.worker.pool.landing);
        let end = match self.inbox.body(from, &head, &mut visit).await {
            Ok(end) => end,
            Err(Unread::ClientLeft) => return After::Close,
            Err(Unread::Refused(refused)) => return self.last_words(visit.refuse(&refused)).await,
        };
        match self.answer(visit, &head, end).await {
            Some(answer) => {
                // Nobody asks for its fields any more.
                self.worker.pool.spans.keep(std::mem::take(&mut head.spans));
                self.finish(&head, end, answer).await
            }
            None => After::Close,
        }
    }

    /// Has the request handled; `None` if the client leaves meanwhile.
    async fn answer(&mut self, mut visit: life::Visit, head: &RequestHead, end: usize) -> Option<Answer> {
        let body = self.inbox.body_bytes(head, end);
        let view = view(&self.inbox.bytes, head);
        let stay = visit.stay(&self.worker);
        let mut handling = pin!(life::handle(&self.worker, visit, &view, body));
        let (stream, ahead) = (&self.stream, &mut self.ahead);
        let mut left = false;
        let answered = poll_fn(|cx| match handling.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer).filter(|_| !left)),
            Poll::Pending if left => Poll::Pending,
            Poll::Pending => {
                ready!(poll_left(stream, ahead, cx));
                left = stay.as_ref().is_some_and(|stay| stay.leave());
                if left { Poll::Pending } else { Poll::Ready(None) }
            }
        });
        answered.await
    }

    /// Writes the answer and makes ready for the next request.
    async fn finish(&mut self, head: &RequestHead, mut end: usize, answer: Answer) -> After {
        let keep = head.keep_alive && !answer.close && self.waits.is_serving();
        let bodiless = head.method == http::Method::HEAD;
        self.push_head(answer.status, &answer.lines, keep);
        self.worker.pool.heads.keep(answer.lines);
        let written = match answer.body {
            AnswerBody::Whole(body, record) => {
                let shown = if bodiless { &[][..] } else { &body };
                let written = self.write_whole(body.len(), shown).await;
                if let (Ok(()), Some((ticket, ended))) = (&written, record) {
                    ticket.end(ended);
                }
                written.map(|()| keep)
            }
            AnswerBody::Stream(relay) => {
                // It may take long, and nothing of the request is needed for it.
                self.inbox.let_go(end, &mut self.ahead);
                end = 0;
                self.write_stream(relay, keep && head.chunks, head.chunks).await
            }
        };
        match written {
            Ok(true) => {
                self.inbox.advance(end, &mut self.ahead);
                After::Next
            }
            Ok(false) | Err(_) => After::Close,
        }
    }

    /// An answer after which nothing more is read.
    async fn last_words(&mut self, answer: Answer) -> After {
        self.push_head(answer.status, &answer.lines, false);
        if let AnswerBody::Whole(body, record) = answer.body
            && self.write_whole(body.len(), &body).await.is_ok()
            && let Some((ticket, ended)) = record
        {
            ticket.end(ended);
        }
        After::Linger
    }

    /// Writes the head that is there and its body; the length said may be that of one that is not shown.
    async fn write_whole(&mut self, length: usize, body: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(b"content-length: ");
        push_number(&mut self.out, length as u64);
        self.out.extend_from_slice(b"\r\n\r\n");
        if body.len() <= JOINED {
            self.out.extend_from_slice(body);
            return self.write_out().await;
        }
        self.write_out().await?;
        write_all(&self.stream, body).await
    }

    /// Writes the head that is there and a stream as it comes; true if the connection can be used again.
    async fn write_stream(&mut self, mut relay: Box<Relay>, keep: bool, chunks: bool) -> io::Result<bool> {
        if chunks {
            self.out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        self.out.extend_from_slice(b"\r\n");
        loop {
            let start = self.out.len();
            if chunks {
                self.out.extend_from_slice(&[b'0'; SIZE_DIGITS]);
                self.out.extend_from_slice(b"\r\n");
            }
            let (stream, ahead, out) = (&self.stream, &mut self.ahead, &mut self.out);
            let step = poll_fn(|cx| match relay.poll(cx, out) {
                Poll::Ready(step) => Poll::Ready(Some(step)),
                Poll::Pending => poll_left(stream, ahead, cx).map(|()| None),
            });
            let Some(step) = step.await else {
                return Err(io::ErrorKind::ConnectionAborted.into());
            };
            if chunks {
                end_chunk(&mut self.out, start, step);
            }
            self.write_out().await?;
            if step == Step::End {
                relay.close();
                return Ok(keep);
            }
        }
    }

    fn push_head(&mut self, status: u16, lines: &[u8], keep: bool) {
        self.out.extend_from_slice(b"HTTP/1.1 ");
        push_number(&mut self.out, status.into());
        self.out.push(b' ');
        self.out.extend_from_slice(phrase(status).as_bytes());
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(lines);
        if !keep {
            self.out.extend_from_slice(b"connection: close\r\n");
        }
    }

    async fn write_out(&mut self) -> io::Result<()> {
        let written = write_all(&self.stream, &self.out).await;
        self.out.clear();
        self.out.shrink_to(KEPT_ROOM);
        written
    }

    async fn linger(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let until = Instant::now() + LINGER;
        let mut read = 0;
        let mut bytes = vec![0; 16 << 10];
        while read < LINGER_BYTES {
            match timeout_at(until, self.stream.readable()).await {
                Ok(Ok(())) => {}
                _ => return,
            }
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return,
                Ok(length) => read += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

fn view<'a>(bytes: &'a [u8], head: &'a RequestHead) -> Head<'a> {
    let target = bytes
        .get(head.target.0 as usize..head.target.1 as usize)
        .unwrap_or_default();
    Head {
        method: &head.method,
        target: std::str::from_utf8(target).unwrap_or_default(),
        headers: Headers {
            bytes,
            spans: &head.spans,
        },
    }
}

/// Puts the size in front of the chunk that begins at `start`, and closes it.
fn end_chunk(out: &mut Vec<u8>, start: usize, step: Step) {
    let length = out.len() - start - SIZE_DIGITS - 2;
    if length == 0 {
        out.truncate(start);
    } else {
        if let Some(place) = out.get_mut(start..start + SIZE_DIGITS) {
            place.copy_from_slice(&hex_digits::<SIZE_DIGITS>(length as u64));
        }
        out.extend_from_slice(b"\r\n");
    }
    if step == Step::End {
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                timeout(WRITE_LIMIT, stream.writable())
                    .await
                    .map_err(io::Error::other)??;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
