//! The limit of 64 MiB, to the byte.

use crate::harness::answers::tus_problem;
use crate::harness::bodies::{MAX, padded, padded_with_extra_byte};
use crate::harness::service::{Service, header, on_both_backends};
use crate::harness::tus::{create, offset, patch};

on_both_backends! {
    a_video_of_exactly_the_maximal_length_is_accepted,
    one_byte_more_than_declared_is_rejected,
}

async fn a_video_of_exactly_the_maximal_length_is_accepted(service: Service) {
    let path = create(&service, service.report().await, MAX).await;
    let answer = patch(&service, &path, 0, padded(MAX)).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "upload-offset"), MAX.to_string());
    assert_eq!(service.deliver().await, 1);
}

async fn one_byte_more_than_declared_is_rejected(service: Service) {
    let path = create(&service, service.report().await, MAX).await;
    let answer = patch(&service, &path, 0, padded_with_extra_byte(MAX)).await;
    tus_problem(answer, 413, "file_too_large").await;
    assert_eq!(offset(&service, &path).await, MAX - 1);
    assert_eq!(service.deliver().await, 0);
}
