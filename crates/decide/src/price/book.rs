//! The rows of all models. Later tables lie over earlier ones: what an operator wrote over what is shipped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Price, undated};

/// A price and the moment from which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Milliseconds since 1970; `i64::MIN` for "always".
    pub from_unix_ms: i64,
    pub price: Price,
}

/// The prices of one model, each valid until the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dated {
    /// In ascending order of their moments, none twice.
    rows: Vec<Row>,
}

impl Dated {
    /// Of two rows from the same moment the last given one holds.
    pub fn new(rows: Vec<Row>) -> Dated {
        let by_moment: BTreeMap<i64, Row> = rows.into_iter().map(|row| (row.from_unix_ms, row)).collect();
        Dated {
            rows: by_moment.into_values().collect(),
        }
    }

    /// The same price at all times.
    pub fn always(price: Price) -> Dated {
        let from_unix_ms = i64::MIN;
        Dated::new(vec![Row { from_unix_ms, price }])
    }

    /// The price that holds at this moment; None before the first.
    pub fn at(&self, unix_ms: i64) -> Option<&Price> {
        let begun = self.rows.partition_point(|row| row.from_unix_ms <= unix_ms);
        self.rows[..begun].last().map(|row| &row.price)
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// These prices from their first moment on, and before it those below.
    #[must_use]
    fn over(self, below: &Dated) -> Dated {
        let first = self.rows.first().map_or(i64::MAX, |row| row.from_unix_ms);
        let earlier = below.rows.iter().filter(|row| row.from_unix_ms < first);
        let rows = earlier.cloned().chain(self.rows).collect();
        Dated { rows }
    }
}

/// The prices of all models, under the names by which their vendors know them: `gpt-4.1`, `openrouter/gpt-4.1`
/// for a model of one provider, `local/*` for whatever else that provider has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    models: BTreeMap<String, Arc<Dated>>,
}

impl Prices {
    pub fn new(rows: impl IntoIterator<Item = (String, Row)>) -> Prices {
        let mut models: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for (model, row) in rows {
            models.entry(model).or_default().push(row);
        }
        let dated = |(model, rows)| (model, Arc::new(Dated::new(rows)));
        Prices {
            models: models.into_iter().map(dated).collect(),
        }
    }

    /// These over those: a model's rows from above hold from their first moment on.
    #[must_use]
    pub fn over(self, below: &Prices) -> Prices {
        let mut models = below.models.clone();
        for (model, dated) in self.models {
            let merged = match models.get(&model) {
                Some(older) => Arc::new(Arc::unwrap_or_clone(dated).over(older)),
                None => dated,
            };
            models.insert(model, merged);
        }
        Prices { models }
    }

    /// What a provider's model costs. The first that is known of: the model of this provider, the model, both
    /// once more under the name without its date (see [`undated`]), whatever this provider has. None is
    /// "unpriced", and never "free".
    pub fn of(&self, provider: &str, model: &str) -> Option<&Arc<Dated>> {
        self.find(provider, model).map(|(_, dated)| dated)
    }

    /// The same with the name under which it was found.
    pub fn find(&self, provider: &str, model: &str) -> Option<(&str, &Arc<Dated>)> {
        let named = |model: &str| {
            let at_provider = self.models.get_key_value(&format!("{provider}/{model}"));
            at_provider.or_else(|| self.models.get_key_value(model))
        };
        named(model)
            .or_else(|| undated(model).and_then(named))
            .or_else(|| self.models.get_key_value(&format!("{provider}/*")))
            .map(|(name, dated)| (name.as_str(), dated))
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Dated>)> {
        self.models.iter().map(|(model, dated)| (model.as_str(), dated))
    }
}
