//! Where it was recorded, and from where it was sent.
//!
//! Messages have distances, never places: those are personal, and stand in fields of their own.

use super::words::away;
use super::{Known, Outcome, PlausibilityConfig, Test, Verdict};
use crate::model::{Location, Place};

/// The mean radius of the earth in metres (IUGG).
const EARTH: f64 = 6_371_008.8;

/// Where the recorder was against the place of sending.
pub(super) fn recorded(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let test = Test::RecordedPlace;
    let Some(recorded) = known.facts.location.filter(|location| is_somewhere(*location)) else {
        return Verdict::absent(test, "the file does not say where it was recorded");
    };
    let Some(sent) = somewhere(known.place) else { return nowhere(test) };
    let metres = distance(recorded, sent);
    let outcome = within(metres, limits.place_pass, limits.place_fail);
    Verdict::new(test, outcome, format!("recorded {} from where it was sent", away(metres)))
}

/// The place of sending against the nearest of those of this vehicle's earlier videos.
pub(super) fn usual(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let test = Test::UsualPlace;
    let earlier = known.past.vehicle.iter().filter_map(|earlier| somewhere(earlier.place));
    let Some(sent) = somewhere(known.place) else { return nowhere(test) };
    let distances: Vec<f64> = earlier.map(|place| distance(place, sent)).collect();
    let Some(nearest) = distances.iter().copied().min_by(f64::total_cmp) else {
        return Verdict::absent(test, "there is no earlier video of this vehicle");
    };
    let outcome = within(nearest, limits.usual_place_pass, limits.usual_place_fail);
    let (nearest, count) = (away(nearest), distances.len());
    let message = match count {
        1 => format!("sent {nearest} from where the vehicle's earlier video was sent"),
        _ => format!("sent {nearest} from the nearest of the vehicle's {count} earlier places"),
    };
    Verdict::new(test, outcome, message)
}

fn within(metres: f64, pass: u32, fail: u32) -> Outcome {
    Outcome::of(&metres, &f64::from(pass), &f64::from(fail))
}

fn nowhere(test: Test) -> Verdict {
    Verdict::absent(test, "the driver's phone did not know where it was")
}

fn somewhere(place: Place) -> Option<Location> {
    let location = Location { lat: place.lat(), long: place.long() };
    is_somewhere(location).then_some(location)
}

/// Nought degrees north and east is what recorders and phones write that do not know; and what is no
/// point on the earth is none.
fn is_somewhere(location: Location) -> bool {
    let Location { lat, long } = location;
    let known = lat != 0.0 || long != 0.0;
    known && (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long)
}

/// Metres between two points along the earth's surface: the haversine formula, good to half a percent
/// because the earth is no ball.
pub(super) fn distance(one: Location, other: Location) -> f64 {
    let [lat, other_lat] = [one.lat, other.lat].map(f64::to_radians);
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let along = half(one.long.to_radians(), other.long.to_radians());
    let chord = half(lat, other_lat) + lat.cos() * other_lat.cos() * along;
    // Rounding can lead a hair past the antipode, where there is no arc sine.
    2.0 * EARTH * chord.clamp(0.0, 1.0).sqrt().asin()
}
