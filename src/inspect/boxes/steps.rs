//! How much work the readers do, counted where tests are built, so that a test can hold it against
//! the bytes that were read: time depends on the machine, steps do not.

#[cfg(debug_assertions)]
mod counted {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// One field or one entry of a table was read on this thread.
    pub(crate) fn step() {
        STEPS.set(STEPS.get().wrapping_add(1));
    }

    /// Steps taken on this thread so far. Only builds with debug assertions count.
    #[must_use]
    pub fn taken() -> u64 {
        STEPS.get()
    }
}

#[cfg(not(debug_assertions))]
mod counted {
    /// Nothing is counted in a release.
    #[inline]
    pub(crate) const fn step() {}

    /// Nothing is counted in a release.
    #[must_use]
    pub const fn taken() -> u64 {
        0
    }
}

pub(crate) use counted::step;
pub use counted::taken;
