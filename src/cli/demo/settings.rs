//! The settings of a demo: everything that is not configured is kept in the demo's folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use anyhow::Context as _;

use super::keys::Keys;
use crate::config::{Origin, Settings};
use crate::model::Network;

/// The folder for mail, within the demo's folder.
pub(super) const MAIL: &str = "mail";

/// The network of the webhook receiver. Webhooks to private addresses must be allowed.
const LOOPBACK: &str = "127.0.0.0/8";

/// With `--tls` phones of the network must reach the demo.
const FOR_PHONES: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443);

/// Fills in the defaults of a demo in `folder`. The keys and the webhook receiver are always the
/// demo's own.
pub(super) fn demo_settings(
    mut settings: Settings,
    (listen, is_tls): (Option<SocketAddr>, bool),
    folder: &Path,
    keys: &Keys,
    webhook_url: &str,
) -> anyhow::Result<Settings> {
    if is_default(&settings, "database.url") {
        settings.database.url =
            format!("sqlite://{}", folder.join("forte-media.db").display()).into();
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
    } else if is_tls && is_default(&settings, "http.listen") {
        settings.http.listen = FOR_PHONES;
    }
    if listen.is_some() && is_default(&settings, "ops.listen") {
        // Several demos run on this machine: their operators' ports must differ too.
        settings.ops.listen.set_port(0);
    }
    settings.auth.secret = Some(keys.auth_secret());
    settings.notify.webhook.url = Some(webhook_url.to_owned());
    settings.notify.webhook.secret = Some(keys.webhook_secret.clone().into());
    let loopback = Network::try_from(LOOPBACK.to_owned()).context(LOOPBACK)?;
    settings.notify.allow_networks.push(loopback);
    Ok(settings)
}

fn is_default(settings: &Settings, key: &str) -> bool {
    settings.explain().iter().any(|one| one.key == key && one.origin == Origin::Default)
}

/// The address at which a client on this machine reaches a listener on all interfaces.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
