//! The recorded place and the place of sending.
//!
//! Messages contain distances, not coordinates: those are personal data and have fields of their own.

use super::config::PlausibilityConfig;
use super::evidence::Evidence;
use super::format;
use super::verdict::{Outcome, PlausibilityTest, Verdict};
use crate::model::{Location, Place};

/// The mean radius of the earth in metres (IUGG).
const EARTH_RADIUS: f64 = 6_371_008.8;

/// Compares the recorded place with the place of sending.
pub(super) fn recorded(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let test = PlausibilityTest::RecordedPlace;
    let Some(recorded) = evidence.facts.location.filter(|location| is_known(*location)) else {
        return Verdict::absent(test, "the file does not state where it was recorded");
    };
    let Some(sent) = known_location(evidence.place) else { return no_position(test) };
    let metres = distance(recorded, sent);
    let outcome = outcome(metres, config.place_pass, config.place_fail);
    let away = format::distance(metres);
    Verdict::new(test, outcome, format!("recorded {away} from where it was sent"))
}

/// Compares the place of sending with the nearest place of the vehicle's earlier videos.
pub(super) fn usual(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let test = PlausibilityTest::UsualPlace;
    let earlier = evidence.history.vehicle.iter().filter_map(|video| known_location(video.place));
    let Some(sent) = known_location(evidence.place) else { return no_position(test) };
    let distances: Vec<f64> = earlier.map(|place| distance(place, sent)).collect();
    let Some(nearest) = distances.iter().copied().min_by(f64::total_cmp) else {
        return Verdict::absent(test, "there is no earlier video of this vehicle");
    };
    let outcome = outcome(nearest, config.usual_place_pass, config.usual_place_fail);
    let (away, count) = (format::distance(nearest), distances.len());
    let message = match count {
        1 => format!("sent {away} from where the vehicle's earlier video was sent"),
        _ => format!("sent {away} from the nearest of the vehicle's {count} earlier places"),
    };
    Verdict::new(test, outcome, message)
}

fn outcome(metres: f64, pass: u32, fail: u32) -> Outcome {
    Outcome::of(&metres, &f64::from(pass), &f64::from(fail))
}

fn no_position(test: PlausibilityTest) -> Verdict {
    Verdict::absent(test, "the driver's phone had no position")
}

fn known_location(place: Option<Place>) -> Option<Location> {
    let place = place?;
    let location = Location { lat: place.lat(), long: place.long() };
    is_known(location).then_some(location)
}

/// Recorders and phones without a position write 0° north, 0° east. Points that are not on the earth
/// are unknown as well.
pub fn is_known(location: Location) -> bool {
    let Location { lat, long } = location;
    let is_zero = lat == 0.0 && long == 0.0;
    !is_zero && (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long)
}

/// The great-circle distance in metres: the haversine formula, which is within 0.5 % on the ellipsoid.
pub fn distance(one: Location, other: Location) -> f64 {
    let [lat, other_lat] = [one.lat, other.lat].map(f64::to_radians);
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let along = half(one.long.to_radians(), other.long.to_radians());
    let chord = half(lat, other_lat) + lat.cos() * other_lat.cos() * along;
    // Rounding can exceed 1 at the antipode, where the arc sine is undefined.
    2.0 * EARTH_RADIUS * chord.clamp(0.0, 1.0).sqrt().asin()
}
