//! The listener, and one task for each connection. HTTP/1.1, and HTTP/2 for clients that begin with it.

use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answering::{Shared, answer};
use super::socket::{ResetSwitch, Socket};

/// Waited after a failed accept: the usual reason is a lack of descriptors, which only time cures.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// Serves until `stop` says so; each connection ends with it, in the middle of whatever it does.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (shared, mut stop) = (Arc::clone(&shared), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = serve_connection(stream, shared) => {}
                        _ = stop.wait_for(|stopped| *stopped) => {}
                    }
                });
            }
            Err(_) => tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without it small events wait for acknowledgements; it fails only on a dead socket.
    let _ = stream.set_nodelay(true);
    let reset = ResetSwitch::default();
    let socket = Socket::new(stream, reset.clone());
    let service = service_fn(move |request| {
        let (shared, reset) = (Arc::clone(&shared), reset.clone());
        async move { answer(&shared, request, &reset).await }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    // Broken connections are this program's trade; there is nobody to tell.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}
