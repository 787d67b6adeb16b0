//! The person that a code signs in (Q5).

use forte_media::auth::CallerError;
use forte_media::model::{CompanyId, Person, PersonId, Role};
use futures_util::future::join_all;

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, TokenPair, refresh};
use crate::harness::rows::Rows;
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_driver_is_created_at_the_first_sign_in,
    a_driver_is_recognised_by_phone_number_in_any_spelling,
    concurrent_first_sign_ins_create_one_person,
    a_dismissed_driver_can_sign_in_again_but_old_tokens_stay_invalid,
    the_director_is_created_once,
    a_driver_with_the_phone_number_of_a_director_stays_a_driver,
}

async fn person_of(service: &Service, tokens: &TokenPair) -> Person {
    service.app.state.auth.authenticate(&tokens.access).await.unwrap().person
}

async fn a_driver_is_created_at_the_first_sign_in(service: Service) {
    let people = async || service.env.db.number("SELECT COUNT(*) FROM people").await;
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    assert_eq!(people().await, 1);
    let tokens = crate::harness::phone::token_pair(phone.redeem_code(&service, &code).await).await;
    // The fixture has added 153; the next id is free.
    let expected = Person { id: PersonId(154), company: CompanyId(20), role: Role::Employee };
    assert_eq!(person_of(&service, &tokens).await, expected);
    let named = "SELECT COUNT(*) FROM people WHERE id = 154 AND first_name = 'Иван' \
                 AND mobile = '87781578800' AND mobile_digits = '77781578800' AND active = 1";
    assert_eq!(service.env.db.number(named).await, 1);
    let other = Phone { mobile: "87010000001".to_owned(), ..phone.with_uuid("other") };
    let tokens = other.sign_in(&service).await;
    assert_eq!(person_of(&service, &tokens).await.id, PersonId(155));
}

/// Q30: the number in 1C is `+77010000000`; the name from 1C is kept.
async fn a_driver_is_recognised_by_phone_number_in_any_spelling(service: Service) {
    service.env.db.execute("UPDATE people SET ref_key = 'b1' WHERE id = 153").await;
    for (number, mobile) in
        ["8 701 000 00 00", "+7 (701) 000-00-00", "7010000000"].iter().enumerate()
    {
        let phone = Phone { mobile: (*mobile).to_owned(), ..Phone::driver() };
        let tokens = phone.with_uuid(&format!("device-{number}")).sign_in(&service).await;
        assert_eq!(person_of(&service, &tokens).await.id, PersonId(153), "{mobile}");
    }
    let named = "SELECT COUNT(*) FROM people WHERE first_name = 'Айбек'";
    assert_eq!(service.env.db.number(named).await, 1);
}

async fn concurrent_first_sign_ins_create_one_person(service: Service) {
    let mut phones = Vec::new();
    for number in 0..4 {
        let phone = Phone::driver().with_uuid(&format!("device-{number}"));
        let code = phone.code(&service).await;
        phones.push((phone, code));
    }
    let responses =
        join_all(phones.iter().map(|(phone, code)| phone.redeem_code(&service, code))).await;
    assert!(responses.iter().all(|response| response.status() == 200));
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM people").await, 2);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM sessions WHERE ended_at = 0").await, 4);
}

/// S17
async fn a_dismissed_driver_can_sign_in_again_but_old_tokens_stay_invalid(service: Service) {
    let old = Phone::driver().sign_in(&service).await;
    let person = person_of(&service, &old).await;
    service.database().set_person_active(person.id, false).await.unwrap();
    let refused = service.app.state.auth.authenticate(&old.access).await;
    assert!(matches!(refused, Err(CallerError::Inactive)));
    let new = Phone::driver().with_uuid("another").sign_in(&service).await;
    assert_eq!(person_of(&service, &new).await, person);
    let refused = service.app.state.auth.authenticate(&old.access).await;
    assert!(matches!(refused, Err(CallerError::Inactive)));
    problem(refresh(&service, &old.refresh).await, 401, "token_invalid").await;
}

async fn the_director_is_created_once(service: Service) {
    let first = person_of(&service, &Phone::director().sign_in(&service).await).await;
    assert_eq!((first.id, first.role), (PersonId(154), Role::Admin));
    let again = Phone::director().with_uuid("another").sign_in(&service).await;
    assert_eq!(person_of(&service, &again).await, first);
}

async fn a_driver_with_the_phone_number_of_a_director_stays_a_driver(service: Service) {
    let director = person_of(&service, &Phone::director().sign_in(&service).await).await;
    service
        .env
        .db
        .execute("UPDATE people SET mobile_digits = '77781578800' WHERE role = 'admin'")
        .await;
    let driver = person_of(&service, &Phone::driver().sign_in(&service).await).await;
    assert_ne!(driver.id, director.id);
    assert_eq!(driver.role, Role::Employee);
}
