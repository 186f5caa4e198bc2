//! What a key may spend.

use serde_json::json;
use testkit::bad_upstream::BadUpstream;
use testkit::wait;

use super::*;

#[tokio::test]
async fn a_budget_is_never_overspent_however_many_ask_at_once() {
    let vendor = BadUpstream::start(answer_when_told(10)).await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    for per in ["day", "month", "total"] {
        // Nobody pays for the key, but it has a budget.
        let budget = json!({"usd": usd(30), "per": per});
        let secret = key(&gateway, json!({"name": per, "budget": budget})).await;
        let before = asked(&vendor);
        let local = tokio::task::LocalSet::new();
        let refused = std::rc::Rc::new(std::cell::Cell::new(0));
        let requests: Vec<_> = (0..50)
            .map(|_| {
                let (addr, refused, bearer) =
                    (gateway.client_addr, refused.clone(), format!("Bearer {secret}"));
                local.spawn_local(async move {
                    let reply =
                        wait::post(addr, CHAT, &[("authorization", &bearer)], &ten_tokens(false)).await;
                    if reply.status == 402 {
                        refused.set(refused.get() + 1);
                    }
                    reply.status
                })
            })
            .collect();
        local
            .run_until(async {
                wait::until("all but three are refused", SOON, || refused.get() == 47).await;
                wait::until("three are with the vendor", SOON, || asked(&vendor) == before + 3).await;
                vendor.release("go");
                for request in requests {
                    assert!([200, 402].contains(&request.await.unwrap()));
                }
            })
            .await;
        assert_eq!(
            ask(&gateway, &secret, &ten_tokens(false)).await.status,
            402,
            "{per}"
        );
        assert_eq!(asked(&vendor), before + 3, "{per}");
    }
    adds_up(&gateway).await;
}
