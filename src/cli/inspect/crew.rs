//! Many things done at a time, and told in their order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Things of one batch, for each worker: enough that nobody waits long for the slowest, few enough
/// that what is done fits into memory before it is told.
const BATCH: usize = 16;

/// Does `work` on all things with so many workers, and hands the results to `tell` in the order of
/// the things. Ends with the first error of `tell`.
pub(super) fn in_order<T: Sync, R: Send>(
    workers: usize,
    things: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut tell: impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for batch in things.chunks(workers.max(1).saturating_mul(BATCH)) {
        for result in at_once(workers.min(batch.len()), batch, &work) {
            tell(result)?;
        }
    }
    Ok(())
}

/// Whoever is free takes the next thing.
fn at_once<T: Sync, R: Send>(
    workers: usize,
    things: &[T],
    work: &(impl Fn(&T) -> R + Sync),
) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(index) else { return };
            let result = work(thing);
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(worker);
        }
        worker(); // this thread is one of them
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_come_in_the_order_of_the_things() {
        let things: Vec<u32> = (0..1000).collect();
        for workers in [0, 1, 3, 100] {
            let mut told = Vec::new();
            let tell = |result| {
                told.push(result);
                Ok(())
            };
            in_order(workers, &things, |thing| thing * 2, tell).unwrap();
            assert_eq!(told, things.iter().map(|thing| thing * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_is_told_after_an_error() {
        let mut told = 0;
        let ended = in_order(
            2,
            &[1, 2, 3],
            |thing| *thing,
            |thing| {
                told += 1;
                anyhow::ensure!(thing < 2, "enough");
                Ok(())
            },
        );
        assert!(ended.is_err());
        assert_eq!(told, 2);
    }
}
