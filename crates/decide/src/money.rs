//! Amounts of US dollars as integers of a thousand-millionth dollar (nano-USD). They end in a ledger, so there
//! is no float anywhere, every sum is checked, and what has to be rounded is rounded in one place.

use std::fmt;
use std::str::FromStr;

/// Nano-USD in one US dollar.
pub const NANO_PER_USD: i64 = 1_000_000_000;

/// Decimals of a dollar that a nano-USD can hold.
const DECIMALS: usize = 9;

/// An amount of US dollars in nano-USD, of either sign: up to 9.2 thousand million dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nano(i64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    #[error("not an amount of dollars")]
    Syntax,
    #[error("more than 9 decimals")]
    TooFine,
    #[error("too many dollars")]
    TooLarge,
}

impl Nano {
    pub const ZERO: Nano = Nano(0);
    pub const MAX: Nano = Nano(i64::MAX);

    pub const fn new(nano_usd: i64) -> Nano {
        Nano(nano_usd)
    }

    /// In nano-USD.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// None if it does not fit.
    pub fn from_wide(nano_usd: i128) -> Option<Nano> {
        i64::try_from(nano_usd).ok().map(Nano)
    }

    #[must_use]
    pub fn plus(self, other: Nano) -> Option<Nano> {
        self.0.checked_add(other.0).map(Nano)
    }

    #[must_use]
    pub fn minus(self, other: Nano) -> Option<Nano> {
        self.0.checked_sub(other.0).map(Nano)
    }

    /// The same amount the other way round.
    #[must_use]
    pub fn negated(self) -> Option<Nano> {
        self.0.checked_neg().map(Nano)
    }

    /// The share `numerator / denominator` of it, rounded half to even. None if that does not fit or the
    /// denominator is 0.
    #[must_use]
    pub fn share(self, numerator: u64, denominator: u64) -> Option<Nano> {
        let product = i128::from(self.0).checked_mul(i128::from(numerator))?;
        Nano::from_wide(divide_half_even(product, i128::from(denominator))?)
    }

    /// The sum, exact whatever the order. None if it does not fit.
    pub fn sum(amounts: impl IntoIterator<Item = Nano>) -> Option<Nano> {
        Nano::from_wide(sum(amounts))
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// The sum in nano-USD: no count of amounts that fits into a computer overflows it.
pub fn sum(amounts: impl IntoIterator<Item = Nano>) -> i128 {
    amounts.into_iter().map(|amount| i128::from(amount.0)).sum()
}

/// Division rounded to the nearest integer, and to the even one from the middle between two ("banker's
/// rounding"), so that many roundings do not add up to a side. The only place that rounds money. None for a
/// denominator of 0 or a quotient that does not fit.
pub fn divide_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let down = numerator.checked_div_euclid(denominator)?;
    // Between 0 and |denominator|, which `i128::MIN` alone could not negate.
    let rest = numerator.checked_rem_euclid(denominator)?.unsigned_abs();
    let other_half = denominator.unsigned_abs() - rest;
    let up = rest > other_half || (rest == other_half && down.rem_euclid(2) == 1);
    // `div_euclid` rounds away from zero for a negative denominator: one step is against its sign.
    if up {
        down.checked_add(denominator.signum())
    } else {
        Some(down)
    }
}

impl FromStr for Nano {
    type Err = NoAmount;

    /// Digits with an optional sign in front and at most 9 decimals: `2`, `-0.075`. No exponent, no currency.
    fn from_str(text: &str) -> Result<Nano, NoAmount> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling = digits.ends_with('.');
        if whole.is_empty() || dangling || !is_number(whole) || !is_number(fraction) {
            return Err(NoAmount::Syntax);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(NoAmount::TooFine);
        }
        let nano = format!("{fraction:0<DECIMALS$}").parse::<i128>().ok();
        let whole = whole.parse::<i64>().ok().map(i128::from);
        whole
            .zip(nano)
            .and_then(|(whole, nano)| Nano::from_wide(sign * (whole * i128::from(NANO_PER_USD) + nano)))
            .ok_or(NoAmount::TooLarge)
    }
}

impl fmt::Display for Nano {
    /// In dollars, exact: at least two decimals, no zeros after them: `2.00`, `-0.075`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let fraction = format!("{:09}", size % NANO_PER_USD.unsigned_abs());
        let shown = fraction.trim_end_matches('0');
        let sign = if self.is_negative() { "-" } else { "" };
        write!(out, "{sign}{}.{shown:0<2}", size / NANO_PER_USD.unsigned_abs())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dollars_are_read_and_written_exactly() {
        for (written, nano, shown) in [
            ("2", 2_000_000_000, "2.00"),
            ("0.075", 75_000_000, "0.075"),
            ("0.000000001", 1, "0.000000001"),
            ("-0.50", -500_000_000, "-0.50"),
            ("0.1000000000000", 100_000_000, "0.10"),
            ("9223372036.854775807", i64::MAX, "9223372036.854775807"),
            ("-9223372036.854775808", i64::MIN, "-9223372036.854775808"),
        ] {
            let amount: Nano = written.parse().unwrap();
            assert_eq!((amount.get(), amount.to_string().as_str()), (nano, shown));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_cause() {
        for (bad, cause) in [
            ("", NoAmount::Syntax),
            ("-", NoAmount::Syntax),
            (".5", NoAmount::Syntax),
            ("5.", NoAmount::Syntax),
            ("--1", NoAmount::Syntax),
            ("+1", NoAmount::Syntax),
            ("1e3", NoAmount::Syntax),
            ("$2", NoAmount::Syntax),
            ("1,000", NoAmount::Syntax),
            ("0.0000000001", NoAmount::TooFine),
            ("9223372036.854775808", NoAmount::TooLarge),
            ("99999999999999999999999", NoAmount::TooLarge),
        ] {
            assert_eq!(bad.parse::<Nano>(), Err(cause), "{bad}");
        }
    }

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        let rounded = [(5, 2), (7, 2), (-5, 2), (-7, 2), (1, 2), (3, 2), (-1, 2), (-3, 2)]
            .map(|(numerator, denominator)| divide_half_even(numerator, denominator).unwrap());
        assert_eq!(rounded, [2, 4, -2, -4, 0, 2, 0, -2]);
        assert_eq!(divide_half_even(1, 0), None);
        assert_eq!(divide_half_even(5, -2), Some(-2));
        assert_eq!(divide_half_even(i128::MIN, -1), None);
    }

    #[test]
    fn what_does_not_fit_is_none_and_never_wraps() {
        let one = Nano::new(1);
        assert_eq!(Nano::MAX.plus(one), None);
        assert_eq!(Nano::new(i64::MIN).minus(one), None);
        assert_eq!(Nano::new(i64::MIN).negated(), None);
        assert_eq!(Nano::MAX.share(3, 2), None);
        assert_eq!(Nano::sum([Nano::MAX, one]), None);
        assert_eq!(Nano::sum([Nano::MAX, one, Nano::new(-1)]), Some(Nano::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nano in any::<i64>()) {
            let amount = Nano::new(nano);
            prop_assert_eq!(amount.to_string().parse::<Nano>(), Ok(amount));
        }

        #[test]
        fn rounding_is_off_by_half_at_most_and_the_same_on_both_sides_of_zero(
            numerator in -(1i128 << 100)..(1i128 << 100),
            denominator in 1i128..(1 << 60),
        ) {
            let rounded = divide_half_even(numerator, denominator).unwrap();
            let off = (numerator - rounded * denominator).abs();
            prop_assert!(2 * off <= denominator);
            prop_assert!(2 * off < denominator || rounded % 2 == 0);
            prop_assert_eq!(divide_half_even(-numerator, denominator), Some(-rounded));
            prop_assert_eq!(divide_half_even(numerator, -denominator), Some(-rounded));
        }
    }
}
