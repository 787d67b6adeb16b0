//! Kinds of browser sessions, and short descriptions of browsers.

use super::shown::shown_value;
use super::words::word_enum;

word_enum! {
    /// The pages that a cookie opens.
    BrowserKind {
        /// The reviewers' console.
        Review = "review",
        /// The driver's page.
        Drive = "drive",
        /// The driver's page for the one report of a film link.
        Film = "film",
    }
}

/// Tokens of a `User-Agent` with the names of their browsers. The first match decides, because browsers also
/// list tokens of the browsers with which they are compatible.
const BROWSERS: [(&str, &str); 9] = [
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("OPR/", "Opera"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A short description of a `User-Agent` for a list of sessions: `Chrome, Windows`; the first word of an unknown
/// one.
pub fn browser_summary(user_agent: &str) -> String {
    let name_in = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    match (name_in(&BROWSERS), name_in(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => shown_value(user_agent.split_whitespace().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_summary;

    #[test]
    fn a_user_agent_is_shown_as_browser_and_system() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/138.0.0.0 Safari/537.36";
        assert_eq!(browser_summary(chrome), "Chrome, Windows");
        assert_eq!(browser_summary(&format!("{chrome} Edg/138.0.0.0")), "Edge, Windows");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_summary(iphone), "Safari, iPhone");
        assert_eq!(browser_summary("curl/8.14.1"), "curl/8.14.1");
        assert_eq!(browser_summary(""), "");
        assert_eq!(browser_summary("\u{202e}<script>\u{7} and so on"), "<script>");
        assert_eq!(browser_summary(&"x".repeat(10_000)).len(), 64);
    }
}
