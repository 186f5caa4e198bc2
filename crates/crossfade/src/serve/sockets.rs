//! The two listening sockets: bound here, or handed down by the process that this one replaces or by systemd.
//!
//! A socket that is handed down is never closed in between, so connections that arrive while one process
//! follows another wait in its queue instead of being refused.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Command;

use anyhow::Context;
use command_fds::{CommandFdExt, FdMapping};
use control::config::Config;
use listenfd::ListenFd;

/// The first descriptor that is handed down (sd_listen_fds(3)).
const FIRST_HANDED_DOWN: i32 = 3;

pub(crate) struct Sockets {
    pub(super) clients: TcpListener,
    pub(super) admin: TcpListener,
}

impl Sockets {
    /// Binds the addresses of the configuration.
    pub(crate) fn bind(config: &Config) -> anyhow::Result<Sockets> {
        Sockets::of([None, None], config)
    }

    /// Those that were handed down, in the order of `listen`, `admin`; what is missing is bound.
    pub(super) fn inherit_or_bind(mut inherited: ListenFd, config: &Config) -> anyhow::Result<Sockets> {
        let mut handed_down = [None, None];
        let count = inherited.len();
        for (index, socket) in handed_down.iter_mut().enumerate().take(count) {
            *socket = inherited
                .take_tcp_listener(index)
                .context("a socket that was handed down cannot be used")?;
        }
        Sockets::of(handed_down, config)
    }

    fn of([clients, admin]: [Option<TcpListener>; 2], config: &Config) -> anyhow::Result<Sockets> {
        Ok(Sockets {
            clients: socket(clients, config.listen.socket(), "listen")?,
            admin: socket(admin, config.admin.socket(), "admin")?,
        })
    }

    /// The same sockets once more, to be handed down later.
    pub(super) fn try_clone(&self) -> std::io::Result<Sockets> {
        Ok(Sockets {
            clients: self.clients.try_clone()?,
            admin: self.admin.try_clone()?,
        })
    }

    /// Has a program that is started inherit them.
    pub(super) fn hand_down(&self, command: &mut Command) -> anyhow::Result<()> {
        let Sockets { clients, admin } = self.try_clone()?;
        let mappings = [clients, admin].into_iter().zip(FIRST_HANDED_DOWN..);
        let mappings = mappings.map(|(socket, child_fd)| FdMapping {
            parent_fd: OwnedFd::from(socket),
            child_fd,
        });
        command.fd_mappings(mappings.collect())?;
        // Whose process id it is cannot be known before it runs; without one, whoever reads it is meant.
        command.env("LISTEN_FDS", "2").env_remove("LISTEN_PID");
        command.env_remove("LISTEN_FDNAMES");
        Ok(())
    }
}

fn socket(handed_down: Option<TcpListener>, address: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    let listener = match handed_down {
        Some(listener) => {
            let found = listener.local_addr()?;
            // Port 0 is any.
            if found != address && address.port() != 0 {
                tracing::warn!(
                    socket = %found,
                    configured = %address,
                    "'{what}' was handed down and stays where it is until a full restart"
                );
            }
            listener
        }
        None => TcpListener::bind(address).with_context(|| {
            format!("'{what}: {address}' cannot be used; is another gateway running there?")
        })?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
