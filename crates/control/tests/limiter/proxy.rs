//! A connection to Redis that can be made to stall or to break.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Connections stay, and nothing comes through.
    Stall,
    /// Connections are cut, and new ones too.
    Close,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    pub(crate) async fn start(to: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, seen) = watch::channel(Mode::Pass);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, to.clone(), seen.clone()));
            }
        });
        Proxy { address, mode }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn carry(mut client: TcpStream, to: String, mut mode: watch::Receiver<Mode>) {
    let Ok(mut server) = TcpStream::connect(&to).await else {
        return;
    };
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Close => return,
            Mode::Stall => {
                if mode.changed().await.is_err() {
                    return;
                }
            }
            Mode::Pass => tokio::select! {
                ended = tokio::io::copy_bidirectional(&mut client, &mut server) => return drop(ended),
                changed = mode.changed() => if changed.is_err() { return },
            },
        }
    }
}
