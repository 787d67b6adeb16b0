//! Counts the work of the readers in builds with debug assertions, so that a test can compare it with
//! the number of bytes read: unlike time, it does not depend on the machine.

#[cfg(debug_assertions)]
mod counter {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// Counts one field or table entry that was read on this thread.
    pub(crate) fn step() {
        STEPS.set(STEPS.get().wrapping_add(1));
    }

    /// Steps on this thread so far.
    pub fn taken() -> u64 {
        STEPS.get()
    }
}

#[cfg(not(debug_assertions))]
mod counter {
    #[inline]
    pub(crate) const fn step() {}

    pub const fn taken() -> u64 {
        0
    }
}

pub(crate) use counter::step;
pub use counter::taken;
