//! Counts of requests for codes and of wrong guesses, for the limits.

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::connection::Target;
use crate::database::error::DatabaseError;
use crate::database::statement::query;
use crate::model::{CompanyId, Origin};

/// The window of the daily budgets.
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A device, by its own name, and the BIN or IIN that it wants to sign in for.
#[derive(Clone, Copy)]
pub(super) struct Requester<'r> {
    pub(super) biin: &'r str,
    pub(super) uuid: &'r str,
    /// [`CompanyId::LESSOR`] for an unknown BIN.
    pub(super) company: CompanyId,
    pub(super) now: Timestamp,
}

/// The windows in which requests are counted.
#[derive(Debug, Clone, Copy)]
pub struct CountingWindows {
    /// Of requests for one BIN from one device; at most a day.
    pub device: SignedDuration,
    /// Of requests from one address or network.
    pub origin: SignedDuration,
}

/// Counts of the recent requests, without the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentRequests {
    /// For this BIN from this device, within its window.
    pub of_device: Count,
    /// Of unknown devices from this address, within the window.
    pub of_address: Count,
    /// Of unknown devices from this network, within the window.
    pub of_network: Count,
    /// Within a day, for this BIN from all unknown devices.
    pub unknown: DayOfRequests,
    /// Within a day, for this BIN from this device.
    pub own: DayOfRequests,
    /// Whether the device has had a session in the company, or is confirmed.
    pub is_known: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Count {
    #[sqlx(try_from = "Stored<u64>")]
    pub made: u64,
    /// The oldest one that is counted; the epoch if there is none.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub since: Timestamp,
}

/// Requests for codes within a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct DayOfRequests {
    #[sqlx(try_from = "Stored<u64>")]
    pub made: u64,
    /// Wrong guesses.
    #[sqlx(try_from = "Stored<u64>")]
    pub wrong: u64,
    /// Those from the network of the current request.
    #[sqlx(try_from = "Stored<u64>")]
    pub nearby: u64,
    /// The last one from that network.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub latest_nearby: Timestamp,
    /// The last one whose code allows a single guess.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub latest_single: Timestamp,
}

impl RecentRequests {
    pub(super) async fn count(
        mut on: Target<'_>,
        requester: Requester<'_>,
        origin: &Origin,
        windows: CountingWindows,
    ) -> Result<Self, DatabaseError> {
        let Requester { biin, uuid, now, .. } = requester;
        let (day, since) = (now - DAY, now - windows.origin);
        let values = params![biin, uuid, now - windows.device];
        let of_device = query(OF_DEVICE, values).one(on.reborrow()).await?;
        let of_address = query(OF_ADDRESS, params![origin.address, since]);
        let of_address = of_address.one(on.reborrow()).await?;
        let of_network = query(OF_NETWORK, params![origin.network, since]);
        let of_network = of_network.one(on.reborrow()).await?;
        let unknown = query(UNKNOWN_OF_DAY, params![biin, day, origin.network]);
        let unknown = unknown.one(on.reborrow()).await?;
        let own = query(OWN_OF_DAY, params![biin, day, uuid]).one(on.reborrow()).await?;
        let is_known = is_known(on, requester).await?;
        Ok(Self { of_device, of_address, of_network, unknown, own, is_known })
    }
}

const OF_DEVICE: &str = "SELECT COUNT(*) AS made, COALESCE(MIN(created_at), 0) AS since \
     FROM challenges WHERE biin = $1 AND uuid = $2 AND created_at > $3";

/// An empty key is a client that is not counted.
const OF_ADDRESS: &str = "SELECT COUNT(*) AS made, COALESCE(MIN(created_at), 0) AS since \
     FROM challenges WHERE known = 0 AND address = $1 AND address <> '' AND created_at > $2";

const OF_NETWORK: &str = "SELECT COUNT(*) AS made, COALESCE(MIN(created_at), 0) AS since \
     FROM challenges WHERE known = 0 AND network = $1 AND network <> '' AND created_at > $2";

const UNKNOWN_OF_DAY: &str = "SELECT COUNT(*) AS made, \
     CAST(COALESCE(SUM(wrong_codes), 0) AS BIGINT) AS wrong, \
     CAST(COALESCE(SUM(CASE WHEN network = $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS nearby, \
     COALESCE(MAX(CASE WHEN network = $3 THEN created_at END), 0) AS latest_nearby, \
     COALESCE(MAX(CASE WHEN guess_rule = 'single' THEN created_at END), 0) AS latest_single \
     FROM challenges WHERE biin = $1 AND created_at > $2 AND known = 0";

/// `nearby` counts every request: for a known device the network does not matter.
const OWN_OF_DAY: &str = "SELECT COUNT(*) AS made, \
     CAST(COALESCE(SUM(wrong_codes), 0) AS BIGINT) AS wrong, COUNT(*) AS nearby, \
     COALESCE(MAX(created_at), 0) AS latest_nearby, \
     COALESCE(MAX(CASE WHEN guess_rule = 'single' THEN created_at END), 0) AS latest_single \
     FROM challenges WHERE biin = $1 AND created_at > $2 AND uuid = $3";

/// The wrong guesses of a day: of the device if it is known, or else of all unknown devices. Both queries run in
/// any case, so that timing reveals nothing (S1).
pub(super) async fn wrong_of_day(
    mut on: Target<'_>,
    requester: Requester<'_>,
    is_known: bool,
) -> Result<u64, DatabaseError> {
    let Requester { biin, uuid, now, .. } = requester;
    let own: DayOfRequests =
        query(OWN_OF_DAY, params![biin, now - DAY, uuid]).one(on.reborrow()).await?;
    let unknown: DayOfRequests =
        query(UNKNOWN_OF_DAY, params![biin, now - DAY, ""]).one(on.reborrow()).await?;
    Ok(if is_known { own.wrong } else { unknown.wrong })
}

/// Whether this device has had a session in the company, or is confirmed. The query runs for every BIN,
/// so that timing reveals nothing (S1). For an unknown BIN its result is ignored, because it is about the
/// devices of the lessor.
pub(super) async fn is_known(
    on: Target<'_>,
    requester: Requester<'_>,
) -> Result<bool, DatabaseError> {
    let Requester { biin, uuid, company, now } = requester;
    let sql = "SELECT (SELECT COUNT(*) FROM sessions s JOIN people p ON p.id = s.person_id \
        WHERE s.uuid = $1 AND p.company_id = $2) + (SELECT COUNT(*) FROM confirmed_devices \
        WHERE biin = $3 AND uuid = $1 AND until > $4) AS known";
    let (known,): (i64,) = query(sql, params![uuid, company, biin, now]).one(on).await?;
    Ok(company != CompanyId::LESSOR && known > 0)
}
