//! The schemas of 1C's objects, only for the OpenAPI document. `onec` parses the objects itself, and
//! accepts more forms than these.

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
    /// The mailbox for one-time codes.
    #[schema(example = "office@example.kz", max_length = 254)]
    email: Option<String>,
    /// If absent, `company`.
    kind: Option<CompanyKind>,
    /// `false` signs all people of the company out. If absent, `true`.
    active: Option<bool>,
    /// An object with a lower version than the stored one is ignored. Without a version, it is always
    /// stored.
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
    /// In any notation.
    #[schema(example = "+7 701 000 00 00", max_length = 50)]
    mobile: Option<String>,
    #[schema(example = "aibek@example.kz", max_length = 254)]
    email: Option<String>,
    /// `false` signs the person out. If absent, `true`.
    active: Option<bool>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// The rights of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the JSON")]
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

/// An instruction for filming.
#[derive(Serialize, ToSchema)]
struct SentInstruction {
    /// Its position in the list.
    #[schema(example = 1, minimum = 0)]
    no: Option<i64>,
    #[schema(example = "Снимите пробег", min_length = 1, max_length = 2000)]
    text: String,
    /// In Kazakh; without it, drivers read `text`.
    #[schema(example = "Жүрген жолын түсіріңіз", max_length = 2000)]
    kk: Option<String>,
    /// In English; without it, drivers read `text`.
    #[schema(example = "Film the odometer", max_length = 2000)]
    en: Option<String>,
    /// A short Russian form that fits over the camera picture.
    #[schema(example = "Пробег", max_length = 40)]
    short: Option<String>,
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
    /// If absent, the number of the contract.
    #[schema(example = "№ 12/3", max_length = 100)]
    contract_number: Option<String>,
    #[schema(example = "2026-05-01T00:00:00")]
    date_start: Option<String>,
    /// Midnight means the end of that day.
    #[schema(example = "2026-05-31T00:00:00")]
    date_finish: Option<String>,
    /// Takes effect only if it differs from the last one that 1C sent, so that a repeated object undoes
    /// neither a video nor a decision. 1 never undoes a video; 3 and 4 are decisions. If absent,
    /// unchanged.
    #[schema(example = 1, minimum = 0, maximum = 4)]
    status_code: Option<i64>,
    /// For a rejected report, a reason that differs from the last one that 1C sent is a decision. If
    /// absent, unchanged.
    #[schema(example = "", max_length = 2000)]
    reject_reason: Option<String>,
    /// Whether the result contains `film_link`: a URL by which a driver films for this report without signing
    /// in.
    #[schema(example = false)]
    film_link: Option<bool>,
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
}

/// Which driver films a vehicle: a person whom 1C knows, or a telephone number.
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
    /// The login of 1C's account.
    #[schema(example = "almaty")]
    node: String,
    /// The number of the message. Gaps are allowed.
    #[schema(example = 42, minimum = 0)]
    message_no: i64,
    /// Ignored; submissions are acknowledged with `POST /1c/v1/submissions/ack`.
    #[schema(example = 0, minimum = 0)]
    received_no: Option<i64>,
    /// At most `onec.max_items`.
    #[schema(max_items = 1000)]
    items: Vec<SentItem>,
}

/// An item. It also has the fields of an object of its type.
#[derive(Serialize, ToSchema)]
struct SentItem {
    #[serde(rename = "type")]
    kind: SentKind,
    /// The key of the object; for a decision, of the report.
    ref_key: Uuid,
    /// An object with a lower version than the stored one is ignored. Without a version, it is always
    /// stored. For a decision: the version of the report that was decided on.
    #[schema(example = 7, minimum = 0)]
    version: Option<i64>,
    /// For a deletion: the type of the object.
    object: Option<SentObject>,
    /// For a decision, unless `status_code` is 3 or 4.
    decision: Option<Decision>,
    /// For a rejection.
    #[schema(max_length = 2000)]
    reject_reason: Option<String>,
}

/// The types of items.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the JSON")]
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

/// The types that can be deleted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the JSON")]
enum SentObject {
    Company,
    User,
    VehicleType,
    Vehicle,
    Contract,
    Report,
    Assignment,
}
