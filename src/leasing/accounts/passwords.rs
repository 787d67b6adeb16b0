//! Hashing passwords, so that a stolen database is of little use and nobody can wear us out with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::model::Random;

/// 19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet's first choice for
/// argon2id. Tens of milliseconds on one core, which is what a guess costs.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a password is compared with that belongs to no account. Nothing is known to hash to it.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ\
                       $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many proofs are remembered: more than there are nodes of 1C.
const MOST_PROOFS: usize = 256;

type Proof = [u8; 32];

/// Hashes and verifies. What it takes (19 MiB and a core for a while, each) is bounded.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// Those who hash, and those who wait for it.
    places: Semaphore,
    random: Random,
    /// Its key is of this process: a proof is worth nothing elsewhere.
    mac: Hmac<Sha256>,
    proofs: Mutex<VecDeque<Proof>>,
}

/// Why nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords are being checked")]
    Busy,
    /// Ours to mend.
    #[error("a password could not be hashed")]
    Broken,
}

impl Passwords {
    pub(super) fn new(at_once: usize, waiting: usize, random: Random) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            places: Semaphore::new(at_once + waiting),
            // One block of the hash, which the MAC takes without complaint.
            mac: Hmac::new(&random.bytes::<64>().into()),
            random,
            proofs: Mutex::default(),
        }
    }

    /// The hash to be kept, with its salt and parameters (a PHC string).
    pub(super) async fn hash(&self, password: &SecretString) -> Result<String, HashError> {
        let (password, salt) = (password.clone(), self.random.bytes::<16>());
        self.in_turn(|| true, move || hashed(&password, &salt)).await?.ok_or(HashError::Broken)
    }

    /// Whether the password is one of these. A wrong one costs two hashes whatever is there to
    /// compare with. `still` is asked once more when the turn has come, and `wrong` is told before
    /// the next one comes: guesses that came together do not get past a limit together. None when
    /// `still` says no.
    pub(super) async fn fits(
        &self,
        password: &SecretString,
        hashes: [Option<String>; 2],
        still: impl FnOnce() -> bool,
        wrong: impl FnOnce() + Send + 'static,
    ) -> Result<Option<bool>, HashError> {
        let hashes = hashes.map(|hash| hash.unwrap_or_else(|| NOBODYS.to_owned()));
        let proofs = [0, 1].map(|at: usize| self.proof(password, &hashes[at]));
        if proofs.iter().any(|proof| self.is_known(proof)) {
            return Ok(still().then_some(true));
        }
        let password = password.clone();
        let look = move || {
            let found = first_match(&password, &hashes);
            if found.is_none() {
                wrong();
            }
            Some(found)
        };
        let found = self.in_turn(still, look).await?;
        if let Some(Some(at)) = found {
            self.remember(proofs[at]);
        }
        Ok(found.map(|at| at.is_some()))
    }

    /// Runs `work` off the async threads when its turn has come, if `still` says so then.
    async fn in_turn<T: Send + 'static>(
        &self,
        still: impl FnOnce() -> bool,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, HashError> {
        let _place = self.places.try_acquire().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HashError::Broken)?;
        if !still() {
            return Ok(None);
        }
        // The turn ends with the work, also when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| HashError::Broken)
    }

    /// That this password was found to fit this hash. 1C says its password with each request; it is
    /// looked up in the database each time, but hashed once.
    fn proof(&self, password: &SecretString, hash: &str) -> Proof {
        let mac = self.mac.clone().chain_update(hash).chain_update([0]);
        mac.chain_update(password.expose_secret()).finalize().into_bytes().into()
    }

    fn is_known(&self, proof: &Proof) -> bool {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.iter().any(|known| bool::from(known.ct_eq(proof)))
    }

    fn remember(&self, proof: Proof) {
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.len() >= MOST_PROOFS {
            proofs.pop_front();
        }
        proofs.push_back(proof);
    }
}

fn hashed(password: &SecretString, salt: &[u8]) -> Option<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

/// Which of the hashes the password fits. The comparison is in constant time, says the crate (S10).
fn first_match(password: &SecretString, hashes: &[String]) -> Option<usize> {
    let password = password.expose_secret().as_bytes();
    let fits = |hash: &String| Argon2::default().verify_password(password, hash.as_str()).is_ok();
    hashes.iter().position(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(1, 0, Random::seeded(1))
    }

    /// S10: an unknown name costs what a known one costs.
    #[test]
    fn nobodys_hash_has_the_parameters_of_every_other() {
        let ours = hashed(&"a password".into(), b"sixteen bytes!!!").unwrap();
        let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(NOBODYS), parameters(&ours));
        let parsed = argon2::PasswordHash::new(NOBODYS).unwrap();
        assert_eq!(parsed.hash.unwrap().as_bytes().len(), 32);
        assert_eq!(first_match(&"".into(), &[NOBODYS.to_owned(), ours]), None);
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_the_one_before() {
        let passwords = passwords();
        let (new, old) = ("new password".into(), "old password".into());
        let hashes =
            [Some(passwords.hash(&new).await.unwrap()), Some(passwords.hash(&old).await.unwrap())];
        for password in [&new, &old, &new] {
            let fits = passwords.fits(password, hashes.clone(), || true, || ()).await.unwrap();
            assert_eq!(fits, Some(true));
        }
        let fits = passwords.fits(&"another".into(), hashes.clone(), || true, || ()).await.unwrap();
        assert_eq!(fits, Some(false));
        assert_eq!(passwords.fits(&new, hashes, || false, || ()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_remembered_is_of_that_hash_only() {
        let passwords = passwords();
        let password = SecretString::from("a password");
        let hash = passwords.hash(&password).await.unwrap();
        let hashes = [Some(hash.clone()), None];
        assert_eq!(passwords.fits(&password, hashes, || true, || ()).await.unwrap(), Some(true));
        assert!(passwords.is_known(&passwords.proof(&password, &hash)));
        let fits = passwords.fits(&password, [None, None], || true, || ()).await.unwrap();
        assert_eq!(fits, Some(false));
    }

    #[tokio::test]
    async fn beyond_the_queue_nobody_waits() {
        let passwords = passwords();
        let _taken = passwords.places.try_acquire().unwrap();
        assert_eq!(passwords.hash(&"a password".into()).await, Err(HashError::Busy));
    }
}
