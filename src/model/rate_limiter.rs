//! Rate limits by key, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Keys in memory; beyond that the least recently used one is evicted.
const MAX_KEYS: usize = 10_000;

/// Counts events by key in a sliding window. The counts are local to this process.
pub struct RateLimiter {
    limit: usize,
    window: SignedDuration,
    keys: Mutex<HashMap<String, VecDeque<Timestamp>>>,
}

impl RateLimiter {
    pub fn new(limit: usize, window: SignedDuration) -> Self {
        Self { limit, window, keys: Mutex::default() }
    }

    /// How long to wait until another event is within the limit; `None` if it is now.
    pub fn retry_after(&self, key: &str, now: Timestamp) -> Option<SignedDuration> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let times = keys.get(key)?;
        let oldest = times.len().checked_sub(self.limit).and_then(|at| times.get(at))?;
        let wait = *oldest + self.window - now;
        (wait > SignedDuration::ZERO).then_some(wait)
    }

    /// Whether there was an event within the window.
    pub fn is_recent(&self, key: &str, now: Timestamp) -> bool {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let last = keys.get(key).and_then(VecDeque::back);
        last.is_some_and(|last| *last + self.window > now)
    }

    pub fn record(&self, key: &str, now: Timestamp) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS && !keys.contains_key(key) {
            evict(&mut keys, now - self.window);
        }
        let times = keys.entry(key.to_owned()).or_default();
        times.push_back(now);
        while times.len() > self.limit {
            times.pop_front();
        }
    }
}

/// Removes the keys without an event since `before`, or else the least recently used one.
fn evict(keys: &mut HashMap<String, VecDeque<Timestamp>>, before: Timestamp) {
    keys.retain(|_, times| times.back().is_some_and(|last| *last > before));
    if keys.len() >= MAX_KEYS {
        let oldest = keys.iter().min_by_key(|(_, times)| times.back().copied());
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            keys.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_secs(60);

    #[test]
    fn the_eleventh_event_within_a_minute_waits_until_the_first_leaves_the_window() {
        let limiter = RateLimiter::new(10, MINUTE);
        let at = |second| Timestamp::from_second(second).unwrap();
        for second in 0..10 {
            assert_eq!(limiter.retry_after("one", at(second)), None);
            limiter.record("one", at(second));
        }
        assert_eq!(limiter.retry_after("one", at(20)), Some(SignedDuration::from_secs(40)));
        assert_eq!(limiter.retry_after("other", at(20)), None);
        assert_eq!(limiter.retry_after("one", at(60)), None);
        assert!(limiter.is_recent("one", at(68)));
        assert!(!limiter.is_recent("one", at(69)));
        assert!(!limiter.is_recent("other", at(20)));
    }

    #[test]
    fn memory_is_bounded_and_the_least_recently_used_key_is_evicted() {
        let limiter = RateLimiter::new(1, MINUTE);
        let now = Timestamp::from_second(0).unwrap();
        limiter.record("unused", now);
        for number in 0..MAX_KEYS {
            limiter.record(&number.to_string(), now + SignedDuration::from_secs(1));
        }
        assert_eq!(limiter.keys.lock().unwrap().len(), MAX_KEYS);
        assert_eq!(limiter.retry_after("unused", now), None);
    }
}
