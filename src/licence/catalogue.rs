//! The catalogue of licence types (证照目录, GB/T 36902).

use std::collections::BTreeMap;

use super::licence_type::{LicenceType, TypeError};
use super::type_code::TypeCode;

/// Licence types by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    types: BTreeMap<TypeCode, LicenceType>,
}

/// A type file that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("licence type file {file}: {problem}")]
pub struct CatalogueError {
    /// The file's name as given.
    pub file: String,
    /// What is wrong with it.
    #[source]
    pub problem: CatalogueProblem,
}

/// What is wrong with a type file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueProblem {
    /// It is no good by itself.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// An earlier file defines the same type.
    #[error("expected a type code that no other file has, got {code} again")]
    DuplicateCode {
        /// The code.
        code: TypeCode,
    },
}

macro_rules! shipped {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("../../fixtures/licence-types/", $file)))),*]
    };
}

/// The files in `fixtures/licence-types`, built in, so that the program works wherever it lies.
const SHIPPED: [(&str, &str); 16] = shipped![
    "associate-constructor-registration.toml",
    "business-licence.toml",
    "construction-safety-officer-certificate.toml",
    "construction-special-operator-certificate.toml",
    "cruising-taxi-driver-certificate.toml",
    "dangerous-goods-road-transport-licence.toml",
    "online-taxi-driver-certificate.toml",
    "online-taxi-operating-licence.toml",
    "online-taxi-vehicle-certificate.toml",
    "radioactive-goods-road-transport-licence.toml",
    "real-estate-certificate.toml",
    "real-estate-registration-certificate.toml",
    "road-transport-operating-licence.toml",
    "road-transport-permit.toml",
    "road-transport-qualification.toml",
    "work-safety-licence.toml",
];

impl Catalogue {
    /// The types that come with the program. A test of this crate sees that they load.
    pub fn shipped() -> Result<Self, CatalogueError> {
        Self::load(SHIPPED)
    }

    /// Reads type files, given as file name and text; the first fault ends it.
    pub fn load<N: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, CatalogueError> {
        let mut types = BTreeMap::new();
        for (file, text) in files {
            let refused = |problem| CatalogueError { file: file.as_ref().to_owned(), problem };
            let found = LicenceType::from_toml(text.as_ref()).map_err(|error| refused(error.into()))?;
            let code = found.code();
            if types.insert(code, found).is_some() {
                return Err(refused(CatalogueProblem::DuplicateCode { code }));
            }
        }
        Ok(Self { types })
    }

    /// The type with this code.
    pub fn get(&self, code: &TypeCode) -> Option<&LicenceType> {
        self.types.get(code)
    }

    /// Every type, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &LicenceType> {
        self.types.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::field::FieldDefinition;
    use super::super::licence_type::tests::TOML;
    use super::*;

    #[test]
    fn every_shipped_file_is_built_in_and_loads() {
        let catalogue = Catalogue::shipped().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/licence-types");
        let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let built_in = SHIPPED.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(on_disk, built_in);
        assert_eq!(catalogue.len(), SHIPPED.len());
    }

    #[test]
    fn shipped_types_differ_and_show_something_in_the_qr() {
        let catalogue = Catalogue::shipped().unwrap();
        let distinct = |of: fn(&LicenceType) -> &str| catalogue.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(LicenceType::name), catalogue.len());
        assert_eq!(distinct(LicenceType::name_en), catalogue.len());
        for found in catalogue.iter() {
            let in_qr =
                found.fields().iter().filter(|field| field.in_qr() != super::super::InQr::Omitted).count();
            assert!((1..=8).contains(&in_qr), "{}: {in_qr}", found.name_en());
            let labels: BTreeSet<_> = found.fields().iter().map(FieldDefinition::label).collect();
            assert_eq!(labels.len(), found.fields().len(), "{}", found.name_en());
            assert_eq!(catalogue.get(&found.code()), Some(found));
        }
    }

    #[test]
    fn the_file_at_fault_is_named() {
        let twice = Catalogue::load([("one.toml", TOML), ("two.toml", TOML)]).unwrap_err();
        assert_eq!(
            twice.to_string(),
            "licence type file two.toml: expected a type code that no other file has, got 11100000000013338W999 again"
        );
        let broken = Catalogue::load([("three.toml", "code =")]).unwrap_err();
        assert_eq!(broken.file, "three.toml");
        let field = TOML.replacen("\"seats\"", "\"Seats\"", 1);
        let message = Catalogue::load([("four.toml", field)]).unwrap_err().to_string();
        assert!(
            message.starts_with("licence type file four.toml: field \"Seats\": expected a key"),
            "{message}"
        );
    }

    #[test]
    fn an_empty_catalogue_has_no_type() {
        let none = Catalogue::load(SHIPPED.into_iter().take(0)).unwrap();
        assert!(none.is_empty());
        assert_eq!(none.get(&"11100000000013338W999".parse().unwrap()), None);
    }
}
