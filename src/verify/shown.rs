//! What a verdict shows of a licence, in the shape of the API.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::codec::LicenceClaims;
use crate::licence::Licence;

/// A licence as the API and the pages show it. Shares what was decoded instead of copying it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownLicence(Arc<LicenceClaims>);

impl ShownLicence {
    /// Shows these claims.
    pub const fn new(claims: Arc<LicenceClaims>) -> Self {
        Self(claims)
    }

    /// The licence.
    pub fn licence(&self) -> &Licence {
        &self.0.licence
    }
}

impl Serialize for ShownLicence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let licence = self.licence();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("identifier", licence.identifier.as_str())?;
        map.serialize_entry("type", &licence.identifier.type_code())?;
        map.serialize_entry("type_name", &licence.type_name)?;
        map.serialize_entry("number", &licence.number)?;
        map.serialize_entry("version", &licence.identifier.version().to_string())?;
        map.serialize_entry("authority", &licence.authority)?;
        map.serialize_entry("issued", &licence.issued)?;
        map.serialize_entry("valid_from", &licence.valid_from)?;
        if let Some(valid_to) = &licence.valid_to {
            map.serialize_entry("valid_to", valid_to)?;
        }
        map.serialize_entry("holders", &licence.holders)?;
        map.serialize_entry("fields", &licence.fields)?;
        if let Some(replaces) = &licence.replaces {
            map.serialize_entry("replaces", replaces.as_str())?;
        }
        if let Some(area) = &licence.area_code {
            map.serialize_entry("area_code", area.as_str())?;
        }
        map.end()
    }
}
