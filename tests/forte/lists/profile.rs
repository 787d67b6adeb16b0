//! What a sign-in shows (E2, E3).
