//! What one request is called, and who turned out to be asking: what its answer and its line in the log share.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use serde::{Serialize, Serializer};

use crate::crypto::{Random, random_bytes};
use crate::registry::Caller;

/// 128 random bits that name one request, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestId(u128);

impl RequestId {
    /// Zero, which names no request, where the system gives no random bytes: a verdict does not need them.
    fn draw(random: &dyn Random) -> Self {
        Self(random_bytes(random).map_or(0, u128::from_be_bytes))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One request's id, and who asks once that is known. Goes along in the request's extensions.
#[derive(Clone)]
pub(super) struct Trace {
    pub(super) id: RequestId,
    caller: Arc<OnceLock<Caller>>,
}

impl Trace {
    pub(super) fn start(random: &dyn Random) -> Self {
        Self { id: RequestId::draw(random), caller: Arc::default() }
    }

    /// The id of a request that `observe` let in; one that it did not has none.
    pub(super) fn id_of(request: &Request) -> RequestId {
        request.extensions().get::<Self>().map_or(RequestId(0), |trace| trace.id)
    }

    pub(super) fn asked_by(&self, caller: &Caller) {
        // A request has one caller; a second word on it would change nothing.
        let _ = self.caller.set(caller.clone());
    }

    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{RandomError, SystemRandom};

    struct NoRandom;

    impl Random for NoRandom {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError)
        }
    }

    #[test]
    fn an_id_is_32_digits_and_another_each_time() {
        let (one, other) = (RequestId::draw(&SystemRandom), RequestId::draw(&SystemRandom));
        assert_ne!(one, other);
        for id in [one, other, RequestId::draw(&NoRandom)] {
            let text = id.to_string();
            assert_eq!(text.len(), 32);
            assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert_eq!(serde_json::to_value(id).unwrap(), text);
        }
    }
}
