//! `serve`: runs the service, or checks its settings.

use std::io::{self, Write};

use anyhow::bail;
use clap::Args;

use super::answer::Answer;
use super::doctor::{examine, validity};
use crate::app::{App, Bound, Environment};
use crate::config::{Effective, Settings};
use crate::http::server::Validity;
use crate::shutdown::Shutdown;

const NO_PUBLIC_URL: &str = "http.public_url is not set: mails have no link that confirms a device, 1C gets no \
    film links, and URLs in events and in 1C's messages are null; only responses to a client have URLs, with the \
    host that the client has used";

const RECOMMENDED_OTP_DIGITS: u32 = 6;
const FEW_OTP_DIGITS: &str = "auth.otp_digits is less than 6: if the app can show six digits, set it to 6, which \
    makes guessing a code a hundred times harder than with four";

/// Runs the service
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media serve --config /etc/forte-media.toml\n  \
                        forte-media serve --check")]
pub struct Serve {
    /// Print every setting with its origin, check every dependency, and exit
    #[arg(long)]
    check: bool,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        if self.check {
            write_table(settings.explain(), &mut io::stdout().lock())?;
            write_advice(&settings, &mut io::stdout().lock())?;
            return Box::pin(examine(&settings, false)).await;
        }
        let shutdown = Shutdown::new();
        shutdown.listen()?;
        let bound = Bound::bind(&settings).await?;
        let (public, ops) = (bound.public_address()?, bound.ops_address()?);
        let app =
            Box::pin(App::build(settings, Environment::real(), shutdown.tasks().clone(), public))
                .await?;
        if app.state.accounts.sample_works().await? {
            bail!(
                "admin_1C still has the password of the published API document; run \
                 `forte-media account disable admin_1C`"
            );
        }
        tracing::info!(%public, %ops, "serving");
        app.run(bound, &shutdown).await?;
        Ok(Answer::Done)
    }
}

/// One line per setting: key, value, origin.
fn write_table(settings: &[Effective], out: &mut impl Write) -> io::Result<()> {
    let width = |column: fn(&Effective) -> &str| {
        settings.iter().map(|setting| column(setting).chars().count()).max().unwrap_or(0)
    };
    let (key, shown) = (width(|setting| &setting.key), width(|setting| &setting.shown));
    for setting in settings {
        let Effective { key: name, shown: value, origin } = setting;
        writeln!(out, "{name:key$}  {value:shown$}  {origin}")?;
    }
    Ok(())
}

/// What works, but not as well as it could.
fn write_advice(settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    let advice = [
        (settings.http.public_url.is_none(), NO_PUBLIC_URL),
        (settings.auth.otp_digits < RECOMMENDED_OTP_DIGITS, FEW_OTP_DIGITS),
    ];
    for (_, text) in advice.into_iter().filter(|(applies, _)| *applies) {
        writeln!(out, "warning  {text}")?;
    }
    if let Ok(Some(Validity::ExpiresSoon(text))) = validity(settings) {
        writeln!(out, "warning  the TLS certificate: {text}")?;
    }
    Ok(())
}
