//! Project Wycheproof's signature vectors, through the one verify function that licences go through.
//!
//! Our rules are stricter than the standards' (of the two signatures `s` and `n − s` only the low one counts; points
//! must be canonical and of full order). Every vector that Wycheproof calls valid and we refuse is listed below with the
//! reason. A vector off the list that fails, or one on it that passes, fails the test: the lists cannot go stale.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a failure here is a test's failure")]

use elicense::crypto::{Algorithm, VerifyingKey};
use wycheproof::{TestResult, ecdsa, eddsa};

/// Vectors that are valid by the standard and refused here.
struct ExpectedDifferences {
    reason: &'static str,
    test_cases: &'static [usize],
}

/// Each of these has `s` above half the group's order. FORMAT.md takes only the low one of the two, so that a
/// licence has one envelope and one digest; [`low_twin`] of each must be accepted.
const ES256: ExpectedDifferences = ExpectedDifferences {
    reason: "s is above half the group's order",
    test_cases: &[
        64, 66, 67, 68, 71, 77, 78, 80, 81, 85, 86, 87, 94, 95, 96, 100, 102, 104, 105, 107, 110, 111, 114,
        115, 117, 118, 138, 139, 140, 141, 142, 171, 172, 175, 176, 177, 180, 183, 189, 190, 191, 192, 195,
        196, 197, 199, 200, 204, 210, 211, 216, 217, 226, 227, 229, 233, 234, 237, 240, 242, 243, 244, 246,
        248, 249, 250, 252, 253, 257, 262,
    ],
};

/// No valid vector has a key or an `R` of small order or in a non-canonical form, so nothing differs.
const ED25519: ExpectedDifferences =
    ExpectedDifferences { reason: "a point is of small order or not canonical", test_cases: &[] };

/// Counts and complaints of one run over a set of vectors.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    surprises: Vec<String>,
}

impl Tally {
    fn judge(
        &mut self,
        differences: &ExpectedDifferences,
        (test_case, comment): (usize, &str),
        stated: &TestResult,
        accepted: bool,
    ) {
        let listed = differences.test_cases.contains(&test_case);
        let should_accept = matches!(stated, TestResult::Valid) && !listed;
        *(if accepted { &mut self.accepted } else { &mut self.refused }) += 1;
        if accepted != should_accept {
            let was = if accepted { "accepted" } else { "refused" };
            let why = if listed { differences.reason } else { "not on the list of differences" };
            self.surprises.push(format!("case {test_case} ({comment}), stated {stated:?}, was {was}; {why}"));
        }
    }

    #[track_caller]
    fn assert_as_expected(&self, accepted: usize, refused: usize) {
        assert!(
            self.surprises.is_empty(),
            "{} surprises:\n{}",
            self.surprises.len(),
            self.surprises.join("\n")
        );
        assert_eq!(
            (self.accepted, self.refused),
            (accepted, refused),
            "the set of vectors is not the one known"
        );
    }
}

fn es256_vectors() -> ecdsa::TestSet {
    ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).expect("the crate brings its vectors")
}

fn ed25519_vectors() -> eddsa::TestSet {
    eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the crate brings its vectors")
}

/// Whether key and signature are both taken; the keys in these sets are points on the curve, so a refused key counts
/// as a refused signature.
fn accepts(algorithm: Algorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::new(algorithm, key).is_ok_and(|key| key.verify(message, signature).is_ok())
}

#[test]
fn es256_agrees_with_every_vector_but_the_listed() {
    let mut tally = Tally::default();
    for group in es256_vectors().test_groups {
        for test in &group.tests {
            let accepted = accepts(Algorithm::Es256, &group.key.key, &test.msg, &test.sig);
            tally.judge(&ES256, (test.tc_id, &test.comment), &test.result, accepted);
        }
    }
    tally.assert_as_expected(103, 159);
}

#[test]
fn ed25519_agrees_with_every_vector_but_the_listed() {
    let mut tally = Tally::default();
    for group in ed25519_vectors().test_groups {
        for test in &group.tests {
            let accepted = accepts(Algorithm::EdDsa, &group.key.pk, &test.msg, &test.sig);
            tally.judge(&ED25519, (test.tc_id, &test.comment), &test.result, accepted);
        }
    }
    tally.assert_as_expected(88, 63);
}

/// The reason given for the ES256 list is the true one: nothing but the high `s` is against these vectors.
#[test]
fn every_refused_es256_vector_is_accepted_with_its_low_s() {
    for group in es256_vectors().test_groups {
        for test in group.tests.iter().filter(|test| ES256.test_cases.contains(&test.tc_id)) {
            let twin = low_twin(&test.sig);
            assert!(
                accepts(Algorithm::Es256, &group.key.key, &test.msg, &twin),
                "case {} ({}) is refused with a low s too",
                test.tc_id,
                test.comment
            );
        }
    }
}

/// A list that could not fail would prove nothing: an accepted forgery and a refused good one both count.
#[test]
fn a_surprise_of_either_kind_is_reported() {
    let differences = ExpectedDifferences { reason: "listed", test_cases: &[1] };
    for (test_case, stated, accepted) in
        [(1, TestResult::Valid, true), (2, TestResult::Valid, false), (3, TestResult::Invalid, true)]
    {
        let mut tally = Tally::default();
        tally.judge(&differences, (test_case, "made up"), &stated, accepted);
        assert_eq!(tally.surprises.len(), 1, "case {test_case} went unnoticed");
    }
}

/// P-256's group order, big endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `r ‖ s` with `s` replaced by `n − s`: the other signature of the same key over the same message.
fn low_twin(signature: &[u8]) -> Vec<u8> {
    let mut twin = signature.to_vec();
    let mut borrow = 0;
    for (digit, order) in twin[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = u8::try_from(difference.rem_euclid(256)).expect("a remainder of 256 is a byte");
    }
    twin
}
