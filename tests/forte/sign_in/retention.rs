//! Retention: old sign-in data is purged.

use jiff::SignedDuration;

use crate::harness::phone::{Phone, UNKNOWN_BIIN, refresh, token_pair, with_token};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    ended_sign_ins_are_purged_and_active_ones_are_kept,
    mails_with_codes_are_purged_with_their_codes,
}

async fn ended_sign_ins_are_purged_and_active_ones_are_kept(service: Service) {
    let rows = async || {
        let db = &service.env.db;
        let challenges = db.number("SELECT COUNT(*) FROM challenges").await;
        let refreshes = db.number("SELECT COUNT(*) FROM refresh_tokens").await;
        (challenges, refreshes, db.number("SELECT COUNT(*) FROM sessions").await)
    };
    let kept = Phone::driver().sign_in(&service).await;
    let ended = Phone::director().sign_in(&service).await;
    service.send(with_token("POST", "/logout", &ended.access)).await;
    let kept = token_pair(refresh(&service, &kept.refresh).await).await;
    service.manual_clock().advance(SignedDuration::from_hours(48));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(rows().await, (2, 3, 2));

    service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(service.app.state.auth.purge_sign_ins().await.unwrap(), 4);
    // The refresh token of the ended session has not expired, and its device stays known.
    assert_eq!(rows().await, (0, 2, 2));
    let tokens = service.env.db.rows("SELECT fcm FROM sessions WHERE ended_at > 0").await;
    assert_eq!(tokens, [""]);
    let kept = token_pair(refresh(&service, &kept.refresh).await).await;

    service.manual_clock().advance(SignedDuration::from_hours(180 * 24 + 49));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(rows().await, (0, 0, 0));
    assert_eq!(refresh(&service, &kept.refresh).await.status(), 401);
}

/// S7: also mails without a recipient; pending messages are kept.
async fn mails_with_codes_are_purged_with_their_codes(service: Service) {
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
    let remaining = service.env.db.rows("SELECT state FROM outbox").await;
    assert_eq!(remaining, ["pending"]);
}

#[tokio::test]
async fn a_purge_is_limited_to_a_batch() {
    let service =
        Service::embedded_with(&[("AUTH__PURGE_BATCH", "2"), ("AUTH__LIMITS__PER_ADDRESS", "100")])
            .await;
    for number in 0..5 {
        Phone::driver().with_uuid(&format!("device-{number}")).request_code(&service).await;
    }
    service.manual_clock().advance(SignedDuration::from_hours(49));
    for purged in [2, 2, 1, 0] {
        assert_eq!(service.app.state.auth.purge_sign_ins().await.unwrap(), purged);
    }
}
