//! Promises about the store's named facts.

use store::meta;

use crate::places::Place;

on_both! {
    a_fact_is_what_was_set_last
    the_first_of_many_decides_for_all
}

async fn a_fact_is_what_was_set_last(place: Place) {
    let store = place.open().await;
    assert_eq!(meta::get(&store, "colour").await.unwrap(), None);
    meta::set(&store, "colour", "blue").await.unwrap();
    meta::set(&store, "colour", "green").await.unwrap();
    assert_eq!(
        meta::get(&store, "colour").await.unwrap().as_deref(),
        Some("green")
    );
}

async fn the_first_of_many_decides_for_all(place: Place) {
    let mut gateways = Vec::new();
    for number in 0..4 {
        let store = place.open().await;
        gateways.push(tokio::spawn(async move {
            meta::get_or_set(&store, "install", &number.to_string()).await
        }));
    }
    let mut answers = Vec::new();
    for gateway in gateways {
        answers.push(gateway.await.unwrap().unwrap());
    }
    let standing = meta::get(&place.open().await, "install").await.unwrap().unwrap();
    assert_eq!(answers, vec![standing; 4]);
}
