//! Draft + type + authority → signed licence. Pure: keys, time and randomness are arguments, and nothing is kept here.

mod issuer;
mod predecessor;

pub use issuer::{IssueError, Issuer, SignedLicence};
pub use predecessor::{Predecessor, PredecessorError, Succession};
