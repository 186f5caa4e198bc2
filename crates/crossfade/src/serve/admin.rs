//! The admin server: slow clients and open event streams must not keep the process alive.

use std::time::Duration;

use axum::Router;
use control::api::Peer;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A client must have sent its request's head by then.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long answers under way may take when the process ends.
const GRACE: Duration = Duration::from_secs(2);
/// Accepting pauses this long when the system has no descriptor to give.
const NO_DESCRIPTORS: Duration = Duration::from_millis(50);

pub(super) struct Admin {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Admin {
    pub(super) fn start(listener: std::net::TcpListener, router: Router) -> anyhow::Result<Admin> {
        let listener = TcpListener::from_std(listener)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Admin {
            stop,
            task: tokio::spawn(serve(listener, router, stopped)),
        })
    }

    pub(super) async fn stop(self) {
        // The server may have ended by itself.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    // Without a timer hyper's limit on the head is silently off.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no admin connection can be accepted right now");
                tokio::time::sleep(NO_DESCRIPTORS).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let inner = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
            inner.call(request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(error, "an admin connection ended early");
            }
        });
    }
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}
