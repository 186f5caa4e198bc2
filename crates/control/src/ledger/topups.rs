//! Orders for credit, whoever the money comes by.
//!
//! An order is bound to its provider, amount and currency when it is made. Whatever a provider says later is compared
//! with the order's own row, never believed; then `store::topups` pays it, once.

use decide::book::BookAccount;
use decide::money::{NANO_PER_USD, Nano};
use store::StoreError;
use store::topups::{NewTopup, NotDone, Topup};

use super::toss::{self, TossError};
use super::{Ledger, payment};
use crate::config::Topups;
use crate::desk::now;

/// Who the money comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// An admin says so, with a reason.
    Manual,
    BankTransfer,
    Toss,
    Stripe,
    Voucher,
}

/// An order that is asked for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub id: String,
    pub account: String,
    pub provider: String,
    /// Decimal, in the currency's units. Not of a voucher, which has its own.
    pub amount: Option<String>,
    /// Such as `KRW`; dollars by default.
    pub currency: Option<String>,
    pub reason: Option<String>,
    /// Of a voucher.
    pub code: Option<String>,
}

/// Why an order is not made, paid or paid back.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("{message}")]
    Invalid { param: &'static str, message: String },
    #[error("{0}")]
    Conflict(String),
    /// The provider could not be asked, or refused.
    #[error("{0}")]
    Provider(String),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Currencies that have no smaller unit (ISO 4217), as far as payments in them are usual.
const WHOLE_UNITS: [&str; 4] = ["KRW", "JPY", "VND", "CLP"];
/// Digits and letters that nobody takes for one another.
const REFERENCE_LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

impl Provider {
    pub fn name(self) -> &'static str {
        match self {
            Provider::Manual => "manual",
            Provider::BankTransfer => "bank_transfer",
            Provider::Toss => "toss",
            Provider::Stripe => "stripe",
            Provider::Voucher => "voucher",
        }
    }

    /// A provider that takes orders by this configuration.
    fn named(name: &str, config: &Topups) -> Result<Provider, OrderError> {
        let all = [
            (Provider::Manual, true),
            (Provider::BankTransfer, config.bank_transfer.is_some()),
            (Provider::Toss, config.toss.is_some()),
            (Provider::Stripe, config.stripe.is_some()),
            (Provider::Voucher, true),
        ];
        let found = all
            .into_iter()
            .find(|(provider, is_on)| provider.name() == name && *is_on);
        let on: Vec<_> = all
            .iter()
            .filter(|(_, is_on)| *is_on)
            .map(|(provider, _)| provider.name())
            .collect();
        found
            .map(|(provider, _)| provider)
            .ok_or_else(|| OrderError::Invalid {
                param: "provider",
                message: format!("'{name}' takes no orders here; there are {}", on.join(", ")),
            })
    }

    fn of(topup: &Topup) -> Option<Provider> {
        [
            Provider::Manual,
            Provider::BankTransfer,
            Provider::Toss,
            Provider::Stripe,
            Provider::Voucher,
        ]
        .into_iter()
        .find(|provider| provider.name() == topup.provider)
    }

    /// The other side of its credit in the book.
    pub(super) fn book_account(self) -> BookAccount {
        match self {
            Provider::Voucher => BookAccount::Vouchers,
            _ => BookAccount::PaymentsReceived,
        }
    }
}

impl Ledger {
    /// Makes an order; one by an admin or a voucher is paid at once. The same id again changes nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn order(&self, wanted: Order, config: &Topups) -> Result<Topup, OrderError> {
        let provider = Provider::named(&wanted.provider, config)?;
        check_id(&wanted.id)?;
        store::accounts::get(self.store(), &wanted.account).await?;
        if provider == Provider::Voucher {
            return self.redeem(wanted).await;
        }
        if provider == Provider::Manual
            && wanted
                .reason
                .as_deref()
                .is_none_or(|reason| reason.trim().is_empty())
        {
            return Err(invalid("reason", "a manual top-up needs a reason"));
        }
        let currency = wanted.currency.as_deref().unwrap_or("USD").to_ascii_uppercase();
        let amount = amount(wanted.amount.as_deref().unwrap_or_default(), &currency)?;
        let rate = rate(&currency, config)?;
        let usd = Nano::new(amount)
            .share(rate.unsigned_abs(), NANO_PER_USD.unsigned_abs())
            .filter(|usd| usd.get() > 0)
            .ok_or_else(|| invalid("amount", "the amount is not one that can be booked"))?;
        let waits = i64::try_from(config.expire_after.duration().as_millis()).unwrap_or(i64::MAX);
        let at = now();
        let order = NewTopup {
            id: wanted.id,
            account: wanted.account,
            provider: provider.name().to_owned(),
            amount_nanos: amount,
            currency,
            rate_nanos: rate,
            usd_nanos: usd.get(),
            reference: (provider == Provider::BankTransfer).then(reference),
            reason: wanted.reason,
            at,
            expires_at: (provider != Provider::Manual).then(|| at.saturating_add(waits)),
        };
        let made = store::topups::create(self.store(), &order).await?;
        match provider {
            Provider::Manual => self.pay(&made, None).await,
            _ => Ok(made),
        }
    }

    async fn redeem(&self, wanted: Order) -> Result<Topup, OrderError> {
        // The same words whatever is wrong with it: nobody is told which codes exist.
        let bad = || invalid("code", "this code is unknown, used or expired");
        let code = wanted
            .code
            .as_deref()
            .map(str::trim)
            .filter(|code| !code.is_empty())
            .ok_or_else(bad)?;
        match store::topups::get(self.store(), &wanted.id).await {
            Ok(known) if known.provider == Provider::Voucher.name() && known.account == wanted.account => {}
            Ok(_) => return Err(NotDone::Other(wanted.id).into()),
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let digest = gateway::digest(code.to_ascii_uppercase().as_bytes());
        let at = now();
        let voucher = store::vouchers::take(self.store(), &digest, (&wanted.id, &wanted.account), at)
            .await?
            .ok_or_else(bad)?;
        let order = NewTopup {
            id: wanted.id,
            account: wanted.account,
            provider: Provider::Voucher.name().to_owned(),
            amount_nanos: voucher.usd_nanos,
            currency: "USD".to_owned(),
            rate_nanos: NANO_PER_USD,
            usd_nanos: voucher.usd_nanos,
            reference: None,
            reason: wanted
                .reason
                .or(Some(format!("voucher of batch {}", voucher.batch))),
            at,
            expires_at: None,
        };
        let made = store::topups::create(self.store(), &order).await?;
        self.pay(&made, None).await
    }

    /// An admin, or the provider asked by us, confirms an order.
    ///
    /// # Errors
    /// If it cannot be confirmed this way, or the provider says otherwise.
    pub async fn confirm(
        &self,
        id: &str,
        payment_key: Option<&str>,
        config: &Topups,
    ) -> Result<Topup, OrderError> {
        let order = store::topups::get(self.store(), id).await?;
        if order.paid_at.is_some() {
            return Ok(order);
        }
        match Provider::of(&order) {
            Some(Provider::BankTransfer) => self.pay(&order, None).await,
            Some(Provider::Toss) => {
                let toss = config
                    .toss
                    .as_ref()
                    .ok_or_else(|| OrderError::Conflict("toss is not configured".into()))?;
                let key =
                    payment_key.ok_or_else(|| invalid("payment_key", "toss needs the payment's key"))?;
                check_payment_key(key)?;
                if order.state != "pending" {
                    return Err(OrderError::Conflict(format!("top-up '{id}' is {}", order.state)));
                }
                let confirmed = toss::confirm(toss, key, &order.id, payment::whole_units(&order)).await;
                let said = match confirmed {
                    Ok(said) => said,
                    // It may be confirmed already, by a request whose answer was lost.
                    Err(TossError::Refused(why)) => match toss::look(toss, key).await {
                        Ok(said) => said,
                        Err(_) => return Err(OrderError::Provider(format!("toss refused: {why}"))),
                    },
                    Err(TossError::Unreachable(why)) => {
                        return Err(OrderError::Provider(format!(
                            "toss cannot be asked, try again: {why}"
                        )));
                    }
                };
                self.take_toss(&order, &said).await
            }
            _ => Err(OrderError::Conflict(format!(
                "a top-up by {} confirms itself",
                order.provider
            ))),
        }
    }

    /// Pays an order back, in part or all that is left; the same refund id again changes nothing.
    ///
    /// # Errors
    /// If the account's credit does not cover it any more, or the provider refuses.
    pub async fn refund(
        &self,
        id: &str,
        refund: &str,
        amount_text: Option<&str>,
        reason: &str,
        config: &Topups,
    ) -> Result<Topup, OrderError> {
        check_id(refund)?;
        let before = store::topups::get(self.store(), id).await?;
        let provider = Provider::of(&before);
        let part = amount_text
            .map(|text| amount(text, &before.currency))
            .transpose()?;
        let to = match provider {
            Some(Provider::Voucher) => BookAccount::Vouchers,
            _ => BookAccount::Refunds,
        };
        // First out of the account, so that it cannot be spent meanwhile; then back to the payer.
        // What is reserved for requests to come is there for it.
        self.reserves.release(&before.account);
        self.scribe.flush().await;
        let after = store::topups::refund(self.store(), id, refund, part, to, now()).await?;
        if let (Some(Provider::Toss), Some(toss), Some(key)) = (provider, &config.toss, &after.payment) {
            let units = part.unwrap_or(before.amount_nanos - before.refunded_nanos).max(0) / NANO_PER_USD;
            if let Err(TossError::Refused(why) | TossError::Unreachable(why)) =
                toss::cancel(toss, key, refund, units.unsigned_abs(), reason).await
            {
                let message = format!(
                    "the refund is booked, but toss did not pay it back: {why}; send the same refund again"
                );
                return Err(OrderError::Provider(message));
            }
        }
        Ok(after)
    }

    /// Books a payment that was found right.
    pub(super) async fn pay(&self, order: &Topup, by: Option<&str>) -> Result<Topup, OrderError> {
        let from = Provider::of(order).unwrap_or(Provider::Manual).book_account();
        let paid = store::topups::pay(self.store(), &order.id, by, from, now()).await?;
        if by.is_some() && paid.payment.as_deref() != by {
            tracing::error!(
                topup = order.id,
                payment = by,
                "a second payment came for an order that is paid; it was not credited, pay it back"
            );
        }
        Ok(paid)
    }
}

pub(super) fn invalid(param: &'static str, message: impl Into<String>) -> OrderError {
    let message = message.into();
    OrderError::Invalid { param, message }
}

/// Toss takes 6 to 64 of these as an order's id.
fn check_id(id: &str) -> Result<(), OrderError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=:".contains(&byte);
    if (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(invalid("id", "an id has 1 to 64 letters, digits and -_.=:"))
}

/// It becomes part of a path.
pub(super) fn check_payment_key(key: &str) -> Result<(), OrderError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    if (1..=200).contains(&key.len()) && key.bytes().all(plain) {
        return Ok(());
    }
    Err(invalid("payment_key", "this is no payment key of toss"))
}

/// Thousand-millionths of a currency's unit.
pub(super) fn amount(text: &str, currency: &str) -> Result<i64, OrderError> {
    let amount: Nano = text
        .parse()
        .map_err(|error| invalid("amount", format!("'{text}' is no amount: {error}")))?;
    let smallest = if WHOLE_UNITS.contains(&currency) {
        NANO_PER_USD
    } else {
        NANO_PER_USD / 100
    };
    if amount.get() <= 0 || amount.get() % smallest != 0 {
        let message = format!("'{text}' is no amount that can be paid in {currency}");
        return Err(invalid("amount", message));
    }
    Ok(amount.get())
}

fn rate(currency: &str, config: &Topups) -> Result<i64, OrderError> {
    if currency == "USD" {
        return Ok(NANO_PER_USD);
    }
    let rate = config
        .rates
        .get(currency)
        .map(|rate| rate.nano())
        .filter(|rate| *rate > 0);
    rate.ok_or_else(|| {
        let message = format!("no rate is known for '{currency}'; the configuration's topups.rates has them");
        invalid("currency", message)
    })
}

/// What a payer writes: `CF-` and eight letters that are hard to get wrong.
fn reference() -> String {
    let letter = || {
        REFERENCE_LETTERS
            .get(fastrand::usize(..REFERENCE_LETTERS.len()))
            .copied()
    };
    let letters = std::iter::repeat_with(letter).take(8).flatten().map(char::from);
    format!("CF-{}", letters.collect::<String>())
}
