//! Every SQL statement, migration and transaction.
