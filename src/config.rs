//! Layering and checking of settings; every room declares its own.
