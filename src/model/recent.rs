//! How often something happened lately: counts in memory, each of a key of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Keys remembered at a time. The one that was quiet for longest makes room.
const MOST_KEYS: usize = 10_000;

/// Remembers when things happened within a stretch of time, and says when it was too often. Of this
/// process only: a second node counts for itself.
pub struct Recent {
    within: SignedDuration,
    most: usize,
    keys: Mutex<HashMap<String, VecDeque<Timestamp>>>,
}

impl Recent {
    /// At most `most` times `within` this time.
    #[must_use]
    pub fn new(most: usize, within: SignedDuration) -> Self {
        Self { within, most, keys: Mutex::default() }
    }

    /// How long to wait until it is not too often any more; none when it may happen now.
    #[must_use]
    pub fn too_often(&self, key: &str, now: Timestamp) -> Option<SignedDuration> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let times = keys.get(key)?;
        // The one that has to be forgotten before there is room for another.
        let oldest = times.len().checked_sub(self.most).and_then(|at| times.get(at))?;
        let wait = *oldest + self.within - now;
        (wait > SignedDuration::ZERO).then_some(wait)
    }

    /// Whether it happened within this time at all.
    #[must_use]
    pub fn has_happened(&self, key: &str, now: Timestamp) -> bool {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let last = keys.get(key).and_then(VecDeque::back);
        last.is_some_and(|last| *last + self.within > now)
    }

    /// It happened.
    pub fn note(&self, key: &str, now: Timestamp) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS && !keys.contains_key(key) {
            make_room(&mut keys, now - self.within);
        }
        let times = keys.entry(key.to_owned()).or_default();
        times.push_back(now);
        // More are never asked for.
        while times.len() > self.most {
            times.pop_front();
        }
    }
}

fn make_room(keys: &mut HashMap<String, VecDeque<Timestamp>>, before: Timestamp) {
    keys.retain(|_, times| times.back().is_some_and(|last| *last > before));
    if keys.len() >= MOST_KEYS {
        let quietest = keys.iter().min_by_key(|(_, times)| times.back().copied());
        if let Some(key) = quietest.map(|(key, _)| key.clone()) {
            keys.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_secs(60);

    #[test]
    fn the_eleventh_within_a_minute_waits_for_the_first_to_be_forgotten() {
        let recent = Recent::new(10, MINUTE);
        let at = |second| Timestamp::from_second(second).unwrap();
        for second in 0..10 {
            assert_eq!(recent.too_often("one", at(second)), None);
            recent.note("one", at(second));
        }
        assert_eq!(recent.too_often("one", at(20)), Some(SignedDuration::from_secs(40)));
        assert_eq!(recent.too_often("other", at(20)), None);
        assert_eq!(recent.too_often("one", at(60)), None);
        assert!(recent.has_happened("one", at(68)));
        assert!(!recent.has_happened("one", at(69)));
        assert!(!recent.has_happened("other", at(20)));
    }

    #[test]
    fn memory_is_bounded_and_the_quietest_goes_first() {
        let recent = Recent::new(1, MINUTE);
        let now = Timestamp::from_second(0).unwrap();
        recent.note("quiet", now);
        for number in 0..MOST_KEYS {
            recent.note(&number.to_string(), now + SignedDuration::from_secs(1));
        }
        assert_eq!(recent.keys.lock().unwrap().len(), MOST_KEYS);
        assert_eq!(recent.too_often("quiet", now), None);
    }
}
