//! Promises about opening: what was there stays, what does not fit is refused, the file is private.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::audit::{self, Filter};
use store::{Store, StoreError, StoreUrl, deployments, keys, meta, requests, routes};

use crate::places::{Kind, Place, on_sqlite};
use crate::samples;

on_both! {
    everything_is_still_there_after_reopening
    a_store_that_a_newer_version_used_is_refused
    a_closed_store_answers_with_an_error
    a_running_gateway_outlives_a_newer_one_that_adds_columns
}

async fn everything_is_still_there_after_reopening(place: Place) {
    let store = place.open().await;
    meta::set(&store, "a", "b").await.unwrap();
    store.close().await;
    for _ in 0..3 {
        let store = place.open().await;
        assert_eq!(meta::get(&store, "a").await.unwrap().as_deref(), Some("b"));
    }
}

async fn a_store_that_a_newer_version_used_is_refused(place: Place) {
    place.open().await.close().await;
    let newer = "INSERT INTO crossfade_migrations (version, description, success, checksum, execution_time)
                 SELECT 999, 'from the future', success, checksum, 0 FROM crossfade_migrations WHERE version = 1";
    place.execute(newer.into()).await;
    let refused = Store::open(&place.url.parse().unwrap()).await;
    assert!(matches!(refused, Err(StoreError::Schema(_))), "{refused:?}");
}

async fn a_closed_store_answers_with_an_error(place: Place) {
    let store = place.open().await;
    let clone = store.clone();
    store.close().await;
    let (read, written) = (meta::get(&clone, "a").await, meta::set(&clone, "a", "b").await);
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
}

async fn a_running_gateway_outlives_a_newer_one_that_adds_columns(place: Place) {
    let older = place.open().await;
    keys::create(&older, "app", [1; 32], &samples::settings(), 1)
        .await
        .unwrap();
    routes::save(&older, &samples::route("gpt", 1), None)
        .await
        .unwrap();
    deployments::put(&older, "gpt", "model", "{}", 1).await.unwrap();
    audit::append(&older, &samples::entry()).await.unwrap();
    requests::append(&older, &[samples::request("r", 1)])
        .await
        .unwrap();
    let before = all_that_is_in(&older).await;

    for table in ["keys", "routes", "deployments", "audit", "finished_requests"] {
        place
            .execute(format!("ALTER TABLE {table} ADD COLUMN colour TEXT"))
            .await;
    }
    assert_eq!(all_that_is_in(&older).await, before);
    let rotated = keys::rotate(&older, "app", [2; 32], 9).await.unwrap();
    assert_eq!(
        keys::revoke(&older, "app", 9).await.unwrap().digest,
        rotated.digest
    );
    keys::create(&older, "more", [3; 32], &samples::settings(), 1)
        .await
        .unwrap();
}

/// By every function that reads rows, as text.
async fn all_that_is_in(store: &Store) -> Vec<String> {
    let shown = |row: &dyn std::fmt::Debug| format!("{row:?}");
    vec![
        shown(&keys::get(store, "app").await.unwrap()),
        shown(&keys::list(store, None, 9).await.unwrap()),
        shown(&keys::load_all(store).await.unwrap()),
        shown(&keys::changed_since(store, 0).await.unwrap()),
        shown(&routes::load(store, "gpt").await.unwrap()),
        shown(&routes::load_all(store).await.unwrap()),
        shown(&deployments::get(store, "gpt").await.unwrap()),
        shown(&deployments::list(store).await.unwrap()),
        shown(&audit::list(store, &Filter::default(), None, 9).await.unwrap()),
        shown(&requests::get(store, "r").await.unwrap()),
    ]
}

#[tokio::test]
async fn a_new_sqlite_file_and_its_companions_are_for_the_owner_alone() {
    on_sqlite(async |place: Place| {
        let store = place.open().await;
        meta::set(&store, "a", "b").await.unwrap();
        let Kind::Sqlite(file) = &place.kind else {
            panic!("not SQLite")
        };
        for suffix in ["", "-wal", "-shm"] {
            let companion = format!("{}{suffix}", file.display());
            let mode = std::fs::metadata(&companion).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{companion}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_memory_store_works_and_is_its_own() {
    let url: StoreUrl = "sqlite::memory:".parse().unwrap();
    let (one, other) = (Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap());
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let store = one.clone();
            tokio::spawn(async move { meta::set(&store, &number.to_string(), "set").await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(meta::get(&one, "19").await.unwrap().as_deref(), Some("set"));
    assert_eq!(meta::get(&other, "19").await.unwrap(), None);
    assert!(!Path::new(":memory:").exists());
}

#[tokio::test]
async fn a_path_with_odd_characters_is_taken_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("my store %20 #1 ä.db");
    Store::open(&format!("sqlite:{}", file.display()).parse().unwrap())
        .await
        .unwrap()
        .close()
        .await;
    assert!(file.exists());
}

#[tokio::test]
async fn a_missing_directory_is_named_and_not_made() {
    let refused = Store::open(&"sqlite:/nonexistent/dir/store.db".parse().unwrap())
        .await
        .unwrap_err();
    let StoreError::StorageFailed(source) = &refused else {
        panic!("{refused:?}")
    };
    assert!(
        source.to_string().contains("/nonexistent/dir/store.db"),
        "{source}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    let words = "not a database, but long enough to look like one ".repeat(20);
    std::fs::write(&file, &words).unwrap();
    let refused = Store::open(&format!("sqlite:{}", file.display()).parse().unwrap()).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), words);
}
