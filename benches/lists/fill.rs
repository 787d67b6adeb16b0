//! Fills the database with one statement per table.

use forte_media::model::{CompanyId, Person, PersonId, Role};
use jiff::{SignedDuration, Timestamp};

use super::Size;
use super::harness::service::Service;

/// The first id of the drivers; directors have the id of their company.
const DRIVERS: i64 = 100_000;
/// The id of the first company.
const FIRST: i64 = 1_000;
/// The number of vehicles assigned to each driver.
const ASSIGNED: i64 = 3;
/// The time between rounds of reports.
const ROUND: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The number of rounds.
const ROUNDS: i64 = 20;

/// The key of the `n`th object of a kind, as SQL. Its decimal digits are also valid hexadecimal digits.
fn key(kind: u8, number: &str) -> String {
    format!("'0000000{kind}-0000-4000-8000-' || SUBSTR(CAST(1000000000000 + {number} AS TEXT), 2)")
}

/// The key of the `n`th vehicle of a company.
pub(crate) fn vehicle(company: i64, number: i64, size: Size) -> String {
    format!("00000002-0000-4000-8000-{:012}", company * size.vehicles + number)
}

/// The key of a vehicle type.
pub(crate) fn type_code(number: i64) -> String {
    format!("00000001-0000-4000-8000-{number:012}")
}

/// The director of a company.
pub(crate) fn director(company: i64) -> Person {
    let company = CompanyId(FIRST + company);
    Person { id: PersonId(company.0), company, role: Role::Admin }
}

/// The driver of a company.
pub(crate) fn driver(company: i64) -> Person {
    let company = CompanyId(FIRST + company);
    Person { id: PersonId(DRIVERS + company.0), company, role: Role::Employee }
}

pub(crate) async fn fill(service: &Service, size: Size) {
    let now = service.clock().now();
    let statements = [people(size), types(), vehicles(size), assignments(size), reports(size, now)];
    for statement in statements.concat() {
        service.env.db.execute(statement).await;
    }
    // Servers do this automatically after a while.
    service.env.db.execute("ANALYZE").await;
}

fn numbers(count: i64) -> String {
    let last = count - 1;
    format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})")
}

fn people(size: Size) -> Vec<String> {
    let numbers = numbers(size.companies);
    let person = |id: &str, role: &str, digits: &str| {
        format!(
            "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
             patronic_name, mobile_digits, active) {numbers} SELECT {id}, {FIRST} + i, '{role}', \
             '+7701', 'Айбек', '', '', {digits}, 1 FROM n"
        )
    };
    vec![
        format!(
            "INSERT INTO companies (id, biin, name, email, active) {numbers} SELECT {FIRST} + i, \
             CAST(100000000000 + i AS TEXT), 'Компания', 'a@example.test', 1 FROM n"
        ),
        person(&format!("{FIRST} + i"), "admin", "''"),
        person(&format!("{DRIVERS} + {FIRST} + i"), "employee", "'77010000000'"),
    ]
}

fn types() -> Vec<String> {
    let step = |step: u32| {
        let text = format!("Сфотографировать деталь номер {step}");
        format!("{{\"ru\":\"{text}\",\"kk\":\"{text}\",\"en\":\"{text}\",\"short\":\"\"}}")
    };
    let steps: Vec<_> = (1..=10).map(step).collect();
    let steps = steps.join(",");
    let (numbers, code) = (numbers(5), key(1, "i"));
    vec![format!(
        "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, version, deleted) \
         {numbers} SELECT {code}, 'Легковой автомобиль', '[{steps}]', '', 'tag', 0, 0 FROM n"
    )]
}

fn vehicles(size: Size) -> Vec<String> {
    let (numbers, each) = (numbers(size.companies * size.vehicles), size.vehicles);
    let (guid, code) = (key(2, "i"), key(1, "i % 5"));
    vec![format!(
        "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code, plate_key, \
         vin_key, vin_tail_key) {numbers} \
         SELECT {guid}, {FIRST} + i / {each}, SUBSTR(CAST(1000 + i % 1000 AS TEXT), 2) || 'ABC02', \
         'XWW212140K2' || CAST(100000 + i AS TEXT), {code}, \
         SUBSTR(CAST(1000 + i % 1000 AS TEXT), 2) || 'ABC02', \
         'XWW212140K2' || CAST(100000 + i AS TEXT), CAST(100000 + i AS TEXT) FROM n"
    )]
}

fn assignments(size: Size) -> Vec<String> {
    let numbers = numbers(size.companies * ASSIGNED);
    let (own, guid) =
        (key(3, "i"), key(2, &format!("i / {ASSIGNED} * {} + i % {ASSIGNED}", size.vehicles)));
    vec![format!(
        "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, mobile_digits, \
         version, deleted) {numbers} SELECT {own}, {FIRST} + i / {ASSIGNED}, {guid}, '', '77010000000', \
         0, 0 FROM n"
    )]
}

/// Each vehicle has a report in each round. Those of old rounds are approved, except a few that are open
/// or rejected; those of the last round have all statuses. The rows of the companies are interleaved, as
/// if they were inserted by date.
fn reports(size: Size, now: Timestamp) -> Vec<String> {
    let numbers = numbers(size.companies * size.reports);
    let (companies, vehicles) = (size.companies, size.vehicles);
    let vehicle = format!("(i % {companies} * {vehicles} + i / {companies} % {vehicles})");
    let (own, guid, code) = (key(4, "i"), key(2, &vehicle), key(1, &format!("{vehicle} % 5")));
    let (now, step) = (now.as_microsecond(), ROUND.as_micros());
    let day = SignedDuration::from_hours(24).as_micros();
    let last = ROUNDS - 1;
    let begins = format!(
        "{now} - ({last} - i / {companies} / {vehicles}) * {step} + i % 20 * {day} - 15 * {day}"
    );
    vec![format!(
        "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, contract_number, \
         starts_at, finishes_at, due_at, status_code, reject_reason, number_key, contract_key, \
         received_at, outcome, codec, type_code) {numbers} \
         SELECT {own}, {FIRST} + i % {companies}, {guid}, CAST(i AS TEXT), '№36/20 (ДЛ)', {begins}, \
         {begins} + 10 * {day}, {begins} + 11 * {day}, \
         CASE WHEN i / {companies} / {vehicles} = {last} THEN 1 + i / {companies} % 4 \
         WHEN i / {companies} % 29 = 0 THEN 1 WHEN i / {companies} % 31 = 0 THEN 4 ELSE 3 END, \
         '', CAST(i AS TEXT), '3620DL', {begins} + 5 * {day}, 1 + i % 4, \
         CASE i % 5 WHEN 0 THEN 'h265' ELSE 'h264' END, {code} FROM n"
    )]
}
