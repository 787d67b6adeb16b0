//! People, reports and uploads for tests of the database and of the modules that use it.

use super::rows::{NewCompany, NewPerson, NewReport, NewVehicle, Rows};
use forte_media::database::{Database, Details, FinishedUpload, NewUpload};
use forte_media::model::{
    Channel, Clock, CompanyId, CompanyKind, Digest, EventId, Facts, Length, ManualClock, NodeId,
    OutboxMessage, Person, PersonId, Place, Protocol, Random, ReceiptId, RefKey, ReportStatus,
    Role, SubmissionId, TimeSent, TypeCode, UploadId, VehicleGuid, Verdict, VideoId,
};
use forte_media::proof::receipt;
use jiff::{SignedDuration, Timestamp};

/// The length of every upload that the fixture creates.
pub(crate) const LENGTH: Length = Length::new(1_000);

/// The device of every token and upload.
pub(crate) const DEVICE: &str = "123456789012349";

/// A database with one company and its driver, and methods that add further rows.
pub(crate) struct Fixture {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) manual_clock: ManualClock,
    pub(crate) random: Random,
    pub(crate) driver: Person,
}

impl Fixture {
    /// Adds the company and its driver.
    pub(crate) async fn create(database: &Database) -> Self {
        let (clock, manual_clock) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
        let driver = Person { id: PersonId(153), company: CompanyId(20), role: Role::Employee };
        let fixture = Self {
            database: database.clone(),
            clock,
            manual_clock,
            random: Random::seeded(1),
            driver,
        };
        fixture.add_company(driver.company, "080540013184").await;
        fixture.add_person(driver).await;
        fixture
    }

    pub(crate) async fn add_company(&self, id: CompanyId, biin: &str) {
        let new = NewCompany {
            id,
            key: None,
            kind: CompanyKind::Company,
            biin: biin.to_owned(),
            name: format!("Company {}", id.0),
            email: format!("company{}@example.test", id.0),
        };
        self.database.add_company(&new).await.unwrap();
    }

    pub(crate) async fn add_person(&self, person: Person) {
        let new = NewPerson {
            person,
            key: None,
            mobile: "+77010000000".to_owned(),
            first_name: "Айбек".to_owned(),
            last_name: "Сапаров".to_owned(),
            email: String::new(),
        };
        self.database.add_person(&new).await.unwrap();
    }

    /// Adds a person to an existing company and returns it.
    pub(crate) async fn person(&self, person: Person) -> Person {
        self.add_person(person).await;
        person
    }

    /// A driver of another company.
    pub(crate) async fn foreign_driver(&self) -> Person {
        let driver = Person { id: PersonId(999), company: CompanyId(99), role: Role::Employee };
        self.add_company(driver.company, "990140001234").await;
        self.add_person(driver).await;
        driver
    }

    /// A reviewer of the lessor, who sees every company's reports.
    pub(crate) async fn reviewer(&self) -> Person {
        let reviewer =
            Person { id: PersonId(900), company: CompanyId::LESSOR, role: Role::Reviewer };
        self.add_person(reviewer).await;
        reviewer
    }

    /// A valid id that no upload has.
    pub(crate) fn unused_upload_id(&self) -> UploadId {
        UploadId::mint(&self.clock, &self.random)
    }

    /// The current time of the fixture's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Registers a node.
    pub(crate) async fn node(&self, home: &str) -> NodeId {
        let node = NodeId::mint(&self.clock, &self.random);
        self.database.register_node(node, home, self.now()).await.unwrap();
        node
    }

    /// A report of the driver's company that waits for a video.
    pub(crate) async fn report(&self) -> RefKey {
        self.report_in(ReportStatus::AwaitingVideo).await
    }

    /// A report of the driver's company with this status.
    pub(crate) async fn report_in(&self, status: ReportStatus) -> RefKey {
        self.try_report_in(status).await.unwrap()
    }

    /// As [`Self::report_in`]; fails while the database is away.
    pub(crate) async fn try_report_in(&self, status: ReportStatus) -> sqlx::Result<RefKey> {
        let ref_key = RefKey::mint(&self.clock, &self.random);
        let vehicle = NewVehicle {
            guid: VehicleGuid::mint(&self.clock, &self.random),
            company: self.driver.company,
            plate_number: "123ABC02".to_owned(),
            vin_code: "JTMHU01J504012345".to_owned(),
            type_code: TypeCode::mint(&self.clock, &self.random),
        };
        self.database.add_vehicle(&vehicle).await?;
        let report = NewReport {
            ref_key,
            company: self.driver.company,
            vehicle: vehicle.guid,
            report_number: "0001".to_owned(),
            contract_number: "0002".to_owned(),
            starts_at: Some(self.now()),
            finishes_at: Some(self.now() + SignedDuration::from_hours(240)),
            due_at: self.now() + SignedDuration::from_hours(240),
            status,
        };
        self.database.add_reports(std::slice::from_ref(&report)).await?;
        Ok(ref_key)
    }

    /// The fields that a driver sends with a video.
    pub(crate) fn details(&self, ref_key: RefKey) -> Details {
        Details {
            ref_key,
            time_sent: TimeSent { raw: "2026-05-13 10:00:00".to_owned(), at: self.now() },
            place: Some(Place { lat_e8: 4_323_889_000, long_e8: 7_688_971_000 }),
            filename: "машина.mp4".to_owned(),
            declared: None,
            recorded_at: None,
        }
    }

    /// An open, empty upload of a person.
    pub(crate) async fn upload_of(&self, person: Person, ref_key: RefKey) -> UploadId {
        self.create_upload(person, ref_key, None).await
    }

    /// An open, empty upload of the driver, whose creation goes on to send bytes.
    pub(crate) async fn upload_being_created(&self, ref_key: RefKey, holder: NodeId) -> UploadId {
        self.create_upload(self.driver, ref_key, Some(holder)).await
    }

    async fn create_upload(
        &self,
        person: Person,
        ref_key: RefKey,
        holder: Option<NodeId>,
    ) -> UploadId {
        let id = UploadId::mint(&self.clock, &self.random);
        let new = NewUpload {
            id,
            secret_hash: Digest::new(self.random.bytes()),
            person,
            device: DEVICE.to_owned(),
            protocol: Protocol::Tus,
            details: Some(self.details(ref_key)),
            length: Some(LENGTH),
            metadata: String::new(),
            created_at: self.now(),
            expires_at: self.now() + SignedDuration::from_hours(24),
            holder,
        };
        self.database.create_upload(&new, u64::MAX).await.unwrap();
        id
    }

    /// An open, empty upload of the driver.
    pub(crate) async fn upload(&self, ref_key: RefKey) -> UploadId {
        self.upload_of(self.driver, ref_key).await
    }

    /// A complete upload, ready for the transaction that records it.
    pub(crate) async fn finished_upload(&self, owner: Person, ref_key: RefKey) -> FinishedUpload {
        let upload = self.upload_of(owner, ref_key).await;
        let node = NodeId::mint(&self.clock, &self.random);
        let fence = self.database.acquire_lease(upload, 0, node).await.unwrap().unwrap();
        assert!(self.database.begin_finishing(upload, fence).await.unwrap());
        FinishedUpload {
            film_link: None,
            upload,
            fence,
            owner,
            device: DEVICE.to_owned(),
            details: self.details(ref_key),
            vehicle: self.database.report(ref_key).await.unwrap().unwrap().vehicle,
            video: VideoId::mint(&self.clock, &self.random),
            submission: SubmissionId::mint(&self.clock, &self.random),
            sha256: Digest::new(self.random.bytes()),
            length: LENGTH,
            facts: Facts::default(),
            notes: Vec::new(),
            verdicts: Vec::new(),
            refuses_reuse: false,
            event: EventId::mint(&self.clock, &self.random),
            message,
            receipt: ReceiptId::mint(&self.clock, &self.random),
            salt: "00".repeat(32),
            receipt_body: receipt,
            now: self.now(),
        }
    }

    /// Submits a new report and returns the id of its message.
    pub(crate) async fn enqueue(&self) -> EventId {
        let ref_key = self.report().await;
        let finished = self.finished_upload(self.driver, ref_key).await;
        self.database.finish(&finished).await.unwrap();
        finished.event
    }

    /// Submits a report again after a rejection and returns the id of its message.
    pub(crate) async fn enqueue_about(&self, ref_key: RefKey) -> EventId {
        self.database.set_report_status(ref_key, ReportStatus::Rejected).await.unwrap();
        let finished = self.finished_upload(self.driver, ref_key).await;
        self.database.finish(&finished).await.unwrap();
        finished.event
    }
}

fn message(finished: &FinishedUpload, _: &[Verdict]) -> OutboxMessage {
    OutboxMessage {
        id: finished.event,
        channel: Channel::Webhook,
        kind: "report.submitted",
        subject: finished.details.ref_key.to_string(),
        expires_at: None,
        body: r#"{"type":"report.submitted","data":{}}"#.to_owned(),
    }
}
