//! Those that are compared, each with one worker and a directory of its own.

use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::canned::{KEY, MODEL};
use crate::keys;
use crate::process::{Process, free_port};

/// Of both models.
const PRICES: [&str; 2] = ["{input: 2, output: 8}", "{input: 1, output: 4}"];
/// A budget without cents lasts for any number of requests.
const NO_PRICES: [&str; 2] = ["{input: 0, output: 0}"; 2];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nginx,
    Haproxy,
    /// The least that a proxy in Rust is: hyper on both sides, and nothing between. See `bare.rs`.
    Hyper,
    Crossfade,
    /// crossfade with a key whose requests are covered before they are sent, by a budget that has plenty left: out of
    /// what is reserved in advance.
    Covered,
    /// The same where so little is left that each request waits until its own cost is set aside on the disk.
    HeldFor,
    /// crossfade with a key whose account pays afterwards.
    Postpaid,
}

/// How many are compared.
pub(crate) const COMPARED: usize = 4;

impl Proxy {
    /// nginx, which all ratios are to, first; crossfade last.
    pub(crate) const COMPARED: [Proxy; COMPARED] =
        [Proxy::Nginx, Proxy::Haproxy, Proxy::Hyper, Proxy::Crossfade];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Proxy::Nginx => "nginx",
            Proxy::Haproxy => "haproxy",
            Proxy::Hyper => "hyper",
            Proxy::Crossfade => "crossfade",
            Proxy::Covered => "covered",
            Proxy::HeldFor => "held-for",
            Proxy::Postpaid => "postpaid",
        }
    }
}

/// How many deployments crossfade's configuration has and keys its store; one of each is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) deployments: usize,
    pub(crate) keys: usize,
}

impl Scale {
    pub(crate) const fn deployments(deployments: usize) -> Scale {
        Scale { deployments, keys: 1 }
    }

    pub(crate) const fn keys(keys: usize) -> Scale {
        Scale { deployments: 1, keys }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scale { deployments, keys } = self;
        write!(text, "{deployments} deployments, {keys} keys")
    }
}

/// crossfade's, in its directory.
const STORE: &str = "bench.db";

/// What starts them.
pub(crate) struct Starter {
    pub(crate) crossfade: PathBuf,
    pub(crate) upstream: SocketAddr,
    /// Each proxy has a directory below.
    pub(crate) directory: PathBuf,
    /// Whether proxies get the first processor to themselves.
    pub(crate) pinned: bool,
}

impl Starter {
    /// Starts `proxy`, below `wrapper` (a command that takes another) if there is one.
    pub(crate) fn start(&self, proxy: Proxy, wrapper: &[String]) -> anyhow::Result<Process> {
        self.start_in(self.directory.join(proxy.name()), proxy, wrapper, 0)
    }

    /// Starts crossfade with much in it. What is there from an earlier start, it finds again.
    pub(crate) async fn start_scaled(&self, wrapper: &[String], scale: Scale) -> anyhow::Result<Process> {
        let name = format!("crossfade-{}-{}", scale.deployments, scale.keys);
        let directory = self.directory.join(name);
        let store = directory.join(STORE);
        if !store.exists() {
            std::fs::create_dir_all(&directory)?;
            keys::fill(&store, scale.keys - 1).await?;
        }
        self.start_in(directory, Proxy::Crossfade, wrapper, scale.deployments - 1)
    }

    fn start_in(
        &self,
        directory: PathBuf,
        proxy: Proxy,
        wrapper: &[String],
        more_deployments: usize,
    ) -> anyhow::Result<Process> {
        std::fs::create_dir_all(&directory)?;
        let port = free_port()?;
        let arguments = match proxy {
            Proxy::Nginx => self.nginx(&directory, port)?,
            Proxy::Haproxy => self.haproxy(&directory, port)?,
            Proxy::Hyper => self.hyper(port)?,
            Proxy::Crossfade => self.crossfade(&directory, port, "", PRICES, more_deployments)?,
            Proxy::Covered => {
                let plenty = ", budget: {usd: 1000000, per: day}";
                self.crossfade(&directory, port, plenty, PRICES, more_deployments)?
            }
            Proxy::HeldFor => {
                let scarce = ", budget: {usd: 0.00000001, per: day}";
                self.crossfade(&directory, port, scarce, NO_PRICES, more_deployments)?
            }
            Proxy::Postpaid => {
                self.crossfade(&directory, port, ", account: bench", PRICES, more_deployments)?
            }
        };
        let pin = ["taskset", "-c", "0"].map(str::to_owned);
        let pin = if self.pinned { &pin[..] } else { &[] };
        let mut words = pin.iter().chain(wrapper).chain(&arguments);
        let mut command = Command::new(words.next().context("no command")?);
        command.args(words).current_dir(&directory);
        Process::start(
            command,
            SocketAddr::from(([127, 0, 0, 1], port)),
            &directory.join("log"),
        )
    }

    fn nginx(&self, directory: &Path, port: u16) -> anyhow::Result<Vec<String>> {
        // Kept connections on both sides, no log, nothing held back: streams leave as they come.
        let text = format!(
            "daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 16384; pid pid; error_log stderr error;\n\
             events {{ worker_connections 8192; }}\n\
             http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi; scgi_temp_path scgi; keepalive_requests 1000000000;\n\
             upstream vendor {{ server {}; keepalive 512; keepalive_requests 1000000000; }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://vendor; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_buffering off; client_body_buffer_size 64k; }} }} }}\n",
            self.upstream
        );
        let file = directory.join("nginx.conf");
        std::fs::write(&file, text)?;
        let words = [
            "nginx",
            "-p",
            &shown(directory),
            "-e",
            "stderr",
            "-c",
            &shown(&file),
        ];
        Ok(words.map(str::to_owned).to_vec())
    }

    fn haproxy(&self, directory: &Path, port: u16) -> anyhow::Result<Vec<String>> {
        // One thread, kept connections on both sides, no log.
        let text = format!(
            "global\n  nbthread 1\n  maxconn 4096\ndefaults\n  mode http\n  option http-keep-alive\n  \
             http-reuse always\n  timeout connect 10s\n  timeout client 600s\n  timeout server 600s\n\
             listen proxy\n  bind 127.0.0.1:{port}\n  server vendor {} pool-max-conn 512\n",
            self.upstream
        );
        let file = directory.join("haproxy.cfg");
        std::fs::write(&file, text)?;
        let words = ["haproxy", "-db", "-f", &shown(&file)];
        Ok(words.map(str::to_owned).to_vec())
    }

    fn hyper(&self, port: u16) -> anyhow::Result<Vec<String>> {
        let program = std::env::current_exe()?;
        let words = [
            &shown(&program),
            "--bare-proxy",
            &port.to_string(),
            &self.upstream.to_string(),
        ];
        Ok(words.map(str::to_owned).to_vec())
    }

    fn crossfade(
        &self,
        directory: &Path,
        port: u16,
        key: &str,
        [blue, green]: [&str; 2],
        more_deployments: usize,
    ) -> anyhow::Result<Vec<String>> {
        // A key, a split between two environments, statistics, metrics and the request log: all on.
        let upstream = self.upstream;
        let mut text = format!(
            "listen: 127.0.0.1:{port}\nadmin: 127.0.0.1:{}\nstore: sqlite:{STORE}\nworkers: 1\n\
             log: {{level: warn}}\n\
             providers:\n  stable: {{dialect: openai, base_url: \"http://{upstream}/v1\", api_key: sk-blue}}\n  \
             candidate: {{dialect: openai, base_url: \"http://{upstream}/v1\", api_key: sk-green}}\n\
             prices:\n  {MODEL}: {blue}\n  {MODEL}-mini: {green}\ndeployments:\n",
            free_port()?
        );
        let others = (0..more_deployments).map(|number| format!("{MODEL}-{number}"));
        for name in others.chain([MODEL.to_owned()]) {
            writeln!(
                text,
                "  {name}:\n    blue: {{provider: stable, model: {MODEL}}}\n    \
                 green: {{provider: candidate, model: {MODEL}-mini}}\n    split: {{green: 20}}"
            )?;
        }
        writeln!(
            text,
            "keys:\n  - {{name: bench, secret: {KEY}, models: [{MODEL}], overrides: allow{key}}}"
        )?;
        let file = directory.join("crossfade.yaml");
        std::fs::write(&file, text)?;
        let program = shown(&self.crossfade);
        Ok([&program, "serve", "-c", &shown(&file)]
            .map(str::to_owned)
            .to_vec())
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
