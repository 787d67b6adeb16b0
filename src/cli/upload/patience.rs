//! How long to wait after a failure, and when to give up.

use std::time::Duration;

use tokio::time::sleep;

use super::answer::Trouble;
use super::progress::Progress;
use crate::model::Random;

/// Seconds before each further try: those of the tus clients on phones, then 10 for good.
const LADDER: [u64; 5] = [0, 1, 3, 5, 10];
/// The longest wait a server may ask for: past it, a person had better decide.
const LONGEST: Duration = Duration::from_mins(5);
/// By how much of itself a wait may grow, so that many clients do not come back at once.
const JITTER: f64 = 0.25;

/// Counts failures without progress.
pub(crate) struct Patience {
    tries: u32,
    failed: u32,
    random: Random,
}

impl Patience {
    /// Gives up after `tries` failures in a row.
    pub(crate) fn new(tries: u32, random: Random) -> Self {
        Self { tries, failed: 0, random }
    }

    /// Something went well: the count begins again.
    pub(crate) fn restore(&mut self) {
        self.failed = 0;
    }

    /// Waits until the trouble may be over, and says so.
    ///
    /// # Errors
    /// The trouble itself, when it is not of the kind that passes or patience has ended.
    pub(crate) async fn get_over(
        &mut self,
        trouble: Trouble,
        progress: &Progress,
    ) -> Result<(), Trouble> {
        if !trouble.passes() {
            return Err(trouble);
        }
        let asked = trouble.asks_to_wait();
        let Some(wait) = self.wait(asked) else { return Err(trouble) };
        let whose = if asked.is_some() { ", as it asks" } else { "" };
        progress.say(&format!("{trouble}; again in {:.1} s{whose}", wait.as_secs_f64()));
        sleep(wait).await;
        Ok(())
    }

    /// How long to wait now, never less than the server `asked` for (but for [`LONGEST`]);
    /// `None`: enough.
    fn wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if self.failed >= self.tries {
            return None;
        }
        let last = LADDER.len() - 1;
        let step = usize::try_from(self.failed).map_or(last, |failed| failed.min(last));
        self.failed += 1;
        let own = LADDER.get(step).copied().map(Duration::from_secs);
        let wait = asked.or(own).unwrap_or_default().min(LONGEST);
        Some(wait.mul_f64(1.0 + JITTER * self.random.fraction()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, Patience};
    use crate::model::Random;

    fn seconds(wait: Option<Duration>) -> u64 {
        wait.unwrap().as_secs()
    }

    #[test]
    fn waits_grow_and_end() {
        let mut patience = Patience::new(6, Random::seeded(1));
        let bounds = [(0, 0), (1, 1), (3, 3), (5, 6), (10, 12), (10, 12)];
        for (least, most) in bounds {
            let wait = seconds(patience.wait(None));
            assert!((least..=most).contains(&wait), "{wait} is not in {least}..={most}");
        }
        assert_eq!(patience.wait(None), None);
    }

    #[test]
    fn progress_restores_patience() {
        let mut patience = Patience::new(1, Random::seeded(1));
        assert!(patience.wait(None).is_some());
        assert!(patience.wait(None).is_none());
        patience.restore();
        assert_eq!(patience.wait(None), Some(Duration::ZERO));
    }

    #[test]
    fn the_server_is_heard_but_not_without_end() {
        let mut patience = Patience::new(9, Random::seeded(1));
        assert!(patience.wait(Some(Duration::from_secs(7))).unwrap() >= Duration::from_secs(7));
        let endless = patience.wait(Some(Duration::from_secs(1_000_000))).unwrap();
        assert!(endless <= LONGEST.mul_f64(1.25));
    }
}
