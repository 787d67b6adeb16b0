//! SQL with the values of its placeholders.

use std::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Column as _, FromRow, Row as _, SqlSafeStr};

use super::column::{Column, ToValue, Value, column};
use super::connection::{Limits, Pool, Target};
use super::error::DatabaseError;
use super::kind::Kind;

/// A statement with its values. The SQL consists of texts of this crate only; every value is bound.
#[derive(Debug)]
pub(super) struct Statement {
    sql: String,
    values: Vec<Value>,
    /// Whether a connection keeps the plan.
    persistent: bool,
}

/// A statement whose text is always the same, or one of a few.
pub(super) fn query(sql: impl SqlSafeStr, values: Vec<Value>) -> Statement {
    Statement { sql: sql.into_sql_str().as_str().to_owned(), values, persistent: true }
}

impl Statement {
    /// A statement that is assembled from parts. It is planned on each execution: there are too many
    /// texts to keep a plan of each, and PostgreSQL would use one plan for all values of a text.
    pub(super) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new(), persistent: false }
    }

    /// Disables the caching of the prepared statement.
    pub(super) fn unprepared(self) -> Self {
        Self { persistent: false, ..self }
    }

    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends a placeholder with this value.
    pub(super) fn bind(&mut self, value: &(impl ToValue + ?Sized)) -> &mut Self {
        self.values.push(value.to_value());
        let number = self.values.len();
        // Writing into a String cannot fail.
        let _written = write!(self.sql, "${number}");
        self
    }

    /// Returns the number of changed rows.
    pub(super) async fn execute<'c>(self, on: impl Into<Target<'c>>) -> Result<u64, DatabaseError> {
        let mut leased = on.into().lease(self.writes()).await?;
        let (connection, limits) = leased.parts();
        let done = limits.apply(self.ready(limits).execute(connection)).await?;
        leased.finish().await?;
        Ok(done.rows_affected())
    }

    pub(super) async fn run<'c>(self, on: impl Into<Target<'c>>) -> Result<(), DatabaseError> {
        self.execute(on).await.map(drop)
    }

    /// Whether one row was changed.
    pub(super) async fn changes_one<'c>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<bool, DatabaseError> {
        Ok(self.execute(on).await? == 1)
    }

    pub(super) async fn all<'c, T: for<'r> FromRow<'r, AnyRow>>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Vec<T>, DatabaseError> {
        let rows = self.fetch_all(on).await?;
        rows.iter().map(read).collect()
    }

    pub(super) async fn optional<'c, T: for<'r> FromRow<'r, AnyRow>>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Option<T>, DatabaseError> {
        let row = self.fetch_optional(on).await?;
        row.as_ref().map(read).transpose()
    }

    pub(super) async fn one<'c, T: for<'r> FromRow<'r, AnyRow>>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<T, DatabaseError> {
        let row = self.fetch_optional(on).await?;
        read(&row.ok_or(sqlx::Error::RowNotFound)?)
    }

    pub(super) async fn fetch_all<'c>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Vec<AnyRow>, DatabaseError> {
        let mut leased = on.into().lease(self.writes()).await?;
        let (connection, limits) = leased.parts();
        let rows = limits.apply(self.ready(limits).fetch_all(connection)).await?;
        leased.finish().await?;
        Ok(rows)
    }

    async fn fetch_optional<'c>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        let mut leased = on.into().lease(self.writes()).await?;
        let (connection, limits) = leased.parts();
        let row = limits.apply(self.ready(limits).fetch_optional(connection)).await?;
        leased.finish().await?;
        Ok(row)
    }

    /// The first column of the row.
    pub(super) async fn value<'c, C: Column>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Option<C>, DatabaseError> {
        self.fetch_optional(on).await?.as_ref().map(first).transpose()
    }

    /// The first column of each row.
    pub(super) async fn values<'c, C: Column>(
        self,
        on: impl Into<Target<'c>>,
    ) -> Result<Vec<C>, DatabaseError> {
        self.fetch_all(on).await?.iter().map(first).collect()
    }

    pub(super) async fn exists<'c>(self, on: impl Into<Target<'c>>) -> Result<bool, DatabaseError> {
        Ok(self.fetch_optional(on).await?.is_some())
    }

    /// The plan of the database for this statement, in its own words.
    pub(super) async fn plan(self, kind: Kind, on: &Pool) -> Result<Vec<String>, DatabaseError> {
        let explain = match kind {
            Kind::Sqlite => "EXPLAIN QUERY PLAN ",
            Kind::Postgres => "EXPLAIN ANALYZE ",
        };
        let detail = match kind {
            Kind::Sqlite => "detail",
            Kind::Postgres => "QUERY PLAN",
        };
        let statement = Self { sql: format!("{explain}{}", self.sql), ..self };
        statement.fetch_all(on).await?.iter().map(|row| column(row, detail)).collect()
    }

    /// Whether it changes rows.
    fn writes(&self) -> bool {
        let mut readers = ["SELECT", "EXPLAIN"].iter();
        !readers.any(|word| self.sql.trim_start().starts_with(word))
    }

    fn ready(self, limits: &Limits) -> Query<'static, Any, AnyArguments> {
        let persistent = self.persistent && limits.may_prepare();
        let query = sqlx::query(AssertSqlSafe(self.sql)).persistent(persistent);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}

/// An error of a tuple has the position of the column, and gets its name.
fn read<'r, T: FromRow<'r, AnyRow>>(row: &'r AnyRow) -> Result<T, DatabaseError> {
    T::from_row(row).map_err(|error| match error {
        sqlx::Error::ColumnDecode { index, source } => {
            let position = index.parse().ok();
            let column = position.and_then(|at: usize| row.columns().get(at));
            let index = column.map_or(index, |column| column.name().to_owned());
            sqlx::Error::ColumnDecode { index, source }.into()
        }
        error => error.into(),
    })
}

fn first<C: Column>(row: &AnyRow) -> Result<C, DatabaseError> {
    column(row, row.column(0).name())
}
