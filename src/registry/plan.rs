//! What an installation is to be: everything that has to be said before it is made.

use std::path::PathBuf;

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
}
