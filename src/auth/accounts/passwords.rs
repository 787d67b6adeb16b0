//! Password hashing with argon2id, limited in memory and CPU.

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
/// argon2id. A guess costs tens of milliseconds on one core.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// In bytes.
pub(super) const LONGEST_PASSWORD: usize = 256;

/// Compared with the password of an unknown login, so that it costs the same. A dummy: it is the hash of no known
/// password.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ\
                       $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// In pairs of password and hash: more than there are 1C nodes.
const CACHE_SIZE: usize = 256;

/// HMAC of a password and the hash that it matches.
type CacheKey = [u8; 32];

/// Hashes and verifies. Each hash takes 19 MiB and a core, so their number is limited.
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    /// Limits the running and waiting hashes together.
    queue: Semaphore,
    random: Random,
    /// Keyed at random for this process.
    mac: Hmac<Sha256>,
    /// Pairs that were verified. 1C sends its password with every request: the account is read each
    /// time, the password is hashed once.
    verified: Mutex<VecDeque<CacheKey>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    #[error("a password cannot be hashed")]
    Failed,
}

impl Passwords {
    pub(super) fn new(at_once: usize, waiting: usize, random: Random) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            queue: Semaphore::new(at_once + waiting),
            mac: Hmac::new(&random.bytes::<64>().into()),
            random,
            verified: Mutex::default(),
        }
    }

    /// The hash as a PHC string, with salt and parameters.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<String, HashError> {
        let (password, salt) = (password.clone(), self.random.bytes::<16>());
        self.run_queued(|| true, move || hashed(&password, &salt)).await?.ok_or(HashError::Failed)
    }

    /// Whether the password matches one of the hashes. A wrong password always costs two hashes.
    ///
    /// `may_try` is called again after the wait in the queue, and `on_failure` before the next attempt
    /// leaves the queue, so concurrent guesses cannot pass a limit together. Returns `None` if `may_try`
    /// refuses.
    pub(super) async fn verify(
        &self,
        password: &SecretString,
        hashes: [Option<String>; 2],
        may_try: impl FnOnce() -> bool,
        on_failure: impl FnOnce() + Send + 'static,
    ) -> Result<Option<bool>, HashError> {
        let hashes = hashes.map(|hash| hash.unwrap_or_else(|| DUMMY_HASH.to_owned()));
        let keys = hashes.each_ref().map(|hash| self.cache_key(password, hash));
        if keys.iter().any(|key| self.is_cached(key)) {
            return Ok(may_try().then_some(true));
        }
        let password = password.clone();
        let compare = move || {
            let matching = first_match(&password, &hashes);
            if matching.is_none() {
                on_failure();
            }
            Some(matching)
        };
        let matching = self.run_queued(may_try, compare).await?;
        if let Some(Some(at)) = matching {
            self.cache(keys[at]);
        }
        Ok(matching.map(|at| at.is_some()))
    }

    /// Runs `work` on a blocking thread after the wait in the queue, if `may_try` still allows it.
    async fn run_queued<T: Send + 'static>(
        &self,
        may_try: impl FnOnce() -> bool,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, HashError> {
        let _queued = self.queue.try_acquire().map_err(|_| HashError::Busy)?;
        let permit = Arc::clone(&self.running).acquire_owned().await;
        let permit = permit.map_err(|_| HashError::Failed)?;
        if !may_try() {
            return Ok(None);
        }
        // The permit is held by the thread: a caller that is cancelled does not release it early.
        let result = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        result.await.map_err(|_| HashError::Failed)
    }

    fn cache_key(&self, password: &SecretString, hash: &str) -> CacheKey {
        let mac = self.mac.clone().chain_update(hash).chain_update([0]);
        mac.chain_update(password.expose_secret()).finalize().into_bytes().into()
    }

    fn is_cached(&self, key: &CacheKey) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.iter().any(|cached| bool::from(cached.ct_eq(key)))
    }

    fn cache(&self, key: CacheKey) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= CACHE_SIZE {
            verified.pop_front();
        }
        verified.push_back(key);
    }
}

fn hashed(password: &SecretString, salt: &[u8]) -> Option<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

/// The index of the hash that the password matches. `argon2` compares in constant time.
fn first_match(password: &SecretString, hashes: &[String]) -> Option<usize> {
    let password = password.expose_secret().as_bytes();
    let matches =
        |hash: &String| Argon2::default().verify_password(password, hash.as_str()).is_ok();
    hashes.iter().position(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(1, 0, Random::seeded(1))
    }

    /// S10: an unknown login costs what a known one costs.
    #[test]
    fn the_dummy_hash_has_the_parameters_of_real_hashes() {
        let ours = hashed(&"a password".into(), b"sixteen bytes!!!").unwrap();
        let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(DUMMY_HASH), parameters(&ours));
        let parsed = argon2::PasswordHash::new(DUMMY_HASH).unwrap();
        assert_eq!(parsed.hash.unwrap().as_bytes().len(), 32);
        assert_eq!(first_match(&"".into(), &[DUMMY_HASH.to_owned(), ours]), None);
    }

    #[tokio::test]
    async fn a_password_matches_the_current_and_the_previous_hash() {
        let passwords = passwords();
        let (new, old) = ("new password".into(), "old password".into());
        let hashes =
            [Some(passwords.hash(&new).await.unwrap()), Some(passwords.hash(&old).await.unwrap())];
        for password in [&new, &old, &new] {
            let matches = passwords.verify(password, hashes.clone(), || true, || ()).await.unwrap();
            assert_eq!(matches, Some(true));
        }
        let matches =
            passwords.verify(&"another".into(), hashes.clone(), || true, || ()).await.unwrap();
        assert_eq!(matches, Some(false));
        assert_eq!(passwords.verify(&new, hashes, || false, || ()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_cache_holds_for_one_hash_only() {
        let passwords = passwords();
        let password = SecretString::from("a password");
        let hash = passwords.hash(&password).await.unwrap();
        let hashes = [Some(hash.clone()), None];
        assert_eq!(passwords.verify(&password, hashes, || true, || ()).await.unwrap(), Some(true));
        assert!(passwords.is_cached(&passwords.cache_key(&password, &hash)));
        let matches = passwords.verify(&password, [None, None], || true, || ()).await.unwrap();
        assert_eq!(matches, Some(false));
    }

    #[tokio::test]
    async fn refuses_when_the_queue_is_full() {
        let passwords = passwords();
        let _taken = passwords.queue.try_acquire().unwrap();
        assert_eq!(passwords.hash(&"a password".into()).await, Err(HashError::Busy));
    }
}
