//! `accounts`, `topups` and `ledger`: what reaches the gateway, and what people read.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::run::{ask, run};

fn account() -> Value {
    json!({"name": "acme", "billing": "prepaid", "markup_percent": 12.5, "balance_usd": "7.00", "held_usd": "2.00",
        "available_usd": "5.00"})
}

fn order(state: &str) -> Value {
    json!({"id": "inv-7", "account": "acme", "provider": "bank_transfer", "amount": "50000", "currency": "KRW",
        "usd": "36.20", "state": state, "reference": "CF-7K2M"})
}

/// Runs a command against a gateway that gives this answer; what it was asked, and what was printed.
fn asked(answer: Value, words: &str) -> (String, Value, String) {
    let gateway = Gateway::answering(answer);
    let words: Vec<&str> = words.split_whitespace().collect();
    let printed = ask(&gateway, &words).done();
    let request = gateway.only_request();
    (request.line, request.body, printed)
}

const ACCOUNT: &str = "\
NAME  BILLING  MARKUP  BALANCE  HELD  AVAILABLE
acme  prepaid  12.5 %     7.00  2.00       5.00
";

#[test]
fn an_account_is_made_changed_and_shown() {
    let made = asked(
        account(),
        "accounts create acme --billing prepaid --markup-percent 12.5",
    );
    let body = json!({"name": "acme", "billing": "prepaid", "markup_percent": 12.5});
    assert_eq!(made, ("POST /admin/v1/accounts".into(), body, ACCOUNT.into()));
    let (line, body, _) = asked(
        account(),
        "accounts set acme --markup-percent -5 --reason contract",
    );
    assert_eq!(
        (line.as_str(), body),
        (
            "PUT /admin/v1/accounts/acme",
            json!({"markup_percent": -5.0, "reason": "contract"})
        )
    );
    let (line, _, printed) = asked(account(), "accounts show acme");
    assert_eq!(
        (line.as_str(), printed.as_str()),
        ("GET /admin/v1/accounts/acme", ACCOUNT)
    );
    let listed = asked(json!({"accounts": [account()], "next": null}), "accounts list");
    assert!(
        listed.0.starts_with("GET /admin/v1/accounts") && listed.2 == ACCOUNT,
        "{listed:?}"
    );
}

#[test]
fn a_correction_may_be_negative_and_needs_a_reason_and_an_id() {
    let (line, body, printed) = asked(
        account(),
        "accounts correct acme --id d-9 --usd -10 --reason mistake",
    );
    assert_eq!(
        (line.as_str(), body, printed.as_str()),
        (
            "POST /admin/v1/accounts/acme/correct",
            json!({"id": "d-9", "amount_usd": "-10", "reason": "mistake"}),
            ACCOUNT
        )
    );
    for (words, missing) in [
        (
            vec!["accounts", "correct", "acme", "--usd", "1", "--id", "a"],
            "--reason <TEXT>",
        ),
        (
            vec!["accounts", "correct", "acme", "--usd", "1", "--reason", "a"],
            "--id <ID>",
        ),
    ] {
        assert!(run(&words).failed(2).contains(missing), "{words:?}");
    }
}

#[test]
fn an_order_is_made_confirmed_listed_and_paid_back() {
    let flags =
        "topups create --id inv-7 --account acme --provider bank_transfer --amount 50000 --currency KRW";
    let (line, body, printed) = asked(order("pending"), flags);
    let wanted = json!({"id": "inv-7", "account": "acme", "provider": "bank_transfer", "amount": "50000",
        "currency": "KRW"});
    assert_eq!((line.as_str(), body), ("POST /admin/v1/topups", wanted));
    assert!(
        printed.contains("50000 KRW") && printed.contains("pending") && printed.contains("CF-7K2M"),
        "{printed}"
    );
    let (line, body, printed) = asked(order("paid"), "topups confirm inv-7 --payment-key tviva1");
    assert_eq!(
        (line.as_str(), body),
        (
            "POST /admin/v1/topups/inv-7/confirm",
            json!({"payment_key": "tviva1"})
        )
    );
    assert!(printed.contains("paid"), "{printed}");
    let flags = "topups refund inv-7 --id r-1 --amount 20000 --reason asked";
    let (line, body, _) = asked(order("partially_refunded"), flags);
    assert_eq!(
        (line.as_str(), body),
        (
            "POST /admin/v1/topups/inv-7/refund",
            json!({"id": "r-1", "amount": "20000", "reason": "asked"})
        )
    );
    let mut other = order("paid");
    other["account"] = json!("other");
    let all = json!({"topups": [order("paid"), other], "next": null});
    let (_, _, printed) = asked(all, "topups list --account acme");
    assert!(
        printed.contains("acme") && !printed.contains("other"),
        "{printed}"
    );
}

#[test]
fn voucher_codes_go_alone_to_standard_output() {
    let made = json!({"batch": "spring", "codes": ["CFV-A", "CFV-B"]});
    let flags = "topups vouchers spring --count 2 --usd 5.00 --credit-expires-at 2030-01-01T00:00:00Z";
    let (line, body, printed) = asked(made, flags);
    assert_eq!(
        (line.as_str(), body, printed.as_str()),
        (
            "POST /admin/v1/vouchers",
            json!({"batch": "spring", "count": 2, "usd": "5.00", "credit_expires_at": "2030-01-01T00:00:00Z"}),
            "CFV-A\nCFV-B\n"
        )
    );
}

fn entry(number: u32) -> Value {
    json!({"id": format!("c{number}/hold"), "at": "2026-11-22T00:00:00Z", "debit": "customer/acme/credit",
        "credit": "customer/acme/holds", "amount_usd": "0.50", "request_id": "=SUM(A1)", "reason": "a \"hold\""})
}

#[test]
fn a_statement_goes_through_all_pages_and_is_a_table_or_csv() {
    let pages = || {
        Gateway::with_script(vec![
            (200, json!({"entries": [entry(1)], "next": "7"}).to_string()),
            (200, json!({"entries": [entry(2)], "next": null}).to_string()),
        ])
    };
    let gateway = pages();
    let printed = ask(&gateway, &["ledger", "--account", "a/b"]).done();
    assert_eq!(printed.lines().count(), 3, "{printed}");
    let lines: Vec<_> = gateway.seen().into_iter().map(|seen| seen.line).collect();
    assert!(
        lines[0].contains("account=a%2Fb") && lines[1].contains("cursor=7"),
        "{lines:?}"
    );
    let printed = ask(&pages(), &["ledger", "--csv"]).done();
    let second = "\"c2/hold\",\"2026-11-22T00:00:00Z\",\"customer/acme/credit\",\"customer/acme/holds\",\"0.50\",\
                  \"'=SUM(A1)\",\"a \"\"hold\"\"\"";
    assert_eq!(printed.lines().nth(2), Some(second));
}

#[test]
fn a_book_that_does_not_add_up_is_a_failure() {
    let right = Gateway::answering(json!({"right": true, "entries": 12, "sum_nanos": "0"}));
    assert_eq!(
        ask(&right, &["ledger", "--check"]).done(),
        "The book adds up: 12 entries\n"
    );
    let wrong = Gateway::answering(json!({"right": false, "entries": 12, "sum_nanos": "1"}));
    let checked = ask(&wrong, &["ledger", "--check"]);
    assert_eq!(checked.code, 1);
    assert!(checked.stdout.contains("does NOT add up"), "{}", checked.stdout);
}

#[test]
fn what_the_gateway_refuses_is_said_in_its_words() {
    let message = "The account has 1.00 USD available, which does not cover 5.00 USD";
    let gateway = Gateway::refusing(409, "conflict", message);
    let refused = ask(&gateway, &["topups", "refund", "inv-7"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains(message), "{}", refused.stderr);
}

#[test]
fn limits_of_models_reach_the_gateway_and_what_is_none_is_refused() {
    let made = json!({"name": "app", "secret": "cf-secret-1"});
    let flags =
        "keys create app --rpm 60 --model-limit gpt-4.1=rpm:10,tpm:50000 --model-limit claude=concurrency:2";
    let gateway = Gateway::with_script(vec![(201, made.to_string())]);
    let created = ask(&gateway, &flags.split_whitespace().collect::<Vec<_>>());
    assert_eq!(created.code, 0, "{}", created.stderr);
    let limits = json!({"requests_per_minute": 60, "models": {
        "gpt-4.1": {"requests_per_minute": 10, "tokens_per_minute": 50000}, "claude": {"concurrent_requests": 2}}});
    assert_eq!(
        gateway.only_request().body,
        json!({"name": "app", "limits": limits})
    );
    for (bad, said) in [
        ("gpt-4.1", "gpt-4.1=rpm:60,tpm:200000"),
        ("=rpm:1", "gpt-4.1=rpm:60,tpm:200000"),
        ("gpt-4.1=rpd:1", "'rpd' is no limit"),
        ("gpt-4.1=rpm:0", "at least 1"),
        ("gpt-4.1=rpm:1,rpm:2", "twice"),
    ] {
        let stderr = run(&["keys", "create", "app", "--model-limit", bad]).failed(2);
        assert!(stderr.contains(said), "{bad}: {stderr}");
    }
}
