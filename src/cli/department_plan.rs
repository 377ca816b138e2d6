//! Departments as they are named on the command line.

use std::str::FromStr;

use clap::ValueEnum;

use super::exit::CliError;
use crate::crypto::Algorithm;
use crate::licence::{Authority, Catalogue, TypeCode};
use crate::registry::DepartmentPlan;

/// What a department signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SignsWith {
    /// ECDSA on P-256 with SHA-256
    Es256,
    /// Ed25519
    Eddsa,
}

impl From<SignsWith> for Algorithm {
    fn from(signs_with: SignsWith) -> Self {
        match signs_with {
            SignsWith::Es256 => Self::Es256,
            SignsWith::Eddsa => Self::EdDsa,
        }
    }
}

/// A department in one word: `CODE=NAME`, `CODE=NAME:TYPE,TYPE`, or `CODE=NAME:TYPE,TYPE:eddsa`.
pub(super) fn department(text: &str) -> Result<DepartmentPlan, CliError> {
    let mut parts = text.splitn(3, ':');
    let who = parts.next().unwrap_or_default();
    let types = parts.next().unwrap_or_default().split(',').map(str::trim).filter(|code| !code.is_empty());
    let types = checked_types(types.map(parse).collect::<Result<_, _>>()?)?;
    let algorithm = match parts.next() {
        None => Algorithm::Es256,
        Some(word) => SignsWith::from_str(word.trim(), true).map(Algorithm::from).map_err(|_| {
            CliError::Usage(format!("expected es256 or eddsa behind the types, got {word:?}"))
        })?,
    };
    Ok(DepartmentPlan::new(authority(who)?, types, algorithm))
}

/// An authority as `CODE=NAME`.
pub(super) fn authority(text: &str) -> Result<Authority, CliError> {
    let (code, name) = text.split_once('=').ok_or_else(|| {
        CliError::Usage(format!("expected CODE=NAME, as 11110000000021135M=…, got {text:?}"))
    })?;
    let named = Authority::new(parse(code.trim())?, name.trim());
    named.map_err(|error| CliError::Usage(format!("{text:?}: the name is refused: {error}")))
}

/// Types that are all in the catalogue.
pub(super) fn checked_types(types: Vec<TypeCode>) -> Result<Vec<TypeCode>, CliError> {
    let catalogue = Catalogue::shipped().map_err(CliError::internal)?;
    match types.iter().find(|code| catalogue.get(code).is_none()) {
        None => Ok(types),
        Some(code) => Err(CliError::Usage(format!(
            "type {code} is not in the catalogue; `elicense types` lists the types that are"
        ))),
    }
}

/// A value whose parser says what it expected; what came is said with it.
pub(super) fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, CliError> {
    text.parse().map_err(|error| CliError::Usage(format!("{text:?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_is_read_or_the_wrong_part_named() {
        let plan = department("11330105002500287C = 示范局 : 11100000MB0143028R001, : eddsa").unwrap();
        assert_eq!(
            (plan.authority.name(), plan.types.len(), plan.algorithm),
            ("示范局", 1, Algorithm::EdDsa)
        );
        assert!(department("11330105002500287C=示范局").unwrap().types.is_empty());
        for (wrong, named) in [
            ("11330105002500287C", "CODE=NAME"),
            ("11330105002500287D=示范局", "11330105002500287D"),
            ("11330105002500287C=", ""),
            ("11330105002500287C=示范局:1", "\"1\""),
            ("11330105002500287C=示范局:11100000MB0143028R999", "elicense types"),
            ("11330105002500287C=示范局:11100000MB0143028R001:rsa", "es256 or eddsa"),
        ] {
            let error = department(wrong).unwrap_err();
            assert!(matches!(&error, CliError::Usage(why) if why.contains(named)), "{wrong}: {error}");
        }
    }
}
