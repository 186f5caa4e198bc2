//! Vendor accounts, made ready for the data plane.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway::{Address, Endpoint, Flight, Provider};
use secrecy::SecretString;

use super::DeskError;
use crate::config::{self, Config, Dialect};

/// Builds every provider; those of `known` that did not change are kept, with their connections.
pub(super) fn build(
    config: &Config,
    known: &BTreeMap<String, (config::Provider, Arc<Provider>)>,
) -> Result<BTreeMap<String, Arc<Provider>>, DeskError> {
    let ready = config.providers.iter().map(|(name, wanted)| {
        let kept = known.get(name).filter(|(before, _)| same(before, wanted));
        let provider = match kept {
            Some((_, provider)) => Arc::clone(provider),
            None => Arc::new(provider(name, wanted)?),
        };
        Ok((name.clone(), provider))
    });
    ready.collect()
}

fn provider(name: &str, wanted: &config::Provider) -> Result<Provider, DeskError> {
    let mut headers: Vec<(String, SecretString)> = Vec::new();
    if let Some(key) = &wanted.api_key {
        let (header, value) = match wanted.dialect {
            Dialect::Openai => ("authorization", format!("Bearer {}", key.expose())),
            Dialect::Anthropic => ("x-api-key", key.expose().to_owned()),
            Dialect::Gemini => ("x-goog-api-key", key.expose().to_owned()),
        };
        headers.push((header.to_owned(), value.into()));
    }
    for (header, value) in &wanted.headers {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(header.as_str()));
        headers.push((header.as_str().to_owned(), value.expose().into()));
    }
    let address = Address {
        base_url: wanted.effective_base_url(),
        http2: wanted.http2,
        ca_file: wanted.ca_file.as_deref(),
        headers,
    };
    let unusable = |why| DeskError::Provider {
        name: name.to_owned(),
        why,
    };
    let dialect = match wanted.dialect {
        Dialect::Openai => gateway::Dialect::OpenAi,
        Dialect::Anthropic => gateway::Dialect::Anthropic,
        Dialect::Gemini => gateway::Dialect::Gemini,
    };
    Ok(Provider {
        name: name.into(),
        server: gateway::Server::of_base_url(dialect, wanted.effective_base_url()),
        dialect,
        takes_no_model: wanted.takes_no_model,
        endpoint: Endpoint::new(address).map_err(unusable)?,
        flight: Arc::new(Flight::default()),
    })
}

/// Whether requests to both would look the same. A changed certificate file is not noticed here:
/// connections that are open keep what they were made with in any case.
fn same(a: &config::Provider, b: &config::Provider) -> bool {
    let key = |provider: &config::Provider| provider.api_key.as_ref().map(|key| key.expose().to_owned());
    let headers = |provider: &config::Provider| -> Vec<(String, String)> {
        provider
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.expose().to_owned()))
            .collect()
    };
    a.dialect == b.dialect
        && a.effective_base_url() == b.effective_base_url()
        && a.http2 == b.http2
        && a.takes_no_model == b.takes_no_model
        && a.ca_file == b.ca_file
        && key(a) == key(b)
        && headers(a) == headers(b)
}
