//! An upstream that misbehaves to the byte, and remembers what really happened.
//!
//! A test writes a script of [`Step`]s; every connection plays it from the start. What a gateway claims about a
//! request is then compared with this side's [`ConnectionTruth`]: what arrived, how much was sent, when and how
//! the peer ended. Loopback only, free ports, for tests only: panics are the right way to fail.
#![allow(clippy::panic, clippy::expect_used)]

mod answers;
mod black_hole;
mod certificates;
mod connection;
mod script;
mod truth;

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use answers::{chunk, gzip_bomb, json_answer, last_chunk, sse_event, stream_head};
pub use black_hole::BlackHole;
pub use certificates::{Certificate, TestAuthority};
use connection::play_connection;
pub use script::Step;
use truth::TruthLog;
pub use truth::{ConnectionTruth, HowEnded, PeerEnd};

/// A running upstream; it and its connections end when this is dropped.
pub struct BadUpstream {
    addr: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What connections share with the test.
struct Shared {
    /// Script of the first connection, the second, ...; the last one serves all further ones.
    scripts: Mutex<Vec<Vec<Step>>>,
    truth: TruthLog,
    released: watch::Sender<HashSet<String>>,
    tls: Option<TlsAcceptor>,
}

impl BadUpstream {
    /// Every connection plays this script.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if there is no free port.
    pub async fn start(script: Vec<Step>) -> BadUpstream {
        BadUpstream::start_each(vec![script]).await
    }

    /// The first connection plays the first script, and so on; all further ones play the last.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if there is no free port.
    pub async fn start_each(scripts: Vec<Vec<Step>>) -> BadUpstream {
        BadUpstream::listen(scripts, None).await
    }

    /// The same behind TLS with a certificate that is good or bad in one way.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if there is no free port.
    pub async fn start_tls(
        script: Vec<Step>,
        authority: &TestAuthority,
        certificate: Certificate,
    ) -> BadUpstream {
        BadUpstream::listen(vec![script], Some(authority.acceptor(certificate))).await
    }

    async fn listen(scripts: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> BadUpstream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on loopback");
        let addr = listener.local_addr().expect("the address of a listener");
        let (released, _) = watch::channel(HashSet::new());
        let is_tls = tls.is_some();
        let shared = Arc::new(Shared {
            scripts: Mutex::new(scripts),
            truth: TruthLog::default(),
            released,
            tls,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        BadUpstream {
            addr,
            is_tls,
            shared,
            accepting,
        }
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Scheme, host and port. With TLS the host is `localhost`, which good certificates name.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, host) = if self.is_tls {
            ("https", "localhost")
        } else {
            ("http", "127.0.0.1")
        };
        format!("{scheme}://{host}:{}", self.addr.port())
    }

    /// Connections made from now on play this script.
    pub fn change_script(&self, script: Vec<Step>) {
        *self.shared.scripts.lock().unwrap_or_else(PoisonError::into_inner) = vec![script];
    }

    /// Lets every connection pass the pauses of this name, now and later.
    pub fn release(&self, name: &str) {
        self.shared.released.send_modify(|released| {
            released.insert(name.to_owned());
        });
    }

    /// What happened on each connection so far, in the order of their arrival.
    #[must_use]
    pub fn truth(&self) -> Vec<ConnectionTruth> {
        self.shared.truth.all()
    }

    #[must_use]
    pub fn connections(&self) -> usize {
        self.truth().len()
    }

    /// Connections that neither side has ended.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.truth().iter().filter(|truth| truth.is_open()).count()
    }
}

impl Drop for BadUpstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The connections' tasks belong to this one and end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let truth = shared.truth.begin();
        let script = {
            let scripts = shared.scripts.lock().unwrap_or_else(PoisonError::into_inner);
            scripts
                .get(truth.number())
                .or(scripts.last())
                .cloned()
                .unwrap_or_default()
        };
        connections.spawn(play_connection(stream, script, truth, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}
