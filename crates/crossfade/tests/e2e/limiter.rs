//! Limits that two gateway processes share.

use testkit::wait;

use crate::house::*;

/// A file of a gateway that shares limits in this database of Redis.
fn sharing(file: String, database: u8, key: &str) -> String {
    let address = std::env::var("CROSSFADE_TEST_REDIS").unwrap_or_else(|_| "127.0.0.1:6379".to_owned());
    file.replace(
        "name: app",
        &format!("limits: {{requests_per_minute: 10}}, name: {key}"),
    ) + &format!("limiter: redis://{address}/{database}\n")
}

#[tokio::test]
async fn two_processes_let_through_what_one_limit_says() {
    let vendors = vendors().await;
    let key = format!("shared-{:x}", std::process::id());
    let file = sharing(usual_file(&vendors.url()), 8, &key);
    let one = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let other = wait::spawn_crossfade(BINARY, &file, &[]).await;
    for gateway in [&one, &other] {
        let shares = || gateway.log().contains("limits are shared");
        wait::until("limits are shared", SOON, shares).await;
    }
    let mut through = 0;
    for number in 0..24 {
        let gateway = if number % 2 == 0 { &one } else { &other };
        let reply = post_to(gateway, APP, &[], &chat()).await;
        match reply.status {
            200 => through += 1,
            429 => assert_eq!(refusal(&reply), "429 rate_limit_exceeded"),
            status => panic!("{status}"),
        }
        assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("10"));
    }
    assert_eq!(through, 10);
}

#[tokio::test]
async fn without_the_shared_limiter_the_gateways_own_takes_over_and_says_so() {
    let vendors = vendors().await;
    let file = usual_file(&vendors.url()).replace("name: app", "limits: {requests_per_minute: 2}, name: app")
        + "limiter: redis://127.0.0.1:1/0\n";
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    let said = || gateway.log().contains("the shared limiter cannot be used");
    wait::until("it is said in the log", SOON, said).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(post_to(&gateway, APP, &[], &chat()).await.status);
    }
    assert_eq!(seen, [200, 200, 429]);
    let house = House { vendors, gateway };
    let metrics = house.page("/metrics").await;
    assert!(
        metrics.contains("crossfade_limits_decided_alone_total 3"),
        "{metrics}"
    );
}
