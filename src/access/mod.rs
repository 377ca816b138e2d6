//! Who may ask what (docs/ACCESS.md): roles, the calls that grants are for, grants, and what several of them allow together. Pure data;
//! `ledger` keeps it, `registry` decides by it.

mod allowance;
mod call;
mod grant;
mod limits;
mod role;

pub use allowance::{Allowance, Consented};
pub use call::{Call, Calls};
pub use grant::{
    Basis, Grant, GrantId, GrantIdError, GrantState, GrantedFields, GrantedTypes, Network, NetworkError,
    Terms, TermsError,
};
pub use limits::AccessLimits;
pub use role::{Role, RoleError, Roles};
