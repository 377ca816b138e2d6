//! What a licence is: identifier, holder, type catalogue, fields, lifecycle. Pure data.

mod check_character;
mod citizen_number;
mod credit_code;
mod foreign;
mod identifier;
mod serial;
mod type_code;

pub use citizen_number::{CitizenNumber, CitizenNumberError};
pub use credit_code::{CreditCode, CreditCodeError};
pub use foreign::{ForeignIdentifier, ForeignParts, read_foreign};
pub use identifier::{Identifier, IdentifierError};
pub use serial::{Serial, SerialError, Version, VersionError};
pub use type_code::{TypeCode, TypeCodeError};
