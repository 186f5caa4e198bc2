#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::*;

const ADMIN: &str = "the-admin-token-0123456789";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn config(further: &str) -> Config {
    let text = format!("providers: {{p: {{dialect: openai}}}}\n{further}");
    Config::parse("test", &text, &|_| None).unwrap()
}

fn gate(further: &str) -> Gate {
    Gate::new(ADMIN, &config(further))
}

#[test]
fn a_token_tells_name_and_role() {
    let gate = gate("tokens: [{name: kim, role: operator, secret: kims-own-token-0123}]");
    let caller = |token| {
        gate.by_token(token, HERE)
            .map(|caller| (caller.name, caller.role))
    };
    assert_eq!(caller(ADMIN), Ok(("admin".to_owned(), Role::Admin)));
    assert_eq!(
        caller("kims-own-token-0123"),
        Ok(("kim".to_owned(), Role::Operator))
    );
    assert_eq!(caller("nobodys"), Err(Refused::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_by_itself_by_log_out_and_with_its_token() {
    let gate = gate("tokens: [{name: kim, role: viewer, secret: kims-own-token-0123}]");
    for id in ["one", "two"] {
        gate.log_in("kims-own-token-0123", id, HERE).unwrap();
    }
    gate.log_in(ADMIN, "three", HERE).unwrap();
    assert_eq!(gate.by_session("one").unwrap().0.name, "kim");
    assert!(gate.by_session("kims-own-token-0123").is_none());
    gate.log_out("one");
    assert!(gate.by_session("one").is_none() && gate.by_session("two").is_some());
    gate.configure(&config(""));
    assert!(gate.by_session("two").is_none() && gate.by_session("three").is_some());
    tokio::time::advance(LIFETIME).await;
    assert!(gate.by_session("three").is_none());
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_is_refused_even_when_right_until_some_time_has_passed() {
    let gate = gate("");
    for _ in 0..10 {
        assert_eq!(gate.by_token("a guess", THERE), Err(Refused::Unknown));
    }
    let refused = Err(Refused::TooMany(TooMany { seconds: 3 }));
    assert_eq!(gate.by_token(ADMIN, THERE), refused);
    assert!(gate.by_token(ADMIN, HERE).is_ok(), "others are not held up");
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(gate.by_token(ADMIN, THERE).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_operators_address_is_not_locked_out_by_a_forgotten_script() {
    let gate = gate("");
    gate.by_token(ADMIN, HERE).unwrap();
    for _ in 0..100 {
        assert_eq!(gate.by_token("old", HERE), Err(Refused::Unknown));
    }
    assert!(gate.by_token(ADMIN, HERE).is_ok());
}

#[test]
fn only_our_own_page_may_change_something_by_a_cookie() {
    let gate = gate("admin_hosts: [gateway.example.com]");
    let own = |origin, host| gate.is_own_page(origin, &Host::of(host));
    assert!(own("http://127.0.0.1:8081", "127.0.0.1:8081"));
    assert!(own("https://gateway.example.com", "127.0.0.1:8081"));
    for origin in [
        "http://127.0.0.1:9999",
        "http://evil.example",
        "null",
        "",
        "http://localhost:8081",
    ] {
        assert!(!own(origin, "127.0.0.1:8081"), "{origin}");
    }
    assert!(gate.knows(&Host::of("Gateway.Example.com:443")));
    assert!(!gate.knows(&Host::of("evil.example")));
}
