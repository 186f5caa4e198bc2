//! The gateway as a process: configuration, rooms wired together, signals, and an orderly end.

mod admin;
mod house;
mod logging;
mod signals;
mod sockets;
mod successor;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use control::config::{self, Config, FromEnvironment};
use control::events::EventKind;
use control::observe::WINDOW_SECONDS;
use listenfd::ListenFd;
use serde_json::json;
use tokio::time::Instant;

use crate::USUAL_FILE;
use crate::cli::ServeArgs;
pub(crate) use house::House;
use signals::{Signal, Signals};
pub(crate) use sockets::Sockets;
use successor::Successor;

/// Runs the gateway until it is told to end; `--json` asks for log lines as JSON.
pub(crate) fn run(args: &ServeArgs, json: bool) -> anyhow::Result<()> {
    // Reads and clears the environment, so it comes before there are threads.
    let inherited = ListenFd::from_env();
    let file = args
        .config
        .clone()
        .or_else(|| Path::new(USUAL_FILE).exists().then(|| PathBuf::from(USUAL_FILE)));
    // Many systems start processes with 1,024 and allow a thousand times as many.
    let descriptors = gateway::raise_descriptor_limit();
    // Before the first reading, so that no change in between is missed. Watching needs a runtime.
    let runtime = runtime()?;
    let _inside = runtime.enter();
    let watch = file.as_deref().map(config::watch);
    let (mut config, found) = match &file {
        Some(file) => (Config::load(file)?, None),
        None => {
            let found = Config::from_environment();
            (found.config.clone(), Some(found))
        }
    };
    logging::start(&config.log, json);
    match descriptors {
        Ok(most) => tracing::debug!(most, "descriptors that this process may have"),
        Err(error) => tracing::warn!(%error, "the limit of descriptors cannot be raised"),
    }
    match (&file, &found) {
        (Some(file), _) => tracing::info!(file = %file.display(), "configuration read"),
        (None, Some(found)) => tell_found(found)?,
        (None, None) => {}
    }
    if let Some(workers) = args.workers {
        config.workers = Some(workers);
    }
    let directory = file
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""))
        .to_owned();
    runtime.block_on(serve(config, inherited, &directory, watch))
}

/// The control plane's threads: few, since it never carries a request.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).thread_name("control").enable_all();
    builder
        .build()
        .context("the control plane's threads cannot be started")
}

fn tell_found(found: &FromEnvironment) -> anyhow::Result<()> {
    for (variable, problem) in &found.unusable {
        tracing::warn!(variable, %problem, "this variable cannot be used");
    }
    if found.found.is_empty() {
        anyhow::bail!(
            "there is no {USUAL_FILE} here, and none of {} is set.\n\
             Write a configuration (see crossfade.example.yaml), name one with -c, set a vendor's key,\n\
             or look around first with: crossfade demo",
            FromEnvironment::VARIABLES.join(", ")
        );
    }
    for (provider, variable) in &found.found {
        tracing::info!(
            provider,
            variable,
            "no file: this vendor's key is in the environment; call {provider}/MODEL"
        );
    }
    Ok(())
}

async fn serve(
    config: Config,
    inherited: ListenFd,
    directory: &Path,
    watch: Option<config::Watch>,
) -> anyhow::Result<()> {
    for (setting, what) in config.without_effect() {
        tracing::warn!(setting, "{what}");
    }
    // Before anybody can see that this process serves: until then a signal would just end it.
    let mut signals = Signals::listen()?;
    let token = token::find_or_make(&config, directory)?;
    let sockets = Sockets::inherit_or_bind(inherited, &config)?;
    let to_hand_down = sockets.try_clone()?;
    let mut house = House::open(config, sockets, &token, directory, WINDOW_SECONDS).await?;
    house.tell_addresses();
    let reloader = watch.map(|watch| {
        let reloader = watch.reloader();
        tokio::spawn(keep_reloading(
            Arc::clone(&house.desk),
            Arc::clone(&house.hub),
            Arc::clone(&house.gate),
            Arc::clone(&house.observatory),
            watch,
        ));
        reloader
    });
    successor::tell_ready();
    if successor::is_one() {
        let desk = Arc::clone(&house.desk);
        tokio::spawn(async move { desk.catch_up().await });
    }
    if until_the_end(&mut signals, reloader.as_ref(), &to_hand_down).await == Because::Succeeded {
        house.gateway.drain();
        tracing::info!("another process has taken over");
        house.leave_the_desk().await;
    }
    drop(to_hand_down);
    end(house, &mut signals).await
}

/// Why this process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Because {
    Told,
    /// Another process serves in its place.
    Succeeded,
}

/// Obeys signals until one of them ends the process.
async fn until_the_end(
    signals: &mut Signals,
    reloader: Option<&config::Reloader>,
    sockets: &Sockets,
) -> Because {
    let mut successor: Option<Successor> = None;
    loop {
        let ready = async {
            match &mut successor {
                Some(successor) => successor.ready().await,
                None => std::future::pending().await,
            }
        };
        let signal = tokio::select! {
            signal = signals.next() => signal,
            ready = ready => match (ready, successor.take()) {
                (Ok(()), _) => return Because::Succeeded,
                (Err(problem), given_up) => {
                    tracing::error!(%problem, "no process took over; this one goes on");
                    if let Some(given_up) = given_up {
                        given_up.give_up().await;
                    }
                    continue;
                }
            },
        };
        match signal {
            Signal::Reload => match reloader {
                Some(reloader) => reloader.reload(),
                None => tracing::warn!("there is no configuration file to read again"),
            },
            Signal::Replace if successor.is_some() => {
                tracing::warn!("another process is taking over already")
            }
            Signal::Replace => match Successor::start(sockets) {
                Ok(started) => {
                    tracing::info!(process = started.id(), "another process is started to take over");
                    successor = Some(started);
                }
                Err(problem) => tracing::error!(%problem, "no process can take over; this one goes on"),
            },
            Signal::End => {
                if let Some(given_up) = successor {
                    given_up.give_up().await;
                }
                return Because::Told;
            }
        }
    }
}

async fn keep_reloading(
    desk: Arc<control::desk::Desk>,
    hub: Arc<control::events::Hub>,
    gate: Arc<control::gate::Gate>,
    observatory: Arc<control::observe::Observatory>,
    mut watch: config::Watch,
) {
    loop {
        let read = watch.next().await;
        let taken = match read.outcome {
            Ok(config) => desk.reload(config).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match taken {
            Ok(reloaded) => {
                gate.configure(&desk.config().await);
                if !reloaded.needs_restart.is_empty() {
                    let keys = reloaded.needs_restart.join(", ");
                    tracing::warn!(keys, "these settings changed, but need a restart");
                }
                tracing::info!(
                    deployments = reloaded.deployments,
                    "the changed configuration is in force"
                );
                hub.publish(
                    EventKind::Config,
                    json!({"outcome": "in_force", "needs_restart": reloaded.needs_restart}),
                );
            }
            Err(problem) => {
                observatory.count_reload_failure();
                tracing::error!(
                    problem,
                    "the changed configuration is refused; the old one stays in force"
                );
                hub.publish(
                    EventKind::Config,
                    json!({"outcome": "refused", "problem": problem}),
                );
            }
        }
    }
}

/// Takes no new connections, lets requests finish, and ends at the second signal at the latest.
async fn end(house: House, signals: &mut Signals) -> anyhow::Result<()> {
    house.gateway.drain();
    let drain = house.desk.config().await.drain.duration();
    tracing::info!(drain = ?drain, "ending: requests under way may finish; a second signal ends them");
    let deadline = Instant::now() + drain;
    loop {
        tokio::select! {
            () = house.finished() => break,
            () = tokio::time::sleep_until(deadline) => {
                tracing::warn!("the drain time is over: cutting what is still under way");
                break;
            }
            signal = signals.next() => match signal {
                Signal::End => {
                    tracing::warn!("told again: cutting what is still under way");
                    break;
                }
                Signal::Reload | Signal::Replace => {}
            },
        }
    }
    house.close().await;
    tracing::info!("ended");
    Ok(())
}
