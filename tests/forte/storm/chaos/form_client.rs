//! Forms, which are sent again from their beginning until they are answered.

use reqwest::Method;
use reqwest::header::CONTENT_LENGTH;

use crate::harness::form::{BOUNDARY, Form};

use super::client::{Client, Running, respond};
use super::history::{Answer, Observation};
use super::video::body;

impl Client {
    pub(super) async fn send_form(&self, running: &Running) {
        let form: axum::body::Bytes =
            Form::of(running.report).file(&running.video.bytes).done().into();
        loop {
            let (node, began) = (self.node(), self.storm.recorder.now());
            let request = self
                .owner_request(Method::POST, node, "/reports/upload")
                .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
                .header(CONTENT_LENGTH, form.len())
                .timeout(Self::patience(running, form.len()))
                .body(body(form.clone(), running.pause, self.ending(form.len())));
            match respond(request).await {
                Some(response) if response.status == 201 => {
                    let submission = response.text("/data/submission_id");
                    let answer = Answer { submission, sha256: response.text("/data/sha256") };
                    return self.stored(running, answer).await;
                }
                Some(response) => self.check_status(running, "form", response.status),
                None => {
                    let broken = Observation::Broken { upload: None, node, began };
                    self.record(running, broken);
                }
            }
            self.rest(200).await;
        }
    }
}
