//! What a licence is: identifier, holder, type catalogue, fields, lifecycle. Pure data.

mod authority;
mod check_character;
mod citizen_number;
mod credit_code;
mod foreign;
mod holder;
mod holder_code_type;
mod identifier;
mod lifecycle;
mod mask;
mod serial;
mod text;
mod type_code;

pub use authority::{AreaCode, AreaCodeError, Authority};
pub use citizen_number::{CitizenNumber, CitizenNumberError};
pub use credit_code::{CreditCode, CreditCodeError};
pub use foreign::{ForeignIdentifier, ForeignParts, read_foreign};
pub use holder::{Holder, HolderError};
pub use holder_code_type::{HolderCodeType, HolderCodeTypeError};
pub use identifier::{Identifier, IdentifierError};
pub use lifecycle::{Reason, State, Transition, TransitionError};
pub use mask::mask;
pub use serial::{Serial, SerialError, Version, VersionError};
pub use text::{TextError, check_text};
pub use type_code::{TypeCode, TypeCodeError};
