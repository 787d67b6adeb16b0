//! Lists go by their indexes: steps are looked at here, time is measured in `benches/lists`.

use forte_media::database::{Block, DriverKeys, ReportFilter, Scope};
use forte_media::model::ReportStatus;

use crate::harness::db::Db;
use crate::harness::fixture::Fixture;

/// Everything of a company.
async fn everything(db: &Db) -> ReportFilter {
    let fixture = Fixture::create(&db.database).await;
    let scope = Scope { company: fixture.driver.company, only: None };
    ReportFilter { scope, status: None, ends_after: None, vehicle: None, now: fixture.now() }
}

async fn plan(db: &Db, wanted: &ReportFilter, block: Block, by_vehicle: bool) -> String {
    db.database.list_plan(wanted, block, by_vehicle, 200).await.unwrap().join("\n")
}

#[tokio::test]
async fn a_companys_page_is_read_in_its_order_and_nothing_else_is() {
    let db = Db::sqlite().await;
    let all = everything(&db).await;
    for (block, index, status) in [
        (Block::Important, "reports_important", ReportStatus::Rejected),
        (Block::General, "reports_general", ReportStatus::Accepted),
    ] {
        let some = ReportFilter { status: Some(status), ends_after: Some(all.now), ..all.clone() };
        for wanted in [&all, &some] {
            let plan = plan(&db, wanted, block, false).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{plan}");
        }
    }
}

#[tokio::test]
async fn a_drivers_page_is_read_by_vehicle() {
    let db = Db::sqlite().await;
    let all = everything(&db).await;
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

/// Q24: what a vehicle is judged by is found step by step, not by going through its reports.
#[tokio::test]
async fn a_vehicle_is_judged_within_the_index_of_its_reports() {
    let db = Db::sqlite().await;
    let all = everything(&db).await;
    for block in [Block::Important, Block::General] {
        let plan = plan(&db, &all, block, true).await;
        assert!(plan.contains("vehicles_by_company"), "{plan}");
        let steps = "reports_by_vehicle (company_id=? AND vehicle_guid=? AND status_code=?";
        assert!(plan.contains(steps), "{plan}");
        // No table is gone through: vehicles, chosen reports, reports to choose from. The two best ones
        // of a vehicle are.
        for table in ["p", "r", "b"] {
            assert!(!plan.contains(&format!("SCAN {table}")), "{plan}");
        }
    }
}
