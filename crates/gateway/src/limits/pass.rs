//! A request's way past its key's limits, and what it leaves behind at its end.

use std::sync::Arc;

use super::{Asked, Bucket, Granted, Leave, Met, Meter, Meters, SharedLimiter, Standing};
use crate::worker::Shared;

/// A request that was taken. Whatever ends the request drops it, and then its place is free.
pub(crate) struct Pass {
    shared: Arc<Shared>,
    meter: Arc<Meter>,
    model: String,
    /// Tokens that were reserved.
    reserved: u64,
    way: Way,
    /// Tokens that it came to; until they are known, what was reserved.
    used: u64,
}

/// Who took it: whoever did is told of the end.
enum Way {
    /// This gateway, as one of so many.
    Alone {
        gateways: u64,
    },
    Together(Arc<dyn SharedLimiter>, Asked),
}

/// Asks for a place for a request of `tokens`. What is left is told either way.
pub(crate) async fn enter(
    shared: &Arc<Shared>,
    meter: &Arc<Meter>,
    model: &str,
    tokens: u64,
) -> (Standing, Result<Pass, Met>) {
    let meters = &shared.meters;
    let mut gateways = meters.gateways();
    if let Some(limiter) = meters.shared() {
        let asked = ask(meter, model, tokens);
        if let Some(Granted { met, standing }) = limiter.enter(asked.clone()).await {
            let way = Way::Together(limiter, asked);
            return (standing, taken(shared, meter, model, tokens, met, way));
        }
        meters.count_alone();
        gateways = limiter.gateways();
    }
    let now = meters.now();
    let met = meter.enter(model, tokens, gateways, now).err();
    let standing = meter.standing(model, gateways, now);
    let way = Way::Alone { gateways };
    (standing, taken(shared, meter, model, tokens, met, way))
}

fn taken(
    shared: &Arc<Shared>,
    meter: &Arc<Meter>,
    model: &str,
    tokens: u64,
    met: Option<Met>,
    way: Way,
) -> Result<Pass, Met> {
    match met {
        Some(met) => Err(met),
        None => Ok(Pass {
            shared: Arc::clone(shared),
            meter: Arc::clone(meter),
            model: model.to_owned(),
            reserved: tokens,
            way,
            used: tokens,
        }),
    }
}

fn ask(meter: &Meter, model: &str, tokens: u64) -> Asked {
    let (all, of_model) = meter.limits(model);
    let bucket = |model: Option<String>, limits| Bucket {
        key: Arc::clone(meter.key()),
        model,
        limits,
    };
    let mut buckets = vec![bucket(None, all)];
    buckets.extend(of_model.map(|limits| bucket(Some(model.to_owned()), limits)));
    Asked {
        buckets,
        id: fastrand::u64(..),
        tokens,
    }
}

impl Meters {
    /// What is left, without taking anything. Of shared limits only whoever asks for a place is told.
    pub(crate) fn standing(&self, meter: &Meter, model: &str) -> Standing {
        match self.shared() {
            Some(_) => Standing::default(),
            None => meter.standing(model, self.gateways(), self.now()),
        }
    }
}

impl Pass {
    /// The tokens that the request came to.
    pub(crate) fn settle(mut self, used: u64) {
        self.used = used;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        match &mut self.way {
            Way::Alone { gateways } => {
                let now = self.shared.meters.now();
                self.meter
                    .leave(&self.model, self.reserved, self.used, *gateways, now);
            }
            Way::Together(limiter, asked) => limiter.leave(Leave {
                asked: asked.clone(),
                used: self.used,
            }),
        }
    }
}
