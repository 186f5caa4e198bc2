//! Promises about credit that comes in: an order is paid once, and paid back at most as far as it was paid.

use decide::book::{Billing, BookAccount};
use store::topups::{self, NewTopup, NotDone, Unpaid};
use store::vouchers::{self, Batch};
use store::{Store, StoreError, accounts, expiring, ledger};

use crate::ledger::{account, adds_up, payer, settle};
use crate::places::Place;

on_both! {
    an_order_is_made_once_and_is_bound_to_what_it_is_for
    of_many_payments_at_once_one_is_credited
    one_payment_pays_one_order
    an_order_that_has_ended_is_not_paid
    parts_are_paid_back_to_the_last_nano_and_once_each
    a_voucher_is_taken_by_one_order
    credit_that_expires_is_spent_first_and_what_is_left_is_taken_back_once
}

const AT: i64 = 1_000;

fn order(id: &str) -> NewTopup {
    NewTopup {
        id: id.into(),
        account: "acme".into(),
        provider: "toss".into(),
        amount_nanos: 1_000_000_000,
        currency: "KRW".into(),
        rate_nanos: 720_000,
        usd_nanos: 10,
        reference: None,
        reason: None,
        at: AT,
        expires_at: Some(AT + 10),
    }
}

async fn with_order(place: &Place, id: &str) -> Store {
    let store = place.open().await;
    accounts::create(&store, &account("acme", Billing::Prepaid), 0)
        .await
        .unwrap();
    topups::create(&store, &order(id)).await.unwrap();
    store
}

async fn balance(store: &Store) -> i64 {
    ledger::standing(store, "acme").await.unwrap().available
}

async fn pay(store: &Store, id: &str, payment: &str) -> Result<topups::Topup, StoreError> {
    topups::pay(store, id, Some(payment), BookAccount::PaymentsReceived, AT).await
}

async fn an_order_is_made_once_and_is_bound_to_what_it_is_for(place: Place) {
    let store = with_order(&place, "o").await;
    let again = topups::create(&store, &order("o")).await.unwrap();
    assert_eq!((again.state.as_str(), again.usd_nanos), ("pending", 10));
    for other in [
        NewTopup {
            amount_nanos: 1,
            ..order("o")
        },
        NewTopup {
            currency: "USD".into(),
            ..order("o")
        },
        NewTopup {
            account: "x".into(),
            ..order("o")
        },
        NewTopup {
            provider: "stripe".into(),
            ..order("o")
        },
    ] {
        assert!(matches!(
            topups::create(&store, &other).await,
            Err(NotDone::Other(_))
        ));
    }
    let listed = topups::list(&store, Some("acme"), None, 10).await.unwrap().rows;
    assert_eq!(listed, [again]);
}

async fn of_many_payments_at_once_one_is_credited(place: Place) {
    let store = with_order(&place, "o").await;
    let other = place.open().await;
    let paying: Vec<_> = (0..40)
        .map(|number| {
            let store = if number % 2 == 0 {
                store.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move { pay(&store, "o", "p").await.unwrap().state })
        })
        .collect();
    for paid in paying {
        assert_eq!(paid.await.unwrap(), "paid");
    }
    assert_eq!(balance(&store).await, 10);
    adds_up(&store).await;
}

async fn one_payment_pays_one_order(place: Place) {
    let store = with_order(&place, "o").await;
    topups::create(&store, &order("second")).await.unwrap();
    pay(&store, "o", "p").await.unwrap();
    assert!(matches!(
        pay(&store, "second", "p").await,
        Err(StoreError::Conflict { .. })
    ));
    assert_eq!(balance(&store).await, 10);
}

async fn an_order_that_has_ended_is_not_paid(place: Place) {
    let store = with_order(&place, "o").await;
    topups::create(&store, &order("late")).await.unwrap();
    topups::end(&store, "o", Unpaid::Failed).await.unwrap();
    assert_eq!(topups::expire(&store, AT + 9).await.unwrap(), 0);
    assert_eq!(topups::expire(&store, AT + 10).await.unwrap(), 1);
    for id in ["o", "late"] {
        assert!(matches!(
            pay(&store, id, id).await,
            Err(StoreError::Conflict { .. })
        ));
    }
    assert!(matches!(
        pay(&store, "nobody", "p").await,
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(balance(&store).await, 0);
}

async fn parts_are_paid_back_to_the_last_nano_and_once_each(place: Place) {
    let store = with_order(&place, "o").await;
    let back = async |id: &str, amount| {
        topups::refund(&store, "o", id, amount, BookAccount::Refunds, AT)
            .await
            .map(|order| order.state)
    };
    assert!(matches!(
        back("r", None).await,
        Err(NotDone::Store(StoreError::Conflict { .. }))
    ));
    pay(&store, "o", "p").await.unwrap();
    for _ in 0..2 {
        assert_eq!(back("r1", Some(333_333_333)).await.unwrap(), "partially_refunded");
    }
    assert!(matches!(
        back("r2", Some(700_000_000)).await,
        Err(NotDone::TooMuch)
    ));
    assert!(matches!(back("r1", Some(1)).await, Err(NotDone::Other(_))));
    assert_eq!(balance(&store).await, 7);
    for _ in 0..2 {
        assert_eq!(back("rest", None).await.unwrap(), "refunded");
    }
    assert_eq!(balance(&store).await, 0);
    adds_up(&store).await;
}

async fn a_voucher_is_taken_by_one_order(place: Place) {
    let store = place.open().await;
    let batch = Batch {
        name: "spring".into(),
        usd_nanos: 5,
        code_expires_at: Some(AT + 10),
        credit_expires_at: None,
        at: AT,
    };
    vouchers::create(&store, &batch, &[[1; 32], [2; 32]])
        .await
        .unwrap();
    let again = vouchers::create(&store, &batch, &[[3; 32]]).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    let take = async |code: u8, order: &str, at| {
        vouchers::take(&store, &[code; 32], (order, "acme"), at)
            .await
            .unwrap()
    };
    assert_eq!(take(1, "o", AT).await.unwrap().usd_nanos, 5);
    // The same order again, even later; another never.
    assert!(take(1, "o", AT + 20).await.is_some());
    assert!(take(1, "second", AT).await.is_none());
    assert!(take(2, "second", AT + 10).await.is_none());
    assert!(take(9, "second", AT).await.is_none());
    let batches = vouchers::batches(&store).await.unwrap();
    assert_eq!((batches[0].codes, batches[0].redeemed), (2, 1));
}

async fn credit_that_expires_is_spent_first_and_what_is_left_is_taken_back_once(place: Place) {
    let store = place.open().await;
    accounts::create(&store, &account("acme", Billing::Prepaid), 0)
        .await
        .unwrap();
    let redeem = async |code: u8, name: &str, credit_expires_at: i64| {
        let batch = Batch {
            name: name.into(),
            usd_nanos: 10,
            code_expires_at: None,
            credit_expires_at: Some(credit_expires_at),
            at: AT,
        };
        vouchers::create(&store, &batch, &[[code; 32]]).await.unwrap();
        let taken = vouchers::take(&store, &[code; 32], (name, "acme"), AT).await;
        assert_eq!(taken.unwrap().unwrap().credit_expires_at, Some(credit_expires_at));
        topups::create(&store, &order(name)).await.unwrap();
        pay(&store, name, name).await.unwrap();
    };
    let spend = async |charge: &str, nanos: i64| {
        let settled = settle(charge, payer("acme"), nanos, 0);
        ledger::write(&store, &[settled], AT).await.unwrap();
    };
    // The one that is redeemed later expires first.
    redeem(1, "long", AT + 200).await;
    spend("c1", 4).await;
    redeem(2, "short", AT + 100).await;
    spend("c2", 7).await;
    assert_eq!(balance(&store).await, 9);
    assert_eq!(
        expiring::due(&store, AT + 99).await.unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(expiring::due(&store, AT + 100).await.unwrap(), ["acme"]);
    assert_eq!(expiring::expire(&store, "acme", AT + 100).await.unwrap(), 3);
    assert_eq!(balance(&store).await, 6);
    assert_eq!(expiring::expire(&store, "acme", AT + 100).await.unwrap(), 0);

    // What lasts is spent after what expires.
    topups::create(&store, &order("for ever")).await.unwrap();
    pay(&store, "for ever", "for ever").await.unwrap();
    spend("c3", 2).await;
    assert_eq!(expiring::expire(&store, "acme", AT + 200).await.unwrap(), 4);
    assert_eq!(balance(&store).await, 10);
    // The order again, long afterwards: its credit was taken back once.
    let again = vouchers::take(&store, &[2; 32], ("short", "acme"), AT + 300)
        .await
        .unwrap();
    assert!(again.is_some());
    expiring::expire(&store, "acme", AT + 300).await.unwrap();
    assert_eq!(balance(&store).await, 10);
    // A code whose credit would have expired is worth nothing.
    let late = Batch {
        name: "late".into(),
        usd_nanos: 10,
        code_expires_at: None,
        credit_expires_at: Some(AT + 5),
        at: AT,
    };
    vouchers::create(&store, &late, &[[3; 32]]).await.unwrap();
    assert_eq!(
        vouchers::take(&store, &[3; 32], ("late", "acme"), AT + 5)
            .await
            .unwrap(),
        None
    );
    adds_up(&store).await;
}
