//! Rows for tests: the plainest of each kind.

use store::audit::NewEntry;
use store::keys::{KeyLimits, KeySettings, Overrides};
use store::requests::FinishedRequest;
use store::routes::Route;

/// Limits nothing.
pub(crate) fn settings() -> KeySettings {
    KeySettings {
        account: None,
        models: vec!["*".into()],
        overrides: Overrides::Allow,
        limits: KeyLimits::default(),
        model_limits: None,
        budget: None,
        expires_at: None,
    }
}

/// Without a green.
pub(crate) fn route(deployment: &str, revision: i64) -> Route {
    Route {
        deployment: deployment.into(),
        revision,
        green_share: 0,
        salt: 0,
        candidate: None,
        phase: "idle".into(),
        latched: None,
        previous_share: None,
        promoted_at: None,
        adopted: None,
        updated_at: 1_000,
    }
}

pub(crate) fn entry() -> NewEntry {
    NewEntry {
        at: 1,
        actor: "kim".into(),
        role: "operator".into(),
        verb: "split".into(),
        subject: "gpt".into(),
        reason: None,
        detail: "{}".into(),
    }
}

pub(crate) fn request(id: &str, at: i64) -> FinishedRequest {
    FinishedRequest {
        id: id.into(),
        at,
        deployment: "gpt".into(),
        key: "app".into(),
        detail: format!(r#"{{"at":{at}}}"#),
    }
}
