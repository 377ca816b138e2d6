//! What an installation is to be: everything that has to be said before it is made.

use std::path::PathBuf;

use crate::access::{Basis, Call, GrantedFields, GrantedTypes, Roles, Terms};
use crate::crypto::Algorithm;
use crate::licence::{AreaCode, Authority, TypeCode};

/// A new installation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the region it serves.
    pub region: String,
    /// The city, which certifies its departments.
    pub city: Authority,
    /// Where it sits, printed on licences.
    pub area_code: Option<AreaCode>,
    /// Public URL, without a slash at the end. It is signed into every licence.
    pub public_url: String,
    /// Its departments.
    pub departments: Vec<DepartmentPlan>,
    /// Where the checkpoint goes; absent: inside the directory, which a whole directory put back defeats.
    pub checkpoint: Option<PathBuf>,
    /// Where data key, checkpoint key and private keys go; absent: inside the directory.
    pub keys: Option<PathBuf>,
}

impl Plan {
    /// An installation that keeps everything in one directory and prints no area on its licences.
    pub fn new(region: &str, city: Authority, public_url: &str, departments: Vec<DepartmentPlan>) -> Self {
        let (region, public_url) = (region.to_owned(), public_url.to_owned());
        Self { region, city, area_code: None, public_url, departments, checkpoint: None, keys: None }
    }
}

/// A department of a new installation.
#[derive(Clone, Debug)]
pub struct DepartmentPlan {
    /// Who it is.
    pub authority: Authority,
    /// The types it may issue; none: it only verifies.
    pub types: Vec<TypeCode>,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What its credentials may do; absent: as a department from before there were roles.
    pub roles: Option<Roles>,
    /// What is granted to it from the first.
    pub grants: Vec<Terms>,
}

/// Licences and changes of status that a new department may do on one day.
const USUAL_A_DAY: u32 = 1_000_000;

impl DepartmentPlan {
    /// With the usual roles and grants: one that issues may issue its types, change their status, and verify; any other
    /// verifies what it is shown.
    pub fn new(authority: Authority, types: Vec<TypeCode>, algorithm: Algorithm) -> Self {
        let roles = Some(if types.is_empty() { Roles::of_a_verifier() } else { Roles::of_an_issuer() });
        let of_its_types = GrantedTypes::Only(types.iter().map(|code| (*code, GrantedFields::All)).collect());
        let issuing = Terms {
            calls: [Call::Issue, Call::Status].into_iter().collect(),
            types: of_its_types,
            addresses: Vec::new(),
            from: None,
            to: None,
            daily: Some(USUAL_A_DAY),
            basis: Basis::Duty,
        };
        let grants = if types.is_empty() { Vec::new() } else { vec![issuing] };
        Self { authority, types, algorithm, roles, grants }
    }
}
