//! Query plans: lists and the search for earlier uses of a video use their indexes. `benches/lists` measures
//! the time.

use forte_media::database::{Block, DriverKeys, Fingerprint, ReportFilter, Scope};
use forte_media::model::{CompanyId, Digest, ReportStatus};

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

on_both_databases! {
    the_latest_uses_of_a_video_are_read_in_index_order,
}

/// All reports of a company.
async fn all_reports(db: &Db) -> ReportFilter {
    let fixture = Fixture::create(&db.database).await;
    let scope = Scope { company: fixture.driver.company, only: None };
    ReportFilter { scope, status: None, ends_after: None, vehicle: None, now: fixture.now() }
}

async fn plan(db: &Db, filter: &ReportFilter, block: Block, by_vehicle: bool) -> String {
    db.database.list_plan(filter, block, by_vehicle, 200).await.unwrap().join("\n")
}

#[tokio::test]
async fn a_page_of_a_company_is_read_in_index_order() {
    let db = Db::sqlite().await;
    let all = all_reports(&db).await;
    for (block, index, status) in [
        (Block::Important, "reports_important", ReportStatus::Rejected),
        (Block::General, "reports_general", ReportStatus::Approved),
    ] {
        let some = ReportFilter { status: Some(status), ends_after: Some(all.now), ..all.clone() };
        for filter in [&all, &some] {
            let plan = plan(&db, filter, block, false).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{plan}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_driver_is_read_by_vehicle() {
    let db = Db::sqlite().await;
    let all = all_reports(&db).await;
    let keys = DriverKeys { person_ref: "x".to_owned(), mobile_digits: "7".to_owned() };
    let scope = Scope { only: Some(keys), ..all.scope.clone() };
    for block in [Block::Important, Block::General] {
        for by_vehicle in [false, true] {
            let plan =
                plan(&db, &ReportFilter { scope: scope.clone(), ..all.clone() }, block, by_vehicle)
                    .await;
            for index in ["reports_by_vehicle", "assignments_by_person", "assignments_by_mobile"] {
                assert!(plan.contains(index), "{plan}");
            }
            assert!(!plan.contains("SCAN r"), "{plan}");
        }
    }
}

/// Q24: index lookups by status find the report of a vehicle, without a scan of its reports.
#[tokio::test]
async fn the_report_of_a_vehicle_is_found_in_the_index() {
    let db = Db::sqlite().await;
    let all = all_reports(&db).await;
    for block in [Block::Important, Block::General] {
        let plan = plan(&db, &all, block, true).await;
        assert!(plan.contains("vehicles_by_company"), "{plan}");
        let steps = "reports_by_vehicle (company_id=? AND vehicle_guid=? AND status_code=?";
        assert!(plan.contains(steps), "{plan}");
        // Vehicles, chosen reports and candidates are not scanned; the two best candidates of a vehicle
        // are.
        for table in ["p", "r", "b"] {
            assert!(!plan.contains(&format!("SCAN {table}")), "{plan}");
        }
    }
}

/// Of two thousand uses of a file, which all have its media, only the latest hundred are read.
async fn the_latest_uses_of_a_video_are_read_in_index_order(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let company = fixture.driver.company;
    let CompanyId(id) = company;
    let (file, media) = (Digest::new([1; 32]), Digest::new([2; 32]));
    let videos = format!(
        "INSERT INTO videos (id, upload_id, company_id, sha256, media_sha256, length, facts, notes, \
         stored_at) WITH RECURSIVE numbers (n) AS (SELECT 10000 UNION ALL SELECT n + 1 FROM numbers \
         WHERE n < 16000) SELECT 'v' || n, 'u' || n, {id}, CASE WHEN n % 3 = 0 THEN '{file}' \
         ELSE 'f' || n END, CASE WHEN n % 3 = 0 THEN '{media}' ELSE 'm' || n END, 1, '', '', 0 \
         FROM numbers"
    );
    db.execute(videos).await;
    db.execute("ANALYZE").await;
    let ref_key = fixture.report().await;
    let of = Fingerprint { company, ref_key, sha256: file, media_sha256: Some(media) };
    let plan = db.database.earlier_uses_plan(&of).await.unwrap();
    // PostgreSQL may prefer the primary key, which has the same order.
    for index in ["videos_by_hash", "videos_by_media"] {
        let is_ordered = |step: &String| step.contains(index) || step.contains("using videos_pkey");
        assert!(plan.iter().any(is_ordered), "{plan:#?}");
    }
    // Only what was found is sorted, for the response.
    let sorts = |word: &str| plan.iter().filter(|step| step.contains(word)).count();
    assert!(sorts("FOR ORDER BY") <= 1 && sorts("Sort Key: videos") == 0, "{plan:#?}");
}
