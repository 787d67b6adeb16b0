//! The modules of the tests' harness that this benchmark uses.

#[path = "../../tests/forte/harness/db.rs"]
pub(crate) mod db;
#[path = "../../tests/forte/harness/external.rs"]
pub(crate) mod external;
#[path = "../../tests/forte/harness/fixture.rs"]
pub(crate) mod fixture;
#[path = "../../tests/forte/harness/log.rs"]
pub(crate) mod log;
#[path = "../../tests/forte/harness/receiver.rs"]
pub(crate) mod receiver;
#[path = "../../tests/forte/harness/rows.rs"]
pub(crate) mod rows;
#[path = "../../tests/forte/harness/s3.rs"]
pub(crate) mod s3;
#[path = "../../tests/forte/harness/service.rs"]
pub(crate) mod service;
