//! Operator verbs through the admin API: what they answer, and what they do to traffic.

use serde_json::{Value, json};

use crate::house::*;

/// `state blue:green revision` of a verb's answer.
fn told(answer: &Value) -> String {
    let (split, state) = (&answer["split"], answer["state"].as_str().unwrap());
    format!(
        "{state} {}:{} r{}",
        split["blue"], split["green"], answer["revision"]
    )
}

#[tokio::test]
async fn every_verb_answers_with_what_holds_now_and_repeating_it_changes_nothing() {
    let house = house().await;
    let split = |body: Value| house.done("PUT", "/deployments/assistant/split", body);
    let verb = async |verb: &str| {
        let path = format!("/deployments/assistant/{verb}");
        told(&house.done("POST", &path, Value::Null).await)
    };
    assert_eq!(told(&split(json!({"green": 10})).await), "split 90:10 r2");
    assert_eq!(
        told(&split(json!({"blue": 90, "green": 10})).await),
        "split 90:10 r2"
    );
    assert_eq!(told(&split(json!({"blue": 87.5})).await), "split 87.5:12.5 r3");
    for _ in 0..2 {
        assert_eq!(verb("promote").await, "promoted 0:100 r4");
    }
    for _ in 0..2 {
        assert_eq!(verb("rollback").await, "rolled_back 100:0 r5");
    }
    assert_eq!(told(&split(json!({"green": 0})).await), "rolled_back 100:0 r5");
    assert_eq!(verb("promote").await, "promoted 0:100 r6");
    for _ in 0..2 {
        assert_eq!(verb("finalize").await, "finalized 100:0 r7");
    }
    let now = house.deployment().await;
    assert_eq!(told(&now), "finalized 100:0 r7");
    assert_eq!(
        json!([
            now["name"],
            now["kind"],
            now["blue"]["model"],
            now["green"],
            now["rollout"]
        ]),
        json!(["assistant", "model", "green-model", null, null])
    );
}

#[tokio::test]
async fn a_verb_that_does_not_fit_is_a_conflict_that_names_the_state() {
    let house = house().await;
    let refused = async |verb: &str| {
        let reply = house
            .admin("POST", &format!("/deployments/assistant/{verb}"), Value::Null)
            .await;
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        (refusal(&reply), message)
    };
    let (refusal, message) = refused("finalize").await;
    assert_eq!(refusal, "409 conflict");
    assert!(
        message.contains("'split'") && message.contains("promote it first"),
        "{message}"
    );
    house
        .done("POST", "/deployments/assistant/promote", Value::Null)
        .await;
    house
        .done("POST", "/deployments/assistant/finalize", Value::Null)
        .await;
    for verb in ["promote", "rollback"] {
        let (refusal, message) = refused(verb).await;
        assert_eq!(refusal, "409 conflict");
        assert!(message.contains("'finalized'"), "{message}");
    }
}

#[tokio::test]
async fn a_split_that_is_none_is_refused_and_an_unknown_name_is_told_its_neighbours() {
    let house = house().await;
    for (body, expected) in [
        (json!({"blue": 80, "green": 10}), "400 invalid_split"),
        (json!({"green": 101}), "400 invalid_split"),
        (json!({"green": -1}), "400 invalid_split"),
        (json!({"green": 0.001}), "400 invalid_split"),
        (json!({}), "400 invalid_split"),
        (json!({"green": "10"}), "400 invalid_request"),
        (json!({"gren": 10}), "400 invalid_request"),
    ] {
        let reply = house
            .admin("PUT", "/deployments/assistant/split", body.clone())
            .await;
        assert_eq!(refusal(&reply), expected, "{body}");
    }
    let reply = house
        .admin("POST", "/deployments/asistant/rollback", Value::Null)
        .await;
    assert_eq!(refusal(&reply), "404 deployment_not_found");
    assert!(
        reply.text().contains("did you mean 'assistant'"),
        "{}",
        reply.text()
    );
    assert_eq!(house.deployment().await["revision"], 1);
}

#[tokio::test]
async fn requests_in_flight_finish_where_they_began_and_are_counted_while_they_drain() {
    let house = house().await;
    house.vendors.set_behaviour("blue-model", slow(40)).unwrap();
    let mut streams = vec![house.stream(&[]).await, house.stream(&[]).await];
    let promoted = house
        .done("POST", "/deployments/assistant/promote", Value::Null)
        .await;
    assert_eq!(
        json!([promoted["blue"]["in_flight"], promoted["green"]["in_flight"]]),
        json!([2, 0])
    );
    assert_eq!(house.routed(&[]).await, "green split");
    let metrics = house.page("/metrics").await;
    let line = "crossfade_in_flight_requests{deployment=\"assistant\",environment=\"blue\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    for stream in &mut streams {
        assert_eq!(stream.header("x-upstream-model"), Some("blue-model"));
        let events = stream.collect().await;
        assert!(stream.ended_orderly());
        assert_eq!(events.last().unwrap().data, "[DONE]");
    }
    house
        .until("blue is drained", |now| now["blue"]["in_flight"] == 0)
        .await;
    assert_eq!(house.vendors.counters("blue-model").answered, 2);
}

#[tokio::test]
async fn what_finalize_left_still_drains_and_is_counted_by_nobody_twice() {
    let house = house().await;
    house
        .done("POST", "/deployments/assistant/promote", Value::Null)
        .await;
    house.vendors.set_behaviour("green-model", slow(40)).unwrap();
    let mut stream = house.stream(&[]).await;
    let finalized = house
        .done("POST", "/deployments/assistant/finalize", Value::Null)
        .await;
    assert_eq!(
        finalized["blue"]["in_flight"], 1,
        "the count moves with the environment"
    );
    let events = stream.collect().await;
    assert_eq!(events.last().unwrap().data, "[DONE]");
    house
        .until("nothing is in flight", |now| now["blue"]["in_flight"] == 0)
        .await;
}

#[tokio::test]
async fn after_a_rollback_only_an_explicit_green_reaches_green() {
    let house = house().await;
    house.split(50.0).await;
    let sessions: Vec<String> = (0..30).map(|number| format!("session-{number}")).collect();
    let mut on_green = Vec::new();
    for session in &sessions {
        if house.routed(&[("x-session-id", session)]).await == "green session" {
            on_green.push(session);
        }
    }
    assert!((3..28).contains(&on_green.len()), "{}", on_green.len());
    house
        .done(
            "POST",
            "/deployments/assistant/rollback",
            json!({"reason": "slow"}),
        )
        .await;
    for session in &on_green {
        assert_eq!(house.routed(&[("x-session-id", session)]).await, "blue session");
    }
    assert_eq!(house.routed(&[("x-blue-weight", "0")]).await, "blue split");
    assert_eq!(house.routed(&[]).await, "blue split");
    assert_eq!(
        house.routed(&[("x-deployment-environment", "green")]).await,
        "green header"
    );
    assert_eq!(house.routed(&[("x-canary", "enabled")]).await, "green canary");
    // The same candidate comes back with the same salt: units return to where they were.
    house.split(50.0).await;
    for session in &on_green {
        assert_eq!(house.routed(&[("x-session-id", session)]).await, "green session");
    }
}

#[tokio::test]
async fn what_was_finalized_stays_blue_over_a_restart_with_the_unchanged_file() {
    let mut house = house().await;
    house
        .done("POST", "/deployments/assistant/promote", Value::Null)
        .await;
    house
        .done("POST", "/deployments/assistant/finalize", Value::Null)
        .await;
    house.gateway.terminate();
    assert!(house.gateway.wait(SOON).await.success());
    house.gateway.start_again().await;
    let now = house.deployment().await;
    assert_eq!(told(&now), "finalized 100:0 r3");
    assert_eq!(
        json!([now["blue"]["model"], now["green"]]),
        json!(["green-model", null])
    );
    assert_eq!(
        house.chat(&[]).await.header("x-upstream-model"),
        Some("green-model")
    );
    assert!(house.gateway.log().contains("bring the file up to date"));

    let up_to_date = usual_file(&house.vendors.url())
        .replace("blue-model", "blue-model-gone")
        .replace("green-model", "next-model")
        .replace("blue-model-gone", "green-model")
        .replace("split: {green: 0}", "split: {green: 2.5}");
    house.gateway.replace_config(&up_to_date);
    let next = house
        .until("the next candidate is there", |now| {
            now["green"]["model"] == "next-model"
        })
        .await;
    assert_eq!(told(&next), "split 97.5:2.5 r4");
    assert_eq!(next["blue"]["model"], "green-model");
}

#[tokio::test]
async fn a_changed_green_is_a_new_candidate_that_starts_over() {
    let house = house().await;
    house.split(50.0).await;
    for _ in 0..4 {
        house.routed(&[("x-deployment-environment", "green")]).await;
    }
    house
        .until("green's window fills", |now| {
            now["green"]["window"]["requests"] == 4
        })
        .await;
    let changed = usual_file(&house.vendors.url())
        .replace("green-model", "other-model")
        .replace("split: {green: 0}", "split: {green: 5}");
    house.gateway.replace_config(&changed);
    let now = house
        .until("the new candidate is there", |now| {
            now["green"]["model"] == "other-model"
        })
        .await;
    assert_eq!(told(&now), "split 95:5 r3");
    house
        .until("its evidence starts over", |now| {
            now["green"]["window"]["requests"] == 0
        })
        .await;
    assert_eq!(
        house
            .chat(&[("x-canary", "enabled")])
            .await
            .header("x-upstream-model"),
        Some("other-model")
    );
}

#[tokio::test]
async fn every_change_lands_in_the_audit_log_with_its_reason() {
    let house = house().await;
    let reason = |why: &str| json!({"reason": why});
    let split = json!({"green": 10, "reason": "first look"});
    house
        .done("PUT", "/deployments/assistant/split", split.clone())
        .await;
    house.done("PUT", "/deployments/assistant/split", split).await;
    house
        .done("POST", "/deployments/assistant/promote", reason("well enough"))
        .await;
    house
        .done("POST", "/deployments/assistant/rollback", reason("too slow"))
        .await;
    house
        .done("POST", "/keys", json!({"name": "k", "reason": "for the shop"}))
        .await;
    house.done("POST", "/keys/k/revoke", reason("lost")).await;
    let page = look(&house.gateway, "/audit?limit=100").await;
    let told: Vec<String> = page["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {}",
                text("actor"),
                text("verb"),
                text("subject"),
                text("reason")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "admin revoke key k lost",
            "admin create key k for the shop",
            "admin rollback assistant too slow",
            "admin promote assistant well enough",
            "admin split assistant first look",
        ]
    );
    assert_eq!(
        page["audit"][4]["detail"]["to"],
        json!({"revision": 2, "phase": "split", "green": 10.0})
    );
    assert_eq!(page["next"], Value::Null);
}
