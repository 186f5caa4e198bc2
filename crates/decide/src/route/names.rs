//! Public names: deployments, aliases, and the models of providers.

use std::collections::HashMap;
use std::sync::Arc;

use super::Route;
use crate::Side;

/// How many names the "did you mean" of a refusal looks through; more would let a client with
/// a wrong name cost more than one with a right name.
const NAMES_SEARCHED: usize = 2_000;

/// All that `choose` looks things up in. Cloning it to change one route copies the routes only.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub names: Arc<Names>,
    /// By deployment index.
    pub routes: Vec<Route>,
}

/// What a public name stands for; changes only with the configuration.
#[derive(Debug, Default)]
pub struct Names {
    deployments: HashMap<Box<str>, usize>,
    order: Vec<Box<str>>,
    aliases: HashMap<Box<str>, Alias>,
    providers: HashMap<Box<str>, usize>,
    /// Plain names that a provider publishes: (provider, model).
    published: HashMap<Box<str>, usize>,
}

/// What an alias stands for.
#[derive(Clone, Debug)]
enum Alias {
    Deployment { index: usize, forced: Option<Side> },
    Provider { index: usize, model: Box<str> },
}

/// A name that was found, before any choice of side.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Deployment {
        index: usize,
        forced: Option<Side>,
        forced_by_client: bool,
    },
    Provider {
        index: usize,
        model: &'a str,
    },
}

impl Names {
    /// Adds a deployment; its index is the number of deployments before it.
    pub fn add_deployment(&mut self, name: &str) -> usize {
        let index = self.order.len();
        self.order.push(name.into());
        self.deployments.insert(name.into(), index);
        index
    }

    /// Lets `alias` stand for `target`: a name that was added before, and that may carry `@blue`
    /// or `@green` if it is a deployment's. False if there is none.
    pub fn add_alias(&mut self, alias: &str, target: &str) -> bool {
        let found = match self.find(target) {
            Some(Found::Deployment { index, forced, .. }) => Alias::Deployment { index, forced },
            Some(Found::Provider { index, model }) => Alias::Provider {
                index,
                model: model.into(),
            },
            None => return false,
        };
        self.aliases.insert(alias.into(), found);
        true
    }

    /// Lets `provider/model` reach any model of the provider with this index.
    pub fn add_provider(&mut self, provider: &str, index: usize) {
        self.providers.insert(provider.into(), index);
    }

    /// Publishes one model of a provider under its plain name.
    pub fn publish(&mut self, model: &str, provider: usize) {
        self.published.insert(model.into(), provider);
    }

    /// The deployment names, by index.
    pub fn deployments(&self) -> &[Box<str>] {
        &self.order
    }

    pub fn deployment(&self, name: &str) -> Option<usize> {
        self.deployments.get(name).copied()
    }

    /// Every name that `GET /v1/models` shows: deployments, aliases, published models.
    pub fn public(&self) -> impl Iterator<Item = &str> {
        let named = self
            .order
            .iter()
            .chain(self.aliases.keys())
            .chain(self.published.keys());
        named.map(|name| &**name)
    }

    pub(super) fn find<'a>(&'a self, asked: &'a str) -> Option<Found<'a>> {
        if let Some(found) = self.find_plain(asked) {
            return Some(found);
        }
        let (name, side) = split_suffix(asked);
        side?;
        match self.find_plain(name)? {
            Found::Deployment { index, .. } => Some(Found::Deployment {
                index,
                forced: side,
                forced_by_client: true,
            }),
            Found::Provider { .. } => None,
        }
    }

    fn find_plain<'a>(&'a self, name: &'a str) -> Option<Found<'a>> {
        if let Some(index) = self.deployments.get(name) {
            return Some(Found::Deployment {
                index: *index,
                forced: None,
                forced_by_client: false,
            });
        }
        match self.aliases.get(name) {
            Some(Alias::Deployment { index, forced }) => {
                return Some(Found::Deployment {
                    index: *index,
                    forced: *forced,
                    forced_by_client: false,
                });
            }
            Some(Alias::Provider { index, model }) => return Some(Found::Provider { index: *index, model }),
            None => {}
        }
        if let Some(provider) = self.published.get(name) {
            return Some(Found::Provider {
                index: *provider,
                model: name,
            });
        }
        let (provider, model) = name.split_once('/')?;
        let index = self.providers.get(provider).copied()?;
        (!model.is_empty()).then_some(Found::Provider { index, model })
    }

    /// Up to three public names close to `asked`, nearest first, of those that `permits` lets by.
    pub fn nearest(&self, asked: &str, permits: impl Fn(&str) -> bool) -> Vec<String> {
        let (asked, _) = split_suffix(asked);
        let mut near: Vec<(f64, &str)> = self
            .public()
            .take(NAMES_SEARCHED)
            .filter(|name| permits(name))
            .map(|name| (likeness(asked, name), name))
            .filter(|(likeness, _)| *likeness > 0.75)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        near.into_iter()
            .take(3)
            .map(|(_, name)| name.to_owned())
            .collect()
    }
}

/// 0 to 1. Two measures, since one knows `gpt-5` near `gpt-4.1` and the other `gtp` near `gpt`.
fn likeness(asked: &str, name: &str) -> f64 {
    let swapped = strsim::normalized_damerau_levenshtein(asked, name);
    strsim::jaro_winkler(asked, name).max(swapped + 0.1)
}

/// `gpt-4.1@green` is the name `gpt-4.1` and the side green; other suffixes belong to the name.
fn split_suffix(name: &str) -> (&str, Option<Side>) {
    match name.rsplit_once('@') {
        Some((plain, "green")) => (plain, Some(Side::Green)),
        Some((plain, "blue")) => (plain, Some(Side::Blue)),
        _ => (name, None),
    }
}
