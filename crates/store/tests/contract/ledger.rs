//! Promises about money: nothing is spent twice, nothing is lost, and it always adds up.

use std::collections::BTreeSet;

use decide::book::{
    Allowance, Applied, Billed, Billing, BookAccount, Drawn, Entry, GiveBack, Hold, Mark, Move, Nanos,
    Operation, Payer, Progress, Refused, Reserve, Settlement,
};
use store::accounts::{self, Account};
use store::ledger::{self, Scribe, Settled, Standing, Unwritten, Which};
use store::{Store, StoreError};

use crate::places::Place;

on_both! {
    an_account_comes_back_as_it_was_made
    a_welcome_is_given_once
    a_request_is_held_settled_and_shown_in_the_statement
    what_comes_again_changes_nothing
    credit_for_ten_is_spent_by_ten_however_many_ask_and_wherever
    a_budget_is_exact_for_all_who_use_the_key
    a_settlement_comes_after_its_hold
    only_the_charges_of_gateways_that_are_gone_are_orphans
    marks_are_what_an_orphan_pays
    requests_draw_on_a_reserve_until_it_is_given_back
    a_reserve_of_a_gateway_that_is_gone_goes_back_but_for_what_was_marked
    a_statement_is_paged_and_of_one_customer
}

const AT: i64 = 1_000;

pub(crate) fn account(name: &str, billing: Billing) -> Account {
    Account {
        name: name.into(),
        billing,
        markup: 0,
        created_at: AT,
    }
}

pub(crate) fn payer(account: &str) -> Payer {
    Payer {
        account: account.into(),
        key: "app".into(),
        request_id: "req_1".into(),
        allowance: None,
    }
}

pub(crate) fn hold(charge: impl Into<String>, payer: Payer, nanos: Nanos) -> Hold {
    Hold {
        charge: charge.into(),
        payer,
        owner: "g1".into(),
        nanos,
    }
}

pub(crate) fn settle(charge: &str, payer: Payer, charged: Nanos, cost: Nanos) -> Operation {
    Operation::Settle(Settlement {
        charge: charge.into(),
        payer,
        owner: "g1".into(),
        drawn: None,
        billed: vec![Billed {
            attempt: 1,
            charge: charged,
            cost,
            reason: "answered".into(),
        }],
        estimated: false,
    })
}

fn marked(charge: &str, payer: Payer, drawn: Option<Drawn>, mark: Mark) -> Operation {
    Operation::Mark(Progress {
        charge: charge.into(),
        payer,
        owner: "g1".into(),
        drawn,
        mark,
    })
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

pub(crate) fn scribe(store: &Store) -> Scribe {
    Scribe::start(store.clone(), || AT, |charge, error| panic!("{charge}: {error}"))
}

async fn prepaid(store: &Store, name: &str, nanos: Nanos) {
    accounts::create(store, &account(name, Billing::Prepaid), 0)
        .await
        .unwrap();
    let done = ledger::write(store, &[paid(&format!("t-{name}"), name, nanos)], AT).await;
    assert_eq!(done.unwrap(), [Ok(Applied::Done)]);
}

pub(crate) async fn adds_up(store: &Store) {
    let checked = ledger::check(store).await.unwrap();
    assert_eq!((checked.sum, checked.wrong), (0, vec![]));
}

async fn standing(store: &Store, name: &str) -> (Nanos, Nanos) {
    let Standing { available, held } = ledger::standing(store, name).await.unwrap();
    (available, held)
}

async fn an_account_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let made = Account {
        markup: -250,
        ..account("acme", Billing::Prepaid)
    };
    accounts::create(&store, &made, 0).await.unwrap();
    assert_eq!(accounts::get(&store, "acme").await.unwrap(), made);
    assert_eq!(
        accounts::load_all(&store).await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(accounts::list(&store, None, 10).await.unwrap().rows, [made]);
    let changed = accounts::change(&store, "acme", Some(Billing::Postpaid), None).await;
    let changed = changed.unwrap();
    assert_eq!((changed.billing, changed.markup), (Billing::Postpaid, -250));
    let missing = accounts::get(&store, "nobody").await;
    assert!(matches!(
        missing,
        Err(StoreError::NotFound { noun: "account", .. })
    ));
}

async fn a_welcome_is_given_once(place: Place) {
    let store = place.open().await;
    accounts::create(&store, &account("acme", Billing::Prepaid), 500)
        .await
        .unwrap();
    let again = accounts::create(&store, &account("acme", Billing::Postpaid), 500).await;
    assert!(matches!(again, Err(StoreError::Exists { noun: "account", .. })));
    assert_eq!(standing(&store, "acme").await, (500, 0));
    adds_up(&store).await;
}

async fn a_request_is_held_settled_and_shown_in_the_statement(place: Place) {
    let store = place.open().await;
    prepaid(&store, "acme", 100).await;
    let held = Operation::Hold(hold("c1", payer("acme"), 60));
    ledger::write(&store, &[held], AT).await.unwrap();
    assert_eq!(standing(&store, "acme").await, (40, 60));
    assert_eq!(ledger::settled(&store, "req_1", "app").await.unwrap(), None);
    ledger::write(&store, &[settle("c1", payer("acme"), 25, 20)], AT)
        .await
        .unwrap();
    assert_eq!(standing(&store, "acme").await, (75, 0));
    let shown = ledger::settled(&store, "req_1", "app").await.unwrap();
    let wanted = Settled {
        charged: 25,
        cost: 20,
        estimated: false,
    };
    assert_eq!(shown, Some(wanted));
    assert_eq!(ledger::settled(&store, "req_1", "other").await.unwrap(), None);
    adds_up(&store).await;
}

async fn what_comes_again_changes_nothing(place: Place) {
    let store = place.open().await;
    prepaid(&store, "acme", 100).await;
    let operations = [
        Operation::Hold(hold("c1", payer("acme"), 60)),
        settle("c1", payer("acme"), 25, 20),
        paid("t-acme", "acme", 100),
    ];
    for _ in 0..3 {
        ledger::write(&store, &operations, AT).await.unwrap();
    }
    assert_eq!(standing(&store, "acme").await, (75, 0));
    let other = ledger::write(&store, &[paid("t-acme", "acme", 7)], AT)
        .await
        .unwrap();
    assert_eq!(other, [Err(Refused::AnotherHasThisId)]);
    adds_up(&store).await;
}

/// Two gateways, each with a writer of its own, on the same data.
async fn credit_for_ten_is_spent_by_ten_however_many_ask_and_wherever(place: Place) {
    let stores = [place.open().await, place.open().await];
    prepaid(&stores[0], "acme", 1_000).await;
    let scribes = [scribe(&stores[0]), scribe(&stores[1])];
    let asked: Vec<_> = (0..200)
        .map(|number: usize| {
            let hold = hold(format!("c{number}"), payer("acme"), 100);
            tokio::spawn(scribes[number % 2].hold(hold))
        })
        .collect();
    let mut held = 0;
    for asked in asked {
        match asked.await.unwrap() {
            Ok(Applied::Done) => held += 1,
            Err(Unwritten::Refused(Refused::NoCredit { available: 0, .. })) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(held, 10);
    assert_eq!(standing(&stores[0], "acme").await, (0, 1_000));
    adds_up(&stores[1]).await;
}

async fn a_budget_is_exact_for_all_who_use_the_key(place: Place) {
    let store = place.open().await;
    let scribe = scribe(&store);
    let budgeted = || Payer {
        allowance: Some(Allowance {
            period: "2026-11".into(),
            nanos: 500,
        }),
        ..payer("later")
    };
    let asked: Vec<_> = (0..50)
        .map(|number| scribe.hold(hold(format!("c{number}"), budgeted(), 100)))
        .collect();
    let mut held = Vec::new();
    for (number, asked) in asked.into_iter().enumerate() {
        match asked.await {
            Ok(_) => held.push(number),
            Err(refused) => assert!(matches!(refused, Unwritten::Refused(Refused::OverBudget { .. }))),
        }
    }
    assert_eq!(held, [0, 1, 2, 3, 4]);
    scribe.send(settle("c0", budgeted(), 1, 1));
    scribe.flush().await;
    assert!(scribe.hold(hold("more", budgeted(), 100)).await.is_err());
    assert!(scribe.hold(hold("less", budgeted(), 99)).await.is_ok());
    let spent = ledger::spent(&store, "app", "2026-11").await.unwrap();
    assert_eq!((spent.held, spent.spent), (499, 1));
    // Pays afterwards: its credit may be negative.
    assert_eq!(standing(&store, "later").await, (-500, 499));
    adds_up(&store).await;
}

async fn a_settlement_comes_after_its_hold(place: Place) {
    let store = place.open().await;
    prepaid(&store, "acme", 1_000).await;
    let scribe = scribe(&store);
    for number in 0..50 {
        let charge = format!("c{number}");
        // The client has left before the hold is answered.
        drop(scribe.hold(hold(&charge, payer("acme"), 20)));
        scribe.send(settle(&charge, payer("acme"), 0, 0));
    }
    scribe.flush().await;
    assert_eq!(standing(&store, "acme").await, (1_000, 0));
    adds_up(&store).await;
}

async fn only_the_charges_of_gateways_that_are_gone_are_orphans(place: Place) {
    let store = place.open().await;
    for owner in ["living", "gone", "never seen", "own"] {
        let hold = Hold {
            owner: owner.into(),
            ..hold(owner, payer("later"), 10)
        };
        ledger::write(&store, &[Operation::Hold(hold)], AT).await.unwrap();
    }
    ledger::alive(&store, "living", 10_000).await.unwrap();
    ledger::alive(&store, "gone", 2_000).await.unwrap();
    let found = ledger::orphans(&store, "own", 5_000).await.unwrap();
    let charges: BTreeSet<_> = found
        .iter()
        .map(|operation| match operation {
            Operation::Settle(settlement) => settlement.charge.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(charges, BTreeSet::from(["gone", "never seen"]));
    ledger::write(&store, &found, AT).await.unwrap();
    assert_eq!(standing(&store, "later").await, (-20, 20));
    assert_eq!(ledger::orphans(&store, "own", 5_000).await.unwrap(), []);
}

async fn marks_are_what_an_orphan_pays(place: Place) {
    let store = place.open().await;
    prepaid(&store, "acme", 100).await;
    let scribe = scribe(&store);
    scribe.hold(hold("c1", payer("acme"), 50)).await.unwrap();
    for charge in [3, 7] {
        scribe.send(marked("c1", payer("acme"), None, Mark { charge, cost: 1 }));
    }
    scribe.flush().await;
    let orphans = ledger::orphans(&store, "another", 5_000).await.unwrap();
    ledger::write(&store, &orphans, AT).await.unwrap();
    assert_eq!(standing(&store, "acme").await, (93, 0));
    let shown = ledger::settled(&store, "req_1", "app").await.unwrap().unwrap();
    assert_eq!((shown.charged, shown.estimated), (7, true));
    adds_up(&store).await;
}

/// A reserve of 100 out of 1,000.
async fn reserved(store: &Store, scribe: &Scribe) {
    prepaid(store, "acme", 1_000).await;
    let reserve = Reserve {
        hold: hold("r1", payer("acme"), 100),
        least: 50,
    };
    assert_eq!(scribe.reserve(reserve).await, Ok(Applied::Reserved(100)));
    assert_eq!(standing(store, "acme").await, (900, 100));
}

fn drawn(nanos: Nanos) -> Option<Drawn> {
    let reserve = "r1".into();
    Some(Drawn { reserve, nanos })
}

fn settle_drawn(charge: &str, nanos: Nanos, charged: Nanos) -> Operation {
    let Operation::Settle(settlement) = settle(charge, payer("acme"), charged, 1) else {
        unreachable!()
    };
    Operation::Settle(Settlement {
        drawn: drawn(nanos),
        ..settlement
    })
}

async fn requests_draw_on_a_reserve_until_it_is_given_back(place: Place) {
    let store = place.open().await;
    let scribe = scribe(&store);
    reserved(&store, &scribe).await;
    scribe.send(settle_drawn("c1", 30, 10));
    scribe.flush().await;
    assert_eq!(standing(&store, "acme").await, (900, 90));
    // Written again in a later batch, it changes nothing.
    scribe.send(settle_drawn("c1", 30, 10));
    let keep = |keep| {
        Operation::GiveBack(GiveBack {
            charge: "r1".into(),
            keep,
        })
    };
    scribe.send(keep(30));
    scribe.send(keep(30));
    scribe.flush().await;
    assert_eq!(standing(&store, "acme").await, (960, 30));
    scribe.send(settle_drawn("c2", 30, 30));
    scribe.send(settle("r1", payer("acme"), 0, 0));
    scribe.flush().await;
    assert_eq!(standing(&store, "acme").await, (960, 0));
    adds_up(&store).await;
}

async fn a_reserve_of_a_gateway_that_is_gone_goes_back_but_for_what_was_marked(place: Place) {
    let store = place.open().await;
    let scribe = scribe(&store);
    reserved(&store, &scribe).await;
    let mark = Mark { charge: 7, cost: 1 };
    scribe.send(marked("c1", payer("acme"), drawn(40), mark));
    scribe.flush().await;
    let orphans = ledger::orphans(&store, "another", 5_000).await.unwrap();
    assert_eq!(orphans.len(), 2);
    ledger::write(&store, &orphans, AT).await.unwrap();
    assert_eq!(standing(&store, "acme").await, (993, 0));
    // Its gateway was only frozen.
    scribe.send(settle_drawn("c1", 40, 20));
    scribe.send(settle_drawn("c2", 10, 3));
    scribe.flush().await;
    assert_eq!(standing(&store, "acme").await, (990, 0));
    adds_up(&store).await;
}

async fn a_statement_is_paged_and_of_one_customer(place: Place) {
    let store = place.open().await;
    prepaid(&store, "acme", 100).await;
    prepaid(&store, "other", 100).await;
    for number in 0..5 {
        let settled = settle(&format!("c{number}"), payer("acme"), 1, 1);
        ledger::write(&store, &[settled], AT + number).await.unwrap();
    }
    let which = Which {
        account: Some("acme".into()),
        until: Some(AT + 3),
        ..Which::default()
    };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = ledger::list(&store, &which, after, 2).await.unwrap();
        ids.extend(page.rows.into_iter().map(|row| row.entry.id));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(ids, ["t-acme", "c0/1/charge", "c1/1/charge", "c2/1/charge"]);
    let all = ledger::list(&store, &Which::default(), None, 100).await.unwrap();
    assert_eq!(all.rows.len(), 2 + 5 * 2);
}
