//! What nobody asks for any more is forgotten.

use jiff::SignedDuration;

use crate::harness::phone::{Phone, UNKNOWN_BIIN, refresh, token_pair, with_token};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    old_sign_ins_are_forgotten_and_living_ones_are_not,
    letters_with_codes_are_forgotten_with_their_codes,
}

async fn old_sign_ins_are_forgotten_and_living_ones_are_not(service: Service) {
    let rows = async || {
        let db = &service.env.db;
        let challenges = db.number("SELECT COUNT(*) FROM challenges").await;
        let refreshes = db.number("SELECT COUNT(*) FROM refresh_tokens").await;
        (challenges, refreshes, db.number("SELECT COUNT(*) FROM sessions").await)
    };
    let kept = Phone::driver().sign_in(&service).await;
    let gone = Phone::director().sign_in(&service).await;
    service.send(with_token("POST", "/logout", &gone.access)).await;
    let kept = token_pair(refresh(&service, &kept.refresh).await).await;
    service.manual_clock().advance(SignedDuration::from_hours(48));
    service.app.auth.purge_sign_ins().await.unwrap();
    assert_eq!(rows().await, (2, 3, 2));

    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(service.app.auth.purge_sign_ins().await.unwrap(), 4);
    // The refresh token of the ended session has still its time.
    assert_eq!(rows().await, (0, 2, 1));
    let kept = token_pair(refresh(&service, &kept.refresh).await).await;

    service.manual_clock().advance(SignedDuration::from_hours(30 * 24 + 49));
    service.app.auth.purge_sign_ins().await.unwrap();
    assert_eq!(rows().await, (0, 0, 0));
    assert_eq!(refresh(&service, &kept.refresh).await.status(), 401);
}

/// S7: also those that went nowhere; what is still to be told stays.
async fn letters_with_codes_are_forgotten_with_their_codes(service: Service) {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let (outbox, retention) = (&service.app.outbox, service.app.retention());
    Phone::driver().code(&service).await;
    Phone::driver().at(UNKNOWN_BIIN).request_code(&service).await;
    service.deliver().await;
    Phone::director().code(&service).await;
    service.manual_clock().advance(days(2));
    assert_eq!(outbox.purge(&retention).await.unwrap(), 0);
    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(outbox.purge(&retention).await.unwrap(), 2);
    let left = service.env.db.rows("SELECT state FROM outbox").await;
    assert_eq!(left, ["pending"]);
}

#[tokio::test]
async fn a_round_forgets_only_so_many() {
    let service =
        Service::embedded_with(&[("AUTH__PURGE_BATCH", "2"), ("AUTH__LIMITS__PER_ADDRESS", "100")])
            .await;
    for number in 0..5 {
        Phone::driver().with_uuid(&format!("device-{number}")).request_code(&service).await;
    }
    service.manual_clock().advance(SignedDuration::from_hours(49));
    for forgotten in [2, 2, 1, 0] {
        assert_eq!(service.app.auth.purge_sign_ins().await.unwrap(), forgotten);
    }
}
