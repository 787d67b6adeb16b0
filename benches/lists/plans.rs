//! The query plans of the lists.

use forte_media::database::{Block, ReportFilter, Scope};
use forte_media::model::{CompanyId, ReportStatus};
use jiff::SignedDuration;

use super::fill::{director, driver};
use super::harness::service::Service;

pub(crate) async fn print(service: &Service) {
    let now = service.clock().now();
    let all = ReportFilter {
        scope: Scope { company: CompanyId(director(1).company.0), only: None },
        status: None,
        ends_after: None,
        vehicle: None,
        now,
    };
    let week = Some(now - SignedDuration::from_hours(7 * 24));
    let of_driver = service.database().scope_of_driver(&driver(1)).await.unwrap();
    let vehicle = "00000002-0000-4000-8000-000000000507".parse().unwrap();
    let cases = [
        ("everything", all.clone()),
        ("rejected", ReportFilter { status: Some(ReportStatus::Rejected), ..all.clone() }),
        (
            "approved, week",
            ReportFilter { status: Some(ReportStatus::Approved), ends_after: week, ..all.clone() },
        ),
        ("a vehicle", ReportFilter { vehicle: Some(vehicle), ..all.clone() }),
        ("a driver", ReportFilter { scope: of_driver, ..all.clone() }),
    ];
    for (name, wanted) in cases {
        for block in [Block::Important, Block::General] {
            if wanted.status.is_some_and(|status| Block::of(status) != block) {
                continue;
            }
            for by_vehicle in [false, true] {
                if by_vehicle && wanted.vehicle.is_some() {
                    continue;
                }
                let list = if by_vehicle { "E7" } else { "E6, E8" };
                println!("\n-- {list}, {block:?}, {name}");
                let plan =
                    service.database().list_plan(&wanted, block, by_vehicle, 201).await.unwrap();
                println!("{}", plan.join("\n"));
            }
        }
    }
}
