//! What every row is measured on: a city with one bureau, and one business licence of 15 fields.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use elicense::access::Call;
use elicense::crypto::{Algorithm, SystemRandom};
use elicense::licence::{Authority, Catalogue, LicenceType};
use elicense::registry::{DepartmentPlan, IssuedView, MadeDepartment, Making, Plan, Registry};
use elicense::store::{IndexPolicy, StoreAt};
use elicense::time::UnixTime;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Orders that wait for their group at once.
const IN_FLIGHT: usize = 512;
pub(crate) const BUREAU: &str = "11430000006122244L";

/// The city, made anew in a directory of its own.
pub(crate) struct City {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) department: MadeDepartment,
}

/// The clock: what is issued here is verified by a service that asks it too.
pub(crate) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixTime::from_seconds(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

/// The request body that is measured everywhere.
pub(crate) fn body() -> Vec<u8> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/licences/business-licence-benchmark.json");
    fs::read(file).unwrap()
}

/// The same request for another number, so that it can be issued again.
pub(crate) fn numbered_body(number: u64) -> Vec<u8> {
    let mut body: serde_json::Value = serde_json::from_slice(&body()).unwrap();
    body["number"] = format!("{number:016}").into();
    serde_json::to_vec(&body).unwrap()
}

/// A holder of its own for each number.
pub(crate) fn holder_code(number: u64) -> String {
    format!("B-{number:08}")
}

/// The same request for another number and another holder.
pub(crate) fn body_for(number: u64) -> Vec<u8> {
    let mut body: serde_json::Value = serde_json::from_slice(&numbered_body(number)).unwrap();
    body["holders"][0]["code_type"] = "099".into();
    body["holders"][0]["code"] = holder_code(number).into();
    serde_json::to_vec(&body).unwrap()
}

impl City {
    /// A city whose bureau may issue every type of the catalogue, kept in files.
    pub(crate) fn new() -> Self {
        Self::over(IndexPolicy::CatchUp.into())
    }

    /// The same, kept there.
    pub(crate) fn over(at: StoreAt) -> Self {
        let catalogue = Catalogue::shipped().unwrap();
        let mut bureau = DepartmentPlan::new(
            Authority::new(BUREAU.parse().unwrap(), "示范市市场监督管理局").unwrap(),
            catalogue.iter().map(LicenceType::code).collect(),
            Algorithm::Es256,
        );
        // It may ask about its own licences too, and do as much on one day as a bench asks for.
        for grant in &mut bureau.grants {
            grant.calls = Call::ALL.into_iter().collect();
            grant.daily = None;
        }
        let city = Authority::new("11110000000021135M".parse().unwrap(), "示范市人民政府").unwrap();
        let plan = Plan::new("示范市", city, "https://licences.example", vec![bureau]);
        let dir = tempfile::tempdir().unwrap();
        let making = Making::begin(dir.path(), at).unwrap();
        let mut made = making.make_all(&plan, Arc::new(SystemRandom), now()).unwrap();
        Self { dir, department: made.departments.remove(0) }
    }

    /// Issues the licences with these numbers, many at a time, and hands out what was answered.
    pub(crate) fn issue(&self, registry: &Arc<Registry>, numbers: Range<u64>) -> Vec<IssuedView> {
        self.issue_bodies(registry, numbers, numbered_body)
    }

    /// The same, each to a holder of its own, in the order of their numbers.
    pub(crate) fn issue_to_each(&self, registry: &Arc<Registry>, numbers: Range<u64>) -> Vec<IssuedView> {
        let mut issued = self.issue_bodies(registry, numbers, body_for);
        issued.sort_by(|one, other| one.number.cmp(&other.number));
        issued
    }

    fn issue_bodies(
        &self,
        registry: &Arc<Registry>,
        numbers: Range<u64>,
        body: fn(u64) -> Vec<u8>,
    ) -> Vec<IssuedView> {
        let caller = registry.authenticate(&self.department.api_key, now()).unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut tasks, mut issued) = (JoinSet::new(), Vec::new());
            for number in numbers {
                if tasks.len() == IN_FLIGHT {
                    issued.push(tasks.join_next().await.unwrap().unwrap());
                }
                let (registry, caller) = (Arc::clone(registry), caller.clone());
                tasks.spawn(async move {
                    registry.issue(&caller, &number.to_string(), &body(number), now()).await.unwrap()
                });
            }
            while let Some(done) = tasks.join_next().await {
                issued.push(done.unwrap());
            }
            issued
        })
    }

    pub(crate) fn open(&self) -> Registry {
        let random = Arc::new(SystemRandom);
        Registry::open(self.dir.path(), "bench".to_owned(), IndexPolicy::CatchUp, random).unwrap().0
    }
}
