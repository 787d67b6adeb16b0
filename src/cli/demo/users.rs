//! The people of the demo: signed in afresh in every run.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use jiff::SignedDuration;
use serde::Serialize;
use uuid::{Uuid, uuid};

use super::keys::{Account, Keys};
use crate::app::App;
use crate::auth::{
    AccountError, AccountKind, AccountSignInError, AccountSpec, Credentials, OldPassword,
    SignedInAccount, TokenPair,
};
use crate::database::AccountOwner;
use crate::model::{CompanyId, Person, Role};

/// Lifetime of the demo's access tokens: long enough to try things by hand.
const ACCESS_TTL: SignedDuration = SignedDuration::from_hours(1);
/// The reviewer's device.
const REVIEWER_DEVICE: &str = "demo-reviewer";

/// A user of `data.json` whose tokens are in `demo.json`.
pub(super) struct DemoUser {
    name: &'static str,
    key: Uuid,
    role: Role,
    /// BIN or IIN of their company.
    pub(super) biin: &'static str,
    device: &'static str,
}

pub(super) const DIRECTOR: DemoUser = DemoUser {
    name: "director",
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7b0001"),
    role: Role::Admin,
    biin: "200940026146",
    device: "123456789012349",
};

pub(super) const DRIVER: DemoUser = DemoUser {
    name: "driver",
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7b0002"),
    role: Role::Employee,
    biin: "200940026146",
    device: "350123451234560",
};

/// The director of another company, who must see nothing of the first one.
pub(super) const STRANGER: DemoUser = DemoUser {
    name: "stranger",
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7b0006"),
    role: Role::Admin,
    biin: "790920300817",
    device: "350999990000017",
};

/// A signed-in user, as in `demo.json`.
#[derive(Serialize)]
pub(super) struct User {
    name: &'static str,
    role: Role,
    company: &'static str,
    biin: &'static str,
    uuid: &'static str,
    pub(super) access_token: String,
    refresh_token: String,
}

/// The signed-in reviewer, as in `demo.json`.
#[derive(Serialize)]
pub(super) struct Reviewer {
    #[serde(flatten)]
    account: Account,
    pub(super) access_token: String,
}

pub(super) async fn sign_in(app: &App, user: &DemoUser) -> anyhow::Result<User> {
    let person = app.database.person_with_key(user.key.into()).await?;
    let person = person
        .with_context(|| format!("the {} is not an active person in the database", user.name))?;
    let pair = open_session(app, &person, user.device).await?;
    Ok(User {
        name: user.name,
        role: user.role,
        company: user.biin,
        biin: user.biin,
        uuid: user.device,
        access_token: pair.access_token,
        refresh_token: pair.refresh_token,
    })
}

async fn open_session(app: &App, person: &Person, device: &str) -> anyhow::Result<TokenPair> {
    Ok(app.state.auth.open_session(person, device.parse()?, "", ACCESS_TTL).await?)
}

/// Makes sure that the accounts of the reviewer and of 1C have the passwords of `keys`, and signs the
/// reviewer in.
pub(super) async fn open_accounts(app: &App, keys: &Keys) -> anyhow::Result<Reviewer> {
    open_account(app, &keys.exchange, AccountKind::Exchange, AccountOwner::Exchange).await?;
    let owner = AccountOwner::Reviewer {
        company: CompanyId::LESSOR,
        name: "Айгуль Сейткали".to_owned(),
    };
    let entered = open_account(app, &keys.reviewer, AccountKind::Reviewer, owner).await?;
    let reviewer = entered.reviewer.context("the reviewer's account has no person")?;
    let pair = open_session(app, &reviewer.person, REVIEWER_DEVICE).await?;
    Ok(Reviewer { account: keys.reviewer.clone(), access_token: pair.access_token })
}

/// Adds an account, or sets its password when another demo on the same database has added it.
async fn open_account(
    app: &App,
    account: &Account,
    kind: AccountKind,
    owner: AccountOwner,
) -> anyhow::Result<SignedInAccount> {
    let Account { login, password } = account;
    let new = AccountSpec { login: login.clone(), owner, networks: Vec::new() };
    match app.state.accounts.add(new, &password.as_str().into()).await {
        Ok(()) | Err(AccountError::Exists) => {}
        Err(error) => return Err(error.into()),
    }
    let credentials = Credentials {
        login: login.clone(),
        password: password.as_str().into(),
        code: String::new(),
        is_counted: false,
        address: Ipv4Addr::LOCALHOST.into(),
    };
    match app.state.accounts.sign_in(kind, &credentials).await {
        Err(AccountSignInError::InvalidCredentials) => {
            app.state
                .accounts
                .rotate(login, &credentials.password, OldPassword::KeepDuringGrace)
                .await?;
            Ok(app.state.accounts.sign_in(kind, &credentials).await?)
        }
        entered => Ok(entered?),
    }
}
