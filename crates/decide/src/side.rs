//! The two environments and the share of traffic one of them gets.

use std::fmt;

/// Which environment of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Stable, in service.
    Blue,
    /// The candidate.
    Green,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Blue => "blue",
            Side::Green => "green",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A share of traffic in hundredths of a percent, 0 to 10,000.
///
/// An integer, so that 0 and 100 % are exact and two gateways agree on every unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    pub const NONE: Share = Share(0);
    pub const ALL: Share = Share(10_000);

    /// `hundredths` of a percent; `None` above 10,000.
    pub fn from_hundredths(hundredths: u16) -> Option<Share> {
        (hundredths <= Self::ALL.0).then_some(Share(hundredths))
    }

    /// `percent` from 0 to 100 in steps of 0.01; `None` for anything else.
    pub fn from_percent(percent: f64) -> Option<Share> {
        let hundredths = percent * 100.0;
        // 0.07 * 100 is 7.000000000000001: a step is exact up to the float's own error.
        let near = hundredths.round();
        let on_a_step = (hundredths - near).abs() < 1e-6;
        (on_a_step && (0.0..=10_000.0).contains(&near)).then_some(Share(near as u16))
    }

    /// Reads `12`, `12.5` or `12.34`; digits past the second decimal are rounded.
    pub fn parse(text: &str) -> Option<Share> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let percent: f64 = plain.then(|| text.parse().ok())??;
        (percent <= 100.0).then_some(Share((percent * 100.0).round() as u16))
    }

    pub fn hundredths(self) -> u16 {
        self.0
    }

    pub fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// What the other side gets.
    pub fn rest(self) -> Share {
        Share(Self::ALL.0 - self.0)
    }

    /// Whether a point drawn from all of `u64` falls into this share.
    ///
    /// Never at 0, always at 100 %, and a growing share keeps every point it had.
    pub fn takes(self, point: u64) -> bool {
        let cell = (u128::from(point) * u128::from(Self::ALL.0)) >> 64;
        cell < u128::from(self.0)
    }

    pub fn is_exact(self) -> bool {
        self == Self::NONE || self == Self::ALL
    }
}

impl fmt::Display for Share {
    /// `12.5%`, without trailing zeros.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_at_both_ends() {
        for point in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!Share::NONE.takes(point));
            assert!(Share::ALL.takes(point));
        }
    }

    #[test]
    fn a_share_splits_the_points_as_it_says() {
        let share = Share::parse("12.5").unwrap();
        let taken = (0..=u64::MAX - 1_000_000)
            .step_by(u64::MAX as usize / 80_000)
            .filter(|p| share.takes(*p))
            .count();
        assert!((9_990..=10_010).contains(&taken), "{taken}");
    }

    #[test]
    fn only_percentages_are_shares() {
        assert_eq!(Share::parse("0"), Some(Share::NONE));
        assert_eq!(Share::parse("100.00"), Some(Share::ALL));
        assert_eq!(Share::parse("12.34").map(Share::hundredths), Some(1234));
        for bad in ["", "-1", "100.01", "1e1", "ten", "+5", ".", "1.2.3", "NaN", "inf"] {
            assert_eq!(Share::parse(bad), None, "{bad}");
        }
        assert_eq!(Share::from_percent(0.07).map(Share::hundredths), Some(7));
        assert_eq!(Share::from_percent(0.005), None);
        assert_eq!(Share::from_percent(f64::NAN), None);
    }

    #[test]
    fn shares_print_without_trailing_zeros() {
        assert_eq!(Share::parse("87.50").unwrap().to_string(), "87.5%");
        assert_eq!(Share::ALL.to_string(), "100%");
    }
}
