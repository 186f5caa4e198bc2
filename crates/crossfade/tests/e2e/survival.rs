//! What was acknowledged is there after `kill -9`, on both stores.

use serde_json::{Value, json};

use crate::databases::on_postgres;
use crate::house::*;

#[tokio::test]
async fn acknowledged_changes_survive_a_kill_on_sqlite() {
    everything_survives(house().await).await;
}

#[tokio::test]
async fn acknowledged_changes_survive_a_kill_on_postgres() {
    on_postgres(async |store| {
        everything_survives(house_with(|file| format!("store: {store}\n{file}")).await).await;
    })
    .await;
}

async fn everything_survives(mut house: House) {
    let set = house.split(37.5).await;
    kill_and_start(&mut house).await;
    let now = house.deployment().await;
    assert_eq!(
        json!([now["split"], now["revision"]]),
        json!([set["split"], set["revision"]])
    );
    assert_eq!(revision(&house.chat(&[]).await), 2);

    let made = secret(&house, "/keys", json!({"name": "k"})).await;
    kill_and_start(&mut house).await;
    assert_eq!(house.status(&made).await, 200);

    let at_once = secret(&house, "/keys/k/rotate", Value::Null).await;
    kill_and_start(&mut house).await;
    assert_eq!(
        [house.status(&made).await, house.status(&at_once).await],
        [401, 200]
    );

    let gently = secret(&house, "/keys/k/rotate", json!({"grace": "1h"})).await;
    kill_and_start(&mut house).await;
    assert_eq!(
        [house.status(&at_once).await, house.status(&gently).await],
        [200, 200]
    );

    house.done("POST", "/keys/k/revoke", Value::Null).await;
    kill_and_start(&mut house).await;
    assert_eq!(
        [house.status(&at_once).await, house.status(&gently).await],
        [401, 401]
    );

    house
        .done("POST", "/deployments/assistant/rollback", Value::Null)
        .await;
    kill_and_start(&mut house).await;
    let now = house.deployment().await;
    assert_eq!(json!([now["state"], now["revision"]]), json!(["rolled_back", 3]));
    assert_eq!(house.routed(&[("x-blue-weight", "0")]).await, "blue split");

    house
        .done("POST", "/deployments/assistant/promote", Value::Null)
        .await;
    house
        .done("POST", "/deployments/assistant/finalize", Value::Null)
        .await;
    kill_and_start(&mut house).await;
    let now = house.deployment().await;
    assert_eq!(
        json!([now["state"], now["blue"]["model"]]),
        json!(["finalized", "green-model"])
    );
}

async fn kill_and_start(house: &mut House) {
    house.gateway.kill9();
    house.gateway.start_again().await;
}

async fn secret(house: &House, path: &str, body: Value) -> String {
    house.done("POST", path, body).await["secret"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_deployment_made_through_the_api_survives_with_its_split() {
    let mut house = house().await;
    let definition =
        json!({"blue": {"provider": "sim", "model": "b"}, "green": {"provider": "sim", "model": "g"}});
    let path = "/deployments/made-here";
    assert_eq!(house.admin("PUT", path, definition.clone()).await.status, 201);
    house
        .done("PUT", "/deployments/made-here/split", json!({"green": 20}))
        .await;
    kill_and_start(&mut house).await;
    let now = look(&house.gateway, path).await;
    assert_eq!(
        json!([now["split"]["green"], now["managed_by"]]),
        json!([20, "store"])
    );
    assert_eq!(house.admin("PUT", path, definition).await.status, 200);
    assert_eq!(
        look(&house.gateway, path).await["split"]["green"],
        20,
        "the same definition is no new candidate"
    );
    let deleted = house.admin("DELETE", path, Value::Null).await;
    assert!((200..300).contains(&deleted.status), "{}", deleted.text());
    kill_and_start(&mut house).await;
    assert_eq!(
        refusal(&house.admin("GET", path, Value::Null).await),
        "404 deployment_not_found"
    );
}
