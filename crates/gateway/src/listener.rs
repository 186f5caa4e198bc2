//! Client connections: accepted in one place, served by the worker that has the fewest.

mod http1;
mod http2;
mod inbox;
mod prefixed;
mod turns;
mod waits;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, watch as state};

use crate::descriptors::Seats;
use crate::worker::{Shared, Worker};

/// How long accepting pauses when the system has no descriptor to give: the next try would fail
/// as well, and at once.
const NO_DESCRIPTORS: Duration = Duration::from_millis(20);
/// Connections that the kernel keeps until they are accepted. One that finds the queue full is tried again after a
/// second; the system's own limit is usually this.
const QUEUE: i32 = 4_096;
/// How often a worker closes idle upstream connections that nobody asked for.
const SWEEP: Duration = Duration::from_secs(30);

/// The running data plane.
pub struct Gateway {
    pub shared: Arc<Shared>,
    address: SocketAddr,
    phase: state::Sender<Phase>,
    open: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

/// How the gateway goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    /// No new connection; those open end after the request under way.
    Draining,
    /// Everything ends now.
    Stopped,
}

/// Starts serving on `listener` with this many worker threads.
pub fn start(shared: Arc<Shared>, listener: std::net::TcpListener, workers: usize) -> io::Result<Gateway> {
    let workers = workers.max(1);
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    // Told again, since the standard library's queue is short, and so may be one that was handed down.
    socket2::SockRef::from(&listener).listen(QUEUE)?;
    let (phase, watched) = state::channel(Phase::Serving);
    let mut threads = Vec::new();
    let mut posts = Vec::new();
    for number in 0..workers {
        let (sender, receiver) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        posts.push(Post {
            sender,
            open: Arc::clone(&open),
        });
        let desk = Desk {
            shared: Arc::clone(&shared),
            phase: watched.clone(),
            open,
            workers,
        };
        let name = format!("worker-{number}");
        threads.push(
            std::thread::Builder::new()
                .name(name)
                .spawn(move || work(desk, receiver))?,
        );
    }
    let open = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&open);
    let accepting = std::thread::Builder::new().name("accept".to_owned());
    threads.push(accepting.spawn(move || accept(listener, &posts, watched, &counted))?);
    Ok(Gateway {
        shared,
        address,
        phase,
        open,
        threads,
    })
}

impl Gateway {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connection or request; what is under way goes on.
    pub fn drain(&self) {
        self.shared.start_draining();
        self.phase.send_if_modified(|phase| {
            let forward = *phase < Phase::Draining;
            *phase = (*phase).max(Phase::Draining);
            forward
        });
    }

    /// Ends what is still under way.
    pub fn stop(&self) {
        self.shared.start_draining();
        self.phase.send_replace(Phase::Stopped);
    }

    /// Whether every worker has ended, which they do once the last connection is closed.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Where the acceptor hands a worker its connections.
struct Post {
    sender: mpsc::UnboundedSender<Arrival>,
    open: Arc<AtomicUsize>,
}

/// A client's connection; there may be too many of them for it to be served.
type Arrival = (std::net::TcpStream, Welcome);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Welcome {
    Served,
    TurnedAway,
}

/// What a worker starts with.
struct Desk {
    shared: Arc<Shared>,
    phase: state::Receiver<Phase>,
    open: Arc<AtomicUsize>,
    workers: usize,
}

fn accept(
    listener: std::net::TcpListener,
    posts: &[Post],
    mut phase: state::Receiver<Phase>,
    accepted: &AtomicUsize,
) {
    let Some(runtime) = runtime() else { return };
    runtime.block_on(async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "the listening socket cannot be used"),
        };
        let seats = Seats::of_this_process();
        loop {
            let open: usize = posts.iter().map(|post| post.open.load(Ordering::Relaxed)).sum();
            let connection = tokio::select! {
                biased;
                _ = phase.changed() => return,
                () = tokio::time::sleep(NO_DESCRIPTORS), if open >= seats.answered => continue,
                connection = listener.accept(), if open < seats.answered => connection,
            };
            match connection {
                Ok((connection, _)) => {
                    accepted.fetch_add(1, Ordering::Relaxed);
                    let is_served = open < seats.served;
                    hand_over(connection, is_served, posts);
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted right now");
                    tokio::time::sleep(NO_DESCRIPTORS).await;
                }
            }
        }
    });
}

/// The other side gave up between connecting and being accepted.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

fn hand_over(connection: TcpStream, is_served: bool, posts: &[Post]) {
    let idlest = posts.iter().min_by_key(|post| post.open.load(Ordering::Relaxed));
    let (Some(post), Ok(connection)) = (idlest, connection.into_std()) else {
        return;
    };
    post.open.fetch_add(1, Ordering::Relaxed);
    // A worker that has ended drops it, which closes it: it only ends when the gateway does.
    let welcome = if is_served {
        Welcome::Served
    } else {
        Welcome::TurnedAway
    };
    drop(post.sender.send((connection, welcome)));
}

fn work(desk: Desk, mut arriving: mpsc::UnboundedReceiver<Arrival>) {
    let Some(runtime) = runtime() else { return };
    let workers = u32::try_from(desk.workers).unwrap_or(u32::MAX);
    runtime.block_on(async {
        let worker = Rc::new(Worker::new(Arc::clone(&desk.shared), workers));
        let sweeping = Rc::clone(&worker);
        tokio::task::spawn_local(async move {
            let mut ticks = tokio::time::interval(SWEEP);
            loop {
                ticks.tick().await;
                sweeping.pool.sweep();
            }
        });
        let connections = Rc::new(tokio::sync::Notify::new());
        let mut phase = desk.phase.clone();
        loop {
            let arrived = tokio::select! {
                biased;
                arrived = arriving.recv() => arrived,
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => break,
            };
            let Some((connection, welcome)) = arrived else {
                break;
            };
            let (worker, open) = (Rc::clone(&worker), Arc::clone(&desk.open));
            let (phase, closed) = (desk.phase.clone(), Rc::clone(&connections));
            tokio::task::spawn_local(async move {
                if let Ok(stream) = TcpStream::from_std(connection) {
                    http1::serve(worker, stream, phase, welcome).await;
                }
                open.fetch_sub(1, Ordering::Relaxed);
                closed.notify_one();
            });
        }
        // The acceptor is gone: serve what is open, to its end or until it is cut.
        let mut phase = desk.phase.clone();
        while desk.open.load(Ordering::Relaxed) > 0 {
            tokio::select! {
                () = connections.notified() => {}
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => break,
            }
        }
    });
}

/// A runtime whose tasks stay on its thread: what they share needs no lock, and a wake-up goes
/// straight into the thread's own queue.
fn runtime() -> Option<LocalRuntime> {
    match Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
    {
        Ok(runtime) => Some(runtime),
        Err(error) => {
            tracing::error!(%error, "a thread has no runtime");
            None
        }
    }
}
