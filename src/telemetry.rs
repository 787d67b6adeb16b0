//! The log subscriber and the metrics recorder.
