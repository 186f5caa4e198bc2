//! Load: connections that are kept, requests as fast as they are answered or at a fixed rate.
//!
//! Every answer is checked: a proxy that fails fast would look fast otherwise.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::canned::{self, CLOSING_EVENTS, Plan};

/// No answer, or no next part of it, within this: the run is void.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was seen of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    /// Reads that brought events: fewer than events where a proxy, or the kernel, joined some.
    pub(crate) reads: u64,
}

pub(crate) struct Client {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(address)
            .await
            .context("no connection to the proxy")?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            bytes: Vec::with_capacity(16 << 10),
        })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn ask(&mut self, request: &[u8], plan: Plan) -> anyhow::Result<Seen> {
        self.begin(request).await?;
        self.finish(plan).await
    }

    /// Sends a request.
    pub(crate) async fn begin(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.bytes.clear();
        self.stream
            .write_all(request)
            .await
            .context("the proxy takes no request")
    }

    /// Reads the answer to its end.
    pub(crate) async fn finish(&mut self, plan: Plan) -> anyhow::Result<Seen> {
        let head = loop {
            if let Some(end) = canned::end_of_head(&self.bytes) {
                break end;
            }
            self.read().await?;
        };
        let lines = self.bytes.get(..head).unwrap_or_default();
        ensure!(
            lines.starts_with(b"HTTP/1.1 200 "),
            "the proxy answered {}",
            String::from_utf8_lossy(&self.bytes)
        );
        if let Some(length) = canned::header(lines, "content-length") {
            let length: usize = length.parse().context("a length that is no number")?;
            while self.bytes.len() < head + length {
                self.read().await?;
            }
            ensure!(plan.events == 0, "a whole answer where a stream was asked for");
            return Ok(Seen::default());
        }
        self.bytes.drain(..head);
        self.stream_events(plan).await
    }

    /// Counts events up to the last chunk.
    async fn stream_events(&mut self, plan: Plan) -> anyhow::Result<Seen> {
        let mut seen = Seen::default();
        loop {
            let events = memchr::memmem::find_iter(&self.bytes, b"\n\n").count() as u64;
            seen.events += events;
            seen.reads += u64::from(events > 0);
            if self.bytes.ends_with(b"\r\n0\r\n\r\n") {
                let wanted = u64::from(plan.events + CLOSING_EVENTS);
                ensure!(
                    seen.events == wanted,
                    "{} events instead of {wanted}",
                    seen.events
                );
                return Ok(seen);
            }
            // An event's end, and the last chunk, may be cut between two reads.
            let whole = memchr::memmem::rfind(&self.bytes, b"\n\n").map_or(0, |at| at + 2);
            self.bytes.drain(..whole);
            self.read().await?;
        }
    }

    /// Asks for a stream again and again; the times to the first event of each.
    pub(crate) async fn first_events(&mut self, count: u32) -> anyhow::Result<Vec<Duration>> {
        // What follows the first event comes later, so that it is not in the way.
        let plan = Plan::stream(1, 1);
        let (request, mut took) = (canned::request(plan), Vec::new());
        for _ in 0..count {
            let began = Instant::now();
            self.begin(&request).await?;
            while memchr::memmem::find(&self.bytes, b"\n\n").is_none() {
                self.read().await?;
            }
            took.push(began.elapsed());
            self.finish(plan).await?;
        }
        Ok(took)
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        match tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.bytes)).await {
            Ok(Ok(0)) => bail!("the proxy closed the connection in mid-answer"),
            Ok(read) => read.map(drop).context("the connection broke"),
            Err(_) => bail!("the proxy stopped answering"),
        }
    }
}

/// Connections that stay open from one slice to the next.
pub(crate) struct Clients(Vec<Client>);

impl Clients {
    pub(crate) async fn connect(address: SocketAddr, count: usize) -> anyhow::Result<Clients> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(Client::connect(address).await?);
        }
        Ok(Clients(clients))
    }

    /// Every connection asks `each` times, as fast as it is answered.
    pub(crate) async fn burst(&mut self, plan: Plan, each: u32) -> anyhow::Result<Seen> {
        self.all(move |mut client| async move {
            let request = canned::request(plan);
            let mut sum = Seen::default();
            for _ in 0..each {
                let seen = client.ask(&request, plan).await?;
                sum.events += seen.events;
                sum.reads += seen.reads;
            }
            Ok((client, sum))
        })
        .await
        .map(|seen| {
            seen.into_iter().fold(Seen::default(), |sum, seen| Seen {
                events: sum.events + seen.events,
                reads: sum.reads + seen.reads,
            })
        })
    }

    /// Asks for whole answers at this many requests a second together; the times they took. A
    /// request that has to wait for its connection counts from when it should have left.
    pub(crate) async fn at_rate(&mut self, per_second: u32, time: Duration) -> anyhow::Result<Vec<Duration>> {
        let count = self.0.len() as u32;
        let gap = Duration::from_secs(1) * count / per_second;
        let (start, mut number) = (Instant::now() + Duration::from_millis(5), 0);
        let took = self
            .all(move |mut client| {
                let first = start + gap * number / count;
                number += 1;
                async move {
                    let (request, mut took) = (canned::request(Plan::WHOLE), Vec::new());
                    let mut due = first;
                    while due < start + time {
                        let late = Instant::now() > due;
                        tokio::time::sleep_until(due).await;
                        // The timer's own lateness is not the proxy's.
                        let from = if late { due } else { Instant::now() };
                        client.ask(&request, Plan::WHOLE).await?;
                        took.push(from.elapsed());
                        due += gap;
                    }
                    Ok((client, took))
                }
            })
            .await?;
        Ok(took.into_iter().flatten().collect())
    }

    async fn all<T, Work>(&mut self, mut work: impl FnMut(Client) -> Work) -> anyhow::Result<Vec<T>>
    where
        T: Send + 'static,
        Work: Future<Output = anyhow::Result<(Client, T)>> + Send + 'static,
    {
        let mut running = JoinSet::new();
        for client in self.0.drain(..) {
            running.spawn(work(client));
        }
        let mut results = Vec::new();
        while let Some(done) = running.join_next().await {
            let (client, result) = done??;
            self.0.push(client);
            results.push(result);
        }
        Ok(results)
    }
}

/// Streams that stay open until this is dropped.
pub(crate) struct Held {
    _clients: Vec<Client>,
}

/// Opens `count` streams by `plan` and waits until each has brought its head.
pub(crate) async fn hold_streams(address: SocketAddr, count: usize, plan: Plan) -> anyhow::Result<Held> {
    let request = canned::request(plan);
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        let mut client = Client::connect(address).await?;
        client.begin(&request).await?;
        clients.push(client);
    }
    for client in &mut clients {
        while canned::end_of_head(&client.bytes).is_none() {
            client.read().await?;
        }
        ensure!(
            client.bytes.starts_with(b"HTTP/1.1 200 "),
            "a slow stream was refused"
        );
    }
    Ok(Held { _clients: clients })
}
