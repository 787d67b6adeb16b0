//! The state that every handler gets.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::auth::{Accounts, Auth, BrowserSessions, Caller};
use crate::leasing::{FilmLinks, Leasing, Lists, Pictures, Review};
use crate::onec::{Inbox, Queue};
use crate::playback::Playback;
use crate::proof::Sequencer;
use crate::upload::UploadService;

use super::client::TrustedProxies;
use super::config::{DriveConfig, PositionPolicy, RequestLimits};
use super::cors::AllowedOrigin;

/// The services behind the routes, and the settings of the routes.
pub struct AppState {
    pub uploads: UploadService,
    pub playback: Playback,
    /// Sign-in and sessions.
    pub auth: Auth,
    /// Browser sessions.
    pub browsers: BrowserSessions,
    /// Decisions.
    pub leasing: Leasing,
    /// Film links.
    pub film_links: FilmLinks,
    pub lists: Lists,
    /// Accounts with a password.
    pub accounts: Accounts,
    /// Pictures of vehicle types, QR codes of vehicles.
    pub pictures: Pictures,
    /// The review console.
    pub review: Review,
    /// Submissions that wait for 1C.
    pub queue: Queue,
    /// Adds submissions to the queue.
    pub sequencer: Arc<Sequencer>,
    /// Messages from 1C.
    pub inbox: Inbox,
    pub proxies: TrustedProxies,
    /// The other origins whose pages may send videos.
    pub allow_origins: Arc<[AllowedOrigin]>,
    pub limits: RequestLimits,
    pub drive: DriveConfig,
    /// Largest picture that 1C may send, in bytes.
    pub max_picture: usize,
    /// The zone of times that are sent without one.
    pub zone: TimeZone,
    /// `http.public_url` without a trailing slash: the base of `Location` and of links.
    pub public_url: Option<String>,
    /// The address of the listener, for a request that does not tell which address it was sent to.
    pub local_url: String,
}

impl AppState {
    /// Whether a video of this caller must state where it was sent.
    pub(super) fn position_policy(&self, caller: &Caller) -> PositionPolicy {
        if caller.is_from_page() { self.drive.position } else { PositionPolicy::Required }
    }
}
