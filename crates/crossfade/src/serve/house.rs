//! All rooms wired together: the store, the desk, the data plane and the admin API.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use control::announce::{keep_announcing, keep_history, keep_ticking};
use control::api::{Api, router};
use control::config::{Config, Store as StoreKind, StoreAddress};
use control::desk::Desk;
use control::driver::Driver;
use control::events::Hub;
use control::gate::Gate;
use control::health::{Health, keep_probing};
use control::ledger::Ledger;
use control::limiter::RedisLimiter;
use control::metrics::Metrics;
use control::observe::{History, Observatory};
use control::requests::{flush, keep_log};
use control::usage::{self, keep_usage};
use gateway::{Gateway, Prober, Shared, Snapshot};
use store::{Store, StoreUrl};

use super::admin::Admin;
use super::sockets::Sockets;
use super::successor;

/// How often we look whether the data plane has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long workers may take to close cut connections.
const CUT_LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) desk: Arc<Desk>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) admin: SocketAddr,
    server: Option<Admin>,
    ledger: Arc<Ledger>,
    store: Store,
}

impl House {
    /// Opens the store and starts serving, with statistics over so many seconds.
    pub(crate) async fn open(
        config: Config,
        sockets: Sockets,
        token: &str,
        directory: &Path,
        window_seconds: u64,
    ) -> anyhow::Result<House> {
        let admin = sockets.admin.local_addr()?;
        let store = Store::open(&store_url(&config.store, directory)?)
            .await
            .context("the store cannot be opened")?;
        let hub = Arc::new(Hub::new(unix_millis()));
        let observatory = Arc::new(Observatory::new(window_seconds));
        let health = Arc::new(Health::new(Arc::clone(&hub)));
        let shared = Arc::new(Shared::new(Snapshot::default(), observatory.clone()));
        let workers = match config.workers {
            Some(workers) => usize::from(workers),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        if let Some(address) = &config.limiter {
            shared.meters.share(Some(RedisLimiter::start(address)?));
        }
        let gate = Arc::new(Gate::new(token, &config));
        // What gateways that are gone left behind is settled before anything new is charged.
        let ledger = Ledger::open(store.clone(), successor::is_one())
            .await
            .context("the ledger cannot be opened")?;
        shared.set_till(Arc::clone(&ledger) as Arc<dyn gateway::Till>);
        let desk = Arc::new(Desk::open(config, store.clone(), Arc::clone(&shared)).await?);
        desk.read_accounts_of(Arc::clone(&ledger)).await?;
        let prober = Prober::start(Arc::clone(&shared))?;
        let driver = Arc::new(Driver::new(
            Arc::clone(&desk),
            Arc::clone(&observatory),
            Arc::clone(&health),
            Arc::clone(&hub),
            Prober::start(Arc::clone(&shared))?,
        ));
        // Before anybody can push a button.
        driver.resume().await.context("rollouts cannot be read back")?;
        let metrics = Arc::new(Metrics::new(
            Arc::clone(&observatory),
            Arc::clone(&shared),
            Arc::clone(&health),
            Arc::clone(driver.board()),
        ));
        let history = Arc::new(History::default());
        let api = Api {
            desk: Arc::clone(&desk),
            driver: Arc::clone(&driver),
            observatory: Arc::clone(&observatory),
            history: Arc::clone(&history),
            health: Arc::clone(&health),
            hub: Arc::clone(&hub),
            ledger: Arc::clone(&ledger),
            metrics,
            gate: Arc::clone(&gate),
            clients: format!("http://{}", sockets.clients.local_addr()?),
        };
        tokio::spawn(Arc::clone(&ledger).watch());
        tokio::spawn(Arc::clone(&observatory).watch(Arc::clone(&shared)));
        tokio::spawn(keep_announcing(
            Arc::clone(&desk),
            Arc::clone(&observatory),
            Arc::clone(&health),
            Arc::clone(&hub),
        ));
        tokio::spawn(keep_history(
            history,
            Arc::clone(desk.shared()),
            Arc::clone(&observatory),
        ));
        tokio::spawn(keep_ticking(
            Arc::clone(&hub),
            Arc::clone(&desk),
            Arc::clone(&observatory),
            Arc::clone(&health),
            Arc::clone(driver.board()),
        ));
        tokio::spawn(keep_probing(health, Arc::clone(&shared), prober));
        tokio::spawn(async move { driver.watch().await });
        let configured = Arc::clone(&desk);
        tokio::spawn(keep_log(Arc::clone(&observatory), store.clone(), move || {
            let desk = Arc::clone(&configured);
            async move { desk.config().await.retention.requests.duration() }
        }));
        tokio::spawn(keep_usage(Arc::clone(&observatory), store.clone()));
        let following = Arc::clone(&desk);
        tokio::spawn(async move { following.follow_store().await });
        let server = Some(Admin::start(sockets.admin, router(api))?);
        let gateway = gateway::start(shared, sockets.clients, workers)?;
        Ok(House {
            gateway,
            desk,
            hub,
            gate,
            observatory,
            admin,
            server,
            ledger,
            store,
        })
    }

    /// Says where everything is, and what is still missing.
    pub(crate) fn tell_addresses(&self) {
        let clients = self.gateway.address();
        tracing::info!(listen = %clients, admin = %self.admin, "serving: clients at http://{clients}/v1");
        if self.gateway.shared.keys.is_empty() {
            tracing::warn!(
                "there is no key yet, so every request is refused with 401; make one with: crossfade keys create NAME"
            );
        }
    }

    /// Leaves the admin API to another process, which has the same socket.
    pub(crate) async fn leave_the_desk(&mut self) {
        self.hub.close();
        self.ledger.stop_reserving();
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Waits until the last connection is closed.
    pub(crate) async fn finished(&self) {
        while !self.gateway.is_finished() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Cuts what is still under way, and leaves the store in order.
    pub(crate) async fn close(mut self) {
        self.gateway.stop();
        let _ = tokio::time::timeout(CUT_LIMIT, self.finished()).await;
        self.leave_the_desk().await;
        self.ledger.flush().await;
        if let Err(error) = flush(&self.observatory, &self.store).await {
            tracing::warn!(%error, "the last finished requests are missing from the request log");
        }
        if let Err(error) = usage::flush(&self.observatory, &self.store).await {
            tracing::error!(%error, "the usage of the last second is lost");
        }
        self.desk.leave().await;
        self.store.close().await;
    }
}

fn store_url(address: &StoreAddress, directory: &Path) -> anyhow::Result<StoreUrl> {
    let url: StoreUrl = match address.store() {
        StoreKind::Sqlite(path) => format!("sqlite:{}", path.display()).parse()?,
        StoreKind::Postgres(url) => url.expose().parse()?,
    };
    Ok(url.relative_to(directory))
}

fn unix_millis() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default()
}
