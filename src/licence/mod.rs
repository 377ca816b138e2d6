//! What a licence is: identifier, holder, type catalogue, fields, lifecycle. Pure data.
//!
//! Read in this order: [`Identifier`] and its parts; [`Holder`] and [`Authority`]; [`LicenceType`] with its
//! [`FieldDefinition`]s, kept in a [`Catalogue`]; a [`Draft`] that becomes a [`CheckedDraft`] and then a [`Licence`];
//! the [`State`] it is in afterwards, and its [`Standing`] at a time. Which licences an applicant needs is said by a
//! [`ServiceItem`], kept in [`ServiceItems`].

mod annotation;
mod asked_holder;
mod authority;
mod catalogue;
mod check_character;
mod checked_draft;
mod citizen_number;
mod comparison;
mod content;
mod credit_code;
mod draft;
mod field;
mod fields;
mod foreign;
mod holder;
mod holder_code_type;
mod holder_number;
mod identifier;
mod json;
mod licence_type;
mod lifecycle;
mod mask;
mod ministry;
mod offline_policy;
mod problem;
mod purpose;
mod replacement;
#[cfg(test)]
mod samples;
mod schema;
mod serial;
mod service_item;
mod service_items;
mod standing;
mod text;
mod type_code;
mod validity;
mod value;

pub use annotation::{LegalBasis, Reason};
pub use asked_holder::{AskedHolder, AskedHolderError};
pub use authority::{AreaCode, AreaCodeError, Authority};
pub use catalogue::{Catalogue, CatalogueError, CatalogueProblem};
pub use checked_draft::CheckedDraft;
pub use citizen_number::{CitizenNumber, CitizenNumberError};
pub use comparison::{Agreement, Claims, ClaimsError, ComparisonResult};
pub use content::Licence;
pub use credit_code::{CreditCode, CreditCodeError};
pub use draft::Draft;
pub use field::{FieldDefinition, FieldError, FieldKind, InQr, is_field_key};
pub use fields::Fields;
pub use foreign::{ForeignIdentifier, ForeignParts, read_foreign};
pub use holder::{Holder, HolderError};
pub use holder_code_type::{HolderCodeType, HolderCodeTypeError};
pub use holder_number::HolderNumber;
pub use identifier::{Identifier, IdentifierError};
pub(crate) use json::pointer;
pub use json::{Json, UnreadableError, read_object};
pub use licence_type::{
    AuthorityLevel, DefineAuthority, HolderCategory, LicenceType, RelatedItem, TypeError,
};
pub use lifecycle::{Effect, State, TransitionError};
pub use mask::mask;
pub use ministry::{MinistryCode, MinistryOperation};
pub use offline_policy::{Grade, OfflinePolicy};
pub use problem::{DraftError, Problem, Problems, Rule};
pub use purpose::{Purpose, PurposeError, PurposePart, is_generic};
pub use replacement::{Replacement, ReplacementError};
pub use schema::json_schema_of_issue_request;
pub use serial::{Serial, SerialError, Version, VersionError};
pub use service_item::{
    Alternative, Condition, Found, Goodness, Held, ItemCode, ItemCodeError, ItemError, Missing, Requirement,
    ServiceItem,
};
pub use service_items::{ServiceItems, ServiceItemsError, ServiceItemsProblem};
pub use standing::{Standing, StandingFacts};
pub use text::{TextError, check_text};
pub use type_code::{TypeCode, TypeCodeError};
pub use validity::{PastCalendar, ValidityRange, ValidityRangeError};
pub use value::{FieldValue, ValueError};
