//! Where the access token comes from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;

/// The variable that holds the token, for scripts.
const VARIABLE: &str = "FORTE_MEDIA_TOKEN";

/// How to come by a token.
pub(super) const HOW_TO_GET_ONE: &str = "an access token comes from signing in: POST /biin/{BIN} sends a one-time code, POST /auth takes \
     it; with a demo, it is in demo.json under users";

/// The token as typed, or from the file, or from the variable: in this order.
pub(super) fn find(
    typed: Option<&SecretString>,
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<SecretString> {
    let text = match (typed, file, environment.get(VARIABLE)) {
        (Some(token), ..) => return Ok(token.clone()),
        (None, Some(file), _) => fs::read_to_string(file)
            .with_context(|| format!("--token-file: cannot read {}", file.display()))?,
        (None, None, Some(text)) => text.clone(),
        (None, None, None) => String::new(),
    };
    match text.trim() {
        "" => bail!("--token, --token-file or {VARIABLE} is needed: {HOW_TO_GET_ONE}"),
        token => Ok(token.into()),
    }
}
