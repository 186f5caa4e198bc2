//! The price book in force: what is shipped, under what the store holds, under what the file says.
//!
//! A model's rows of a higher layer hold from their first moment on, so that a price set for next month leaves
//! today's alone. Names are looked up as `decide::price` says; what is not found is unpriced, never free.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use decide::price::{Prices, Row};
use gateway::PriceBook;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::prices::StoredPrice;

use crate::config::{self, Config, Moment};

/// Rows with their sources, in JSON.
const SHIPPED: &str = include_str!("../data/prices.json");

/// What a price is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What a vendor charges, by its name of the model.
    Cost,
    /// What the operator asks for, by the public name.
    List,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Cost => "cost",
            Kind::List => "list",
        }
    }

    pub fn from_name(name: &str) -> Option<Kind> {
        [Kind::Cost, Kind::List]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Shipped,
    File,
    Store,
}

impl Owner {
    pub fn name(self) -> &'static str {
        match self {
            Owner::Shipped => "shipped",
            Owner::File => "file",
            Owner::Store => "store",
        }
    }
}

/// A price with where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub kind: Kind,
    pub model: String,
    pub owner: Owner,
    pub price: config::Price,
    /// Where a shipped price was read, and when.
    pub source: Option<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Source {
    #[serde(rename = "source")]
    pub url: String,
    pub as_of: String,
    #[serde(default)]
    pub note: Option<String>,
}

/// The shipped prices.
pub fn shipped() -> &'static [Listed] {
    static ROWS: OnceLock<Vec<Listed>> = OnceLock::new();
    ROWS.get_or_init(|| match read_shipped() {
        Ok(rows) => rows,
        // A test reads the file whole, so this cannot be; unpriced is the safe side all the same.
        Err(error) => {
            tracing::error!(%error, "the shipped prices cannot be read");
            Vec::new()
        }
    })
}

fn read_shipped() -> Result<Vec<Listed>, serde_json::Error> {
    let rows: Vec<Map<String, Value>> = serde_json::from_str(SHIPPED)?;
    let row = |mut row: Map<String, Value>| {
        let mut about = Map::new();
        for field in ["model", "source", "as_of", "note"] {
            about.extend(row.remove(field).map(|value| (field.to_owned(), value)));
        }
        let model = about.remove("model").unwrap_or_default();
        Ok(Listed {
            kind: Kind::Cost,
            model: serde_json::from_value(model)?,
            owner: Owner::Shipped,
            price: serde_json::from_value(Value::Object(row))?,
            source: Some(serde_json::from_value(Value::Object(about))?),
        })
    };
    rows.into_iter().map(row).collect()
}

/// The prices of the file.
pub fn of_file(config: &Config) -> Vec<Listed> {
    let listed = |kind: Kind, prices: &BTreeMap<String, config::Price>| {
        let listed = prices.iter().map(move |(model, price)| Listed {
            kind,
            model: model.clone(),
            owner: Owner::File,
            price: price.clone(),
            source: None,
        });
        listed.collect::<Vec<_>>()
    };
    let mut all = listed(Kind::Cost, &config.prices);
    all.extend(listed(Kind::List, &config.list_prices));
    all
}

/// The prices of the store; one that cannot be read is left out and said.
pub fn of_store(stored: &[StoredPrice]) -> Vec<Listed> {
    let read = |stored: &StoredPrice| {
        let price = serde_json::from_str::<config::Price>(&stored.price);
        match (Kind::from_name(&stored.kind), price) {
            (Some(kind), Ok(price)) => Some(Listed {
                kind,
                model: stored.model.clone(),
                owner: Owner::Store,
                price,
                source: None,
            }),
            (_, price) => {
                let error = price.err().map(|error| error.to_string());
                tracing::error!(model = stored.model, error, "a stored price cannot be used");
                None
            }
        }
    };
    stored.iter().filter_map(read).collect()
}

/// As the store keeps it.
pub fn to_store(listed: &Listed) -> Result<StoredPrice, serde_json::Error> {
    Ok(StoredPrice {
        kind: listed.kind.name().to_owned(),
        model: listed.model.clone(),
        valid_from: from(&listed.price),
        price: serde_json::to_string(&listed.price)?,
    })
}

/// Unix milliseconds from which it holds; `i64::MIN` for always.
pub fn from(price: &config::Price) -> i64 {
    price.from.map_or(i64::MIN, Moment::unix_milliseconds)
}

/// The book in force.
pub fn book(config: &Config, stored: &[Listed]) -> PriceBook {
    let of_file = of_file(config);
    let layer = |rows: &[Listed], kind: Kind| {
        let rows = rows.iter().filter(|listed| listed.kind == kind);
        Prices::new(
            rows.map(|listed| (listed.model.clone(), listed.price.row()))
                .collect::<Vec<(String, Row)>>(),
        )
    };
    let all = |kind| {
        let below = layer(stored, kind).over(&layer(shipped(), kind));
        layer(&of_file, kind).over(&below)
    };
    PriceBook {
        cost: all(Kind::Cost),
        list: all(Kind::List),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// The first day of 2026-11, Unix milliseconds.
    const NOW: i64 = 1_793_491_200_000;

    fn rates(book: &PriceBook, model: &str) -> Option<String> {
        let price = book.cost.of("p", model)?.at(NOW)?;
        let cached = price
            .rates
            .cached_input
            .map_or("-".to_owned(), |rate| rate.to_string());
        Some(format!("{} {cached} {}", price.rates.input, price.rates.output))
    }

    #[test]
    fn every_shipped_row_can_be_read_and_says_where_it_is_from() {
        let rows = read_shipped().unwrap();
        assert!(rows.len() > 60);
        for row in &rows {
            let source = row.source.as_ref().unwrap();
            assert!(source.url.starts_with("https://"), "{}", row.model);
            assert!(source.as_of.len() >= 7, "{}", row.model);
            let price = row.price.row().price;
            assert!(price.rates.input.get() > 0, "{}", row.model);
            let dearer = price
                .tiers
                .windows(2)
                .all(|tiers| tiers[0].above_input_tokens < tiers[1].above_input_tokens);
            assert!(dearer, "{}", row.model);
        }
        let mut names: Vec<_> = rows.iter().map(|row| (&row.model, from(&row.price))).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "a model has two prices at one moment");
    }

    #[test]
    fn the_usual_models_cost_what_their_vendors_say() {
        let book = book(&Config::default(), &[]);
        for (model, wanted) in [
            ("gpt-4.1", Some("2.00 0.50 8.00")),
            ("gpt-4.1-2025-04-14", Some("2.00 0.50 8.00")),
            ("claude-sonnet-4-20250514", Some("3.00 0.30 15.00")),
            ("gemini-2.5-flash", Some("0.30 0.03 2.50")),
            ("deepseek-v3", Some("0.27 0.07 1.10")),
            ("deepseek-chat", Some("0.27 0.07 1.10")),
            ("claude-sonnet-5-5", Some("2.00 0.10 10.00")),
            ("gpt-4.1-turbo", None),
            ("llama", None),
        ] {
            assert_eq!(rates(&book, model).as_deref(), wanted, "{model}");
        }
    }

    #[test]
    fn the_file_leads_the_store_and_both_lead_what_is_shipped() {
        let price = |text: &str| serde_json::from_str::<config::Price>(text).unwrap();
        let stored = |model: &str, text: &str| Listed {
            kind: Kind::Cost,
            model: model.to_owned(),
            owner: Owner::Store,
            price: price(text),
            source: None,
        };
        let mut config = Config::default();
        config.prices.insert(
            "gpt-4.1".to_owned(),
            price(r#"{"input": "1.00", "output": "1.00"}"#),
        );
        let stored = [
            stored("gpt-4.1", r#"{"input": "9.00", "output": "9.00"}"#),
            stored("gpt-4o", r#"{"input": "8.00", "output": "8.00"}"#),
            stored(
                "gpt-4o-mini",
                r#"{"input": "7.00", "output": "7.00", "from": "2030-01-01T00:00:00Z"}"#,
            ),
        ];
        let book = book(&config, &stored);
        assert_eq!(rates(&book, "gpt-4.1").as_deref(), Some("1.00 - 1.00"));
        assert_eq!(rates(&book, "gpt-4o").as_deref(), Some("8.00 - 8.00"));
        assert_eq!(rates(&book, "gpt-4o-mini").as_deref(), Some("0.15 0.075 0.60"));
    }
}
