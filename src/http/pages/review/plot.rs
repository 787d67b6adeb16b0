//! The range plot: the place of sending, the place in the file and earlier places, on distance rings with a scale
//! and a north mark. It has no map tiles, so it needs no other server.

use std::fmt::Write as _;

use super::country::{OUTLINE, contains};
use crate::http::pages::texts::Texts;
use crate::model::Location;
use crate::model::plausibility::distance;

const WIDTH: f64 = 266.0;
const HEIGHT: f64 = 176.0;
/// Metres in one degree of latitude.
const DEGREE: f64 = 111_195.0;
/// Smallest radius of a plot, in metres.
const MIN_RANGE: f64 = 150.0;
/// Free space around the farthest point, in pixels.
const MARGIN: f64 = 24.0;
/// The inset with the outline of the country: left, top, width and height.
const INSET: (f64, f64, f64, f64) = (178.0, 122.0, 82.0, 48.0);

/// The places of a report.
pub(super) struct Positions {
    pub(super) sent: Option<Location>,
    pub(super) file: Option<Location>,
    /// The outcome of comparing `sent` with `file`.
    pub(super) outcome: &'static str,
    pub(super) earlier: Vec<Location>,
}

pub(super) struct PlotView {
    pub(super) svg: String,
    /// The text alternative.
    pub(super) text: String,
    pub(super) outcome: &'static str,
    pub(super) has_sent: bool,
    pub(super) has_file: bool,
    /// The distance between the place of sending and the place in the file.
    pub(super) away: String,
    pub(super) earlier: usize,
}

/// An equirectangular projection around the centre of the plot.
struct Projection {
    centre: Location,
    /// Metres per pixel.
    scale: f64,
}

/// `None` if no place is known.
pub(super) fn plot(texts: Texts, positions: &Positions) -> Option<PlotView> {
    let centre = positions.sent.or(positions.file).or(positions.earlier.first().copied())?;
    let others = positions.earlier.iter().copied().chain(positions.file);
    let farthest = others.map(|place| distance(centre, place)).fold(MIN_RANGE, f64::max);
    let projection = Projection { centre, scale: farthest / (HEIGHT / 2.0 - MARGIN) };
    let away = positions.sent.zip(positions.file).map(|(sent, file)| distance(sent, file));
    let away = away.map(|metres| texts.distance(metres)).unwrap_or_default();
    Some(PlotView {
        svg: svg(texts, positions, &projection, &away),
        text: description(texts, positions, &away),
        outcome: positions.outcome,
        has_sent: positions.sent.is_some(),
        has_file: positions.file.is_some(),
        away,
        earlier: positions.earlier.len(),
    })
}

impl Projection {
    fn point(&self, place: Location) -> (f64, f64) {
        let shrink = self.centre.lat.to_radians().cos();
        let east = (place.long - self.centre.long) * DEGREE * shrink;
        let north = (place.lat - self.centre.lat) * DEGREE;
        (WIDTH / 2.0 + east / self.scale, HEIGHT / 2.0 - north / self.scale)
    }
}

fn svg(texts: Texts, positions: &Positions, projection: &Projection, away: &str) -> String {
    let mut svg = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\" focusable=\"false\">"
    );
    let (x, y) = (WIDTH / 2.0, HEIGHT / 2.0);
    // Writing to a string cannot fail.
    let _ = write!(svg, "<path class=\"axis\" d=\"M0 {y}H{WIDTH}M{x} 0V{HEIGHT}\"/>");
    rings(&mut svg, texts, projection.scale);
    points(&mut svg, positions, projection, away);
    let _ =
        write!(svg, "<text class=\"north\" x=\"12\" y=\"18\">{}</text>", texts.get("map.north"));
    scale_bar(&mut svg, texts, projection.scale);
    if contains(projection.centre) {
        inset(&mut svg, projection.centre);
    }
    svg += "</svg>";
    svg
}

/// Two rings at round distances.
fn rings(svg: &mut String, texts: Texts, scale: f64) {
    let reach = scale * HEIGHT / 2.0;
    let outer = round_down(reach);
    let inner = round_down(outer * 0.55);
    for metres in [inner, outer] {
        let radius = metres / scale;
        let (x, y) = (WIDTH / 2.0, HEIGHT / 2.0 - radius - 3.0);
        let label = texts.distance(metres);
        let _ = write!(
            svg,
            "<circle class=\"ring\" cx=\"{x}\" cy=\"{}\" r=\"{radius:.1}\"/>\
             <text class=\"ring-label\" x=\"{x}\" y=\"{:.1}\">{label}</text>",
            HEIGHT / 2.0,
            y.max(10.0)
        );
    }
}

fn points(svg: &mut String, positions: &Positions, projection: &Projection, away: &str) {
    for place in &positions.earlier {
        let (x, y) = projection.point(*place);
        let _ = write!(svg, "<circle class=\"earlier\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
    }
    let outcome = positions.outcome;
    if let Some(file) = positions.file {
        let (x, y) = projection.point(file);
        if let Some(sent) = positions.sent {
            let (from_x, from_y) = projection.point(sent);
            let _ = write!(
                svg,
                "<path class=\"line {outcome}\" d=\"M{from_x:.1} {from_y:.1}L{x:.1} {y:.1}\"/>"
            );
        }
        // On the right half of the plot the label is left of the point, so that it is not cut off.
        let (label, anchor) = if x > WIDTH / 2.0 { (x - 10.0, "end") } else { (x + 10.0, "start") };
        let _ = write!(
            svg,
            "<rect class=\"file {outcome}\" x=\"{:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\"/>\
             <text class=\"away {outcome}\" x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{away}\
             </text>",
            x - 5.0,
            y - 5.0,
            y + 4.0
        );
    }
    if let Some(sent) = positions.sent {
        let (x, y) = projection.point(sent);
        let _ = write!(svg, "<circle class=\"sent\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/>");
    }
}

fn scale_bar(svg: &mut String, texts: Texts, scale: f64) {
    let metres = round_down(scale * WIDTH / 5.0);
    let end = 12.0 + metres / scale;
    let label = texts.distance(metres);
    let _ = write!(
        svg,
        "<path class=\"scale\" d=\"M12 158v8M12 162H{end:.1}M{end:.1} 158v8\"/>\
         <text class=\"scale-label\" x=\"{:.1}\" y=\"166\">{label}</text>",
        end + 6.0
    );
}

fn inset(svg: &mut String, place: Location) {
    let (left, top, width, height) = INSET;
    let point = |long: f64, lat: f64| {
        (
            left + 4.0 + (long - 46.0) * (width - 8.0) / 42.0,
            top + 4.0 + (56.0 - lat) * (height - 8.0) / 16.0,
        )
    };
    let corners = OUTLINE.iter().map(|(long, lat)| {
        let (x, y) = point(*long, *lat);
        format!("{x:.1},{y:.1}")
    });
    let corners = corners.collect::<Vec<_>>().join(" ");
    let (x, y) = point(place.long, place.lat);
    let _ = write!(
        svg,
        "<rect class=\"inset\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>\
         <polygon class=\"country\" points=\"{corners}\"/>\
         <circle class=\"sent\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
    );
}

/// The largest of 1, 2, 5, 10 … that is not above `metres`.
fn round_down(metres: f64) -> f64 {
    let power = 10_f64.powf(metres.max(1.0).log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step <= metres)
        .unwrap_or(power)
}

fn description(texts: Texts, positions: &Positions, away: &str) -> String {
    let nearest = positions.sent.and_then(|sent| {
        let all = positions.earlier.iter().map(|place| distance(*place, sent));
        all.min_by(f64::total_cmp)
    });
    let far = |metres: f64| texts.with("map.far", "a", texts.distance(metres));
    match (positions.sent, positions.file, nearest) {
        (Some(_), Some(_), Some(nearest)) => {
            texts.format("map.text", &[("a", &away), ("b", &texts.distance(nearest))])
        }
        (Some(_), Some(_), None) => {
            format!("{}: {}", texts.get("map.file"), texts.with("map.far", "a", away))
        }
        (Some(_), None, Some(nearest)) => {
            format!("{}: {}", texts.get("map.earlier"), far(nearest))
        }
        (Some(sent), None, None) => texts.with("map.alone", "place", degrees(sent)),
        (None, Some(file), _) => texts.with("map.only_file", "place", degrees(file)),
        (None, None, _) => texts.get("map.earlier").to_owned(),
    }
}

fn degrees(place: Location) -> String {
    format!("{:.5}, {:.5}", place.lat, place.long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::texts::Language;

    const ALMATY: Location = Location { lat: 43.238_89, long: 76.889_71 };

    fn positions(file: Option<Location>) -> Positions {
        Positions { sent: Some(ALMATY), file, outcome: "fail", earlier: vec![ALMATY] }
    }

    #[test]
    fn round_distances_are_at_most_the_given_one() {
        let rounded = [1.0, 3.9, 9.0, 150.0, 740.0, 5_000.0, 123_456.0].map(round_down);
        assert_eq!(
            rounded.map(|length| length.to_string()),
            ["1", "2", "5", "100", "500", "5000", "100000"]
        );
    }

    #[test]
    fn the_farthest_point_is_inside() {
        for degrees in [0.000_01_f64, 0.01, 1.0, 60.0] {
            let file = Location { lat: ALMATY.lat + degrees.min(40.0), long: ALMATY.long };
            let projection = Projection {
                centre: ALMATY,
                scale: distance(ALMATY, file).max(MIN_RANGE) / (HEIGHT / 2.0 - MARGIN),
            };
            let (_, y) = projection.point(file);
            assert!((MARGIN - 1.0..HEIGHT).contains(&y), "{degrees}: {y}");
        }
    }

    #[test]
    fn places_are_described_in_words() {
        let texts = Texts::new(Language::English);
        let file = Location { lat: ALMATY.lat + 0.006_65, long: ALMATY.long };
        let shown = plot(texts, &positions(Some(file))).unwrap();
        assert_eq!(shown.away.replace('\u{a0}', " "), "739 m");
        assert!(shown.text.starts_with("Position in the file: 739"), "{}", shown.text);
        assert!(shown.svg.contains("class=\"country\""));
        let alone = plot(texts, &Positions { earlier: Vec::new(), ..positions(None) }).unwrap();
        assert_eq!(alone.text, "Sent from here: 43.23889, 76.88971");
        let nothing = Positions { sent: None, file: None, outcome: "pass", earlier: Vec::new() };
        assert!(plot(texts, &nothing).is_none());
    }
}
