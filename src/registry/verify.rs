//! Verify a credential here: by this installation's trust list, ledger and statuses.

use super::open::Registry;
use crate::sdjwt::Challenge;
use crate::time::UnixTime;
use crate::verify::{Verdict, Verifier};

impl Registry {
    /// Judges a QR text, or an envelope in base64, now.
    pub fn verify_text(&self, text: &str, now: UnixTime) -> Verdict {
        self.verifier().verify_text(text, self.not_behind(now))
    }

    /// Judges an SD-JWT VC and its holder's answer to a challenge, now; of any other text nobody can prove to be the holder.
    pub fn verify_challenged(&self, text: &str, challenge: &Challenge, now: UnixTime) -> Verdict {
        self.verifier().verify_challenged(text, challenge, self.not_behind(now))
    }

    /// Judges an envelope in either form, now.
    pub fn verify_bytes(&self, bytes: &[u8], now: UnixTime) -> Verdict {
        self.verifier().verify_bytes(bytes, self.not_behind(now))
    }

    /// For any time, past or future: dates and status are those of that time.
    pub fn verifier(&self) -> Verifier<'_> {
        Verifier::new(&self.trust).with_records(&self.store).with_cache(&self.cache)
    }
}
