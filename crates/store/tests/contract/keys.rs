//! Promises about keys.

use store::keys::{self, BudgetPeriod, KeyBudget, KeyLimits, KeySettings, Overrides, PreviousDigest};
use store::{MAXIMUM_PAGE_ROWS, Store, StoreError, changes};

use crate::places::{Kind, Place};
use crate::samples::settings as nothing;

on_both! {
    a_key_comes_back_as_it_was_made
    a_key_that_limits_nothing_comes_back_as_it_was_made
    a_name_is_taken_once
    a_revoked_key_keeps_its_name
    rotating_keeps_the_old_digest_until_the_given_time
    rotating_twice_keeps_only_the_last_digest
    a_revoked_key_cannot_be_rotated
    revoking_again_has_no_effect
    what_does_not_exist_is_not_found
    a_list_is_paged_in_the_order_of_making
    a_page_has_at_least_one_row_and_at_most_the_maximum
    loading_gives_all_that_are_not_revoked
    what_changed_since_holds_new_rotated_and_revoked_keys
    more_keys_than_are_read_at_once_are_all_loaded
    a_limit_beyond_the_databases_integers_is_kept_as_their_greatest
}

fn everything() -> KeySettings {
    KeySettings {
        account: Some("acme".into()),
        models: vec!["gpt-4.1".into(), "quote \" comma , 모델".into()],
        overrides: Overrides::Deny,
        limits: KeyLimits {
            requests_per_minute: Some(600),
            tokens_per_minute: Some(200_000),
            concurrent_requests: Some(0),
        },
        model_limits: None,
        budget: Some(KeyBudget {
            usd_nanos: 5_000_000_000,
            per: BudgetPeriod::Month,
        }),
        expires_at: Some(1_800_000_000_000),
    }
}

async fn make(store: &Store, name: &str, digest: u8) {
    keys::create(store, name, [digest; 32], &nothing(), 1_000)
        .await
        .unwrap();
}

async fn a_key_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let made = keys::create(&store, "app", [7; 32], &everything(), 1_000)
        .await
        .unwrap();
    assert_eq!(made.name, "app");
    assert_eq!(made.digest, [7; 32]);
    assert_eq!(made.settings, everything());
    assert_eq!(
        (made.previous.clone(), made.created_at, made.revoked_at),
        (None, 1_000, None)
    );
    assert_eq!(keys::get(&store, "app").await.unwrap(), made);
}

async fn a_key_that_limits_nothing_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let made = keys::create(&store, "app", [7; 32], &nothing(), 1_000)
        .await
        .unwrap();
    assert_eq!(made.settings, nothing());
    assert_eq!(keys::get(&store, "app").await.unwrap(), made);
}

async fn a_name_is_taken_once(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    let before = changes::latest(&store).await.unwrap();
    let again = keys::create(&store, "app", [2; 32], &everything(), 2_000).await;
    assert!(
        matches!(again, Err(StoreError::Exists { noun: "key", .. })),
        "{again:?}"
    );
    assert_eq!(keys::get(&store, "app").await.unwrap().digest, [1; 32]);
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}

async fn a_revoked_key_keeps_its_name(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    keys::revoke(&store, "app", 2_000).await.unwrap();
    let again = keys::create(&store, "app", [2; 32], &nothing(), 3_000).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
}

async fn rotating_keeps_the_old_digest_until_the_given_time(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    let rotated = keys::rotate(&store, "app", [2; 32], 9_000).await.unwrap();
    assert_eq!(rotated.digest, [2; 32]);
    assert_eq!(
        rotated.previous,
        Some(PreviousDigest {
            digest: [1; 32],
            valid_until: 9_000
        })
    );
    assert_eq!(keys::get(&store, "app").await.unwrap(), rotated);
}

async fn rotating_twice_keeps_only_the_last_digest(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    keys::rotate(&store, "app", [2; 32], 9_000).await.unwrap();
    let rotated = keys::rotate(&store, "app", [3; 32], 10_000).await.unwrap();
    assert_eq!(
        rotated.previous,
        Some(PreviousDigest {
            digest: [2; 32],
            valid_until: 10_000
        })
    );
}

async fn a_revoked_key_cannot_be_rotated(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    keys::revoke(&store, "app", 2_000).await.unwrap();
    let rotated = keys::rotate(&store, "app", [2; 32], 9_000).await;
    assert!(
        matches!(rotated, Err(StoreError::Conflict { state: "revoked", .. })),
        "{rotated:?}"
    );
    assert_eq!(keys::get(&store, "app").await.unwrap().digest, [1; 32]);
}

async fn revoking_again_has_no_effect(place: Place) {
    let store = place.open().await;
    make(&store, "app", 1).await;
    keys::rotate(&store, "app", [2; 32], 9_000).await.unwrap();
    let revoked = keys::revoke(&store, "app", 2_000).await.unwrap();
    assert_eq!(
        (revoked.revoked_at, revoked.previous.clone()),
        (Some(2_000), None)
    );
    let before = changes::latest(&store).await.unwrap();
    assert_eq!(keys::revoke(&store, "app", 3_000).await.unwrap(), revoked);
    assert_eq!(changes::latest(&store).await.unwrap(), before);
}

async fn what_does_not_exist_is_not_found(place: Place) {
    let store = place.open().await;
    let answers = [
        keys::get(&store, "nobody").await,
        keys::rotate(&store, "nobody", [1; 32], 0).await,
        keys::revoke(&store, "nobody", 0).await,
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(StoreError::NotFound { noun: "key", .. })),
            "{answer:?}"
        );
    }
}

async fn a_list_is_paged_in_the_order_of_making(place: Place) {
    let store = place.open().await;
    for (digest, name) in (0..).zip(["b", "C", "a", "ä", "D"]) {
        make(&store, name, digest).await;
    }
    let (mut seen, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = keys::list(&store, after, 2).await.unwrap();
        seen.extend(page.rows.into_iter().map(|key| key.name));
        pages += 1;
        let Some(next) = page.next else { break };
        // As it goes through the admin API.
        after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!((seen.join(" ").as_str(), pages), ("b C a ä D", 3));
}

async fn a_page_has_at_least_one_row_and_at_most_the_maximum(place: Place) {
    let store = place.open().await;
    make(&store, "one", 1).await;
    make(&store, "two", 2).await;
    assert_eq!(keys::list(&store, None, 0).await.unwrap().rows.len(), 1);
    assert_eq!(keys::list(&store, None, u32::MAX).await.unwrap().rows.len(), 2);
    assert_eq!(MAXIMUM_PAGE_ROWS, 1_000);
}

async fn loading_gives_all_that_are_not_revoked(place: Place) {
    let store = place.open().await;
    for (digest, name) in (0..).zip(["kept", "revoked", "also kept"]) {
        make(&store, name, digest).await;
    }
    keys::revoke(&store, "revoked", 2_000).await.unwrap();
    let mut names: Vec<_> = keys::load_all(&store)
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.name)
        .collect();
    names.sort();
    assert_eq!(names, ["also kept", "kept"]);
}

async fn what_changed_since_holds_new_rotated_and_revoked_keys(place: Place) {
    let store = place.open().await;
    for (digest, name) in (0..).zip(["untouched", "rotated", "revoked"]) {
        make(&store, name, digest).await;
    }
    let seen = changes::latest(&store).await.unwrap();
    assert_eq!(keys::changed_since(&store, seen).await.unwrap(), []);

    make(&store, "new", 9).await;
    keys::rotate(&store, "rotated", [10; 32], 0).await.unwrap();
    keys::revoke(&store, "revoked", 2_000).await.unwrap();
    let mut changed: Vec<_> = keys::changed_since(&store, seen)
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.name)
        .collect();
    changed.sort();
    assert_eq!(changed, ["new", "revoked", "rotated"]);
}

async fn more_keys_than_are_read_at_once_are_all_loaded(place: Place) {
    const KEYS: usize = 20_001;
    let store = place.open().await;
    make(&store, "first", 1).await;
    let digest = match place.kind {
        Kind::Sqlite(_) => "randomblob(32)",
        Kind::Postgres => "decode(md5(n::text) || md5((-n)::text), 'hex')",
    };
    // As if made one by one: the change after the first key's made the first of them.
    let fill = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {KEYS}) \
         INSERT INTO keys (name, created_number, changed_number, digest, models, overrides, created_at, revoked_at) \
         SELECT 'k' || n, n, n, {digest}, '[\"*\"]', 'deny', 0, CASE WHEN n % 3 = 0 THEN 1 END FROM numbers"
    );
    place.execute(fill).await;
    place.execute(format!("UPDATE changes SET number = {KEYS}")).await;
    assert_eq!(keys::load_all(&store).await.unwrap().len(), KEYS - KEYS / 3);
    let changed = keys::changed_since(&store, 1).await.unwrap();
    let names: std::collections::HashSet<_> = changed.iter().map(|key| &key.name).collect();
    assert_eq!((changed.len(), names.len()), (KEYS - 1, KEYS - 1), "each once");
}

async fn a_limit_beyond_the_databases_integers_is_kept_as_their_greatest(place: Place) {
    let store = place.open().await;
    let mut settings = nothing();
    settings.limits.tokens_per_minute = Some(u64::MAX);
    let made = keys::create(&store, "app", [1; 32], &settings, 0).await.unwrap();
    assert_eq!(
        made.settings.limits.tokens_per_minute,
        Some(i64::MAX.unsigned_abs())
    );
}
