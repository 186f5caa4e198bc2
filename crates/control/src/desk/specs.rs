//! Deployments that are defined through the API and live in the store.

use serde_json::json;
use store::deployments::Put;

use super::held::Owner;
use super::view::{self, DeploymentState};
use super::{Actor, Desk, DeskError, now, verbs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    Created,
    Updated,
}

impl Desk {
    /// Creates or redefines a deployment; `body` is its definition in JSON, as the file would have it.
    ///
    /// # Errors
    /// [`DeskError::ManagedByFile`], or [`DeskError::Definition`] with every mistake in the body.
    pub async fn put_deployment(
        &self,
        name: &str,
        body: &str,
        actor: &Actor,
    ) -> Result<(PutOutcome, DeploymentState), DeskError> {
        let mut live = self.live().await;
        if live.config.deployments.contains_key(name) {
            return Err(managed(name));
        }
        let definition = live
            .config
            .read_deployment(name, body)
            .map_err(DeskError::Definition)?;
        let spec = serde_json::to_string(&definition).map_err(|error| DeskError::Invalid {
            param: "body".to_owned(),
            message: error.to_string(),
        })?;
        let put = store::deployments::put(&self.store, name, "model", &spec, now()).await?;
        self.refresh(&mut live).await?;
        let state = view::of(&live, name)?;
        drop(live);
        self.tell(name);
        let (outcome, verb) = match put {
            Put::Created => (PutOutcome::Created, "create deployment"),
            Put::Updated => (PutOutcome::Updated, "update deployment"),
        };
        self.audit(actor, verb, name, json!({"definition": definition}))
            .await;
        Ok((outcome, state))
    }

    /// # Errors
    /// [`DeskError::ManagedByFile`], [`DeskError::UnknownDeployment`].
    pub async fn delete_deployment(&self, name: &str, actor: &Actor) -> Result<(), DeskError> {
        let mut live = self.live().await;
        if verbs::find(&live, name)?.owner == Owner::File {
            return Err(managed(name));
        }
        store::deployments::delete(&self.store, name).await?;
        store::routes::delete(&self.store, name).await?;
        self.refresh(&mut live).await?;
        drop(live);
        self.tell(name);
        self.audit(actor, "delete deployment", name, json!({})).await;
        Ok(())
    }
}

fn managed(name: &str) -> DeskError {
    DeskError::ManagedByFile {
        noun: "deployment",
        name: name.to_owned(),
    }
}
