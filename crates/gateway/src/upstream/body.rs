//! An answer's body as it arrives, whatever carried it.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use http_body::Body as _;
use tokio::io::{AsyncRead, ReadBuf};

use super::io::Io;
use super::pool::Pool;
use crate::wire::Chunked;
use crate::wire::head::Framing;

pub(crate) enum Body {
    Http1(Http1Body),
    Http2(hyper::body::Incoming),
}

impl Body {
    /// All of it, if it came with the answer's head; nothing is left of it then.
    pub(crate) fn at_once(&mut self) -> Option<Vec<u8>> {
        match self {
            Body::Http1(body) => body.at_once(),
            Body::Http2(_) => None,
        }
    }

    /// Appends what has arrived to `payload`. `true`: more may follow, and something was added;
    /// `false`: the body is at its orderly end. An end that comes too early is an error.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        payload: &mut Vec<u8>,
    ) -> Poll<io::Result<bool>> {
        match self {
            Body::Http1(body) => body.poll_read(cx, payload),
            Body::Http2(incoming) => poll_frames(incoming, cx, payload),
        }
    }
}

fn poll_frames(
    incoming: &mut hyper::body::Incoming,
    cx: &mut Context<'_>,
    payload: &mut Vec<u8>,
) -> Poll<io::Result<bool>> {
    let before = payload.len();
    loop {
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    payload.extend_from_slice(data);
                }
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error))),
            Poll::Ready(None) => return Poll::Ready(Ok(payload.len() > before)),
            Poll::Pending if payload.len() > before => return Poll::Ready(Ok(true)),
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// A body on a connection of its own, which goes back to the pool at the end.
pub(crate) struct Http1Body {
    /// Gone once it went back to the pool.
    io: Option<Io>,
    pool: Rc<Pool>,
    endpoint: u64,
    left: Left,
    /// Read together with the head.
    ahead: Vec<u8>,
    keep_alive: bool,
}

enum Left {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Nothing,
}

impl Http1Body {
    pub(super) fn new(
        io: Io,
        pool: Rc<Pool>,
        endpoint: u64,
        framing: Framing,
        ahead: Vec<u8>,
        keep_alive: bool,
    ) -> Http1Body {
        let left = match framing {
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunked(Chunked::default()),
            Framing::UntilClose => Left::UntilClose,
        };
        let mut body = Http1Body {
            io: Some(io),
            pool,
            endpoint,
            left,
            ahead,
            keep_alive,
        };
        if matches!(body.left, Left::Length(0)) {
            body.finish(body.ahead.is_empty());
        }
        body
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, payload: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        let before = payload.len();
        loop {
            let ended = if self.ahead.is_empty() {
                ready!(self.poll_landing(cx, payload))?
            } else {
                let ahead = std::mem::take(&mut self.ahead);
                self.take_over(ahead, payload)?;
                false
            };
            if payload.len() > before {
                return Poll::Ready(Ok(true));
            }
            if ended || matches!(self.left, Left::Nothing) {
                return Poll::Ready(Ok(false));
            }
        }
    }

    fn at_once(&mut self) -> Option<Vec<u8>> {
        let is_whole = matches!(self.left, Left::Length(length) if length == self.ahead.len() as u64);
        is_whole.then(|| {
            self.finish(true);
            std::mem::take(&mut self.ahead)
        })
    }

    /// Reads once from the connection; true at the end of the body.
    fn poll_landing(&mut self, cx: &mut Context<'_>, payload: &mut Vec<u8>) -> Poll<io::Result<bool>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Ok(true));
        };
        let pool = Rc::clone(&self.pool);
        let mut landing = pool.landing.borrow_mut();
        let mut buffer = ReadBuf::new(&mut landing);
        ready!(Pin::new(io).poll_read(cx, &mut buffer))?;
        if !buffer.filled().is_empty() {
            self.take(buffer.filled(), payload)?;
            return Poll::Ready(Ok(false));
        }
        let orderly = matches!(self.left, Left::UntilClose);
        self.finish(false);
        if orderly {
            Poll::Ready(Ok(true))
        } else {
            Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
        }
    }

    /// The same as `take`, of bytes that are nobody else's: where they are all payload, they become it.
    fn take_over(&mut self, input: Vec<u8>, payload: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.left {
            Left::Length(left) if payload.capacity() == 0 && input.len() as u64 <= *left => {
                *left -= input.len() as u64;
                *payload = input;
                if *left == 0 {
                    self.finish(true);
                }
                Ok(())
            }
            _ => self.take(&input, payload),
        }
    }

    fn take(&mut self, input: &[u8], payload: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.left {
            Left::Length(left) => {
                let length = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                payload.extend_from_slice(input.get(..length).unwrap_or_default());
                *left -= length as u64;
                if *left == 0 {
                    self.finish(length == input.len());
                }
            }
            Left::Chunked(chunked) => {
                let taken = chunked.decode(input, payload);
                let taken = taken.map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad))?;
                if chunked.is_done() {
                    self.finish(taken == input.len());
                }
            }
            Left::UntilClose => payload.extend_from_slice(input),
            Left::Nothing => {}
        }
        Ok(())
    }

    /// The body is whole; `clean` if the connection stands exactly at its end.
    fn finish(&mut self, clean: bool) {
        self.left = Left::Nothing;
        if let Some(io) = self.io.take()
            && clean
            && self.keep_alive
        {
            self.pool.put(self.endpoint, io);
        }
    }
}
