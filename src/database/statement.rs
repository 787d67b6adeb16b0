//! Statements put together from parts, with what is bound to them.

use std::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyPool, AssertSqlSafe};

use super::error::DatabaseError;
use super::pool::Kind;
use super::rows::text;

/// A statement that grows. Only our own words become SQL; every value is bound.
#[derive(Debug, Default)]
pub(super) struct Statement {
    sql: String,
    values: Vec<Value>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Number(i64),
}

impl Statement {
    /// Begins with these words.
    pub(super) fn new(words: &str) -> Self {
        Self { sql: words.to_owned(), values: Vec::new() }
    }

    /// Goes on with these words.
    pub(super) fn push(&mut self, words: &str) -> &mut Self {
        self.sql.push_str(words);
        self
    }

    /// Goes on with a place where `value` is bound.
    pub(super) fn text(&mut self, value: &impl ToString) -> &mut Self {
        self.bind(Value::Text(value.to_string()))
    }

    /// Goes on with a place where `value` is bound.
    pub(super) fn number(&mut self, value: i64) -> &mut Self {
        self.bind(Value::Number(value))
    }

    fn bind(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        let place = self.values.len();
        // Writing into a String cannot fail.
        let _written = write!(self.sql, "${place}");
        self
    }

    /// All rows.
    pub(super) async fn all(self, pool: &AnyPool) -> Result<Vec<AnyRow>, DatabaseError> {
        Ok(self.ready().fetch_all(pool).await?)
    }

    /// The row, if there is one.
    pub(super) async fn one(self, pool: &AnyPool) -> Result<Option<AnyRow>, DatabaseError> {
        Ok(self.ready().fetch_optional(pool).await?)
    }

    /// How the database would answer this, in its own words.
    pub(super) async fn plan(
        self,
        kind: Kind,
        pool: &AnyPool,
    ) -> Result<Vec<String>, DatabaseError> {
        let (explain, column) = match kind {
            Kind::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            Kind::Postgres => ("EXPLAIN ANALYZE ", "QUERY PLAN"),
        };
        let statement = Self { sql: format!("{explain}{}", self.sql), values: self.values };
        statement.all(pool).await?.iter().map(|row| text(row, column)).collect()
    }

    /// Planned anew each time: PostgreSQL would make one plan for all values that these words are ever
    /// asked with, and there are too many different words to keep a plan of each.
    fn ready(self) -> Query<'static, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(self.sql)).persistent(false);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}
