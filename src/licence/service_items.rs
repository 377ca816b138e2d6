//! The catalogue of service items (政务服务事项目录).

use std::collections::BTreeMap;

use super::catalogue::Catalogue;
use super::service_item::{ItemCode, ItemError, ServiceItem};

/// Service items by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceItems {
    items: BTreeMap<ItemCode, ServiceItem>,
}

/// An item's file that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("service item file {file}: {problem}")]
pub struct ServiceItemsError {
    /// The file's name as given.
    pub file: String,
    /// What is wrong with it.
    #[source]
    pub problem: ServiceItemsProblem,
}

/// What is wrong with an item's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceItemsProblem {
    /// It is no good by itself, or names what the catalogue of types does not have.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// An earlier file defines the same item.
    #[error("expected an item code that no other file has, got {code} again")]
    DuplicateCode {
        /// The code.
        code: ItemCode,
    },
}

macro_rules! shipped {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("../../fixtures/service-items/", $file)))),*]
    };
}

/// The files in `fixtures/service-items`, built in, so that the program works wherever it lies.
const SHIPPED: [(&str, &str); 10] = shipped![
    "associate-constructor-renewal.toml",
    "construction-permit.toml",
    "dangerous-goods-vehicles.toml",
    "enterprise-change-of-address.toml",
    "food-business-permit.toml",
    "individual-business-change-of-address.toml",
    "mortgage-registration.toml",
    "online-taxi-vehicle.toml",
    "road-transport-permit.toml",
    "work-safety-licence-extension.toml",
];

impl ServiceItems {
    /// The items that come with the program, checked against `catalogue`. A test of this crate sees that they load.
    pub fn shipped(catalogue: &Catalogue) -> Result<Self, ServiceItemsError> {
        Self::load(SHIPPED, catalogue)
    }

    /// Reads item files, given as file name and text; the first fault ends it.
    pub fn load<N: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
        catalogue: &Catalogue,
    ) -> Result<Self, ServiceItemsError> {
        let mut items = BTreeMap::new();
        for (file, text) in files {
            let refused = |problem| ServiceItemsError { file: file.as_ref().to_owned(), problem };
            let item = ServiceItem::from_toml(text.as_ref(), catalogue);
            let item = item.map_err(|error| refused(error.into()))?;
            let code = item.code();
            if items.insert(code, item).is_some() {
                return Err(refused(ServiceItemsProblem::DuplicateCode { code }));
            }
        }
        Ok(Self { items })
    }

    /// The item with this code.
    pub fn get(&self, code: &ItemCode) -> Option<&ServiceItem> {
        self.items.get(code)
    }

    /// Every item, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceItem> {
        self.items.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::service_item::Requirement;
    use super::*;

    #[test]
    fn every_shipped_file_is_built_in_and_loads() {
        let catalogue = Catalogue::shipped().unwrap();
        let items = ServiceItems::shipped(&catalogue).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/service-items");
        let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(on_disk, SHIPPED.iter().map(|(file, _)| (*file).to_owned()).collect());
        assert_eq!(items.len(), SHIPPED.len());
    }

    #[test]
    fn shipped_items_differ_and_use_all_that_an_item_can_say() {
        let items = ServiceItems::shipped(&Catalogue::shipped().unwrap()).unwrap();
        let distinct = |of: fn(&ServiceItem) -> &str| items.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(ServiceItem::name), items.len());
        assert_eq!(distinct(ServiceItem::name_en), items.len());
        let uses = |what: fn(&Requirement) -> bool| {
            items.iter().filter(|item| item.requirements().iter().any(what)).count()
        };
        assert!(uses(|one| one.any_of().len() > 1) >= 3);
        assert!(uses(|one| one.valid_for_days().is_some()) >= 3);
        assert!(uses(|one| one.any_of().iter().any(|type_| !type_.conditions().is_empty())) >= 3);
        assert!(items.iter().all(|item| items.get(&item.code()) == Some(item)));
    }

    #[test]
    fn the_file_at_fault_is_named() {
        let catalogue = Catalogue::shipped().unwrap();
        let (_, text) = SHIPPED[0];
        let load = |files: &[(&str, &str)]| ServiceItems::load(files.iter().copied(), &catalogue);
        let twice = load(&[("one.toml", text), ("two.toml", text)]).unwrap_err();
        let code = load(&[("one.toml", text)]).unwrap().iter().next().unwrap().code();
        assert_eq!(twice.problem, ServiceItemsProblem::DuplicateCode { code });
        assert_eq!(
            twice.to_string(),
            format!(
                "service item file two.toml: expected an item code that no other file has, got {code} again"
            )
        );
        assert_eq!(load(&[("three.toml", "code =")]).unwrap_err().file, "three.toml");
        assert!(load(&[]).unwrap().is_empty());
    }
}
