//! Formats an error with its sources.

use std::error::Error;

/// An error and its sources in one line: `the store is unreachable: connection refused`. Some libraries
/// repeat the text of the source in their own; then it is not repeated again.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut chain = error.to_string();
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    for text in sources.map(ToString::to_string) {
        if !chain.contains(&text) {
            chain = format!("{chain}: {text}");
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::error_chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Outer {
        text: &'static str,
        source: io::Error,
    }

    #[test]
    fn a_source_that_is_in_the_text_is_not_repeated() {
        let chain = |text| error_chain(&Outer { text, source: io::Error::other("refused") });
        assert_eq!(chain("cannot connect"), "cannot connect: refused");
        assert_eq!(chain("cannot connect: refused"), "cannot connect: refused");
    }
}
