//! Keys that another gateway on the store made, rotated and revoked.

use control::desk::{Desk, KeyRequest};
use store::keys::{KeyLimits, KeySettings, Overrides};

use crate::places::*;

on_both! {
    keys_of_another_gateway_come_change_and_go
    a_key_of_the_file_hides_one_of_the_store
}

const HOUR_MS: i64 = 3_600_000;

async fn create(desk: &Desk, name: &str) {
    let settings = KeySettings {
        account: None,
        models: vec!["*".to_owned()],
        overrides: Overrides::Deny,
        limits: KeyLimits::default(),
        model_limits: None,
        budget: None,
        expires_at: None,
    };
    let name = name.to_owned();
    desk.create_key(KeyRequest { name, settings }, &operator())
        .await
        .unwrap();
}

/// How many secrets work at this gateway once it has read what is new in the store.
async fn working(desk: &Desk) -> usize {
    desk.set_prices(Vec::new(), &operator()).await.unwrap();
    desk.shared().keys.len()
}

async fn keys_of_another_gateway_come_change_and_go(place: Place) {
    let here = place.desk(&file("b", None, "0")).await;
    let there = place.desk(&file("b", None, "0")).await;
    create(&there, "a").await;
    create(&there, "b").await;
    assert_eq!(here.shared().keys.len(), 0, "nothing was read yet");
    assert_eq!(working(&here).await, 2);
    create(&here, "c").await;
    for (rotation, secrets) in [(1, 4), (2, 4)] {
        there.rotate_key("a", HOUR_MS, &operator()).await.unwrap();
        assert_eq!(
            working(&here).await,
            secrets,
            "rotation {rotation}: the newest and the one before it, b and c"
        );
    }
    there.revoke_key("b", &operator()).await.unwrap();
    assert_eq!(working(&here).await, 3);
    there.revoke_key("a", &operator()).await.unwrap();
    assert_eq!(working(&here).await, 1, "c, which nobody touched");
    here.reload(config(&file("b", None, "0"))).await.unwrap();
    assert_eq!(
        here.shared().keys.len(),
        1,
        "all of them read anew come to the same"
    );
}

async fn a_key_of_the_file_hides_one_of_the_store(place: Place) {
    let plain = file("b", None, "0");
    let with_key = format!("{plain}keys: [{{name: a, secret: sk-0123456789abcdef0123456789abcdef}}]\n");
    let there = place.desk(&plain).await;
    create(&there, "a").await;
    create(&there, "b").await;
    let here = place.desk(&with_key).await;
    assert_eq!(here.shared().keys.len(), 2, "the file's a, the store's b");
    there.rotate_key("a", HOUR_MS, &operator()).await.unwrap();
    assert_eq!(working(&here).await, 2, "none of the store's a");
    there.revoke_key("a", &operator()).await.unwrap();
    assert_eq!(working(&here).await, 2, "the file's a goes on");
}
