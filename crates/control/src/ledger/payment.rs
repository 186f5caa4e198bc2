//! What providers say by themselves: webhooks. Each is checked by its signature, or by asking the provider, and
//! compared with the order's own row. They come again for days, at once and out of order; an order is paid once.

use decide::money::NANO_PER_USD;
use serde_json::Value;
use store::topups::{Topup, Unpaid};

use super::topups::{OrderError, Provider, amount, check_payment_key, invalid};
use super::toss::{self, Payment, TossError};
use super::{Ledger, signature};
use crate::config::{BankTransfer, Stripe, Toss};
use crate::desk::now;

/// The whole units of an order in a currency that has no smaller ones.
pub(super) fn whole_units(order: &Topup) -> u64 {
    (order.amount_nanos / NANO_PER_USD).unsigned_abs()
}

/// A message of our own bank feed: `{"id", "name", "amount", "currency"}`, where `name` is what the payer wrote. `None`
/// without a good signature.
///
/// # Errors
/// Why nothing was credited.
pub async fn bank_feed(
    ledger: &Ledger,
    config: &BankTransfer,
    header: &str,
    body: &[u8],
) -> Option<Result<Topup, OrderError>> {
    let secret = config.feed_secret.as_ref()?;
    signature::is_good(header, body, secret.expose(), now() / 1_000).then_some(())?;
    Some(ledger.take_transfer(body).await)
}

/// A webhook of Stripe. `None` without a good signature.
///
/// # Errors
/// Why nothing was credited.
pub async fn stripe_event(
    ledger: &Ledger,
    config: &Stripe,
    header: &str,
    body: &[u8],
) -> Option<Result<(), OrderError>> {
    signature::is_good(header, body, config.webhook_secret.expose(), now() / 1_000).then_some(())?;
    Some(ledger.take_stripe(body).await)
}

/// A webhook of Toss, which carries no signature: Toss is asked.
///
/// # Errors
/// Why nothing was credited; [`OrderError::Provider`] if it should be sent again.
pub async fn toss_event(ledger: &Ledger, config: &Toss, body: &[u8]) -> Result<(), OrderError> {
    let event = read(body)?;
    let key = event["data"]["paymentKey"].as_str().unwrap_or_default();
    check_payment_key(key)?;
    let said = match toss::look(config, key).await {
        Ok(said) => said,
        Err(TossError::Refused(why)) => {
            return Err(invalid(
                "paymentKey",
                format!("toss knows no such payment: {why}"),
            ));
        }
        Err(TossError::Unreachable(why)) => return Err(OrderError::Provider(why)),
    };
    let order = store::topups::get(ledger.store(), &said.order).await?;
    match said.status.as_str() {
        "DONE" => ledger.take_toss(&order, &said).await.map(drop),
        "ABORTED" | "EXPIRED" if order.provider == Provider::Toss.name() => {
            store::topups::end(ledger.store(), &order.id, Unpaid::Failed).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl Ledger {
    async fn take_transfer(&self, body: &[u8]) -> Result<Topup, OrderError> {
        let message = read(body)?;
        let text = |name: &'static str| {
            message[name]
                .as_str()
                .ok_or_else(|| invalid(name, format!("'{name}' is missing")))
        };
        let (transfer, name, currency) = (text("id")?, text("name")?, text("currency")?);
        let paid = amount(text("amount")?, currency)?;
        let reference =
            reference_in(name).ok_or_else(|| invalid("name", "it names no reference of an order"))?;
        let order = store::topups::by_reference(self.store(), &reference).await?;
        same(&order, Provider::BankTransfer, paid, currency)?;
        self.pay(&order, Some(transfer)).await
    }

    async fn take_stripe(&self, body: &[u8]) -> Result<(), OrderError> {
        let event = read(body)?;
        let session = &event["data"]["object"];
        let kind = event["type"].as_str().unwrap_or_default();
        let ended = match kind {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => None,
            "checkout.session.async_payment_failed" => Some(Unpaid::Failed),
            "checkout.session.expired" => Some(Unpaid::Expired),
            // Everything else that Stripe tells is no news of an order.
            _ => return Ok(()),
        };
        let Some(id) = session["client_reference_id"].as_str() else {
            return Ok(());
        };
        let order = store::topups::get(self.store(), id).await?;
        if order.provider != Provider::Stripe.name() {
            return Err(OrderError::Conflict(format!("top-up '{id}' is not by stripe")));
        }
        if let Some(how) = ended {
            store::topups::end(self.store(), id, how).await?;
            return Ok(());
        }
        // A session can be complete before its money is there.
        if session["payment_status"].as_str() != Some("paid") {
            return Ok(());
        }
        let currency = session["currency"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let total = session["amount_total"].as_i64().unwrap_or_default();
        same(
            &order,
            Provider::Stripe,
            of_smallest_units(total, &currency),
            &currency,
        )?;
        let payment = session["payment_intent"].as_str().or(session["id"].as_str());
        self.pay(&order, payment).await.map(drop)
    }

    pub(super) async fn take_toss(&self, order: &Topup, said: &Payment) -> Result<Topup, OrderError> {
        let total = i64::try_from(said.total)
            .unwrap_or(i64::MAX)
            .saturating_mul(NANO_PER_USD);
        if said.order != order.id {
            return Err(OrderError::Conflict(
                "the payment is for another order".to_owned(),
            ));
        }
        same(order, Provider::Toss, total, &said.currency)?;
        if said.status != "DONE" {
            return Err(OrderError::Conflict(format!(
                "toss says that the payment is {}",
                said.status
            )));
        }
        self.pay(order, Some(&said.key)).await
    }
}

/// What was paid is what the order is for.
fn same(order: &Topup, provider: Provider, amount_nanos: i64, currency: &str) -> Result<(), OrderError> {
    let same =
        order.provider == provider.name() && order.amount_nanos == amount_nanos && order.currency == currency;
    if same {
        return Ok(());
    }
    tracing::error!(
        topup = order.id,
        provider = provider.name(),
        "a payment is not what its order is for"
    );
    Err(OrderError::Conflict(format!(
        "the payment is not what top-up '{}' is for: provider, amount and currency must be its own",
        order.id
    )))
}

/// Stripe counts in a currency's smallest unit, which for some is the whole.
fn of_smallest_units(total: i64, currency: &str) -> i64 {
    let whole = ["KRW", "JPY", "VND", "CLP"].contains(&currency);
    total.saturating_mul(if whole { NANO_PER_USD } else { NANO_PER_USD / 100 })
}

/// Payers add their own words, and banks theirs; some write it small.
fn reference_in(name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    let at = name.find("CF-")?;
    let letters = name.get(at + 3..at + 11)?;
    let plain = letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| format!("CF-{letters}"))
}

fn read(body: &[u8]) -> Result<Value, OrderError> {
    serde_json::from_slice(body).map_err(|error| invalid("body", error.to_string()))
}
