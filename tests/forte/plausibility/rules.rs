//! The tests of plausibility, each at its limits.

use std::sync::LazyLock;

use forte_media::config::Settings;
use forte_media::model::plausibility::{
    EarlierVideo, Evidence, History, Outcome, PlausibilityConfig, PlausibilityTest, ReportWindow,
    Verdict, judge, reuse,
};
use forte_media::model::{Facts, Location, Place};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// The default settings.
static LIMITS: LazyLock<PlausibilityConfig> =
    LazyLock::new(|| Settings::load(None, []).unwrap().plausibility);

const SENT: Timestamp = Timestamp::constant(1_778_648_400, 0);
const ALMATY: Place = Place { lat_e8: 4_323_889_000, long_e8: 7_688_971_000 };

/// The owned input of the tests.
#[derive(Debug)]
struct Case {
    facts: Facts,
    place: Option<Place>,
    sent: Timestamp,
    begun: Timestamp,
    received: Timestamp,
    declared_recording: Option<Timestamp>,
    window: ReportWindow,
    history: History,
}

impl Case {
    /// A video of one minute, recorded, sent and received at the same time and place.
    fn honest() -> Self {
        let location = Some(Location { lat: ALMATY.lat(), long: ALMATY.long() });
        let (created_at, declared_recording, duration_ms) = (Some(SENT), None, Some(60_000));
        let facts = Facts { created_at, duration_ms, location, ..Facts::default() };
        let window = ReportWindow {
            starts_at: Some(SENT - SignedDuration::from_hours(24)),
            due_at: Some(SENT + SignedDuration::from_hours(240)),
        };
        let earlier = EarlierVideo { place: Some(ALMATY), duration_ms: Some(60_000) };
        let history = History { vehicle: vec![earlier; 5], company: vec![earlier; 12] };
        let (place, sent, begun, received) = (Some(ALMATY), SENT, SENT, SENT);
        Self { facts, place, sent, begun, received, declared_recording, window, history }
    }

    fn recorded(seconds_before: i64) -> Self {
        let mut case = Self::honest();
        case.facts.created_at = Some(SENT - SignedDuration::from_secs(seconds_before));
        case
    }

    fn judged(&self) -> Vec<Verdict> {
        let evidence = Evidence {
            facts: &self.facts,
            time_sent: self.sent,
            recorded_at: self.declared_recording,
            place: self.place,
            begun_at: self.begun,
            received_at: self.received,
            window: self.window,
            history: &self.history,
        };
        judge(&evidence, &LIMITS)
    }

    fn verdict(&self, test: PlausibilityTest) -> Verdict {
        self.judged().into_iter().find(|verdict| verdict.test == test).unwrap()
    }

    fn outcome(&self, test: PlausibilityTest) -> Outcome {
        self.verdict(test).outcome
    }
}

fn place(lat: f64, long: f64) -> Place {
    let lat_e8 = Place::parse_lat(&format!("{lat:.8}")).unwrap();
    Place { lat_e8, long_e8: Place::parse_long(&format!("{long:.8}")).unwrap() }
}

#[test]
fn an_honest_video_passes_every_test() {
    let outcomes: Vec<_> = Case::honest().judged().iter().map(|verdict| verdict.outcome).collect();
    assert_eq!(outcomes, [Outcome::Pass; 6]);
}

/// In responses and in metrics.
#[test]
fn tests_and_outcomes_have_the_same_names_everywhere() {
    for verdict in Case::honest().judged().into_iter().chain([reuse(&[])]) {
        let found = serde_json::json!(verdict);
        assert_eq!(found["test"], verdict.test.as_str());
        for outcome in [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Absent] {
            assert_eq!(serde_json::json!(outcome), outcome.as_str());
        }
    }
}

#[test]
fn a_file_without_tags_yields_absent_verdicts() {
    let mut case = Case::honest();
    case.facts = Facts::default();
    case.history = History::default();
    let outcomes: Vec<_> = case.judged().iter().map(|verdict| verdict.outcome).collect();
    assert_eq!(outcomes, [Outcome::Absent; 6]);
}

/// The recording lasts a minute, and its time may be that of its start or its end.
#[test]
fn a_recording_passes_for_a_day_and_warns_for_a_week_but_may_not_be_of_the_future() {
    let day = 86_400;
    for (before, outcome) in [
        (0, Outcome::Pass),
        (60 + day, Outcome::Pass),
        (60 + day + 1, Outcome::Warn),
        (30 * 3600, Outcome::Warn),
        (60 + 7 * day, Outcome::Warn),
        (60 + 7 * day + 1, Outcome::Fail),
        (-360, Outcome::Pass),
        (-361, Outcome::Warn),
        (-86_461, Outcome::Fail),
    ] {
        let case = Case::recorded(before);
        assert_eq!(case.outcome(PlausibilityTest::RecordedAtSending), outcome, "{before} s");
        assert_eq!(case.outcome(PlausibilityTest::RecordedAtReceipt), outcome, "{before} s");
    }
    let message =
        Case::recorded(60 + 3 * 3600).verdict(PlausibilityTest::RecordedAtSending).message;
    assert_eq!(message, "by its recorder's clock, recorded 3 h before it was sent");
    let message = Case::recorded(-60 - 3600).verdict(PlausibilityTest::RecordedAtReceipt).message;
    assert!(message.ends_with("1 h after its upload, by our clock; one of the clocks is wrong"));
}

#[test]
fn an_upload_of_hours_is_compared_with_its_beginning() {
    let mut case = Case::honest();
    case.received = SENT + SignedDuration::from_hours(30);
    assert_eq!(case.outcome(PlausibilityTest::RecordedAtReceipt), Outcome::Pass);
    // A clock that was set back during the upload does no harm.
    case.received = SENT - SignedDuration::from_secs(1);
    assert_eq!(case.outcome(PlausibilityTest::RecordedAtReceipt), Outcome::Pass);
}

#[test]
fn a_video_before_the_window_warns_or_fails_and_a_late_one_only_warns() {
    let first = 86_400 + 60;
    for (before, outcome) in [
        (first, Outcome::Pass),
        (first + 1, Outcome::Warn),
        (first + 86_400, Outcome::Warn),
        (first + 86_401, Outcome::Fail),
        (-240 * 3600, Outcome::Pass),
        (-240 * 3600 - 61, Outcome::Warn),
        (-9_000 * 3600, Outcome::Warn),
    ] {
        assert_eq!(
            Case::recorded(before).outcome(PlausibilityTest::RecordedInWindow),
            outcome,
            "{before} s"
        );
    }
    let message = Case::recorded(first + 3600).verdict(PlausibilityTest::RecordedInWindow).message;
    assert_eq!(message, "recorded 1 h before the start of the report, 2026-05-12 05:00:00 UTC");
}

#[test]
fn a_report_without_a_window_is_judged_by_what_it_has() {
    let mut case = Case::recorded(1_000_000);
    case.window.starts_at = None;
    assert_eq!(case.outcome(PlausibilityTest::RecordedInWindow), Outcome::Pass);
    case.window.due_at = None;
    assert_eq!(case.outcome(PlausibilityTest::RecordedInWindow), Outcome::Absent);
}

#[test]
fn a_place_passes_within_one_kilometre_and_warns_within_fifty() {
    // A degree of latitude is 111,195 m on the sphere of the model.
    for (metres, outcome) in [
        (0.0, Outcome::Pass),
        (999.0, Outcome::Pass),
        (1_001.0, Outcome::Warn),
        (49_990.0, Outcome::Warn),
        (50_010.0, Outcome::Fail),
    ] {
        let mut case = Case::honest();
        case.place = Some(place(ALMATY.lat() + metres / 111_195.08, ALMATY.long()));
        assert_eq!(case.outcome(PlausibilityTest::RecordedPlace), outcome, "{metres} m");
    }
    let mut case = Case::honest();
    case.place = Some(place(51.169_392, 71.449_074));
    let message = case.verdict(PlausibilityTest::RecordedPlace).message;
    assert_eq!(message, "recorded 972 km from where it was sent");
}

/// Recorders without a position write such coordinates.
#[test]
fn zero_and_impossible_coordinates_are_ignored() {
    for (lat, long) in
        [(0.0, 0.0), (91.0, 0.0), (0.0, 181.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]
    {
        let mut case = Case::honest();
        case.facts.location = Some(Location { lat, long });
        assert_eq!(case.outcome(PlausibilityTest::RecordedPlace), Outcome::Absent, "{lat} {long}");
    }
    let mut case = Case::honest();
    // The driver's page may leave the place out.
    for sent in [Some(place(0.0, 0.0)), None] {
        case.place = sent;
        assert_eq!(case.outcome(PlausibilityTest::RecordedPlace), Outcome::Absent);
        assert_eq!(case.outcome(PlausibilityTest::UsualPlace), Outcome::Absent);
    }
}

#[test]
fn an_earlier_video_without_a_place_does_not_count() {
    let mut case = Case::honest();
    case.history.vehicle[1..].fill(EarlierVideo { place: None, duration_ms: None });
    let message = case.verdict(PlausibilityTest::UsualPlace).message;
    assert!(message.contains("the vehicle's earlier video was sent"), "{message}");
    case.history.vehicle.remove(0);
    assert_eq!(case.outcome(PlausibilityTest::UsualPlace), Outcome::Absent);
}

#[test]
fn the_nearest_earlier_place_of_the_vehicle_counts() {
    let mut case = Case::honest();
    case.place = Some(place(43.3, 76.9));
    case.history.vehicle[4].place = Some(place(43.3, 76.9));
    let sydney = Some(place(-33.8, 151.2));
    case.history.vehicle[..4].fill(EarlierVideo { place: sydney, duration_ms: None });
    assert_eq!(case.outcome(PlausibilityTest::UsualPlace), Outcome::Pass);
    case.history.vehicle.truncate(4);
    let verdict = case.verdict(PlausibilityTest::UsualPlace);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert!(verdict.message.contains("nearest of the vehicle's 4 earlier places"), "{verdict:?}");
    case.history.vehicle.truncate(1);
    assert!(case.verdict(PlausibilityTest::UsualPlace).message.contains("earlier video was sent"));
    // Other vehicles of the company are elsewhere.
    case.history.vehicle.clear();
    assert_eq!(case.outcome(PlausibilityTest::UsualPlace), Outcome::Absent);
}

#[test]
fn the_length_is_compared_with_the_median_of_the_vehicle_or_the_company() {
    let with = |vehicle: &[u64], company: &[u64], lasts| {
        let place = Some(ALMATY);
        let earlier = |lasts: &u64| EarlierVideo { place, duration_ms: Some(*lasts) };
        let mut case = Case::honest();
        case.facts.duration_ms = Some(lasts);
        case.history.vehicle = vehicle.iter().map(earlier).collect();
        case.history.company = company.iter().map(earlier).collect();
        case.verdict(PlausibilityTest::UsualLength)
    };
    let vehicle = [1_000, 20_000, 30_000, 60_000, 900_000];
    for (lasts, outcome) in [
        (2_999, Outcome::Fail),
        (3_000, Outcome::Warn),
        (9_999, Outcome::Warn),
        (10_000, Outcome::Pass),
        (90_000, Outcome::Pass),
        (90_001, Outcome::Warn),
        (300_001, Outcome::Fail),
    ] {
        assert_eq!(with(&vehicle, &[], lasts).outcome, outcome, "{lasts} ms");
    }
    let message = with(&vehicle, &[], 90_001).message;
    assert_eq!(message, "90.0 s long; the median of the vehicle's last 5 videos is 30.0 s");
    let company = with(&vehicle[..4], &[1_000; 7], 1_500);
    assert_eq!(company.outcome, Outcome::Pass);
    assert!(company.message.contains("the company's last 7 videos"), "{company:?}");
    assert_eq!(with(&vehicle[..4], &vehicle[..4], 60_000).outcome, Outcome::Absent);
    // Unknown lengths are ignored.
    assert_eq!(with(&[0; 9], &[0; 9], 60_000).outcome, Outcome::Absent);
}

prop_compose! {
    fn any_place()(lat in -9_000_000_000_i64..=9_000_000_000, long in -18_000_000_000_i64..=18_000_000_000) -> Place {
        Place { lat_e8: lat, long_e8: long }
    }
}

prop_compose! {
    fn any_moment()(second in -60_000_000_000_i64..=200_000_000_000) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }
}

prop_compose! {
    fn any_case()(
        created_at in proptest::option::of(any_moment()),
        duration_ms in proptest::option::of(any::<u64>()),
        location in proptest::option::of((any::<f64>(), any::<f64>())),
        place in proptest::option::of(any_place()),
        times in [any_moment(), any_moment(), any_moment()],
        declared_recording in proptest::option::of(any_moment()),
        window in (proptest::option::of(any_moment()), proptest::option::of(any_moment())),
        vehicle in proptest::collection::vec((proptest::option::of(any_place()), proptest::option::of(any::<u64>())), 0..12),
    ) -> Case {
        let location = location.map(|(lat, long)| Location { lat, long });
        let earlier = |(place, duration_ms)| EarlierVideo { place, duration_ms };
        let vehicle: Vec<_> = vehicle.into_iter().map(earlier).collect();
        Case {
            facts: Facts { created_at, duration_ms, location, ..Facts::default() },
            place,
            declared_recording,
            sent: times[0],
            begun: times[1],
            received: times[2],
            window: ReportWindow { starts_at: window.0, due_at: window.1 },
            history: History { company: vehicle.clone(), vehicle },
        }
    }
}

/// The distance is symmetric.
fn between(recorded: Place, sent: Place) -> String {
    let mut case = Case::honest();
    case.facts.location = Some(Location { lat: recorded.lat(), long: recorded.long() });
    case.place = Some(sent);
    case.verdict(PlausibilityTest::RecordedPlace).message
}

proptest! {
    #[test]
    fn every_input_yields_six_verdicts_with_messages(case in any_case()) {
        let verdicts = case.judged();
        prop_assert_eq!(verdicts.len(), 6);
        for verdict in &verdicts {
            prop_assert!(!verdict.message.contains("NaN") && !verdict.message.contains("inf "));
            prop_assert!(verdict.message.len() < 200, "{}", verdict.message);
        }
        prop_assert_eq!(&case.judged(), &verdicts, "the same again");
    }

    #[test]
    fn no_distance_exceeds_half_the_circumference(one in any_place(), other in any_place()) {
        let found = between(one, other);
        prop_assert_eq!(&found, &between(other, one));
        if let Some((number, "km")) = found.split_whitespace().nth(1).zip(found.split_whitespace().nth(2)) {
            prop_assert!(number.parse::<f64>().unwrap() <= 20_016.0, "{}", found);
        }
    }

    #[test]
    fn a_greater_distance_is_never_more_plausible(near in 0_i64..2_000_000, more in 0_i64..2_000_000) {
        let order = [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Absent];
        let rank = |outcome| order.iter().position(|one| *one == outcome);
        for test in [PlausibilityTest::RecordedAtSending, PlausibilityTest::RecordedAtReceipt, PlausibilityTest::RecordedInWindow] {
            let [near, far] = [near, near + more].map(|before| Case::recorded(before).outcome(test));
            prop_assert!(rank(near) <= rank(far));
        }
    }

    #[test]
    fn sending_and_receipt_are_judged_alike(seconds in -2_000_000_i64..2_000_000) {
        let case = Case::recorded(seconds);
        let sending = case.outcome(PlausibilityTest::RecordedAtSending);
        prop_assert_eq!(sending, case.outcome(PlausibilityTest::RecordedAtReceipt));
    }
}
