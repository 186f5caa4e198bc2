//! Credit that is paid before.

use serde_json::json;
use testkit::bad_upstream::BadUpstream;
use testkit::wait;

use super::*;
use crate::databases::on_postgres;

/// Sends so many requests at once, to the gateways and with the keys in turn; returns the statuses, with what the vendor
/// has seen by the time that all are refused but those that credit covers.
async fn storm(
    gateways: &[&CrossfadeProcess],
    secrets: &[&str],
    (requests, covered): (usize, usize),
    vendor: &BadUpstream,
) -> Vec<u16> {
    let refused = std::rc::Rc::new(std::cell::Cell::new(0));
    let before = asked(vendor);
    let local = tokio::task::LocalSet::new();
    let asked_all: Vec<_> = (0..requests)
        .map(|number| {
            let (addr, refused) = (gateways[number % gateways.len()].client_addr, refused.clone());
            let bearer = format!("Bearer {}", secrets[number % secrets.len()]);
            local.spawn_local(async move {
                let reply = wait::post(addr, CHAT, &[("authorization", &bearer)], &ten_tokens(false)).await;
                if reply.status != 200 {
                    assert_eq!(refusal(&reply), "402 insufficient_quota");
                    refused.set(refused.get() + 1);
                }
                reply.status
            })
        })
        .collect();
    local
        .run_until(async {
            wait::until("all others are refused", SOON * 3, || {
                refused.get() == requests - covered
            })
            .await;
            wait::until("the others are with the vendor", SOON, || {
                asked(vendor) == before + covered
            })
            .await;
            vendor.release("go");
            let mut statuses = Vec::with_capacity(requests);
            for asked in asked_all {
                statuses.push(asked.await.unwrap());
            }
            statuses
        })
        .await
}

/// 500 requests at once, three times; two hundred times with CROSSFADE_FULL=1.
#[tokio::test]
async fn credit_for_ten_sends_exactly_ten_of_five_hundred() {
    for round in 0..if is_full() { 200 } else { 3 } {
        let vendor = BadUpstream::start(answer_when_told(10)).await;
        let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
        let secret = prepaid(&gateway, "acme", 100).await;
        let statuses = storm(&[&gateway], &[&secret], (500, 10), &vendor).await;
        let answered = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!((answered, asked(&vendor)), (10, 10), "round {round}");
        wait::until_async("all is settled", SOON, async || {
            standing(&gateway, "acme").await == [0, 0, 0]
        })
        .await;
        adds_up(&gateway).await;
    }
}

/// Three keys of one account, each with credit set aside in advance.
#[tokio::test]
async fn what_is_reserved_in_advance_neither_refuses_nor_sends_one_too_many() {
    // Kept connections would go on with this script.
    let mut at_once = answer_when_told(10);
    at_once.retain(|step| !matches!(step, Step::PauseUntilReleased(_) | Step::Repeat));
    at_once.push(Step::Close);
    let vendor = BadUpstream::start(at_once).await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let mut secrets = vec![prepaid(&gateway, "acme", 3_000).await];
    for name in ["second", "third"] {
        secrets.push(key(&gateway, json!({"name": name, "account": "acme"})).await);
    }
    let reserved = async || {
        let ledger = look(&gateway, "/ledger?account=acme").await;
        let entries = ledger["entries"].as_array().unwrap().clone();
        let of_reserve = |entry: &&Value| entry["id"].as_str().is_some_and(|id| id.starts_with("reserve."));
        entries.iter().filter(of_reserve).count()
    };
    for (number, secret) in (1..).zip(&secrets) {
        assert_eq!(ask(&gateway, secret, &ten_tokens(false)).await.status, 200);
        wait::until_async("something is reserved", SOON, async || reserved().await >= number).await;
    }
    vendor.change_script(answer_when_told(10));
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let statuses = storm(&[&gateway], &secrets, (450, 297), &vendor).await;
    let answered = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((answered, asked(&vendor)), (297, 300));
    wait::until_async("all is settled", SOON, async || {
        standing(&gateway, "acme").await == [0, 0, 0]
    })
    .await;
    adds_up(&gateway).await;
}

#[tokio::test]
async fn credit_for_ten_sends_exactly_ten_across_two_gateways() {
    on_postgres(async |store| {
        let vendor = BadUpstream::start(answer_when_told(10)).await;
        let file = format!("store: {store}\n{}", file(&vendor.url()));
        let gateways = [
            wait::spawn_crossfade(BINARY, &file, &[]).await,
            wait::spawn_crossfade(BINARY, &file, &[]).await,
        ];
        let secret = prepaid(&gateways[0], "acme", 100).await;
        let known = async || {
            // Refused for want of the model, after the key and the account are known.
            let reply = ask(&gateways[1], &secret, &json!({"model": "free", "messages": []})).await;
            reply.status == 402
        };
        wait::until_async("the other gateway knows key and account", SOON, known).await;
        let statuses = storm(&[&gateways[0], &gateways[1]], &[&secret], (200, 10), &vendor).await;
        let answered = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!((answered, asked(&vendor)), (10, 10));
        wait::until_async("all is settled", SOON, async || {
            standing(&gateways[1], "acme").await == [0, 0, 0]
        })
        .await;
        adds_up(&gateways[0]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_used_is_given_back_and_the_charge_is_shown() {
    let vendor = BadUpstream::start(answer_when_told(3)).await;
    vendor.release("go");
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 10).await;
    let reply = ask(&gateway, &secret, &ten_tokens(false)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    wait::until_async("it is settled", SOON, async || {
        standing(&gateway, "acme").await == [7, 0, 7]
    })
    .await;
    let id = reply.header("x-request-id").unwrap();
    let shown = look(&gateway, &format!("/requests/{id}")).await;
    assert_eq!(
        (tokens(&shown["charge_usd"]), &shown["estimated"]),
        (3, &json!(false)),
        "{shown}"
    );
    let ledger = look(&gateway, "/ledger?account=acme").await;
    let entries = ledger["entries"].as_array().unwrap();
    let moved: Vec<_> = entries
        .iter()
        .map(|entry| {
            format!(
                "{} > {}: {}",
                entry["debit"],
                entry["credit"],
                tokens(&entry["amount_usd"])
            )
        })
        .map(|text| text.replace('"', ""))
        .collect();
    let wanted = [
        "corrections > customer/acme/credit: 10",
        "customer/acme/credit > customer/acme/holds: 10",
        "customer/acme/holds > revenue: 3",
        "customer/acme/holds > customer/acme/credit: 7",
    ];
    assert_eq!(moved, wanted);
    adds_up(&gateway).await;
}

#[tokio::test]
async fn what_has_no_price_is_refused_where_it_must_be_covered_and_sent_where_not() {
    let vendor = BadUpstream::start(answer_when_told(3)).await;
    vendor.release("go");
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 100).await;
    done(
        &gateway,
        "POST",
        "/accounts",
        json!({"name": "later", "billing": "postpaid"}),
    )
    .await;
    let later = key(&gateway, json!({"name": "later-key", "account": "later"})).await;
    let free = json!({"model": "free", "messages": [{"role": "user", "content": "hello"}]});
    let refused = ask(&gateway, &secret, &free).await;
    assert_eq!(refusal(&refused), "402 insufficient_quota");
    assert!(
        refused.text().contains("no price known for"),
        "{}",
        refused.text()
    );
    assert_eq!(asked(&vendor), 0);
    assert_eq!(ask(&gateway, &later, &free).await.status, 200);
    assert_eq!(ask(&gateway, &later, &ten_tokens(false)).await.status, 200);
    wait::until_async("it owes three tokens", SOON, async || {
        standing(&gateway, "later").await == [-3, 0, -3]
    })
    .await;
    adds_up(&gateway).await;
}

#[tokio::test]
async fn two_requests_with_one_id_are_charged_twice() {
    let vendor = BadUpstream::start(answer_when_told(3)).await;
    vendor.release("go");
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 100).await;
    for _ in 0..2 {
        let reply = post_to(&gateway, &secret, &[("x-request-id", "mine")], &ten_tokens(false)).await;
        assert_eq!(reply.status, 200);
    }
    wait::until_async("both are settled", SOON, async || {
        standing(&gateway, "acme").await == [94, 0, 94]
    })
    .await;
}

#[tokio::test]
async fn a_vendors_error_costs_nothing() {
    let vendor = BadUpstream::start(vec![
        Step::ReadRequest,
        testkit::bad_upstream::json_answer(500, &json!({"error": {"message": "no"}})),
        Step::Repeat,
    ])
    .await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 100).await;
    assert!(ask(&gateway, &secret, &ten_tokens(false)).await.status >= 500);
    wait::until_async("the hold is given back", SOON, async || {
        standing(&gateway, "acme").await == [100, 0, 100]
    })
    .await;
    adds_up(&gateway).await;
}
