//! Where bytes live: the spool, segments, stored videos, viewing links.
