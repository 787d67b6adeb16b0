//! The life of an upload: create, append, finish, expire.
