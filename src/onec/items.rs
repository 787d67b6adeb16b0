//! Reads the items of 1C's messages into changes of the database.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::{
    AssignmentChange, Change, CompanyChange, ContractChange, DecisionChange, ObjectDeletion,
    ObjectKind, ReportChange, TypeChange, UserChange, VehicleChange,
};
use crate::model::{CompanyKind, Decision, Instruction, ReportStatus, Role, due_at, phone_digits};

use super::field_reader::{FieldError, FieldReader};

/// The longest name of a company or title of a type.
const TITLE: usize = 300;
/// The longest name of a person, number, plate or VIN.
const NAME: usize = 100;
/// The longest phone number, as typed.
const PHONE: usize = 50;
/// The longest reason or instruction.
const PROSE: usize = 2_000;
/// The longest short form of an instruction: one line on a phone.
const SHORT: usize = 40;
const MAX_INSTRUCTIONS: usize = 100;

/// The types of objects, by their names in messages.
pub(super) const OBJECTS: [(&str, ObjectKind); 7] = [
    ("company", ObjectKind::Company),
    ("user", ObjectKind::User),
    ("vehicle_type", ObjectKind::VehicleType),
    ("vehicle", ObjectKind::Vehicle),
    ("contract", ObjectKind::Contract),
    ("report", ObjectKind::Report),
    ("assignment", ObjectKind::Assignment),
];

const KINDS: [(&str, CompanyKind); 2] =
    [("company", CompanyKind::Company), ("person", CompanyKind::Person)];
const ROLES: [(&str, Role); 2] = [("admin", Role::Admin), ("employee", Role::Employee)];
const DECISIONS: [(&str, Decision); 2] =
    [("approve", Decision::Approve), ("reject", Decision::Reject)];

/// The type of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object(ObjectKind),
    Decision,
    Deletion,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "decision" => Some(Self::Decision),
            "delete" => Some(Self::Deletion),
            _ => {
                let object = OBJECTS.iter().find(|(object, _)| *object == name);
                object.map(|(_, kind)| Self::Object(*kind))
            }
        }
    }
}

pub(super) fn change(
    kind: Kind,
    fields: &Map<String, Value>,
    zone: &TimeZone,
) -> Result<Change, Vec<FieldError>> {
    let mut reader = FieldReader::new(fields, zone);
    let it = &mut reader;
    let change = match kind {
        Kind::Object(ObjectKind::Company) => company(it).map(Change::Company),
        Kind::Object(ObjectKind::User) => user(it).map(Change::User),
        Kind::Object(ObjectKind::VehicleType) => vehicle_type(it).map(Change::VehicleType),
        Kind::Object(ObjectKind::Vehicle) => vehicle(it).map(Change::Vehicle),
        Kind::Object(ObjectKind::Contract) => contract(it).map(Change::Contract),
        Kind::Object(ObjectKind::Report) => report(it).map(Change::Report),
        Kind::Object(ObjectKind::Assignment) => assignment(it).map(Change::Assignment),
        Kind::Decision => decision(it).map(Change::Decision),
        Kind::Deletion => deletion(it).map(Change::Deletion),
    };
    reader.finish(change)
}

fn company(it: &mut FieldReader<'_>) -> Option<CompanyChange> {
    let key = it.key("ref_key");
    let biin = biin(it);
    let name = it.required_name("name", TITLE);
    let email = it.email("email");
    let kind = it.choice("kind", &KINDS).unwrap_or(CompanyKind::Company);
    let (active, version) = (it.flag("active", true), it.version());
    Some(CompanyChange { key: key?, version, biin: biin?, name: name?, email, kind, active })
}

/// Twelve digits. The check digit is not checked (Q38).
fn biin(it: &mut FieldReader<'_>) -> Option<String> {
    let text = it.required_text("biin", NAME)?;
    let text = text.trim();
    if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return it.fail("biin", "must have 12 digits");
    }
    Some(text.to_owned())
}

fn user(it: &mut FieldReader<'_>) -> Option<UserChange> {
    let key = it.key("ref_key");
    let company = it.key("company_ref");
    let role = it.required_choice("role", &ROLES);
    Some(UserChange {
        first_name: it.name("first_name", NAME),
        last_name: it.name("last_name", NAME),
        patronic_name: it.name("patronic_name", NAME),
        mobile: it.text("mobile", PHONE),
        email: it.email("email"),
        active: it.flag("active", true),
        version: it.version(),
        key: key?,
        company: company?,
        role: role?,
    })
}

fn vehicle_type(it: &mut FieldReader<'_>) -> Option<TypeChange> {
    let code = it.key("ref_key");
    let title = it.required_name("title", TITLE);
    let instructions = instructions(it);
    let version = it.version();
    Some(TypeChange { code: code?, version, title: title?, instructions: instructions? })
}

/// `[{no, text, kk, en, short}]`, sorted by `no`. An entry may also be a string, the text.
fn instructions(it: &mut FieldReader<'_>) -> Option<Vec<Instruction>> {
    let mut numbered = Vec::new();
    for (at, entry) in it.list("instructions", MAX_INSTRUCTIONS).iter().enumerate() {
        let alone;
        let fields = match entry {
            Value::Object(fields) => fields,
            Value::String(_) => {
                alone = Map::from_iter([("text".to_owned(), entry.clone())]);
                &alone
            }
            _ => return it.fail("instructions", format!("entry {} must be an object", at + 1)),
        };
        let mut entry = FieldReader::new(fields, it.zone);
        let no = entry.number("no").or_else(|| i64::try_from(at + 1).ok());
        let instruction = instruction(&mut entry);
        match entry.finish(no.zip(instruction)) {
            Ok(instruction) => numbered.push(instruction),
            Err(errors) => {
                let (field, why) = errors.into_iter().next().unwrap_or_default();
                return it.fail("instructions", format!("entry {}: {field}: {why}", at + 1));
            }
        }
    }
    // A stable sort: entries with the same number keep their order.
    numbered.sort_by_key(|(no, _)| *no);
    Some(numbered.into_iter().map(|(_, instruction)| instruction).collect())
}

/// A missing translation gets the Russian text.
fn instruction(it: &mut FieldReader<'_>) -> Option<Instruction> {
    let ru = it.required_text("text", PROSE);
    let [kk, en] = ["kk", "en"].map(|language| it.text(language, PROSE));
    let short = it.text("short", SHORT).trim().to_owned();
    let ru = ru?;
    let or_russian = |text: String| if text.trim().is_empty() { ru.clone() } else { text };
    let (kk, en) = (or_russian(kk), or_russian(en));
    Some(Instruction { ru, kk, en, short })
}

fn vehicle(it: &mut FieldReader<'_>) -> Option<VehicleChange> {
    let guid = it.key("ref_key");
    let company = it.key("company_ref");
    let code = it.key("type_ref");
    Some(VehicleChange {
        contract: it.optional_key("contract_ref"),
        plate_number: it.text("plate_number", NAME),
        vin_code: it.text("vin_code", NAME),
        version: it.version(),
        guid: guid?,
        company: company?,
        code: code?,
    })
}

fn contract(it: &mut FieldReader<'_>) -> Option<ContractChange> {
    let key = it.key("ref_key");
    let company = it.key("company_ref");
    let (number, ends_at) = (it.text("number", NAME), it.date("date_end"));
    let version = it.version();
    Some(ContractChange { key: key?, version, company: company?, number, ends_at })
}

fn report(it: &mut FieldReader<'_>) -> Option<ReportChange> {
    let ref_key = it.key("ref_key");
    let company = it.key("company_ref");
    let vehicle = it.key("vehicle_ref");
    let finishes_at = it.date("date_finish");
    Some(ReportChange {
        contract: it.optional_key("contract_ref"),
        report_number: it.text("report_number", NAME),
        contract_number: it.optional_text("contract_number", NAME),
        starts_at: it.date("date_start"),
        finishes_at,
        due_at: due_at(finishes_at, it.zone),
        status: status(it),
        reject_reason: it.optional_text("reject_reason", PROSE),
        film_link: it.flag("film_link", false),
        version: it.version(),
        ref_key: ref_key?,
        company: company?,
        vehicle: vehicle?,
    })
}

/// `status_code`; 0 means none.
fn status(it: &mut FieldReader<'_>) -> Option<ReportStatus> {
    let code = it.number("status_code").filter(|code| *code != 0)?;
    ReportStatus::try_from(code).ok().or_else(|| it.fail("status_code", "must be 1, 2, 3 or 4"))
}

fn assignment(it: &mut FieldReader<'_>) -> Option<AssignmentChange> {
    let key = it.key("ref_key");
    let company = it.key("company_ref");
    let vehicle = it.key("vehicle_ref");
    let person = it.optional_key("user_ref");
    let mobile = it.text("mobile", PHONE);
    if person.is_none() && phone_digits(&mobile).is_empty() {
        it.fail::<()>("user_ref", "user_ref or mobile is required");
    }
    let version = it.version();
    Some(AssignmentChange {
        key: key?,
        version,
        company: company?,
        vehicle: vehicle?,
        person,
        mobile,
    })
}

fn decision(it: &mut FieldReader<'_>) -> Option<DecisionChange> {
    let ref_key = it.key("ref_key");
    let decision = if it.has("decision") {
        it.required_choice("decision", &DECISIONS)
    } else {
        match status(it) {
            Some(ReportStatus::Approved) => Some(Decision::Approve),
            Some(ReportStatus::Rejected) => Some(Decision::Reject),
            Some(_) => it.fail("status_code", "must be 3 or 4"),
            None => it.fail("decision", "decision or status_code is required"),
        }
    };
    let reject_reason = it.text("reject_reason", PROSE);
    let revision = it.number("version").filter(|version| *version > 0);
    Some(DecisionChange { ref_key: ref_key?, decision: decision?, reject_reason, revision })
}

fn deletion(it: &mut FieldReader<'_>) -> Option<ObjectDeletion> {
    let object = it.required_choice("object", &OBJECTS);
    let key = it.key::<Uuid>("ref_key");
    let version = it.version();
    Some(ObjectDeletion { object: object?, key: key?, version })
}
