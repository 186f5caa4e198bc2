//! Prices that operators set while running.

use serde_json::json;

use super::{Actor, Desk, DeskError, Live};
use crate::prices::{self, Kind, Listed};

impl Desk {
    /// Every price that is known, in the order of their names, kinds and moments.
    pub async fn prices(&self) -> Vec<Listed> {
        let live = self.live().await;
        let mut all = prices::shipped().to_vec();
        all.extend(live.stored_prices.iter().cloned());
        all.extend(prices::of_file(&live.config));
        drop(live);
        all.sort_by(|one, other| {
            let of = |listed: &Listed| (listed.model.clone(), listed.kind, prices::from(&listed.price));
            of(one).cmp(&of(other))
        });
        all
    }

    /// Sets prices, all or none. They are in force for every request after this returns.
    ///
    /// # Errors
    /// [`DeskError::ManagedByFile`] for a model whose price stands in the file.
    pub async fn set_prices(&self, wanted: Vec<Listed>, actor: &Actor) -> Result<(), DeskError> {
        let mut live = self.live().await;
        for listed in &wanted {
            refuse_of_file(&live, listed.kind, &listed.model)?;
        }
        let rows: Result<Vec<_>, _> = wanted.iter().map(prices::to_store).collect();
        let rows = rows.map_err(|error| DeskError::Invalid {
            param: "prices".to_owned(),
            message: error.to_string(),
        })?;
        store::prices::put(&self.store, &rows).await?;
        self.refresh(&mut live).await?;
        drop(live);
        for listed in &wanted {
            let detail = json!({"kind": listed.kind.name(), "price": listed.price});
            self.audit(actor, "set price", &listed.model, detail).await;
        }
        Ok(())
    }

    /// Takes a price back that was set here; what lies below it holds again.
    ///
    /// # Errors
    /// [`DeskError::ManagedByFile`], [`DeskError::UnknownPrice`].
    pub async fn delete_price(
        &self,
        kind: Kind,
        model: &str,
        from: i64,
        actor: &Actor,
    ) -> Result<(), DeskError> {
        let mut live = self.live().await;
        refuse_of_file(&live, kind, model)?;
        if !store::prices::delete(&self.store, kind.name(), model, from).await? {
            return Err(DeskError::UnknownPrice(model.to_owned()));
        }
        self.refresh(&mut live).await?;
        drop(live);
        self.audit(actor, "delete price", model, json!({"kind": kind.name()}))
            .await;
        Ok(())
    }
}

fn refuse_of_file(live: &Live, kind: Kind, model: &str) -> Result<(), DeskError> {
    let of_file = match kind {
        Kind::Cost => &live.config.prices,
        Kind::List => &live.config.list_prices,
    };
    if of_file.contains_key(model) {
        return Err(DeskError::ManagedByFile {
            noun: "price of",
            name: model.to_owned(),
        });
    }
    Ok(())
}
