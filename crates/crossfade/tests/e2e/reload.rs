//! The file changes while the gateway runs: taken whole, or refused with the old one in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use testkit::wait;

use crate::house::*;

fn with_alias(house: &House, alias: &str) -> String {
    format!(
        "{}aliases: {{{alias}: assistant}}\n",
        usual_file(&house.vendors.url())
    )
}

async fn status_of(house: &House, model: &str) -> u16 {
    let mut body = chat();
    body["model"] = model.into();
    house.post(&[], &body).await.status
}

#[tokio::test]
async fn a_changed_file_is_taken_and_a_bad_one_is_refused_with_the_old_one_kept() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    house.split(25.0).await;
    house.gateway.replace_config(&with_alias(&house, "helper"));
    assert_eq!(events.next("config").await.1["outcome"], "in_force");
    assert_eq!(status_of(&house, "helper").await, 200);
    assert_eq!(
        house.deployment().await["split"]["green"],
        25,
        "the file never moves a live split"
    );

    let bad = with_alias(&house, "gone").replace("blue: {", "bleu: {");
    house.gateway.replace_config(&bad);
    let (_, refused) = events.next("config").await;
    assert_eq!(refused["outcome"], "refused");
    let problem = refused["problem"].as_str().unwrap();
    assert!(problem.contains("bleu") && problem.contains("blue"), "{problem}");
    assert_eq!(
        [status_of(&house, "helper").await, status_of(&house, "gone").await],
        [200, 404]
    );
    let metrics = house.page("/metrics").await;
    assert!(
        metrics.contains("crossfade_config_reload_failures_total 1\n"),
        "{metrics}"
    );
    assert!(house.gateway.log().contains("the old one stays in force"));

    house.gateway.replace_config(&with_alias(&house, "again"));
    assert_eq!(events.next("config").await.1["outcome"], "in_force");
    assert_eq!(
        [
            status_of(&house, "helper").await,
            status_of(&house, "again").await
        ],
        [404, 200]
    );
}

#[tokio::test]
async fn a_hangup_reads_the_file_again() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    house.gateway.signal("HUP");
    assert_eq!(events.next("config").await.1["outcome"], "in_force");
    assert_eq!(house.deployment().await["revision"], 1, "nothing has changed");
}

#[tokio::test]
async fn settings_that_need_a_restart_are_named_and_the_rest_is_taken() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    let moved = with_alias(&house, "helper").replace("workers: 2", "workers: 3");
    house
        .gateway
        .replace_config(&format!("listen: 127.0.0.1:1\nstore: sqlite:other.db\n{moved}"));
    let (_, taken) = events.next("config").await;
    assert_eq!(taken["outcome"], "in_force");
    assert_eq!(
        taken["needs_restart"],
        serde_json::json!(["listen", "store", "workers"])
    );
    assert!(house.gateway.log().contains("need a restart"));
    assert_eq!(status_of(&house, "helper").await, 200);
}

#[tokio::test]
async fn keys_of_the_file_come_and_go_with_it() {
    let house = house().await;
    let mut events = Events::open(&house.gateway, None).await;
    let renewed = usual_file(&house.vendors.url()).replace(APP, "cf-renewed-in-the-file-0123");
    house.gateway.replace_config(&renewed);
    events.next("config").await;
    assert_eq!(
        [
            house.status(APP).await,
            house.status("cf-renewed-in-the-file-0123").await
        ],
        [401, 200]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloads_under_load_fail_no_request() {
    let house = Arc::new(house().await);
    house.split(50.0).await;
    let mut events = Events::open(&house.gateway, None).await;
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let (house, over) = (house.clone(), over.clone());
            tokio::spawn(async move {
                let body = if number % 2 == 0 { chat() } else { streamed() };
                let mut answered = 0;
                while !over.load(Ordering::SeqCst) {
                    let reply = house.post(&[], &body).await;
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    assert!(reply.complete);
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for number in 0..10 {
        let file = with_alias(&house, &format!("alias-{number}"));
        let bad = number % 3 == 2;
        house.gateway.replace_config(&if bad {
            file.replace("providers:", "provders:")
        } else {
            file
        });
        let expected = if bad { "refused" } else { "in_force" };
        assert_eq!(events.next("config").await.1["outcome"], expected);
    }
    over.store(true, Ordering::SeqCst);
    let mut answered = 0;
    for client in clients {
        answered += client.await.unwrap();
    }
    assert!(answered > 100, "{answered}");
    let sent = |model| house.vendors.counters(model).requests;
    assert_eq!(answered, sent("blue-model") + sent("green-model"));
}

#[tokio::test]
async fn a_provider_that_changes_ends_no_stream_that_is_under_way() {
    let house = house().await;
    let elsewhere = vendors().await;
    house.vendors.set_behaviour("blue-model", slow(40)).unwrap();
    let mut stream = house.stream(&[]).await;
    house.gateway.replace_config(&usual_file(&elsewhere.url()));
    wait::until_async("requests go elsewhere", SOON, async || {
        house.vendors.counters("blue-model").requests > 1
            || elsewhere.counters("blue-model").requests > 0
            || {
                house
                    .admin("GET", "/deployments/assistant", serde_json::Value::Null)
                    .await;
                house
                    .gateway
                    .log()
                    .contains("the changed configuration is in force")
            }
    })
    .await;
    house.routed(&[]).await;
    assert_eq!(elsewhere.counters("blue-model").requests, 1);
    assert_eq!(stream.collect().await.last().unwrap().data, "[DONE]");
}
