//! The upstream behind every proxy: canned answers as fast as one thread can write them.
//!
//! It looks at nothing but the request's length and its plan, so that what is measured is the
//! proxy, and answers a health probe like a vendor would.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::canned::{self, Plan};

/// What a GET is answered: an empty list of models.
const LIST: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n{\"object\":\"list\",\"data\":[]}";

/// Starts it on a thread of its own.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("the upstream has no port")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new()
        .name("upstream".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async { serve(TcpListener::from_std(listener)?).await })
        })
        .context("the upstream has no thread")?;
    Ok(address)
}

async fn serve(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A proxy that closes its connection ends its conversation, nothing else.
        tokio::spawn(async move { drop(converse(stream).await) });
    }
}

async fn converse(mut stream: TcpStream) -> std::io::Result<()> {
    let (whole, mut bytes) = (canned::whole_answer(), Vec::with_capacity(8 << 10));
    loop {
        let Some(end) = canned::end_of_head(&bytes) else {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let head = bytes.get(..end).unwrap_or_default();
        let length = canned::header(head, "content-length").and_then(|length| length.parse().ok());
        let (plan, asks) = (canned::plan_of(head), head.starts_with(b"GET "));
        let length: usize = length.unwrap_or(0);
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
        let with_usage = memchr::memmem::find(&bytes, b"include_usage").is_some();
        bytes.drain(..end + length);
        match plan {
            _ if asks => stream.write_all(LIST).await?,
            Some(plan) => send_stream(&mut stream, plan, with_usage).await?,
            None => stream.write_all(&whole).await?,
        }
    }
}

async fn send_stream(stream: &mut TcpStream, plan: Plan, with_usage: bool) -> std::io::Result<()> {
    let canned::Stream { event, end } = canned::Stream::new(with_usage);
    let mut next = canned::STREAM_HEAD.to_vec();
    let mut left = plan.events;
    while left > 0 {
        let now = left.min(plan.together);
        for _ in 0..now {
            next.extend_from_slice(&event);
        }
        stream.write_all(&next).await?;
        next.clear();
        left -= now;
        tokio::time::sleep(Duration::from_millis(plan.pause_ms)).await;
    }
    stream.write_all(&end).await
}
