//! The objects of 1C, only for the OpenAPI document. The module `onec` parses what is sent, and accepts
//! more spellings than are documented here.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{CompanyKind, Decision};

/// A leasing customer.
#[derive(Serialize, ToSchema)]
pub(super) struct SentCompany {
    /// BIN or IIN.
    #[schema(example = "200940026146", pattern = "^[0-9]{12}$")]
    biin: String,
    #[schema(example = "ТОО «Пример»", min_length = 1, max_length = 300)]
    name: String,
    /// Where one-time codes go.
    #[schema(example = "office@example.kz", max_length = 254)]
    email: Option<String>,
    /// Not said: a company.
    kind: Option<CompanyKind>,
    /// `false` signs all its people out. Not said: `true`.
    active: Option<bool>,
    /// An older one than the one there is ignored; none is always taken.
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// A person of a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct SentUser {
    company_ref: Uuid,
    role: SentRole,
    #[schema(example = "Айбек", max_length = 100)]
    first_name: Option<String>,
    #[schema(example = "Сапаров", max_length = 100)]
    last_name: Option<String>,
    #[schema(example = "", max_length = 100)]
    patronic_name: Option<String>,
    /// In any form.
    #[schema(example = "+7 701 000 00 00", max_length = 50)]
    mobile: Option<String>,
    #[schema(example = "aibek@example.kz", max_length = 254)]
    email: Option<String>,
    /// `false` signs them out. Not said: `true`.
    active: Option<bool>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// What a person may do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only documents")]
enum SentRole {
    Admin,
    Employee,
}

/// A type of vehicles.
#[derive(Serialize, ToSchema)]
pub(super) struct SentType {
    #[schema(example = "Самосвал", min_length = 1, max_length = 300)]
    title: String,
    #[schema(max_items = 100)]
    instructions: Option<Vec<SentInstruction>>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// What to film.
#[derive(Serialize, ToSchema)]
struct SentInstruction {
    /// Its place.
    #[schema(example = 1, minimum = 0)]
    no: Option<i64>,
    #[schema(example = "Снимите пробег", min_length = 1, max_length = 2000)]
    text: String,
}

/// A vehicle.
#[derive(Serialize, ToSchema)]
pub(super) struct SentVehicle {
    company_ref: Uuid,
    type_ref: Uuid,
    contract_ref: Option<Uuid>,
    #[schema(example = "123ABC02", max_length = 100)]
    plate_number: Option<String>,
    #[schema(example = "JTMHU01J504012345", max_length = 100)]
    vin_code: Option<String>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// A contract.
#[derive(Serialize, ToSchema)]
pub(super) struct SentContract {
    company_ref: Uuid,
    #[schema(example = "№ 12/3", max_length = 100)]
    number: Option<String>,
    #[schema(example = "2030-01-31T00:00:00")]
    date_end: Option<String>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// A report that awaits a video, or has one.
#[derive(Serialize, ToSchema)]
pub(super) struct SentReport {
    company_ref: Uuid,
    vehicle_ref: Uuid,
    contract_ref: Option<Uuid>,
    #[schema(example = "000000001", max_length = 100)]
    report_number: Option<String>,
    /// Not said: that of the contract.
    #[schema(example = "№ 12/3", max_length = 100)]
    contract_number: Option<String>,
    #[schema(example = "2026-05-01T00:00:00")]
    date_start: Option<String>,
    /// Midnight means the end of that day.
    #[schema(example = "2026-05-31T00:00:00")]
    date_finish: Option<String>,
    /// It counts when it differs from what 1C said last: a repetition takes back neither a video nor a
    /// decision. 1 never takes back a video; 3 and 4 are decisions. Not said: as it is.
    #[schema(example = 1, minimum = 0, maximum = 4)]
    status_code: Option<i64>,
    /// Another one than 1C said last, of a rejected report, is a decision. Not said: as it is.
    #[schema(example = "", max_length = 2000)]
    reject_reason: Option<String>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// Who films what: a person whom 1C knows, or a telephone.
#[derive(Serialize, ToSchema)]
pub(super) struct SentAssignment {
    company_ref: Uuid,
    vehicle_ref: Uuid,
    user_ref: Option<Uuid>,
    #[schema(example = "+7 701 000 00 00", max_length = 50)]
    mobile: Option<String>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub(super) struct SentMessage {
    /// The login of the account.
    #[schema(example = "almaty")]
    node: String,
    /// Its number. Gaps are fine.
    #[schema(example = 42, minimum = 0)]
    message_no: i64,
    /// May stand here; submissions are acknowledged at their own address.
    #[schema(example = 0, minimum = 0)]
    received_no: Option<i64>,
    /// At most `onec.max_items`.
    #[schema(max_items = 1000)]
    items: Vec<SentItem>,
}

/// An item: beside these, the fields of the object of its type.
#[derive(Serialize, ToSchema)]
struct SentItem {
    #[serde(rename = "type")]
    kind: SentKind,
    /// The GUID of the object; of a decision, that of the report.
    ref_key: Uuid,
    /// An older one than the one there is ignored; none is always taken. Of a decision: the number of
    /// the state that was decided about.
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
    /// Of a deletion: what it is.
    object: Option<SentObject>,
    /// Of a decision; or its `status_code`, 3 or 4.
    decision: Option<Decision>,
    /// Of a rejection.
    #[schema(max_length = 2000)]
    reject_reason: Option<String>,
}

/// The types of items.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only documents")]
enum SentKind {
    Company,
    User,
    VehicleType,
    Vehicle,
    Contract,
    Report,
    Assignment,
    Decision,
    Delete,
}

/// What may be deleted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only documents")]
enum SentObject {
    Company,
    User,
    VehicleType,
    Vehicle,
    Contract,
    Report,
    Assignment,
}
