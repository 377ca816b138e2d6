//! Codes of the ministries' exchange of licences: what state one is in, and what was done to it.

use serde::{Serialize, Serializer};

/// The state of a licence, as the ministries code it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MinistryCode {
    /// In force.
    InForce,
    /// Withheld for a time.
    Withheld,
    /// Withdrawn, as if it had never been issued.
    Withdrawn,
    /// Cancelled.
    Cancelled,
    /// Its time is over, or a newer one is there.
    Lapsed,
    /// On its way to another authority.
    TransferredOut,
    /// Revoked as a punishment.
    Revoked,
    /// Anything else; a description has to stand beside it.
    Other,
}

/// What was done to a licence, as the ministries code it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MinistryOperation {
    /// Issued.
    Issue,
    /// Renewed.
    Renew,
    /// Withheld.
    Withhold,
    /// Its time is over.
    Lapse,
    /// Cancelled, withdrawn, revoked or transferred out.
    End,
    /// Given back after it was withheld.
    GiveBack,
    /// Anything else.
    Other,
    /// Taken over from another authority.
    TransferIn,
    /// Changed.
    Change,
    /// A transfer was undone.
    UndoTransfer,
}

impl MinistryCode {
    /// Two digits.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InForce => "01",
            Self::Withheld => "02",
            Self::Withdrawn => "03",
            Self::Cancelled => "04",
            Self::Lapsed => "05",
            Self::TransferredOut => "06",
            Self::Revoked => "07",
            Self::Other => "99",
        }
    }
}

impl MinistryOperation {
    /// Two digits.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issue => "01",
            Self::Renew => "02",
            Self::Withhold => "03",
            Self::Lapse => "04",
            Self::End => "05",
            Self::GiveBack => "06",
            Self::Other => "07",
            Self::TransferIn => "08",
            Self::Change => "09",
            Self::UndoTransfer => "10",
        }
    }

    /// What it is called.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Issue => "新发",
            Self::Renew => "延续",
            Self::Withhold => "暂扣",
            Self::Lapse => "过期失效",
            Self::End => "注销(撤销、吊销、转出)",
            Self::GiveBack => "暂扣发还",
            Self::Other => "其他",
            Self::TransferIn => "转入",
            Self::Change => "变更",
            Self::UndoTransfer => "取消转出",
        }
    }
}

impl Serialize for MinistryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl Serialize for MinistryOperation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
