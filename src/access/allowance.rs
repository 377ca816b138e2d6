//! What several grants allow together.

use super::grant::{Basis, Grant, GrantedFields, GrantedTypes};
use crate::licence::TypeCode;

/// What a caller may see by the grants that apply to one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance(Vec<(GrantedTypes, Basis)>);

/// Whether a holder's consent covers a type at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consented {
    /// It does.
    Yes,
    /// There is none, or it does not.
    No,
}

impl Allowance {
    /// Of grants that apply. Where there is none, nothing is allowed.
    pub fn of<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Self {
        Self(grants.into_iter().map(|grant| (grant.terms.types.clone(), grant.terms.basis)).collect())
    }

    /// The fields of a type that may be shown; `None` where not even that there is such a licence may be said.
    pub fn fields(&self, type_code: &TypeCode, consented: Consented) -> Option<GrantedFields> {
        let counts = |basis: &Basis| *basis == Basis::Duty || consented == Consented::Yes;
        let granted = self.0.iter().filter(|(_, basis)| counts(basis));
        granted
            .filter_map(|(types, _)| types.fields(type_code))
            .fold(None, |all, one| Some(all.map_or_else(|| one.clone(), |all: GrantedFields| all.or(one))))
    }

    /// Whether the type is allowed at all, with consent or without.
    pub fn names(&self, type_code: &TypeCode) -> bool {
        self.fields(type_code, Consented::Yes).is_some()
    }

    /// Whether anything depends on a holder's consent.
    pub fn needs_consents(&self) -> bool {
        self.0.iter().any(|(_, basis)| *basis == Basis::Consent)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::{Call, GrantId, GrantState, Terms};
    use super::*;
    use crate::time::Date;

    const TYPE: &str = "11100000MB0143028R001";
    const OTHER: &str = "11100000000013338W011";

    fn code(text: &str) -> TypeCode {
        text.parse().unwrap()
    }

    fn fields(keys: &[&str]) -> GrantedFields {
        GrantedFields::Only(keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>())
    }

    fn grant(types: GrantedTypes, basis: Basis) -> Grant {
        Grant {
            id: GrantId::from_bytes([1; 8]),
            department: "11100000000013338W".parse().unwrap(),
            terms: Terms {
                calls: [Call::Lookup].into_iter().collect(),
                types,
                addresses: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
                from: Date::new(2026, 11, 1),
                to: Date::new(2026, 11, 30),
                daily: None,
                basis,
            },
            state: GrantState::InForce,
        }
    }

    fn only(keys: &[&str]) -> GrantedTypes {
        GrantedTypes::Only(BTreeMap::from([(code(TYPE), fields(keys))]))
    }

    #[test]
    fn grants_add_up_and_nothing_is_allowed_that_none_says() {
        let two = [grant(only(&["a"]), Basis::Duty), grant(only(&["b"]), Basis::Duty)];
        let allowance = Allowance::of(&two);
        assert_eq!(allowance.fields(&code(TYPE), Consented::No), Some(fields(&["a", "b"])));
        assert_eq!(allowance.fields(&code(OTHER), Consented::Yes), None);
        assert_eq!(Allowance::of([]).fields(&code(TYPE), Consented::Yes), None);
    }

    #[test]
    fn a_grant_by_consent_shows_nothing_without_it() {
        let two = [grant(GrantedTypes::All, Basis::Consent), grant(only(&[]), Basis::Duty)];
        let allowance = Allowance::of(&two);
        assert_eq!(allowance.fields(&code(TYPE), Consented::No), Some(fields(&[])));
        assert_eq!(allowance.fields(&code(TYPE), Consented::Yes), Some(GrantedFields::All));
        assert_eq!(allowance.fields(&code(OTHER), Consented::No), None);
        assert!(allowance.names(&code(OTHER)) && allowance.needs_consents());
    }

    #[test]
    fn a_grant_applies_on_its_days_from_its_networks_for_its_calls() {
        let one = grant(GrantedTypes::All, Basis::Duty);
        let inside = Date::new(2026, 11, 30).unwrap().end().plus(-1);
        let from = |text: &str| Some(text.parse().unwrap());
        assert!(one.applies(Call::Lookup, from("10.1.2.3"), inside));
        assert!(one.applies(Call::Lookup, from("::ffff:10.1.2.3"), inside));
        assert!(one.applies(Call::Lookup, from("2001:db8::1"), inside));
        assert!(one.applies(Call::Lookup, None, inside));
        assert!(!one.applies(Call::Lookup, from("11.0.0.1"), inside));
        assert!(!one.applies(Call::Comparison, None, inside));
        assert!(!one.applies(Call::Lookup, None, inside.plus(1)));
        assert!(!one.applies(Call::Lookup, None, Date::new(2026, 11, 1).unwrap().start().plus(-1)));
        for state in [GrantState::Proposed, GrantState::Withdrawn] {
            assert!(!Grant { state, ..one.clone() }.applies(Call::Lookup, None, inside));
        }
    }
}
