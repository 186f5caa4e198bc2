//! Promises about credit that comes in: an order is paid once, and paid back at most as far as it was paid.

use decide::book::{Billing, BookAccount};
use store::topups::{self, NewTopup, NotDone, Unpaid};
use store::vouchers::{self, Batch};
use store::{Store, StoreError, accounts, ledger};

use crate::ledger::{account, adds_up};
use crate::places::Place;

on_both! {
    an_order_is_made_once_and_is_bound_to_what_it_is_for
    of_many_payments_at_once_one_is_credited
    one_payment_pays_one_order
    an_order_that_has_ended_is_not_paid
    parts_are_paid_back_to_the_last_nano_and_once_each
    a_voucher_is_taken_by_one_order
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
        at: AT,
    };
    vouchers::create(&store, &batch, &[[1; 32], [2; 32]])
        .await
        .unwrap();
    let again = vouchers::create(&store, &batch, &[[3; 32]]).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })));
    let take =
        async |code: u8, order: &str, at| vouchers::take(&store, &[code; 32], order, at).await.unwrap();
    assert_eq!(take(1, "o", AT).await.unwrap().usd_nanos, 5);
    // The same order again, even later; another never.
    assert!(take(1, "o", AT + 20).await.is_some());
    assert!(take(1, "second", AT).await.is_none());
    assert!(take(2, "second", AT + 10).await.is_none());
    assert!(take(9, "second", AT).await.is_none());
    let batches = vouchers::batches(&store).await.unwrap();
    assert_eq!((batches[0].codes, batches[0].redeemed), (2, 1));
}
