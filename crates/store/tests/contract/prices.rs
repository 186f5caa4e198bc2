//! Promises about prices that were set while running.

use store::prices::{self, StoredPrice};
use store::{changes, keys};

use crate::places::Place;
use crate::samples::settings;

on_both! {
    prices_are_kept_and_one_of_the_same_moment_is_replaced
    a_price_that_goes_leaves_the_others
    a_price_is_a_change_that_other_gateways_see
    a_keys_limits_of_single_models_are_kept
}

fn price(kind: &str, model: &str, valid_from: i64, price: &str) -> StoredPrice {
    StoredPrice {
        kind: kind.to_owned(),
        model: model.to_owned(),
        valid_from,
        price: price.to_owned(),
    }
}

async fn prices_are_kept_and_one_of_the_same_moment_is_replaced(place: Place) {
    let store = place.open().await;
    let always = price("cost", "a", i64::MIN, "{}");
    let later = price("cost", "a", 5, "{}");
    let list = price("list", "a", 5, "{}");
    prices::put(&store, &[later.clone(), always.clone(), list.clone()])
        .await
        .unwrap();
    assert_eq!(
        prices::load_all(&store).await.unwrap(),
        [always.clone(), later, list.clone()]
    );
    let changed = price("cost", "a", 5, "{\"input\":\"1\"}");
    prices::put(&store, std::slice::from_ref(&changed)).await.unwrap();
    assert_eq!(prices::load_all(&store).await.unwrap(), [always, changed, list]);
}

async fn a_price_that_goes_leaves_the_others(place: Place) {
    let store = place.open().await;
    let (one, other) = (price("cost", "a", 1, "{}"), price("cost", "a", 2, "{}"));
    prices::put(&store, &[one.clone(), other.clone()]).await.unwrap();
    assert!(prices::delete(&store, "cost", "a", 1).await.unwrap());
    assert!(!prices::delete(&store, "cost", "a", 1).await.unwrap());
    assert!(!prices::delete(&store, "list", "a", 2).await.unwrap());
    assert_eq!(prices::load_all(&store).await.unwrap(), [other]);
}

async fn a_price_is_a_change_that_other_gateways_see(place: Place) {
    let store = place.open().await;
    let before = changes::latest(&store).await.unwrap();
    prices::put(&store, &[price("cost", "a", 1, "{}")]).await.unwrap();
    let after = changes::latest(&store).await.unwrap();
    prices::delete(&store, "cost", "a", 1).await.unwrap();
    assert!(before < after && after < changes::latest(&store).await.unwrap());
}

async fn a_keys_limits_of_single_models_are_kept(place: Place) {
    let store = place.open().await;
    let mut wanted = settings();
    wanted.model_limits = Some(r#"{"m":{"requests_per_minute":5}}"#.to_owned());
    keys::create(&store, "app", [7; 32], &wanted, 1).await.unwrap();
    assert_eq!(keys::get(&store, "app").await.unwrap().settings, wanted);
}
