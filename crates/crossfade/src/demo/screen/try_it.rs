//! Lines to copy into another terminal: what a newcomer does next.

use crate::demo::stage::{Addresses, DEPLOYMENT, LAST};
use crate::output::{Paint, Tone};

/// The last line says how it ends.
pub(super) fn text(addresses: &Addresses, ends_by_itself: bool, paint: Paint) -> String {
    let Addresses {
        clients,
        admin,
        vendors,
        admin_token,
        key,
    } = addresses;
    let heading = |text: &str| paint.paint(Tone::Strong, text);
    let dashboard = addresses.dashboard();
    let (zeroth, first, second, third) = (
        heading("The dashboard, logged in:"),
        heading("Your turn, in another terminal. A request:"),
        heading("Move the split, and watch:"),
        heading("Make green fail again, and heal it:"),
    );
    let end = if ends_by_itself {
        "It ends by itself; Ctrl-C ends it sooner."
    } else {
        "It serves until Ctrl-C."
    };
    let crossfade = program();
    let green = LAST.model;
    format!(
        r#"{zeroth}

  {dashboard}

{first}

  export CROSSFADE_KEY={key}
  curl -i {clients}/v1/chat/completions \
    -H "Authorization: Bearer $CROSSFADE_KEY" \
    -d '{{"model": "{DEPLOYMENT}", "messages": [{{"role": "user", "content": "Hi"}}]}}'

{second}

  export CROSSFADE_ADMIN_URL={admin}
  export CROSSFADE_ADMIN_TOKEN={admin_token}
  {crossfade} split {DEPLOYMENT} --green 50
  {crossfade} deployments {DEPLOYMENT}
  {crossfade} rollback {DEPLOYMENT}

{third}

  curl {vendors}/sim/models/{green} -d '{{"error_rate": 1}}'
  curl {vendors}/sim/models/{green} -d '{{"error_rate": 0}}'

{end}
"#
    )
}

/// As it was called, so that the lines work where it is not on the path.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "crossfade".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_line_to_copy_fits_80_columns() {
        let addresses = Addresses {
            clients: "http://127.0.0.1:40001".to_owned(),
            admin: "http://127.0.0.1:40002".to_owned(),
            vendors: "http://127.0.0.1:40003".to_owned(),
            admin_token: "cfa-0123456789abcdefghijklmnopqrstuv".to_owned(),
            key: "cf-0123456789abcdefghijklmnopqrstuv".to_owned(),
        };
        let text = text(&addresses, false, Paint::Plain).replace(&program(), "crossfade");
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
