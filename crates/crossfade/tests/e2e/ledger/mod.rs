//! Money: what is paid before is never spent twice, and every request is charged for what was generated.

mod budgets;
mod credit;
mod cuts;
mod power;
mod succession;
mod topups;
mod whole;

use serde_json::{Value, json};
use testkit::bad_upstream::{BadUpstream, Step};
use testkit::wait::{CrossfadeProcess, Reply};

use crate::house::*;

/// Nano-dollars of one token of output; input costs nothing, so that amounts are tokens.
pub(crate) const TOKEN: i64 = 8_000;

/// A file whose only vendor is this one.
pub(crate) fn file(vendor: &str) -> String {
    format!(
        "admin_token: ${{CROSSFADE_ADMIN_TOKEN}}
workers: 2
providers:
  sim: {{dialect: openai, base_url: {vendor}/v1, api_key: {VENDOR_KEY}}}
deployments:
  assistant:
    blue: {{provider: sim, model: blue-model}}
  free: {{blue: {{provider: sim, model: unpriced}}}}
prices: {{blue-model: {{input: 0, output: 8.00}}}}
"
    )
}

/// One request that can cost ten tokens.
pub(crate) fn ten_tokens(stream: bool) -> Value {
    json!({"model": "assistant", "max_tokens": 10, "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

/// An account that pays before, with credit for so many tokens, and the secret of its key.
pub(crate) async fn prepaid(gateway: &CrossfadeProcess, name: &str, tokens: i64) -> String {
    done(
        gateway,
        "POST",
        "/accounts",
        json!({"name": name, "billing": "prepaid"}),
    )
    .await;
    if tokens > 0 {
        let amount = usd(tokens);
        let body = json!({"id": format!("start-{name}"), "amount_usd": amount, "reason": "for the test"});
        done(gateway, "POST", &format!("/accounts/{name}/correct"), body).await;
    }
    key(gateway, json!({"name": format!("{name}-key"), "account": name})).await
}

pub(crate) async fn key(gateway: &CrossfadeProcess, body: Value) -> String {
    let made = done(gateway, "POST", "/keys", body).await;
    made["secret"].as_str().unwrap().to_owned()
}

pub(crate) async fn ask(gateway: &CrossfadeProcess, secret: &str, body: &Value) -> Reply {
    post_to(gateway, secret, &[], body).await
}

/// So many tokens' price in dollars.
pub(crate) fn usd(tokens: i64) -> String {
    let nanos = tokens * TOKEN;
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// Dollars as the price of tokens.
pub(crate) fn tokens(usd: &Value) -> i64 {
    let text = usd.as_str().unwrap_or_else(|| panic!("no amount: {usd}"));
    let nanos: decide::money::Nano = text.parse().unwrap();
    assert_eq!(nanos.get() % TOKEN, 0, "{text}");
    nanos.get() / TOKEN
}

/// Balance, held, available, in tokens.
pub(crate) async fn standing(gateway: &CrossfadeProcess, account: &str) -> [i64; 3] {
    let shown = look(gateway, &format!("/accounts/{account}")).await;
    ["balance_usd", "held_usd", "available_usd"].map(|field| tokens(&shown[field]))
}

/// The book adds up; what is written while it is read makes it look wrong, so it is asked again.
pub(crate) async fn adds_up(gateway: &CrossfadeProcess) {
    testkit::wait::until_async("the book adds up", SOON, async || {
        let checked = look(gateway, "/ledger/check").await;
        assert_eq!(checked["sum_nanos"], json!("0"), "{checked}");
        checked["right"] == json!(true)
    })
    .await;
}

/// A whole answer of so many tokens, given once the test says `go`.
pub(crate) fn answer_when_told(tokens: u64) -> Vec<Step> {
    let answer = json!({"id": "a", "object": "chat.completion", "created": 1, "model": "blue-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": tokens, "total_tokens": 5 + tokens}});
    vec![
        Step::ReadRequest,
        Step::pause("go"),
        testkit::bad_upstream::json_answer(200, &answer),
        Step::Repeat,
    ]
}

/// Clients' requests that reached the vendor, which is also looked at whether it lives.
pub(crate) fn asked(vendor: &BadUpstream) -> usize {
    let truth = vendor.truth();
    let said = truth.iter().map(|connection| connection.received_text());
    said.map(|text| text.matches("hello").count()).sum()
}

pub(crate) fn is_full() -> bool {
    std::env::var_os("CROSSFADE_FULL").is_some_and(|value| value == "1")
}
