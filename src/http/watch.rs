//! Who asks how often: one place that every call of a credential, and every question about a holder, goes past.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde::Deserialize;

use super::alarms::{BulkPulls, Hashed};
use super::limits::Limit;
use super::metrics::{BULK_PULL, Metrics};
use super::problem::Problem;
use crate::access::{AccessLimits, Call};
use crate::crypto::Digest;
use crate::licence::{HolderCodeType, HolderNumber};
use crate::registry::Caller;

/// Credentials that are remembered.
const CREDENTIALS: usize = 100_000;
/// Holders, each with one department, that are remembered.
const HOLDERS: usize = 200_000;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Who asks how often, and what is counted of it.
pub struct Watch {
    credentials: Limit<Hashed>,
    holders: Limit<Hashed>,
    bulk_pulls: BulkPulls,
    pub(super) metrics: Metrics,
}

/// What of a question's body says whom it is about, and who asks. Everything else, and everything that is wrong with it, is for the
/// question itself.
#[derive(Deserialize)]
struct Question {
    holder: Holder,
    purpose: Operator,
}

#[derive(Deserialize)]
struct Holder {
    code: String,
    code_type: HolderCodeType,
}

#[derive(Deserialize)]
struct Operator {
    operator: String,
}

impl Watch {
    /// Under these limits, with nothing counted yet.
    pub fn new(limits: &AccessLimits) -> Self {
        Self {
            credentials: Limit::new(limits.calls_per_second, SECOND, limits.burst, CREDENTIALS),
            holders: Limit::new(limits.holder_per_hour, HOUR, limits.holder_burst, HOLDERS),
            bulk_pulls: BulkPulls::new(limits.alarm_holders_per_hour.get()),
            metrics: Metrics::new(),
        }
    }

    /// A good credential was shown over the network.
    pub(super) fn called(&self, caller: &Caller) -> Result<(), Problem> {
        let department = caller.department();
        let credential = hashed(&[department.as_str(), caller.asked_by()]);
        self.credentials.take(&credential).map_err(|seconds| {
            let detail = format!("too many calls with this credential; the next in {seconds} s");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", detail).retry_after(seconds)
        })
    }

    /// A question about a holder came: who may ask has been seen, what exactly is asked has not. Whose body names no holder or no
    /// operator is refused by the question itself.
    pub(super) fn asked(&self, caller: &Caller, call: Call, body: &[u8]) -> Result<(), Problem> {
        let Ok(Question { holder, purpose }) = serde_json::from_slice(body) else { return Ok(()) };
        let Ok(holder) = HolderNumber::new(&holder.code, holder.code_type) else { return Ok(()) };
        self.holder_asked(caller, &purpose.operator, &holder)?;
        self.metrics.used(call);
        Ok(())
    }

    /// As [`Watch::asked`], where holder and operator are known.
    pub(super) fn holder_asked(
        &self,
        caller: &Caller,
        operator: &str,
        holder: &HolderNumber,
    ) -> Result<(), Problem> {
        let department = caller.department();
        let (department, code_type) = (department.as_str(), holder.code_type().code());
        let with_department = hashed(&[department, code_type, holder.code()]);
        self.holders.take(&with_department).map_err(|seconds| {
            let detail = format!("this department asked for this holder too often; again in {seconds} s");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "holder_too_often", detail).retry_after(seconds)
        })?;
        let operator = hashed(&[department, operator.trim()]);
        if let Some(holders) = self.bulk_pulls.note(operator, with_department, Instant::now()) {
            self.metrics.bulk_pull();
            let key = caller.asked_by();
            tracing::warn!(department, key, holders, "{BULK_PULL}");
        }
        Ok(())
    }

    /// A call was answered.
    pub(super) fn answered(&self, route: Option<&str>, status: StatusCode, code: Option<&'static str>) {
        self.metrics.answered(route, status, code);
    }
}

/// Numbers of holders are never kept, not even in memory: only this.
fn hashed(parts: &[&str]) -> Hashed {
    let parts: Vec<&[u8]> = parts.iter().flat_map(|part| [part.as_bytes(), b"\0"]).collect();
    Digest::of_parts(&parts).as_bytes().first_chunk().copied().unwrap_or_default()
}
