//! Shows a secret the only time it can be shown. It alone goes to standard output, so that
//! `KEY=$(crossfade keys create app)` holds it; what to do with it goes beside.

use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, ClientError};
use crate::output::{Output, plain};

/// `said` tells what happened to the key.
pub(super) fn show(api: &AdminApi, answer: &Value, said: &str, output: &Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    let secret = plain(&secret(api, answer)?);
    output.note(&format!(
        "{}. Its secret is shown this once and cannot be read again:\n",
        plain(said)
    ));
    output.text(&secret)?;
    // Where standard output is captured, standard error often ends in a log, which must not hold the secret.
    let shown = if output.for_a_person {
        &secret
    } else {
        "<the secret>"
    };
    let url = api.client_url();
    output.note(&format!(
        "\nFor clients of the OpenAI API:\n  export OPENAI_BASE_URL={url}/v1\n  export OPENAI_API_KEY={shown}\n\
         Try it:\n  curl {url}/v1/models -H \"Authorization: Bearer $OPENAI_API_KEY\""
    ));
    Ok(())
}

fn secret(api: &AdminApi, answer: &Value) -> Result<String, ClientError> {
    #[derive(serde::Deserialize)]
    struct Made {
        secret: String,
    }
    Ok(api.understood::<Made>(answer)?.secret)
}
