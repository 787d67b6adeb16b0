//! The settings of a demo: what nobody set from outside happens in the data folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use anyhow::Context as _;

use super::keys::Keys;
use crate::config::{Origin, Settings};
use crate::model::Network;

/// The folder for mail, within the data folder.
pub(super) const MAIL: &str = "mail";

/// Where the receiver is; a service tells nobody there unless it is allowed to (S63).
const LOOPBACK: &str = "127.0.0.0/8";

/// Settles into `folder`: records, videos and spool, unless they are to be elsewhere; the keys of
/// this house; and its own receiver, always.
pub(super) fn settle(
    mut settings: Settings,
    listen: Option<SocketAddr>,
    folder: &Path,
    keys: &Keys,
    receiver: &str,
) -> anyhow::Result<Settings> {
    if is_default(&settings, "database.url") {
        settings.database.url = format!("sqlite://{}", folder.join("database.db").display()).into();
    }
    if is_default(&settings, "storage.url") {
        settings.storage.url = format!("file:{}", folder.join("videos").display());
    }
    if is_default(&settings, "upload.spool") {
        settings.upload.spool = folder.join("spool");
    }
    if is_default(&settings, "mail.folder") {
        settings.mail.folder = folder.join(MAIL);
    }
    if let Some(listen) = listen {
        settings.http.listen = listen;
    }
    if settings.http.listen.port() == 0 && is_default(&settings, "ops.listen") {
        // Whoever takes any port for the one means several houses on one machine.
        settings.ops.listen.set_port(0);
    }
    settings.auth.secret = Some(keys.secret());
    settings.notify.webhook.url = Some(receiver.to_owned());
    settings.notify.webhook.secret = Some(keys.webhook_secret.clone().into());
    let loopback = Network::try_from(LOOPBACK.to_owned()).context(LOOPBACK)?;
    settings.notify.allow_networks.push(loopback);
    Ok(settings)
}

fn is_default(settings: &Settings, key: &str) -> bool {
    settings.explain().iter().any(|one| one.key == key && one.origin == Origin::Default)
}

/// Where a client on this machine reaches a listener that listens everywhere.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
