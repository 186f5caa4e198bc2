//! An address that swallows connection attempts: neither accepted nor refused.
//!
//! A listener that nobody accepts from, with its queue filled: the kernel drops every further attempt in
//! silence, as a dead host or a filtering firewall does.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

pub struct BlackHole {
    addr: SocketAddr,
    /// Keeps the port, and the attempts that fill its queue.
    _sockets: Vec<Socket>,
}

/// The queue holds the backlog and one more; the rest is for kernels that round up.
const ATTEMPTS_TO_FILL_THE_QUEUE: usize = 8;

impl BlackHole {
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn open() -> BlackHole {
        let listener = new_socket();
        listener
            .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
            .expect("a free port on loopback");
        listener.listen(0).expect("a listener");
        let local = listener.local_addr().expect("the address of a listener");
        let addr = local.as_socket().expect("an IP address");
        let mut sockets = vec![listener];
        for _ in 0..ATTEMPTS_TO_FILL_THE_QUEUE {
            let attempt = new_socket();
            attempt
                .set_nonblocking(true)
                .expect("a socket that does not wait");
            // "In progress" is what is wanted here.
            let _ = attempt.connect(&local);
            sockets.push(attempt);
        }
        BlackHole {
            addr,
            _sockets: sockets,
        }
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn new_socket() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket")
}
