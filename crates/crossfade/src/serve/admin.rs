//! The admin server: slow clients and open event streams must not keep the process alive.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use control::api::Peer;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// A client must have sent its request's head by then.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long answers under way may take when the process ends.
const GRACE: Duration = Duration::from_secs(2);
/// How long a connection that came just before the end may take to send its request: whoever opened it means to.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
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
    let ending = watch::Sender::new(());
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
        let (tell, mut asked) = watch::channel(());
        let service = service_fn(move |mut request: Request<Incoming>| {
            tell.send_replace(());
            request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
            inner.call(request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let mut end = ending.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let mut ended = tokio::select! {
                ended = connection.as_mut() => Some(ended),
                _ = end.changed() => None,
            };
            if ended.is_none() {
                ended = tokio::select! {
                    ended = connection.as_mut() => Some(ended),
                    _ = asked.changed() => None,
                    () = tokio::time::sleep(FIRST_REQUEST) => None,
                };
            }
            let ended = match ended {
                Some(ended) => ended,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(error, "an admin connection ended early");
            }
        });
    }
    drop(listener);
    ending.send_replace(());
    // Until each connection has let go of its end.
    let _ = tokio::time::timeout(GRACE, ending.closed()).await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn answer(connection: &mut TcpStream) -> String {
        let mut bytes = [0; 512];
        let length = connection.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[tokio::test]
    async fn who_connected_just_before_the_end_is_answered() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let admin = Admin::start(listener, router).unwrap();
        let mut early = TcpStream::connect(address).await.unwrap();
        let mut used = TcpStream::connect(address).await.unwrap();
        used.write_all(ASK).await.unwrap();
        // Connections are accepted in their order, so the first one is too.
        assert!(answer(&mut used).await.ends_with("here"));
        let stopping = tokio::spawn(admin.stop());
        assert_eq!(answer(&mut used).await, "", "an idle connection is closed");
        early.write_all(ASK).await.unwrap();
        assert!(answer(&mut early).await.ends_with("here"));
        assert_eq!(answer(&mut early).await, "", "and then closed, too");
        stopping.await.unwrap();
        assert!(
            TcpStream::connect(address).await.is_err(),
            "nobody listens any more"
        );
    }
}
