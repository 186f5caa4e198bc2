//! `keys create`: a new credential. Its flags are the fields of a key in the configuration file.

use std::str::FromStr;

use clap::Args;
use control::config::{Moment, Period, Usd};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::secret;
use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade keys create app
  KEY=$(crossfade keys create app --models gpt-4.1)       the secret alone goes to standard output
  crossfade keys create batch --rpm 60 --tpm 200000 --concurrency 4 --budget 25/month --expires 90d
  crossfade keys create batch --rpm 60 --model-limit gpt-4.1=rpm:10,tpm:50000
  crossfade keys create shop --account acme --overrides deny";

/// Make a key and show its secret, once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CreateArgs {
    /// The key's name in logs, usage and the admin API
    #[arg(value_name = "NAME")]
    name: String,
    /// Names it may call: deployments, aliases, `provider/model`; all by default
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    models: Vec<String>,
    /// Whether its clients may choose or weigh an environment themselves [default: allow]
    #[arg(long, value_name = "allow|deny", value_parser = ["allow", "deny"], hide_possible_values = true)]
    overrides: Option<String>,
    /// The account that pays
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// When it stops working: 2027-01-31T00:00:00Z, or a time from now such as 90d
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
    /// Requests per minute
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    rpm: Option<u64>,
    /// Tokens per minute, prompt and answer together
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    tpm: Option<u64>,
    /// Requests at the same time
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    concurrency: Option<u64>,
    /// Limits of one model, as in gpt-4.1=rpm:60,tpm:200000,concurrency:4; once for each
    #[arg(long, value_name = "LIMITS")]
    model_limit: Vec<ModelLimits>,
    /// US dollars it may spend: 5.00/day, 25/month or 100/total
    #[arg(long, value_name = "USD/PERIOD")]
    budget: Option<SpendingLimit>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &CreateArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api.post(&path(&["keys"]), &body(args)).await?;
    secret::show(&api, &answer, &format!("Key {} is made", args.name), output)
}

/// What is not said is left out: the gateway has the defaults.
fn body(args: &CreateArgs) -> Value {
    let mut limits = Map::new();
    for ((_, field), limit) in LIMITS.into_iter().zip([args.rpm, args.tpm, args.concurrency]) {
        limits.extend(limit.map(|limit| (field.to_owned(), json!(limit))));
    }
    let of_models = args.model_limit.iter();
    let of_models: Map<_, _> = of_models
        .map(|of| (of.model.clone(), of.limits.clone()))
        .collect();
    if !of_models.is_empty() {
        limits.insert("models".to_owned(), Value::Object(of_models));
    }
    let fields = [
        ("name", Some(json!(args.name))),
        ("models", (!args.models.is_empty()).then(|| json!(args.models))),
        (
            "overrides",
            args.overrides.as_ref().map(|overrides| json!(overrides)),
        ),
        ("account", args.account.as_ref().map(|account| json!(account))),
        ("limits", (!limits.is_empty()).then(|| Value::Object(limits))),
        (
            "budget",
            args.budget
                .as_ref()
                .map(|budget| json!({"usd": budget.usd, "per": budget.per})),
        ),
        ("expires_at", args.expires.as_ref().map(|expiry| json!(expiry.0))),
    ];
    let mut body = args.reason.body();
    body.extend(
        fields
            .into_iter()
            .filter_map(|(field, value)| Some((field.to_owned(), value?))),
    );
    Value::Object(body)
}

/// The flags of limits, and the fields that they are.
const LIMITS: [(&str, &str); 3] = [
    ("rpm", "requests_per_minute"),
    ("tpm", "tokens_per_minute"),
    ("concurrency", "concurrent_requests"),
];

/// What limits one model.
#[derive(Clone)]
struct ModelLimits {
    model: String,
    limits: Value,
}

impl FromStr for ModelLimits {
    type Err = String;

    fn from_str(text: &str) -> Result<ModelLimits, String> {
        let unreadable = || "write a model and its limits, as in gpt-4.1=rpm:60,tpm:200000".to_owned();
        // From the right: a model's name may hold the sign.
        let (model, list) = text.rsplit_once('=').ok_or_else(unreadable)?;
        let mut limits = Map::new();
        for one in list.split(',') {
            let (flag, count) = one.split_once(':').ok_or_else(unreadable)?;
            let field = LIMITS.iter().find(|(known, _)| *known == flag);
            let (_, field) =
                field.ok_or_else(|| format!("'{flag}' is no limit; there are rpm, tpm and concurrency"))?;
            let count = count.parse().ok().filter(|count: &u64| *count > 0);
            let count = count.ok_or_else(|| format!("'{flag}' takes a count, at least 1"))?;
            if limits.insert((*field).to_owned(), json!(count)).is_some() {
                return Err(format!("'{flag}' stands there twice"));
            }
        }
        if model.is_empty() {
            return Err(unreadable());
        }
        Ok(ModelLimits {
            model: model.to_owned(),
            limits: Value::Object(limits),
        })
    }
}

/// A point in time, which may be given as a distance from now.
#[derive(Clone)]
struct Expiry(String);

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        if let Ok(moment) = text.parse::<Moment>() {
            return Ok(Expiry(String::from(moment)));
        }
        let unreadable = || {
            "write a date, a time and an offset, as in 2027-01-31T00:00:00Z, or a time from now, as in 90d"
                .to_owned()
        };
        let distance = text.parse::<Period>().map_err(|_| unreadable())?;
        let distance = SignedDuration::try_from(distance.duration()).map_err(|_| unreadable())?;
        let moment = Timestamp::now().checked_add(distance).map_err(|_| unreadable())?;
        let whole_seconds = Timestamp::from_second(moment.as_second()).map_err(|_| unreadable())?;
        Ok(Expiry(whole_seconds.to_string()))
    }
}

/// An amount and how often it may be spent.
#[derive(Clone)]
struct SpendingLimit {
    usd: Usd,
    per: &'static str,
}

impl FromStr for SpendingLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<SpendingLimit, String> {
        let unreadable = || "write dollars and a period, as in 5.00/day, 25/month or 100/total".to_owned();
        let (usd, per) = text.split_once('/').ok_or_else(unreadable)?;
        let per = ["day", "month", "total"]
            .into_iter()
            .find(|period| *period == per)
            .ok_or_else(unreadable)?;
        let usd = usd.parse::<Usd>().map_err(|reason| reason.to_string())?;
        Ok(SpendingLimit { usd, per })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_expiry_is_a_point_in_time_or_a_distance() {
        assert_eq!(
            "2027-01-31T01:00:00+01:00".parse::<Expiry>().unwrap().0,
            "2027-01-31T00:00:00Z"
        );
        let tomorrow: Timestamp = "24h".parse::<Expiry>().unwrap().0.parse().unwrap();
        let ahead = tomorrow.as_second() - Timestamp::now().as_second();
        assert!((86_390..=86_400).contains(&ahead), "{ahead}");
        assert!("tomorrow".parse::<Expiry>().is_err());
    }

    #[test]
    fn a_budget_needs_its_period() {
        let budget: SpendingLimit = "5.00/day".parse().unwrap();
        assert_eq!((budget.usd.nano(), budget.per), (5_000_000_000, "day"));
        for bad in ["5.00", "5.00/week", "-1/day", "/day"] {
            assert!(bad.parse::<SpendingLimit>().is_err(), "{bad}");
        }
    }
}
