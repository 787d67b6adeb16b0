//! The accounts of a house: those of `demo.json`, with the passwords it says.

use super::cast::REVIEWER;
use super::keys::{Account, Keys};
use crate::database::AccountOwner;
use crate::leasing::{
    AccountError, AccountKind, Accounts, Attempt, EnterError, NewLogin, OldPassword,
};

/// Makes the accounts, or gives them this house's passwords when another house had made them.
pub(super) async fn open(accounts: &Accounts, keys: &Keys) -> anyhow::Result<()> {
    let reviewer = AccountOwner::Reviewer(REVIEWER.id);
    settle(accounts, &keys.reviewer, AccountKind::Reviewer, reviewer).await?;
    settle(accounts, &keys.exchange, AccountKind::Exchange, AccountOwner::Exchange).await
}

async fn settle(
    accounts: &Accounts,
    account: &Account,
    kind: AccountKind,
    owner: AccountOwner,
) -> anyhow::Result<()> {
    let (login, password) = (account.login.clone(), account.password.as_str().into());
    let new = NewLogin { login: login.clone(), owner, networks: Vec::new() };
    match accounts.add(new, &password).await {
        Err(AccountError::Taken) => {}
        added => return Ok(added?),
    }
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let attempt = Attempt { login: login.clone(), password: password.clone(), address };
    match accounts.enter(kind, &attempt).await {
        Err(EnterError::Wrong) => {
            Ok(accounts.rotate(&login, &password, OldPassword::Graced).await?)
        }
        entered => Ok(entered.map(drop)?),
    }
}
