//! Routes, extractors, doors, envelopes.
