//! The demo's city: invented names and codes, real types, every sample.

use crate::access::{Basis, Call, GrantedFields, GrantedTypes, Role, Terms};
use crate::crypto::Algorithm;
use crate::licence::{Authority, Catalogue, TypeCode};
use crate::registry::{DepartmentPlan, Plan};

use super::exit::CliError;

const REGION: &str = "示范市";
const AREA_CODE: &str = "999900";
const CITY: (&str, &str) = ("11999900MB0000115N", "示范市人民政府");

/// A department: code, name, algorithm, and whose types it issues (the beginning of the type code).
const DEPARTMENTS: [(&str, &str, Algorithm, &[&str]); 4] = [
    ("11999900MB000022XP", "示范市市场监督管理局", Algorithm::Es256, &["11100000MB0143028R"]),
    (
        "11999900MB00003341",
        "示范市自然资源和住房建设局",
        Algorithm::EdDsa,
        &["11100000MB03271699", "11100000000013338W"],
    ),
    ("11999900MB00004497", "示范市交通运输局", Algorithm::Es256, &["11100000000019713D"]),
    ("11999900MB0000553B", "示范市政务服务中心", Algorithm::Es256, &[]),
];

/// Who else there is: code, name, the one role it has. They issue nothing and verify nothing.
const OTHERS: [(&str, &str, Role); 3] = [
    ("11999900MB0000668H", "示范市数据局", Role::Portal),
    ("11999900MB0000772M", "示范市政务服务监察室", Role::Supervisor),
    ("11999900MB0000887U", "示范市电子政务管理办公室", Role::Administrator),
];

/// Licences and changes of status of one department on one day.
const DAILY: u32 = 5_000_000;

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        /// Every sample, by the name of its file.
        pub(super) const SAMPLES: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../fixtures/licences/", $name, ".json")))),*];
    };
}

samples! {
    "associate-constructor",
    "associate-constructor-one-specialty",
    "business-licence-benchmark",
    "business-licence-branch",
    "business-licence-builder",
    "business-licence-individual",
    "business-licence-operator",
    "business-licence-operator-without-premises",
    "construction-safety-officer-a",
    "construction-safety-officer-c",
    "construction-special-operator-electric",
    "construction-special-operator-scaffold",
    "cruising-taxi-driver",
    "cruising-taxi-driver-rare-name",
    "dangerous-goods-flammable",
    "dangerous-goods-medical-waste",
    "online-taxi-driver",
    "online-taxi-driver-macao",
    "online-taxi-operating",
    "online-taxi-operating-county",
    "online-taxi-vehicle-company",
    "online-taxi-vehicle-electric",
    "radioactive-goods-medicine",
    "radioactive-goods-sources",
    "real-estate-certificate-couple",
    "real-estate-certificate-land",
    "real-estate-certificate-office",
    "real-estate-certificate-shares",
    "real-estate-certificate-shop",
    "real-estate-registration-mortgage",
    "real-estate-registration-notice",
    "road-transport-operating-ending",
    "road-transport-operating-freight",
    "road-transport-operating-individual",
    "road-transport-operating-passenger",
    "road-transport-permit-coach",
    "road-transport-permit-lorry",
    "road-transport-qualification-escort",
    "road-transport-qualification-freight",
    "road-transport-qualification-shopkeeper",
    "work-safety-licence",
    "work-safety-licence-long-name",
}

/// The demo's city under this public URL.
pub(super) fn plan(public_url: String) -> Result<Plan, CliError> {
    let catalogue = Catalogue::shipped().map_err(CliError::internal)?;
    let authority = |code: &str, name: &str| {
        Authority::new(code.parse().map_err(CliError::internal)?, name).map_err(CliError::internal)
    };
    let mut departments = Vec::new();
    for (code, name, algorithm, definers) in DEPARTMENTS {
        let defined = |code: &TypeCode| definers.contains(&code.definer().as_str());
        let types = catalogue.iter().map(crate::licence::LicenceType::code).filter(defined).collect();
        let mut department = DepartmentPlan::new(authority(code, name)?, types, algorithm);
        let own = department.types.iter().map(|code| (*code, GrantedFields::All)).collect();
        department.grants.push(questions(match department.types.is_empty() {
            true => GrantedTypes::All,
            false => GrantedTypes::Only(own),
        }));
        for grant in &mut department.grants {
            grant.daily = grant.daily.map(|_| DAILY);
        }
        departments.push(department);
    }
    for (code, name, role) in OTHERS {
        let department = DepartmentPlan::new(authority(code, name)?, Vec::new(), Algorithm::Es256);
        let roles = Some([role].into_iter().collect());
        departments.push(DepartmentPlan { roles, ..department });
    }
    Ok(Plan {
        region: REGION.to_owned(),
        city: authority(CITY.0, CITY.1)?,
        area_code: AREA_CODE.parse().ok(),
        public_url,
        departments,
        checkpoint: None,
        keys: None,
    })
}

/// To look up, to compare and to ask for materials: the service centre every type, the others their own, each with every field.
fn questions(types: GrantedTypes) -> Terms {
    Terms {
        calls: [Call::Lookup, Call::Comparison, Call::Materials].into_iter().collect(),
        types,
        addresses: Vec::new(),
        from: None,
        to: None,
        daily: None,
        basis: Basis::Duty,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::licence::Draft;

    #[test]
    fn every_sample_is_here_and_some_department_issues_it() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/licences");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), SAMPLES.len());
        let plan = plan("http://127.0.0.1:1".to_owned()).unwrap();
        let mut of_type: HashMap<TypeCode, usize> = HashMap::new();
        for (name, body) in SAMPLES {
            let code = Draft::from_json(body).unwrap().type_code();
            assert!(plan.departments.iter().any(|department| department.types.contains(&code)), "{name}");
            *of_type.entry(code).or_default() += 1;
        }
        assert!(of_type.len() >= 8 && of_type.values().all(|count| *count >= 2));
        let with = |role| plan.departments.iter().filter(move |one| one.roles.unwrap().contains(role));
        assert_eq!(with(Role::Verifier).filter(|department| department.types.is_empty()).count(), 1);
        assert_eq!(plan.departments.len(), DEPARTMENTS.len() + OTHERS.len());
        assert_eq!((with(Role::Portal).count(), with(Role::Supervisor).count()), (1, 1));
    }
}
