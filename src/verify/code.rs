//! The stable words of a finding, and what each says to a person: one table that pages and command line share.
//!
//! A code, once released, keeps its meaning. `docs/VERDICTS.md` lists them; a test holds page and table together.

use serde::Serialize;

use super::verdict::{Check, Form, Outcome, Status};

/// The language of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

macro_rules! codes {
    ($($variant:ident $word:literal $grade:literal $zh:literal $en:literal;)*) => {
        /// Why a check came out as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $(#[doc = $en] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it says to a person.
            pub const fn sentence(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Zh) => $zh, (Self::$variant, Language::En) => $en,)*
                }
            }

            /// The graded answer of GB/T 36906 that this code leads to (STANDARDS: 0 good, 1 not yet active, 2 out of
            /// force for a time, 3 out of force, 4 cannot be verified, 5 nothing found, 6 does not match).
            pub const fn grade(self) -> u8 {
                match self { $(Self::$variant => $grade,)* }
            }
        }
    };
}

codes! {
    Ok "ok" 0 "通过。" "Passed.";
    Undecodable "undecodable" 6 "无法识别：这不是电子证照，或已损坏。"
        "This cannot be read: it is not an electronic licence, or it is damaged.";
    WrongType "wrong_type" 6 "这是另一种签名文件，不是证照。" "This is another kind of signed thing, not a licence.";
    Inconsistent "inconsistent" 6 "证照内容自相矛盾。" "The licence contradicts itself.";
    NotChecked "not_checked" 4 "因前项未通过，无法检查。" "This could not be checked, because something before it failed.";
    IssuerUnknown "issuer_unknown" 5 "颁发机构不在信任列表中。" "The issuer is not in the trust list.";
    IssuerExpired "issuer_expired" 6 "签发时颁发机构的数字证书不在有效期内。"
        "The issuer's certificate was not valid when this was signed.";
    IssuerWrongUse "issuer_wrong_use" 6 "该密钥不得用于签署这类文件。"
        "This key is not certified for signing this kind of thing.";
    IssuerMismatch "issuer_mismatch" 6 "证照所写颁发机构与签名者不符。"
        "The licence names another issuer than the one that signed it.";
    ChainMismatch "chain_mismatch" 6 "文件所附证书链与信任列表不符。"
        "The certificates in the file are not the path that the trust list gives.";
    IssuerRevoked "issuer_revoked" 6 "颁发机构的密钥已被吊销。" "The issuer's key has been revoked.";
    IssuerNotAuthorised "issuer_not_authorised" 6 "颁发机构无权签发这类证照。"
        "The issuer is not authorised to issue this type of licence.";
    StatusListForeign "status_list_foreign" 6 "证照所指的状态列表不属于该颁发机构。"
        "The licence points to a status list that is not its issuer's.";
    Forged "forged" 6 "签名不符：是伪造的，或被改动过。"
        "The signature does not match: this is forged, or was changed.";
    SignedInFuture "signed_in_future" 6 "签发时间在未来。" "The licence says it was signed in the future.";
    NotYetValid "not_yet_valid" 1 "证照尚未生效。" "The licence is not yet in force.";
    Expired "expired" 3 "证照已过有效期。" "The licence has expired.";
    Suspended "suspended" 2 "证照已被暂停使用。" "The licence is suspended.";
    TransferredOut "transferred_out" 2 "证照正在办理转出。" "The licence is being transferred to another authority.";
    Revoked "revoked" 3 "证照已被吊销。" "The licence has been revoked.";
    Cancelled "cancelled" 3 "证照已被注销。" "The licence has been cancelled.";
    Withdrawn "withdrawn" 3 "证照已被撤销。" "The licence has been withdrawn.";
    IssuedInError "issued_in_error" 3 "证照系颁发有误，已作废。" "The licence was issued in error and is void.";
    Replaced "replaced" 3 "证照已被新证照替换。" "The licence has been replaced by a newer one.";
    OutOfForce "out_of_force" 3 "证照已失效（吊销、注销、撤销或已换发，离线名单不写明是哪一种）。"
        "The licence is out of force for good; the offline list does not say whether revoked, cancelled or replaced.";
    StatusStale "status_stale" 0 "截至离线包所载时间有效；此后若有变更，这里还不知道。"
        "Good as of the time of the offline pack; a change after it is not known here.";
    StatusTooOld "status_too_old" 4 "离线包太旧，不能据此判断证照现在的状态，请更新离线包或联网核验。"
        "The offline pack is too old to tell whether the licence is good now: update it, or ask online.";
    ClockBehind "clock_behind" 4 "本机时钟比已见过的签名时间还早，不可信，请校准时钟。"
        "This device's clock is behind a signed time it has seen, so it cannot be trusted: set it right.";
    StatusUnknown "status_unknown" 4 "无法查询证照状态。" "The licence's status could not be looked up.";
    NotInLedger "not_in_ledger" 5 "台账中没有这份证照或凭证。"
        "The ledger does not have this.";
    NotNeededOffline "not_needed_offline" 0 "离线核验不需要台账。" "An offline verdict needs no ledger.";
    UnsupportedHere "unsupported_here" 4 "本机浏览器无法检查这种证照或签名，请联网核验。"
        "This browser cannot check this kind of licence or signature: verify it online.";
    LedgerUnknown "ledger_unknown" 4 "无法查询台账。" "The ledger could not be looked up.";
    SdJwtInvalid "sd_jwt_invalid" 6 "这份 SD-JWT 凭证不合规范，或已被改动。"
        "This SD-JWT VC breaks the rules of its format, or was changed.";
    HolderNotBound "holder_not_bound" 0 "凭证未绑定持证人的密钥。" "The credential is not bound to a holder's key.";
    HolderProofNotAsked "holder_proof_not_asked" 0 "未要求持证人证明：出示者未必是持证人。"
        "No proof was asked for: whoever shows this may not be its holder.";
    HolderProofMissing "holder_proof_missing" 6 "要求持证人证明，但未出示。"
        "A proof by the holder was asked for and not shown.";
    HolderProofInvalid "holder_proof_invalid" 6 "持证人证明无效。" "The holder's proof is not valid.";
    NotApplicable "not_applicable" 0 "不适用。" "This does not apply here.";
    PresentationExpired "presentation_expired" 4 "亮证已过时限，请持证人重新亮证。"
        "This presentation's time is over: it has to be shown anew.";
    AlreadyUsed "already_used" 4 "这次亮证只能使用一次，已经使用过了。"
        "This presentation was good for one use, and has been used.";
    UseNotRecorded "use_not_recorded" 4 "这次亮证只能使用一次，未能联机登记本次使用。"
        "This presentation is good for one use, and this use could not be recorded.";
}

impl Code {
    /// The code with this word; a later version may have others.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}

impl Check {
    /// The check with this word; a later version may have others.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == word)
    }

    /// What is checked, in a few words.
    pub const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Format, Language::Zh) => "格式",
            (Self::Format, Language::En) => "Format",
            (Self::Issuer, Language::Zh) => "颁发机构",
            (Self::Issuer, Language::En) => "Issuer",
            (Self::Scope, Language::Zh) => "签发权限",
            (Self::Scope, Language::En) => "Authority to issue",
            (Self::Signature, Language::Zh) => "签名",
            (Self::Signature, Language::En) => "Signature",
            (Self::Dates, Language::Zh) => "有效期",
            (Self::Dates, Language::En) => "Dates",
            (Self::Status, Language::Zh) => "状态",
            (Self::Status, Language::En) => "Status",
            (Self::Ledger, Language::Zh) => "台账",
            (Self::Ledger, Language::En) => "Ledger",
            (Self::Holder, Language::Zh) => "持证人",
            (Self::Holder, Language::En) => "Holder",
        }
    }
}

impl Status {
    /// The verdict in a word or two.
    pub const fn headline(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Valid, Language::Zh) => "有效",
            (Self::Valid, Language::En) => "Valid",
            (Self::Invalid, Language::Zh) => "无效",
            (Self::Invalid, Language::En) => "Not valid",
            (Self::Indeterminate, Language::Zh) => "无法确定",
            (Self::Indeterminate, Language::En) => "Cannot be determined",
        }
    }
}

impl Form {
    /// The verdict on something of this form in a word or two. A receipt is genuine or not: "valid" would read as if the licence
    /// were that it is about, whatever it says of it.
    pub const fn headline(self, status: Status, language: Language) -> &'static str {
        match (self, status, language) {
            (Self::Receipt, Status::Valid, Language::Zh) => "回执真实",
            (Self::Receipt, Status::Valid, Language::En) => "The receipt is genuine",
            (Self::Receipt, Status::Invalid, Language::Zh) => "回执不真实",
            (Self::Receipt, Status::Invalid, Language::En) => "The receipt is not genuine",
            (Self::Receipt, Status::Indeterminate, Language::Zh) => "回执真伪无法确定",
            (Self::Receipt, Status::Indeterminate, Language::En) => {
                "Whether the receipt is genuine cannot be determined"
            }
            (Self::Full | Self::Qr | Self::Presentation | Self::SdJwt, status, language) => {
                status.headline(language)
            }
        }
    }
}

impl Outcome {
    /// The outcome in a word.
    pub const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Pass, Language::Zh) => "通过",
            (Self::Pass, Language::En) => "pass",
            (Self::Fail, Language::Zh) => "未通过",
            (Self::Fail, Language::En) => "fail",
            (Self::Unknown, Language::Zh) => "未知",
            (Self::Unknown, Language::En) => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_word_and_sentences() {
        for words in [
            Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
            Code::ALL.iter().map(|code| code.sentence(Language::Zh)).collect(),
            Code::ALL.iter().map(|code| code.sentence(Language::En)).collect(),
        ] {
            assert_eq!(words.iter().collect::<HashSet<_>>().len(), Code::ALL.len());
        }
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(code.grade() <= 6);
        }
    }
}
