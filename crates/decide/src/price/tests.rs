#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn usd(text: &str) -> Nano {
    text.parse().unwrap()
}

/// Dollars per million: input, cached input, output.
fn rates(input: &str, cached: &str, output: &str) -> Rates {
    Rates {
        input: usd(input),
        cached_input: Some(usd(cached)),
        output: usd(output),
        ..Rates::default()
    }
}

fn gpt_4_1() -> Price {
    Price::flat(rates("2.00", "0.50", "8.00"))
}

/// Anthropic's rows as they were in 2025: long contexts at twice the price.
fn claude_sonnet_4() -> Price {
    let short = Rates {
        cache_write: Some(usd("3.75")),
        cache_write_1h: Some(usd("6.00")),
        ..rates("3.00", "0.30", "15.00")
    };
    let long = Rates {
        cache_write: Some(usd("7.50")),
        cache_write_1h: Some(usd("12.00")),
        ..rates("6.00", "0.60", "22.50")
    };
    Price {
        rates: short,
        tiers: vec![Tier {
            above_input_tokens: 200_000,
            rates: long,
        }],
        batch_percent: Some(50),
    }
}

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens {
        input,
        output,
        ..Tokens::default()
    }
}

#[test]
fn each_kind_of_token_costs_its_own_rate() {
    let table = [
        ("nothing", gpt_4_1(), tokens(0, 0), "0.00"),
        ("text", gpt_4_1(), tokens(1_000, 500), "0.006"),
        ("one token of output", gpt_4_1(), tokens(0, 1), "0.000008"),
        (
            "cached",
            gpt_4_1(),
            Tokens {
                cached_input: 800,
                ..tokens(1_000, 500)
            },
            "0.0048",
        ),
        (
            "reasoning costs as output does",
            gpt_4_1(),
            Tokens {
                reasoning: 400,
                ..tokens(1_000, 500)
            },
            "0.006",
        ),
        (
            "written for five minutes and an hour",
            claude_sonnet_4(),
            Tokens {
                cached_input: 100,
                cache_write: 300,
                cache_write_1h: 200,
                ..tokens(1_000, 10)
            },
            "0.003555",
        ),
        ("at the border", claude_sonnet_4(), tokens(200_000, 100), "0.6015"),
        (
            "beyond the border all tokens are dearer",
            claude_sonnet_4(),
            tokens(200_001, 100),
            "1.202256",
        ),
    ];
    for (what, price, tokens, wanted) in table {
        assert_eq!(cost(&price, &tokens), Ok(usd(wanted)), "{what}");
    }
}

#[test]
fn reasoning_audio_and_images_that_are_billed_apart() {
    let price = Price::flat(Rates {
        reasoning: Some(usd("4.00")),
        audio_input: Some(usd("40.00")),
        image_input: Some(usd("5.00")),
        audio_output: Some(usd("80.00")),
        image_output: Some(usd("30.00")),
        ..rates("2.00", "0.50", "8.00")
    });
    let tokens = Tokens {
        audio_input: 100,
        image_input: 200,
        reasoning: 10,
        audio_output: 20,
        image_output: 30,
        ..tokens(1_000, 100)
    };
    // 100 x 40 + 200 x 5 + 700 x 2 + 10 x 4 + 20 x 80 + 30 x 30 + 40 x 8, millionths of a dollar.
    assert_eq!(cost(&price, &tokens), Ok(usd("0.00926")));
}

#[test]
fn contradictory_counts_never_cost_more_than_their_sums() {
    let absurd = Tokens {
        cached_input: 5_000,
        cache_write: 5_000,
        cache_write_1h: 9_000,
        reasoning: 9_000,
        ..tokens(1_000, 500)
    };
    assert_eq!(cost(&gpt_4_1(), &absurd), Ok(usd("0.0045")));
}

#[test]
fn a_cost_is_rounded_once_and_half_to_even() {
    // Half a nano-USD a token.
    let price = Price::flat(Rates {
        input: usd("0.0005"),
        ..Rates::default()
    });
    let costs = [1, 2, 3, 5].map(|input| cost(&price, &tokens(input, 0)).unwrap().get());
    assert_eq!(costs, [0, 1, 2, 2]);
}

#[test]
fn absurd_amounts_are_errors() {
    let price = Price::flat(Rates {
        input: Nano::MAX,
        output: Nano::MAX,
        ..Rates::default()
    });
    assert_eq!(cost(&price, &tokens(u64::MAX, u64::MAX)), Err(TooMuch));
    assert_eq!(cost(&gpt_4_1(), &tokens(u64::MAX, 0)), Err(TooMuch));
    assert_eq!(greatest(&price, u64::MAX, u64::MAX), Err(TooMuch));
}

#[test]
fn a_batch_costs_its_percentage() {
    let batch = claude_sonnet_4().batch().unwrap();
    assert_eq!(cost(&batch, &tokens(1_000, 0)), Ok(usd("0.0015")));
    assert_eq!(cost(&batch, &tokens(300_000, 0)), Ok(usd("0.90")));
    assert_eq!(gpt_4_1().batch(), None);
}

#[test]
fn a_price_holds_from_its_date_until_the_next() {
    let row = |from_unix_ms, price| Row { from_unix_ms, price };
    let dated = Dated::new(vec![row(200, claude_sonnet_4()), row(100, gpt_4_1())]);
    let held = [99, 100, 199, 200, i64::MAX].map(|at| dated.at(at).cloned());
    let (first, second) = (Some(gpt_4_1()), Some(claude_sonnet_4()));
    assert_eq!(held, [None, first.clone(), first, second.clone(), second]);
}

fn book(rows: &[(&str, i64, &str)]) -> Prices {
    Prices::new(rows.iter().map(|(model, from_unix_ms, input)| {
        let price = Price::flat(rates(input, input, input));
        let row = Row {
            from_unix_ms: *from_unix_ms,
            price,
        };
        ((*model).to_owned(), row)
    }))
}

fn input_rate(prices: &Prices, provider: &str, model: &str, at: i64) -> Option<String> {
    let price = prices.of(provider, model)?.at(at)?;
    Some(price.rates.input.to_string())
}

#[test]
fn a_model_is_found_by_its_provider_its_name_and_without_its_date() {
    let prices = book(&[
        ("gpt-4.1", i64::MIN, "2.00"),
        ("gpt-4o", i64::MIN, "2.50"),
        ("gpt-4o-2024-05-13", i64::MIN, "5.00"),
        ("relay/gpt-4.1", i64::MIN, "1.50"),
        ("local/*", i64::MIN, "0.00"),
    ]);
    for (provider, model, wanted) in [
        ("openai", "gpt-4.1", Some("2.00")),
        ("openai", "gpt-4.1-2025-04-14", Some("2.00")),
        ("openai", "gpt-4o-2024-08-06", Some("2.50")),
        ("openai", "gpt-4o-2024-05-13", Some("5.00")),
        ("relay", "gpt-4.1", Some("1.50")),
        ("relay", "gpt-4.1-2025-04-14", Some("1.50")),
        ("local", "llama", Some("0.00")),
        ("local", "gpt-4.1", Some("2.00")),
        ("openai", "gpt-4.1-mini", None),
        ("openai", "gpt-4", None),
        ("openai", "*", None),
    ] {
        let found = input_rate(&prices, provider, model, 0);
        assert_eq!(found.as_deref(), wanted, "{provider} {model}");
    }
}

#[test]
fn an_override_holds_from_its_date_and_what_is_shipped_before() {
    let shipped = book(&[("a", i64::MIN, "1.00"), ("a", 500, "2.00"), ("b", 0, "3.00")]);
    let prices = book(&[("a", 300, "9.00"), ("c", 0, "4.00")]).over(&shipped);
    for (model, at, wanted) in [
        ("a", 299, "1.00"),
        ("a", 300, "9.00"),
        ("a", 600, "9.00"),
        ("b", 1, "3.00"),
        ("c", 1, "4.00"),
    ] {
        assert_eq!(
            input_rate(&prices, "x", model, at).as_deref(),
            Some(wanted),
            "{model} at {at}"
        );
    }
}

prop_compose! {
    fn any_rates()(
        sums in prop::array::uniform2(0i64..100_000_000_000),
        parts in prop::array::uniform8(prop::option::of(0i64..100_000_000_000)),
    ) -> Rates {
        let [cached_input, cache_write, cache_write_1h, audio_input, image_input, reasoning, audio_output, image_output] =
            parts.map(|rate| rate.map(Nano::new));
        let [input, output] = sums.map(Nano::new);
        Rates { input, cached_input, cache_write, cache_write_1h, audio_input, image_input, output, reasoning, audio_output, image_output }
    }
}

prop_compose! {
    fn any_price()(rates in any_rates(), tiers in prop::collection::btree_map(1u64..2_000_000, any_rates(), 0..3)) -> Price {
        let tier = |(above_input_tokens, rates)| Tier { above_input_tokens, rates };
        Price { rates, tiers: tiers.into_iter().map(tier).collect(), batch_percent: None }
    }
}

prop_compose! {
    fn any_tokens()(counts in prop::array::uniform10(0u64..2_000_000)) -> Tokens {
        let [input, cached_input, cache_write, cache_write_1h, audio_input, image_input, output, reasoning, audio_output, image_output] = counts;
        Tokens { input, cached_input, cache_write, cache_write_1h, audio_input, image_input, output, reasoning, audio_output, image_output }
    }
}

proptest! {
    #[test]
    fn no_request_within_its_bounds_costs_more_than_the_greatest(
        price in any_price(), tokens in any_tokens(), more in prop::array::uniform2(0u64..1000),
    ) {
        let bound = greatest(&price, tokens.input + more[0], tokens.output + more[1]).unwrap();
        prop_assert!(cost(&price, &tokens).unwrap() <= bound);
    }

    #[test]
    fn one_rate_for_all_kinds_makes_kinds_irrelevant(rate in 0i64..100_000_000_000, tokens in any_tokens()) {
        let rate = Nano::new(rate);
        let price = Price::flat(Rates { input: rate, output: rate, ..Rates::default() });
        let plain = super::Tokens { input: tokens.input, output: tokens.output, ..Tokens::default() };
        prop_assert_eq!(cost(&price, &tokens), cost(&price, &plain));
    }

    #[test]
    fn a_cost_is_off_by_half_a_nano_at_most(price in any_price(), input in 0u64..3_000_000, output in 0u64..100_000) {
        let rates = *price.rates_for(input);
        let exact = i128::from(input) * i128::from(rates.input.get()) + i128::from(output) * i128::from(rates.output.get());
        let rounded = i128::from(cost(&price, &tokens(input, output)).unwrap().get());
        prop_assert!((exact - rounded * 1_000_000).abs() <= 500_000);
    }
}

#[test]
fn a_markup_is_rounded_together_with_the_price() {
    // 2.5 nano-dollars a token, 20 % more: 3, where the price rounded by itself would be 2 and with its markup 2.4.
    let price = Price::flat(Rates {
        output: Nano::new(2_500_000),
        ..Rates::default()
    });
    let token = Tokens {
        output: 1,
        ..Tokens::default()
    };
    assert_eq!(cost(&price, &token), Ok(Nano::new(2)));
    assert_eq!(sold(&price, &token, 2_000), Ok(Nano::new(3)));
    assert_eq!(sold(&price, &token, -4_000), Ok(Nano::new(2)));
    assert_eq!(sold(&price, &token, i64::MAX), Err(TooMuch));
}
