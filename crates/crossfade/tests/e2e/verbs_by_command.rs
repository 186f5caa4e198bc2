//! The same verbs by the command line, which is a client of the admin API like any other.

use serde_json::{Value, json};

use crate::house::*;

async fn said(house: &House, words: &[&str]) -> String {
    let ran = house.cli(words).await;
    assert_eq!(ran.code, 0, "{words:?}: {}{}", ran.out, ran.err);
    ran.out
}

#[tokio::test]
async fn verbs_say_what_holds_now() {
    let house = house().await;
    let split = ["split", "assistant", "--green", "12.5", "--reason", "first look"];
    assert_eq!(
        said(&house, &split).await,
        "assistant: blue 87.5% : green 12.5% (revision 2)\n"
    );
    assert_eq!(
        said(&house, &split).await,
        "assistant: blue 87.5% : green 12.5% (revision 2)\n"
    );
    let promoted = said(&house, &["promote", "assistant"]).await;
    assert!(
        promoted.starts_with("assistant: ") && promoted.ends_with("(revision 3)\n"),
        "{promoted}"
    );
    assert_eq!(house.routed(&[]).await, "green split");
    let rolled_back = said(&house, &["rollback", "assistant", "--json"]).await;
    let answer: Value = serde_json::from_str(&rolled_back).unwrap();
    assert_eq!(
        json!([answer["split"]["green"], answer["revision"]]),
        json!([0, 4])
    );
    assert_eq!(house.routed(&[]).await, "blue split");
    said(&house, &["promote", "assistant"]).await;
    said(&house, &["finalize", "assistant", "--reason", "done"]).await;
    let listed = said(&house, &["deployments"]).await;
    assert!(
        listed.contains("assistant") && listed.contains("green-model"),
        "{listed}"
    );
    let audit = look(&house.gateway, "/audit?verb=finalize").await;
    assert_eq!(audit["audit"][0]["reason"], "done");
}

#[tokio::test]
async fn a_refusal_is_exit_code_1_and_wrong_usage_is_2() {
    let house = house().await;
    for (words, code, expected) in [
        (&["finalize", "assistant"][..], 1, "promote it first (conflict)"),
        (
            &["split", "assistant", "--blue", "50", "--green", "40"],
            1,
            "invalid_split",
        ),
        (&["rollback", "asistant"], 1, "did you mean 'assistant'?"),
        (&["split", "assistant", "--green", "101"], 2, "101"),
        (&["split", "assistant"], 2, "--green"),
        (
            &[
                "rollback",
                "assistant",
                "--token",
                "not-the-token-of-this-gateway",
            ],
            1,
            "does not accept the token",
        ),
        (&["explain", "never-was"], 1, "request_not_found"),
    ] {
        let ran = house.cli(words).await;
        assert_eq!(ran.code, code, "{words:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(expected), "{words:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{words:?}: {}", ran.out);
    }
    let ran = house.cli(&["finalize", "assistant", "--json"]).await;
    let error: Value = serde_json::from_str(&(ran.out + &ran.err)).unwrap();
    assert_eq!(error["error"]["code"], "conflict");
}

#[tokio::test]
async fn a_list_of_more_than_one_page_is_shown_whole() {
    let house = house().await;
    for number in 0..105 {
        house
            .done("POST", "/keys", json!({"name": format!("key-{number:03}")}))
            .await;
    }
    let listed = said(&house, &["keys", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 106);
}

#[tokio::test]
async fn explain_tells_a_requests_story() {
    let house = house().await;
    house
        .vendors
        .change_behaviour("green-model", json!({"error_rate": 1.0, "error_status": 503}))
        .unwrap();
    house.split(100.0).await;
    let reply = house.chat(&[("x-request-id", "the-rescued-one")]).await;
    assert_eq!((reply.status, routed(&reply).as_str()), (200, "blue rescue"));
    let mut story = String::new();
    testkit::wait::until_async("the request is known", SOON, async || {
        let ran = house.cli(&["explain", "the-rescued-one"]).await;
        story = ran.out;
        ran.code == 0
    })
    .await;
    for part in [
        "the-rescued-one",
        "assistant",
        "sim/green-model",
        "503",
        "sim/blue-model",
        "rescue",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
}
