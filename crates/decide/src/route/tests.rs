//! The routing rules, line by line.

use super::*;
use Because::*;

const HALF_UP: u64 = u64::MAX / 2 + 1_000;

fn table(green: &str) -> Table {
    let mut names = Names::default();
    names.add_deployment("gpt");
    names.add_deployment("plain");
    names.add_deployment("latched");
    names.add_deployment("vendor@green");
    assert!(names.add_alias("old", "gpt"));
    assert!(names.add_alias("next", "gpt@green"));
    assert!(!names.add_alias("lost", "nothing"));
    names.add_provider("openai", 0);
    names.publish("gpt-mini", 0);
    assert!(names.add_alias("mini", "gpt-mini"));
    assert!(names.add_alias("older", "old@green"));
    let split = Route {
        revision: 7,
        green: Share::parse(green).unwrap(),
        has_green: true,
        latched: false,
        salt: 42,
        sticky: Sticky::Auto,
    };
    let plain = Route {
        has_green: false,
        green: Share::NONE,
        ..split
    };
    let latched = Route {
        green: Share::NONE,
        latched: true,
        ..split
    };
    Table {
        names: names.into(),
        routes: vec![split, plain, latched, plain],
    }
}

fn ask(model: &str) -> Ask<'_> {
    Ask {
        model,
        environment: None,
        canary: false,
        blue_weight: None,
        session: None,
        reference: None,
        user: None,
        key: b"key",
        conversation: Continues::Nothing,
        allowed: &Allowed::All,
        may_override: true,
    }
}

/// `side reason` for a request that draws the middle of the range.
fn routed(table: &Table, ask: Ask) -> String {
    match choose(table, &ask, |_| None, || HALF_UP) {
        Ok(choice) => format!("{} {}", choice.side, choice.because.name()),
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn weight(percent: &str) -> Option<Share> {
    Share::parse(percent)
}

#[test]
fn the_routing_rules_line_by_line() {
    let (at_0, at_10, at_60, at_100) = (table("0"), table("10"), table("60"), table("100"));
    let green = Some(Side::Green);
    let blue = Some(Side::Blue);
    let gpt = ask("gpt");
    let rows: Vec<(&Table, Ask, &str)> = vec![
        // automatic traffic
        (&at_0, gpt, "blue split"),
        (&at_10, gpt, "blue split"),
        (&at_60, gpt, "green split"),
        (&at_100, gpt, "green split"),
        (&at_10, ask("plain"), "blue only"),
        (&at_10, ask("old"), "blue split"),
        (&at_10, ask("openai/anything"), "blue only"),
        (&at_10, ask("gpt-mini"), "blue only"),
        (&at_10, ask("mini"), "blue only"),
        // a forced side: header, then suffix, then canary
        (
            &at_0,
            Ask {
                environment: green,
                ..gpt
            },
            "green header",
        ),
        (
            &at_100,
            Ask {
                environment: blue,
                ..gpt
            },
            "blue header",
        ),
        (&at_0, ask("gpt@green"), "green model"),
        (&at_100, ask("old@blue"), "blue model"),
        (&at_0, ask("next"), "green model"),
        (&at_0, ask("older"), "green model"),
        (&at_0, ask("next@blue"), "blue model"),
        (&at_0, Ask { canary: true, ..gpt }, "green canary"),
        (
            &at_0,
            Ask {
                environment: blue,
                canary: true,
                ..ask("gpt@green")
            },
            "blue header",
        ),
        (
            &at_100,
            Ask {
                canary: true,
                ..ask("gpt@blue")
            },
            "blue model",
        ),
        (
            &at_10,
            Ask {
                environment: blue,
                ..ask("plain")
            },
            "blue header",
        ),
        // a side that is not there
        (&at_10, ask("plain@green"), "NoGreen { param: \"model\" }"),
        (
            &at_10,
            Ask {
                environment: green,
                ..ask("plain")
            },
            "NoGreen { param: \"X-Deployment-Environment\" }",
        ),
        (
            &at_10,
            Ask {
                canary: true,
                ..ask("plain")
            },
            "NoGreen { param: \"X-Canary\" }",
        ),
        (
            &at_10,
            Ask {
                environment: green,
                ..ask("openai/x")
            },
            "NoGreen { param: \"X-Deployment-Environment\" }",
        ),
        // the request's own weight
        (
            &at_0,
            Ask {
                blue_weight: weight("40"),
                ..gpt
            },
            "green request_weight",
        ),
        (
            &at_100,
            Ask {
                blue_weight: weight("60"),
                ..gpt
            },
            "blue request_weight",
        ),
        (
            &at_10,
            Ask {
                blue_weight: weight("0"),
                ..gpt
            },
            "green request_weight",
        ),
        (
            &at_10,
            Ask {
                blue_weight: weight("100"),
                session: Some("s"),
                ..gpt
            },
            "blue request_weight",
        ),
        // after a rollback
        (&at_10, ask("latched"), "blue split"),
        (
            &at_10,
            Ask {
                blue_weight: weight("0"),
                ..ask("latched")
            },
            "blue split",
        ),
        (&at_10, ask("latched@green"), "green model"),
        // names
        (&at_10, ask("nothing"), "ModelNotFound"),
        (&at_10, ask("nothing@green"), "ModelNotFound"),
        (&at_10, ask("gpt@purple"), "ModelNotFound"),
        (&at_10, ask("openai/"), "ModelNotFound"),
        (&at_10, ask("vendor@green"), "blue only"),
    ];
    for (number, (table, ask, expected)) in rows.into_iter().enumerate() {
        assert_eq!(routed(table, ask), expected, "row {number}: {}", ask.model);
    }
}

#[test]
fn a_key_that_may_not_override_is_told_which_field() {
    let table = table("10");
    let tied = Ask {
        may_override: false,
        ..ask("gpt")
    };
    let refused = |ask| match choose(&table, &ask, |_| None, || 0) {
        Err(Refusal::OverrideNotAllowed { param }) => param,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(Ask {
            environment: Some(Side::Blue),
            ..tied
        }),
        "X-Deployment-Environment"
    );
    assert_eq!(
        refused(Ask {
            model: "gpt@blue",
            ..tied
        }),
        "model"
    );
    assert_eq!(refused(Ask { canary: true, ..tied }), "X-Canary");
    assert_eq!(
        refused(Ask {
            blue_weight: Some(Share::ALL),
            ..tied
        }),
        "X-Blue-Weight"
    );
    assert_eq!(
        routed(
            &table,
            Ask {
                session: Some("s"),
                model: "gpt",
                ..tied
            }
        )
        .split(' ')
        .nth(1),
        Some("session")
    );
    // The operator's own alias may name a side.
    assert_eq!(
        routed(
            &table,
            Ask {
                model: "next",
                ..tied
            }
        ),
        "green model"
    );
}

#[test]
fn an_allow_list_holds_names_and_prefixes() {
    let table = table("0");
    let listed = Allowed::from_names(["gpt", "openai/*"]);
    let with = |model| {
        routed(
            &table,
            Ask {
                allowed: &listed,
                ..ask(model)
            },
        )
    };
    assert_eq!(with("gpt"), "blue split");
    assert_eq!(with("old"), "blue split");
    assert_eq!(with("openai/o9"), "blue only");
    assert_eq!(with("plain"), "ModelNotAllowed");
    assert_eq!(with("gpt-mini"), "ModelNotAllowed");
}

#[test]
fn a_unit_keeps_its_side_and_a_rising_share_never_sends_it_back() {
    for session in ["a", "b", "c", "d", "e", "f", "g"] {
        let mut was_green = false;
        for percent in ["0", "5", "20", "50", "80", "100"] {
            let table = table(percent);
            let asked = Ask {
                session: Some(session),
                ..ask("gpt")
            };
            let side = choose(&table, &asked, |_| None, || 0).unwrap().side;
            assert!(
                side == Side::Green || !was_green,
                "{session} went back at {percent}"
            );
            was_green = side == Side::Green;
        }
        assert!(was_green);
    }
}

#[test]
fn sessions_split_as_configured_and_anew_for_each_candidate() {
    let mut first = table("25");
    let greens = |table: &Table| -> Vec<u32> {
        let green = |n: &u32| {
            let name = format!("session-{n}");
            choose(
                table,
                &Ask {
                    session: Some(&name),
                    ..ask("gpt")
                },
                |_| None,
                || 0,
            )
            .unwrap()
            .side
                == Side::Green
        };
        (0..4_000).filter(green).collect()
    };
    let before = greens(&first);
    assert!((900..1_100).contains(&before.len()), "{}", before.len());
    first.routes[0].salt = 43;
    assert_ne!(before, greens(&first));
}

#[test]
fn a_conversation_stays_where_its_first_turn_went() {
    let table = table("50");
    let first = Ask {
        conversation: Continues::Starts(9),
        ..ask("gpt")
    };
    let later = Ask {
        conversation: Continues::Follows(9),
        ..ask("gpt")
    };
    let opened = choose(
        &table,
        &first,
        |_| panic!("a first turn is not recalled"),
        || HALF_UP,
    )
    .unwrap();
    let place = opened.remember.unwrap();
    for side in [Side::Blue, Side::Green] {
        let recall = |asked| (asked == place).then_some(side);
        let turn = choose(&table, &later, recall, || panic!("a later turn is not drawn")).unwrap();
        assert_eq!((turn.side, turn.because), (side, Conversation));
    }
    let missed = [
        choose(&table, &later, |_| None, || 0).unwrap(),
        choose(&table, &later, |_| None, || 7).unwrap(),
    ];
    assert_eq!(missed[0].side, missed[1].side);
    let stranger = choose(
        &table,
        &Ask {
            key: b"other",
            ..first
        },
        |_| None,
        || 0,
    )
    .unwrap();
    assert_ne!(stranger.remember, opened.remember);
}

#[test]
fn exact_shares_outrank_every_memory() {
    let later = Ask {
        conversation: Continues::Follows(9),
        ..ask("gpt")
    };
    let at = |percent, side| {
        choose(&table(percent), &later, |_| Some(side), || 0)
            .unwrap()
            .side
    };
    assert_eq!(at("0", Side::Green), Side::Blue);
    assert_eq!(at("100", Side::Blue), Side::Green);
    let rolled_back = Ask {
        model: "latched",
        ..later
    };
    assert_eq!(
        choose(&table("50"), &rolled_back, |_| Some(Side::Green), || 0)
            .unwrap()
            .side,
        Side::Blue
    );
}

#[test]
fn a_forced_or_weighed_turn_is_not_remembered() {
    let first = Ask {
        conversation: Continues::Starts(9),
        ..ask("gpt")
    };
    let table = table("50");
    for asked in [
        Ask {
            environment: Some(Side::Green),
            ..first
        },
        Ask {
            canary: true,
            ..first
        },
        Ask {
            blue_weight: Some(Share::NONE),
            ..first
        },
        Ask {
            session: Some("s"),
            ..first
        },
    ] {
        assert_eq!(choose(&table, &asked, |_| None, || 0).unwrap().remember, None);
    }
}

#[test]
fn stickiness_follows_the_deployment_setting() {
    let mut table = table("50");
    let full = Ask {
        session: Some("s"),
        user: Some("u"),
        reference: Some("r"),
        conversation: Continues::Follows(1),
        ..ask("gpt")
    };
    let mut unit = |sticky, ask: Ask| {
        table.routes[0].sticky = sticky;
        let choice = choose(&table, &ask, |_| None, || HALF_UP).unwrap();
        (choice.because, choice.unit)
    };
    assert_eq!(unit(Sticky::Auto, full), (Session, Some(point_of(42, b"s"))));
    assert_eq!(
        unit(
            Sticky::Auto,
            Ask {
                session: None,
                ..full
            }
        ),
        (Session, Some(point_of(42, b"r")))
    );
    assert_eq!(unit(Sticky::User, full), (Session, Some(point_of(42, b"u"))));
    assert_eq!(unit(Sticky::Key, full), (Session, Some(point_of(42, b"key"))));
    assert_eq!(
        unit(
            Sticky::Session,
            Ask {
                session: None,
                ..full
            }
        ),
        (Split, None)
    );
    assert_eq!(unit(Sticky::None, full), (Split, None));
}

#[test]
fn wrong_names_are_told_the_nearest_right_ones() {
    let names = table("0").names;
    assert_eq!(names.nearest("gtp", |_| true), ["gpt"]);
    assert_eq!(names.nearest("gpt-mni@green", |name| name != "gpt"), ["gpt-mini"]);
    assert!(names.nearest("claude", |_| true).is_empty());
}
