//! Randomness is an argument: the installation passes the system's, a test passes its own.

use ring::rand::SecureRandom;

/// A source of random bytes fit for keys, serials and nonces.
pub trait Random: Send + Sync {
    /// Fills `bytes` whole, or says that the source gave nothing.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed; nothing may be signed or sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct RandomError;

/// The operating system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        ring::rand::SystemRandom::new().fill(bytes).map_err(|_| RandomError)
    }
}

/// `N` random bytes.
pub fn random_bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
