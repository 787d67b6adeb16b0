//! Companies, people, tokens, vehicles, reports.
