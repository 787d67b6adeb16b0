//! Rules of the structure, checked on the sources: arrows between modules, cycles between files,
//! names, sizes, and requirement codes.

mod arrows;
mod cycles;
mod names;
mod requirements;
mod sizes;
mod source;
