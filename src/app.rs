//! The one place where parts meet: build, router, run until shutdown.
