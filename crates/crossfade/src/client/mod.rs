//! A client of the admin API. It knows where the gateway is (`access`, `local_gateway`), carries requests there
//! (`transport`), and reads the answers that people are shown (`answers`). Programs get the gateway's own JSON.

mod access;
mod answers;
mod error;
mod local_gateway;
mod path;
mod rollout;
mod transport;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub(crate) use access::{Access, AdminArgs};
pub(crate) use answers::{ClientKey, Deployment, Environment, Rollout, Window};
pub(crate) use error::ClientError;
pub(crate) use path::{path, query};
pub(crate) use rollout::{Check, Ended, Phase, RolloutStatus};
use transport::Transport;

/// Pages that are asked for at most: a list that is longer than 1,000 pages never ends.
const MOST_PAGES: usize = 1_000;

/// One gateway's admin API.
pub(crate) struct AdminApi {
    access: Access,
    transport: Transport,
}

impl AdminApi {
    /// Finds the gateway. Nothing is sent yet.
    pub(crate) fn find(args: &AdminArgs) -> Result<AdminApi, ClientError> {
        AdminApi::at(args.access()?)
    }

    /// The gateway that is named. Nothing is sent yet.
    pub(crate) fn at(access: Access) -> Result<AdminApi, ClientError> {
        let transport = Transport::to(&access)?;
        Ok(AdminApi { access, transport })
    }

    /// Where clients of the gateway call, as far as it can be told from here.
    pub(crate) fn client_url(&self) -> &str {
        &self.access.client_url
    }

    /// Reads something. `path` begins after `/admin/v1`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.ask(Method::GET, path, None).await
    }

    /// Reads something that is no JSON.
    pub(crate) async fn text(&self, path: &str) -> Result<String, ClientError> {
        let (status, answer) = self.transport.ask(&self.access, Method::GET, path, None).await?;
        if !status.is_success() {
            let json = serde_json::from_slice::<Value>(&answer);
            return Err(self.refusal(status, json.unwrap_or_default()));
        }
        String::from_utf8(answer.into()).map_err(|error| self.not_understood(error.to_string()))
    }

    /// Changes something.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// Does or makes something.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// A whole list, page after page, in the shape of one: `{noun: [...], "next": null}`.
    pub(crate) async fn list(&self, path: &str, noun: &str) -> Result<Value, ClientError> {
        let mut all = Vec::new();
        let mut next = String::new();
        for _ in 0..MOST_PAGES {
            let mut page = self.get(&format!("{path}{next}")).await?;
            let items = page.get_mut(noun).and_then(Value::as_array_mut);
            all.append(items.ok_or_else(|| self.not_understood(format!("it has no `{noun}`")))?);
            next = match page.get("next") {
                None | Some(Value::Null) => return Ok(whole_list(noun, all)),
                Some(Value::String(cursor)) => format!("?cursor={}", path::segment(cursor)),
                Some(cursor) => format!("?cursor={cursor}"),
            };
        }
        Err(self.not_understood(format!("its list of {noun} has no end")))
    }

    /// An answer as what people are shown of it.
    pub(crate) fn understood<T: DeserializeOwned>(&self, answer: &Value) -> Result<T, ClientError> {
        T::deserialize(answer).map_err(|error| self.not_understood(error.to_string()))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        let (status, answer) = self.transport.ask(&self.access, method, path, body).await?;
        let json = serde_json::from_slice::<Value>(&answer);
        match (status.is_success(), json) {
            (true, Ok(json)) => Ok(json),
            (true, Err(_)) if answer.is_empty() => Ok(json!({})),
            (true, Err(error)) => Err(self.not_understood(error.to_string())),
            (false, json) => Err(self.refusal(status, json.unwrap_or_default())),
        }
    }

    fn refusal(&self, status: StatusCode, mut answer: Value) -> ClientError {
        if status == StatusCode::UNAUTHORIZED {
            let url = self.access.url.clone();
            return ClientError::TokenRefused {
                url,
                source_of_token: self.access.source_of_token.clone(),
            };
        }
        let error = answer.get_mut("error").map(Value::take).unwrap_or_default();
        let text = |field: &str| error.get(field).and_then(Value::as_str).map(str::to_owned);
        match text("message") {
            Some(message) => ClientError::Refused {
                status: status.as_u16(),
                message,
                code: text("code"),
                json: Box::new(json!({"error": error})),
            },
            None => self.not_understood(format!("status {status}")),
        }
    }

    fn not_understood(&self, reason: String) -> ClientError {
        ClientError::NotUnderstood {
            url: self.access.url.clone(),
            reason,
        }
    }
}

fn whole_list(noun: &str, items: Vec<Value>) -> Value {
    Value::Object(Map::from_iter([
        (noun.to_owned(), items.into()),
        ("next".to_owned(), Value::Null),
    ]))
}
