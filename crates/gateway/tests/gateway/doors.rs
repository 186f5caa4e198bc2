//! What differs from door to door beyond the body of an answer: lists of models, and how an error names its request.

use serde_json::{Value, json};
use testkit::vendors::{Fault, ModelBehaviour};
use testkit::wait::{self, Reply};

use crate::harness::*;

const AUTH: (&str, &str) = ("authorization", "Bearer cf-test");
const OF_ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");
const MESSAGES: &str = "/v1/messages";

fn message(model: &str) -> Value {
    json!({"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]})
}

#[tokio::test]
async fn models_are_listed_as_the_clients_own_vendor_lists_them() {
    let house = house(Plan::default()).await;
    let get = async |path: &str, headers: &[(&str, &str)]| wait::get(house.addr, path, headers).await.json();
    let openai = get("/v1/models", &[AUTH]).await;
    assert_eq!(
        (&openai["object"], &openai["data"][0]["id"]),
        (&json!("list"), &json!("m"))
    );
    let anthropic = get("/v1/models", &[("x-api-key", SECRET), OF_ANTHROPIC]).await;
    assert_eq!(
        (&anthropic["has_more"], &anthropic["first_id"]),
        (&json!(false), &json!("m"))
    );
    assert_eq!(
        get("/v1/models/m", &[AUTH, OF_ANTHROPIC]).await,
        anthropic["data"][0]
    );
    let google = get("/v1beta/models", &[("x-goog-api-key", SECRET)]).await;
    assert_eq!(google["models"][0]["name"], "models/m");
    for path in ["/v1beta/models/m", "/v1/models/m"] {
        assert_eq!(
            get(path, &[("x-goog-api-key", SECRET)]).await,
            google["models"][0],
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_model_that_is_not_there_is_missed_in_the_clients_own_words() {
    let house = house(Plan::default()).await;
    let missed = async |path: &str, headers: &[(&str, &str)]| {
        let reply = wait::get(house.addr, path, headers).await;
        assert_eq!(reply.status, 404, "{path}");
        reply.json()["error"].clone()
    };
    assert_eq!(missed("/v1/models/n", &[AUTH]).await["code"], "model_not_found");
    assert_eq!(
        missed("/v1/models/n", &[AUTH, OF_ANTHROPIC]).await["type"],
        "not_found_error"
    );
    assert_eq!(missed("/v1beta/models/n", &[AUTH]).await["status"], "NOT_FOUND");
    let nobody = wait::get(house.addr, "/v1/models", &[OF_ANTHROPIC]).await;
    assert_eq!(
        (nobody.status, &nobody.json()["error"]["type"]),
        (401, &json!("authentication_error"))
    );
    let page = wait::get(house.addr, "/v1/models?limit=0", &[AUTH, OF_ANTHROPIC]).await;
    assert_eq!(
        (page.status, &page.json()["error"]["param"]),
        (400, &json!("limit"))
    );
}

/// The header that Anthropic's clients read, which must be the one that all answers carry.
fn request_id(reply: &Reply) -> String {
    let id = reply
        .header("request-id")
        .unwrap_or_else(|| panic!("{:?}", reply.text()));
    assert_eq!(Some(id), reply.header("x-request-id"));
    id.to_owned()
}

#[tokio::test]
async fn on_anthropics_door_body_and_header_name_the_request() {
    let house = house(Plan::default()).await;
    let post =
        async |headers: &[(&str, &str)], body: Value| wait::post(house.addr, MESSAGES, headers, &body).await;
    let unknown = post(&[AUTH], message("n")).await;
    let refused = post(
        &[AUTH],
        json!({"model": "m", "max_tokens": 5, "messages": [], "container": "c"}),
    )
    .await;
    let nobody = post(&[], message("m")).await;
    let no_route = wait::get(house.addr, "/v1/models/n", &[AUTH, OF_ANTHROPIC]).await;
    let limited = json!({"error_rate": 1.0, "error_status": 429});
    house.vendors.change_behaviour("blue-model", limited).unwrap();
    let of_vendor = post(&[AUTH], message("m")).await;
    assert_eq!(of_vendor.status, 429);
    for reply in [unknown, refused, nobody, no_route, of_vendor] {
        assert_eq!(reply.json()["request_id"], request_id(&reply), "{}", reply.text());
    }
    house
        .vendors
        .set_behaviour("blue-model", ModelBehaviour::instant())
        .unwrap();
    let good = post(&[AUTH], message("m")).await;
    assert_eq!(
        (good.status, good.json()["type"].clone()),
        (200, json!("message"))
    );
    request_id(&good);
    assert_eq!(house.post(&[], &chat("hello")).await.header("request-id"), None);
}

#[tokio::test]
async fn on_anthropics_door_a_broken_stream_names_the_request_too() {
    let house = house(Plan::default()).await;
    let slow = ModelBehaviour {
        tokens_per_second: 100.0,
        ..ModelBehaviour::instant()
    };
    let cut = slow.with_fault(Fault::TruncateStream, 1.0);
    house.vendors.set_behaviour("blue-model", cut).unwrap();
    let mut asked = message("m");
    asked["stream"] = json!(true);
    let own = ("x-request-id", "my-1");
    let mut stream = wait::stream(house.addr, MESSAGES, &[AUTH, own], &asked).await;
    let last = stream.collect().await.pop().unwrap().json();
    assert_eq!(
        (&last["type"], &last["request_id"]),
        (&json!("error"), &json!("my-1"))
    );
}

#[tokio::test]
async fn what_a_vendor_does_not_have_is_the_callers_own_404() {
    let house = house(Plan {
        takes_no_model: true,
        ..Plan::default()
    })
    .await;
    // The simulated vendor's words for this path hold the word `model`, as a real one's would.
    let gone = wait::request(house.addr, "DELETE", "/v1/models/ft-1", &[AUTH], None).await;
    assert_eq!(gone.status, 404, "{}", gone.text());
    assert!(gone.text().contains("/v1/models/ft-1"), "{}", gone.text());
}
