//! Claim, deliver, record.
