//! Requests and payments, one at a time.

use decide::book::{
    Allowance, Applied, Billed, Billing, BookAccount, Drawn, Entry, GiveBack, Hold, Leaf, Mark, Move, Nanos,
    Operation, Payer, Progress, Refused, Reserve, Settlement, State,
};

pub(crate) fn payer(account: &str, allowance: Option<Nanos>) -> Payer {
    Payer {
        account: account.into(),
        key: format!("{account}-key"),
        request_id: "req_1".into(),
        allowance: allowance.map(|nanos| Allowance {
            period: "2026-11-22".into(),
            nanos,
        }),
    }
}

pub(crate) fn hold(charge: &str, payer: Payer, nanos: Nanos) -> Operation {
    Operation::Hold(Hold {
        charge: charge.into(),
        payer,
        owner: "gateway-1".into(),
        nanos,
    })
}

pub(crate) fn settle(charge: &str, payer: Payer, billed: &[(Nanos, Nanos)]) -> Operation {
    let billed = billed.iter().zip(1..).map(|(&(charge, cost), attempt)| Billed {
        attempt,
        charge,
        cost,
        reason: "answered".into(),
    });
    Operation::Settle(Settlement {
        charge: charge.into(),
        payer,
        owner: "gateway-1".into(),
        drawn: None,
        billed: billed.collect(),
        estimated: false,
    })
}

pub(crate) fn marked(charge: &str, drawn: Option<Drawn>, mark: Mark) -> Operation {
    Operation::Mark(Progress {
        charge: charge.into(),
        payer: payer("acme", None),
        owner: "gateway-1".into(),
        drawn,
        mark,
    })
}

fn reserve(charge: &str, payer: Payer, nanos: Nanos, least: Nanos) -> Operation {
    let Operation::Hold(hold) = hold(charge, payer, nanos) else {
        unreachable!()
    };
    Operation::Reserve(Reserve { hold, least })
}

fn drawn(nanos: Nanos) -> Option<Drawn> {
    let reserve = "r1".into();
    Some(Drawn { reserve, nanos })
}

/// A request that was covered by a reserve.
fn settle_drawn(charge: &str, payer: Payer, drawn: Option<Drawn>, billed: &[(Nanos, Nanos)]) -> Operation {
    let Operation::Settle(settlement) = settle(charge, payer, billed) else {
        unreachable!()
    };
    Operation::Settle(Settlement { drawn, ..settlement })
}

fn give_back(keep: Nanos) -> Operation {
    let charge = "r1".into();
    Operation::GiveBack(GiveBack { charge, keep })
}

pub(crate) fn paid(id: &str, account: &str, nanos: Nanos) -> Operation {
    Operation::Move(Move {
        entry: Entry {
            id: id.into(),
            debit: BookAccount::PaymentsReceived,
            credit: BookAccount::Credit(account.into()),
            nanos,
            request_id: None,
            reason: "top-up".into(),
        },
        covered: false,
    })
}

/// `acme` pays before and has paid 100.
fn acme() -> Leaf {
    let mut leaf = Leaf::default();
    leaf.know_billing("acme".into(), Billing::Prepaid);
    leaf.apply(&paid("t1", "acme", 100)).unwrap();
    leaf
}

/// Credit and holds of `acme`, revenue, vendors.
fn standing(leaf: &Leaf) -> [Nanos; 4] {
    assert_eq!(leaf.sum(), 0);
    [
        BookAccount::Credit("acme".into()),
        BookAccount::Holds("acme".into()),
        BookAccount::Revenue,
        BookAccount::Vendors,
    ]
    .map(|account| leaf.balance(&account))
}

#[test]
fn a_request_is_held_charged_and_the_rest_given_back() {
    let mut leaf = acme();
    leaf.apply(&hold("c1", payer("acme", None), 60)).unwrap();
    assert_eq!(standing(&leaf), [40, 60, 0, 0]);
    leaf.apply(&settle("c1", payer("acme", None), &[(25, 20)]))
        .unwrap();
    assert_eq!(standing(&leaf), [75, 0, 25, 20]);
    let ids: Vec<_> = leaf.entries().iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["t1", "c1/hold", "c1/1/charge", "c1/1/cost", "c1/release"]);
}

#[test]
fn what_credit_does_not_cover_is_refused_and_changes_nothing() {
    let mut leaf = acme();
    let refused = leaf.apply(&hold("c1", payer("acme", None), 101));
    assert_eq!(
        refused,
        Err(Refused::NoCredit {
            available: 100,
            needed: 101
        })
    );
    assert_eq!(standing(&leaf), [100, 0, 0, 0]);
    assert!(leaf.charge("c1").is_none());
}

#[test]
fn an_account_that_pays_afterwards_goes_below_nothing() {
    let mut leaf = Leaf::default();
    leaf.apply(&settle("c1", payer("acme", None), &[(25, 20)]))
        .unwrap();
    assert_eq!(standing(&leaf), [-25, 0, 25, 20]);
}

#[test]
fn a_rescued_attempt_is_the_operators_cost() {
    let mut leaf = acme();
    leaf.apply(&hold("c1", payer("acme", None), 60)).unwrap();
    leaf.apply(&settle("c1", payer("acme", None), &[(0, 30), (25, 20)]))
        .unwrap();
    assert_eq!(standing(&leaf), [75, 0, 25, 50]);
}

#[test]
fn what_was_generated_beyond_the_hold_is_owed_all_the_same() {
    let mut leaf = acme();
    leaf.apply(&hold("c1", payer("acme", None), 60)).unwrap();
    leaf.apply(&settle("c1", payer("acme", None), &[(130, 0)]))
        .unwrap();
    assert_eq!(standing(&leaf), [-30, 0, 130, 0]);
}

#[test]
fn whatever_comes_again_changes_nothing() {
    let mut leaf = acme();
    let operations = [
        paid("t1", "acme", 100),
        hold("c1", payer("acme", None), 60),
        settle("c1", payer("acme", None), &[(25, 20)]),
        hold("c2", payer("acme", None), 10),
    ];
    for operation in &operations {
        leaf.apply(operation).unwrap();
    }
    let before = (standing(&leaf), leaf.entries().len());
    assert_eq!(leaf.apply(&operations[0]), Ok(Applied::Again));
    assert_eq!(leaf.apply(&operations[1]), Err(Refused::Settled));
    assert_eq!(leaf.apply(&operations[2]), Ok(Applied::Again));
    assert_eq!(leaf.apply(&operations[3]), Ok(Applied::Again));
    assert_eq!((standing(&leaf), leaf.entries().len()), before);
    assert_eq!(leaf.apply(&paid("t1", "acme", 7)), Err(Refused::AnotherHasThisId));
}

#[test]
fn a_budget_counts_what_is_held_and_what_is_spent() {
    let mut leaf = acme();
    let budgeted = || payer("acme", Some(50));
    leaf.apply(&hold("c1", budgeted(), 30)).unwrap();
    assert_eq!(
        leaf.apply(&hold("c2", budgeted(), 21)),
        Err(Refused::OverBudget { left: 20, needed: 21 })
    );
    leaf.apply(&settle("c1", budgeted(), &[(5, 5)])).unwrap();
    leaf.apply(&hold("c3", budgeted(), 45)).unwrap();
    assert!(leaf.apply(&hold("c4", budgeted(), 1)).is_err());
    // Its account could have paid.
    assert_eq!(standing(&leaf)[0], 50);
}

#[test]
fn a_request_whose_gateway_is_gone_pays_what_was_marked() {
    let mut leaf = acme();
    leaf.apply(&hold("c1", payer("acme", None), 60)).unwrap();
    leaf.apply(&hold("c2", payer("acme", None), 10)).unwrap();
    let mark = Mark { charge: 12, cost: 9 };
    leaf.apply(&marked("c1", None, mark)).unwrap();
    for id in ["c1", "c2"] {
        let settlement = leaf.charge(id).unwrap().orphaned(id).unwrap();
        leaf.apply(&Operation::Settle(settlement)).unwrap();
    }
    assert_eq!(standing(&leaf), [88, 0, 12, 9]);
    let states = ["c1", "c2"].map(|id| leaf.charge(id).unwrap().state);
    assert!(matches!(
        states[0],
        State::Settled {
            charged: 12,
            estimated: true,
            ..
        }
    ));
    assert!(matches!(
        states[1],
        State::Settled {
            charged: 0,
            estimated: false,
            ..
        }
    ));
    // The gateway was only slow: what it says now comes too late.
    let late = leaf.apply(&settle("c1", payer("acme", None), &[(40, 30)]));
    assert_eq!(late, Ok(Applied::Again));
}

#[test]
fn more_than_the_book_can_hold_is_refused_whole() {
    let mut leaf = acme();
    let before = standing(&leaf);
    for bad in [
        settle("c1", payer("acme", None), &[(5, 5), (Nanos::MAX, 0)]),
        settle("c1", payer("acme", None), &[(5, 5), (-1, 0)]),
        hold("c1", payer("acme", None), -1),
        paid("t2", "acme", 0),
        paid("t2", "acme", Nanos::MAX),
    ] {
        assert_eq!(leaf.apply(&bad), Err(Refused::BadAmount), "{bad:?}");
        assert_eq!(standing(&leaf), before);
        assert_eq!(leaf.entries().len(), 1);
    }
}

#[test]
fn a_reserve_is_a_small_part_of_what_is_left_or_nothing() {
    let mut leaf = acme();
    let scarce = reserve("r1", payer("acme", None), 50, 13);
    assert_eq!(leaf.apply(&scarce), Err(Refused::Scarce));
    let some = reserve("r1", payer("acme", None), 50, 12);
    assert_eq!(leaf.apply(&some), Ok(Applied::Reserved(12)));
    assert_eq!(standing(&leaf), [88, 12, 0, 0]);
    // The key's budget is what is scarcer.
    let budgeted = reserve("r2", payer("acme", Some(24)), 50, 1);
    assert_eq!(leaf.apply(&budgeted), Ok(Applied::Reserved(3)));
    // Who pays afterwards has no end.
    let later = reserve("r3", payer("later", None), 50, 1);
    assert_eq!(leaf.apply(&later), Ok(Applied::Reserved(50)));
}

#[test]
fn a_request_that_draws_on_a_reserve_leaves_there_what_it_does_not_cost() {
    let mut leaf = acme();
    let budgeted = || payer("acme", Some(80));
    leaf.apply(&reserve("r1", budgeted(), 10, 1)).unwrap();
    leaf.apply(&settle_drawn("c1", budgeted(), drawn(6), &[(4, 3)]))
        .unwrap();
    assert_eq!(standing(&leaf), [90, 6, 4, 3]);
    // Beyond what was drawn is owed, and not taken from what others drew.
    leaf.apply(&settle_drawn("c2", budgeted(), drawn(2), &[(5, 3)]))
        .unwrap();
    assert_eq!(standing(&leaf), [87, 4, 9, 6]);
    let spent = leaf.spent("acme-key", "2026-11-22");
    assert_eq!((spent.held, spent.spent), (4, 9));
    assert_eq!(leaf.apply(&give_back(1)), Ok(Applied::Done));
    assert_eq!(leaf.apply(&give_back(1)), Ok(Applied::Again));
    assert_eq!(standing(&leaf), [90, 1, 9, 6]);
    leaf.apply(&settle("r1", budgeted(), &[])).unwrap();
    assert_eq!(standing(&leaf), [91, 0, 9, 6]);
    assert_eq!(leaf.spent("acme-key", "2026-11-22").held, 0);
}

#[test]
fn a_marked_request_takes_what_it_drew_out_of_the_reserve() {
    let mut leaf = acme();
    leaf.apply(&reserve("r1", payer("acme", None), 10, 1)).unwrap();
    let mark = Mark { charge: 2, cost: 1 };
    for _ in 0..2 {
        leaf.apply(&marked("c1", drawn(6), mark)).unwrap();
    }
    // The gateway is gone: the reserve goes back, the request pays what was marked.
    for id in ["r1", "c1"] {
        let settlement = leaf.charge(id).unwrap().orphaned(id).unwrap();
        leaf.apply(&Operation::Settle(settlement)).unwrap();
    }
    assert_eq!(standing(&leaf), [98, 0, 2, 1]);
    // It was only slow: what it says now finds nothing to draw on, and is owed out of credit.
    leaf.apply(&settle_drawn("c2", payer("acme", None), drawn(4), &[(3, 3)]))
        .unwrap();
    assert_eq!(standing(&leaf), [95, 0, 5, 4]);
}

#[test]
fn a_stream_of_an_account_that_pays_afterwards_is_charged_what_was_marked() {
    let mut leaf = Leaf::default();
    leaf.apply(&marked("c1", None, Mark { charge: 7, cost: 5 }))
        .unwrap();
    let settlement = leaf.charge("c1").unwrap().orphaned("c1").unwrap();
    leaf.apply(&Operation::Settle(settlement)).unwrap();
    assert_eq!(standing(&leaf), [-7, 0, 7, 5]);
}
