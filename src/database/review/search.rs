//! The search of the review console: reports whose plate, VIN, number or contract begins with a text.
//!
//! Each kind of key is looked up in its own index. A short beginning matches half of the reports, so each
//! lookup ends at a limit: nobody reads hundreds of hits.

use crate::database::statement::Statement;
use crate::model::search_key::{number_key, search_key};
use crate::model::{CompanyId, ReportStatus};

/// Reports that one kind of key finds at most.
const MOST_REPORTS: i64 = 200;
/// Vehicles that one kind of key finds at most. Each has a report for every month.
const MOST_VEHICLES: i64 = 50;

/// Sorts after all other characters of a key.
const LAST_CHARACTER: &str = "Z";
/// Longer than any key.
const LONGEST_KEY: usize = 40;

/// What a search compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchKeys {
    key: String,
    /// The same without zeros at its start; may be empty.
    number: String,
}

impl SearchKeys {
    /// `None` for a text with neither a letter nor a digit, which finds nothing.
    pub fn of(text: &str) -> Option<Self> {
        let (key, number) = (search_key(text), number_key(text));
        (!key.is_empty()).then_some(Self { key, number })
    }

    /// Appends a query of the column `ref_key`, each once.
    pub(super) fn push_hits(
        &self,
        statement: &mut Statement,
        company: Option<CompanyId>,
        status: Option<ReportStatus>,
    ) {
        let limits = Limits { company, status };
        limits.push_reports(statement, "contract_key", &self.key);
        if !self.number.is_empty() {
            statement.push(" UNION ");
            limits.push_reports(statement, "number_key", &self.number);
        }
        for column in ["plate_key", "vin_key", "vin_tail_key"] {
            statement.push(" UNION ");
            limits.push_reports_of_vehicles(statement, column, &self.key);
        }
    }
}

/// Which of the hits count.
#[derive(Clone, Copy)]
struct Limits {
    company: Option<CompanyId>,
    status: Option<ReportStatus>,
}

impl Limits {
    fn push_reports(self, statement: &mut Statement, column: &str, key: &str) {
        statement.push("SELECT ref_key FROM (SELECT n.ref_key FROM reports n WHERE ");
        push_prefix(statement, &format!("n.{column}"), key);
        statement.push(" AND n.deleted = 0");
        self.push(statement);
        statement.push(&format!(
            " ORDER BY n.{column}, n.company_id, n.status_code, n.ref_key LIMIT {MOST_REPORTS}) \
             AS by_{column}"
        ));
    }

    fn push_reports_of_vehicles(self, statement: &mut Statement, column: &str, key: &str) {
        statement.push(
            "SELECT ref_key FROM (SELECT n.ref_key FROM (SELECT p.guid, p.company_id \
             FROM vehicles p WHERE ",
        );
        push_prefix(statement, &format!("p.{column}"), key);
        if let Some(company) = self.company {
            statement.push(" AND p.company_id = ").bind(&company);
        }
        statement.push(&format!(
            " ORDER BY p.{column}, p.company_id, p.guid LIMIT {MOST_VEHICLES}) AS found \
             CROSS JOIN reports n WHERE n.company_id = found.company_id \
             AND n.vehicle_guid = found.guid AND n.deleted = 0"
        ));
        self.push(statement);
        statement.push(&format!(
            " ORDER BY n.due_at DESC, n.ref_key LIMIT {MOST_REPORTS}) AS by_{column}"
        ));
    }

    fn push(self, statement: &mut Statement) {
        if let Some(company) = self.company {
            statement.push(" AND n.company_id = ").bind(&company);
        }
        if let Some(status) = self.status {
            statement.push(&format!(" AND n.status_code = {}", status.code()));
        }
    }
}

/// Appends the condition that a column begins with a key. The range finds it in an index; the comparison
/// also holds in a database with an unusual order of letters.
fn push_prefix(statement: &mut Statement, column: &str, key: &str) {
    let last = format!("{key}{}", LAST_CHARACTER.repeat(LONGEST_KEY));
    statement.push(column).push(" >= ").bind(key);
    statement.push(" AND ").push(column).push(" <= ").bind(&last);
    statement.push(&format!(" AND SUBSTR({column}, 1, {}) = ", key.len())).bind(key);
}
