//! Admin APIs behind https.

use serde_json::json;
use testkit::bad_upstream::{BadUpstream, Certificate, Step, TestAuthority, json_answer};

use crate::run::{Run, command, run_command};

/// One verb against a gateway behind TLS whose authority the machine trusts.
async fn ask(certificate: Certificate) -> Run {
    let authority = TestAuthority::new();
    let answer = json!({"deployments": [], "next": null});
    let script = vec![Step::ReadRequest, json_answer(200, &answer)];
    let gateway = BadUpstream::start_tls(script, &authority, certificate).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authority.pem"), authority.pem()).unwrap();
    let mut command = command(
        folder.path(),
        &["deployments", "--json", "--token", "x", "--admin", &gateway.url()],
    );
    command.env("SSL_CERT_FILE", folder.path().join("authority.pem"));
    tokio::task::spawn_blocking(move || run_command(command))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_certificate_that_the_machine_trusts_is_taken() {
    assert!(ask(Certificate::Good).await.done().contains("deployments"));
}

#[tokio::test]
async fn a_certificate_of_another_host_or_authority_is_refused() {
    for bad in [
        Certificate::WrongHost,
        Certificate::UnknownAuthority,
        Certificate::Expired,
    ] {
        let stderr = ask(bad).await.failed(1);
        assert!(stderr.contains("certificate"), "{bad:?}: {stderr}");
    }
}
