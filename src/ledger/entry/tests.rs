use proptest::prelude::*;

use super::*;
use crate::access::{Basis, Call, Grant, GrantId, GrantState, GrantedFields, GrantedTypes, Role, Terms};
use crate::crypto::SystemRandom;
use crate::ledger::{ConsentState, CredentialForm, CredentialState, Entitlement, UsedLicence, Uses};
use crate::licence::{HolderCodeType, HolderNumber};
use crate::time::Date;

fn order() -> Order {
    Order { department: code(), asked_by: "local".to_owned() }
}

fn code() -> CreditCode {
    "11100000000013338W".parse().unwrap()
}

fn identifier() -> Identifier {
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U".parse().unwrap()
}

fn one_of_each() -> Vec<Event> {
    let licence = IssuedLicence {
        full: vec![1; 900],
        qr: vec![2; 700],
        idempotency_key: "k-1".to_owned(),
        request: Digest::of(b"body"),
        order: order(),
        replaces: None,
    };
    let replaced = |purpose| Some(Replaced { identifier: identifier(), sequence: 3, purpose });
    let issuing = Some(Issuing { key_id: KeyId::from_bytes([4; 8]), status_tag: "3f2a".to_owned() });
    let types = vec!["11100000000013338W011".parse().unwrap()];
    let mut events = vec![
        Event::Installation(Installation {
            region: "示范市".to_owned(),
            public_url: "http://127.0.0.1:1".to_owned(),
            origin: "127.0.0.1:1/ledger/00".to_owned(),
            city: code(),
        }),
        Event::Certificate(MintedCertificate { der: vec![0x30], key_name: "root".to_owned() }),
        Event::Department(Department {
            code: code(),
            name: "住建局".to_owned(),
            types,
            issuing: issuing.clone(),
            roles: None,
        }),
        Event::Department(Department {
            code: code(),
            name: "窗口".to_owned(),
            types: vec![],
            issuing: None,
            roles: None,
        }),
        Event::Department(Department {
            code: code(),
            name: "窗口".to_owned(),
            types: vec![],
            issuing: None,
            roles: Some((Roles::NONE, order())),
        }),
        Event::Department(Department {
            code: code(),
            name: "住建局".to_owned(),
            types: vec![],
            issuing,
            roles: Some((Roles::all(), order())),
        }),
        Event::Credential(Credential {
            id: [7; 8],
            digest: Digest::of(b"secret"),
            department: code(),
            state: CredentialState::Withdrawn,
            entitlement: None,
        }),
        Event::TrustList(vec![0xd2]),
        Event::Licence(Box::new(licence.clone())),
        Event::Licence(Box::new(IssuedLicence {
            replaces: replaced(Replacement::Replacement),
            ..licence.clone()
        })),
        Event::Licence(Box::new(IssuedLicence { replaces: replaced(Replacement::TransferIn), ..licence })),
        Event::Status(StatusChange {
            identifier: identifier(),
            to: State::Suspended,
            reason: Reason::new("投诉核查").unwrap(),
            legal_basis: None,
            order: order(),
            sequence: 1,
        }),
        Event::Status(StatusChange {
            identifier: identifier(),
            to: State::IssuedInError,
            reason: Reason::new("错发").unwrap(),
            legal_basis: Some(LegalBasis::new("《行政许可法》第六十九条").unwrap()),
            order: order(),
            sequence: 2,
        }),
        Event::SdJwt(IssuedSdJwt {
            identifier: identifier(),
            issuer_signed: Digest::of(b"jwt"),
            holder_key: None,
            order: order(),
        }),
        Event::SdJwt(IssuedSdJwt {
            identifier: identifier(),
            issuer_signed: Digest::of(b"jwt"),
            holder_key: Some(Digest::of(b"jwk")),
            order: order(),
        }),
        Event::Receipt(ReceiptGiven { envelope: vec![0xd2; 500], order: order(), holders: vec![] }),
        Event::Receipt(ReceiptGiven {
            envelope: vec![0xd2; 500],
            order: order(),
            holders: vec![holder(); 2],
        }),
        made(Uses::Many),
        made(Uses::One),
        Event::PresentationUsed(PresentationUsed { presentation: Digest::of(b"p"), by: None }),
        Event::PresentationUsed(PresentationUsed { presentation: Digest::of(b"p"), by: Some(order()) }),
    ];
    events.extend(of_access());
    events
}

fn holder() -> HolderNumber {
    HolderNumber::new("11010519491231002X", HolderCodeType::CitizenNumber).unwrap()
}

/// Credentials, grants, uses and consents, each with everything and with nothing that may be absent.
fn of_access() -> Vec<Event> {
    let at = UnixTime::from_seconds(1_800_000_000).unwrap();
    let fields = GrantedFields::Only(["a".to_owned(), "b".to_owned()].into_iter().collect());
    let only = [("11100000000013338W011", GrantedFields::All), ("11100000MB0143028R001", fields)];
    let only =
        GrantedTypes::Only(only.into_iter().map(|(code, fields)| (code.parse().unwrap(), fields)).collect());
    let calls = [Call::Lookup, Call::Issue].into_iter().collect();
    let whole = Terms {
        calls,
        types: only,
        addresses: vec!["10.0.0.0/8".parse().unwrap()],
        from: Date::new(2026, 11, 1),
        to: Date::new(2027, 11, 1),
        daily: Some(5_000),
        basis: Basis::Consent,
    };
    let bare = Terms {
        calls,
        types: GrantedTypes::All,
        addresses: Vec::new(),
        from: None,
        to: None,
        daily: None,
        basis: Basis::Duty,
    };
    let grant = |terms, state| Grant { id: GrantId::from_bytes([1; 8]), department: code(), terms, state };
    let used = UsedLicence { identifier: identifier(), fields: vec!["address".to_owned()] };
    let looked = HolderUse {
        receipt: vec![0xd2; 400],
        order: order(),
        call: Call::Lookup,
        holder: holder(),
        licences: vec![],
        item_code: None,
        result: None,
    };
    let consent = ConsentChange {
        id: GrantId::from_bytes([2; 8]),
        holder: holder(),
        department: code(),
        types: vec![],
        item_code: None,
        until: at,
        state: ConsentState::Given,
        order: order(),
    };
    let entitlement = Entitlement {
        roles: [Role::Portal].into_iter().collect(),
        expires: at,
        form: CredentialForm::Certificate,
        order: order(),
    };
    vec![
        Event::Credential(Credential {
            id: [7; 8],
            digest: Digest::of(b"secret"),
            department: code(),
            state: CredentialState::Made,
            entitlement: Some(entitlement),
        }),
        Event::Grant(GrantChange {
            grant: grant(whole.clone(), GrantState::InForce),
            order: order(),
            proposed_by: Some(order()),
        }),
        Event::Grant(GrantChange {
            grant: grant(Terms { from: None, ..whole }, GrantState::Withdrawn),
            order: order(),
            proposed_by: None,
        }),
        Event::Grant(GrantChange {
            grant: grant(bare, GrantState::Proposed),
            order: order(),
            proposed_by: None,
        }),
        Event::Use(looked.clone()),
        Event::Use(HolderUse {
            call: Call::Materials,
            licences: vec![used.clone()],
            item_code: Some("1".to_owned()),
            ..looked.clone()
        }),
        Event::Use(HolderUse { call: Call::Comparison, licences: vec![used], result: Some(6), ..looked }),
        Event::Consent(consent.clone()),
        Event::Consent(ConsentChange {
            types: vec!["11100000000013338W011".parse().unwrap()],
            item_code: Some("1".to_owned()),
            state: ConsentState::Withdrawn,
            ..consent
        }),
    ]
}

fn made(uses: Uses) -> Event {
    Event::Presentation(PresentationMade {
        identifier: identifier(),
        envelope: Digest::of(b"p"),
        audience: "示范市行政审批局".to_owned(),
        reason: "租赁合同备案".to_owned(),
        fields: vec!["holder_name".to_owned(), "address".to_owned()],
        seconds: 60,
        uses,
        order: order(),
        holders: if uses == Uses::One { vec![holder()] } else { Vec::new() },
    })
}

fn encoded(event: Event) -> (Entry, EncodedEntry) {
    let entry = Entry { at: UnixTime::from_seconds(1_795_449_600).unwrap(), event };
    let encoded = entry.encode(&SystemRandom).unwrap();
    (entry, encoded)
}

#[test]
fn every_kind_comes_back_from_its_bytes() {
    for event in one_of_each() {
        let (entry, encoded) = encoded(event);
        assert_eq!(Entry::decode(&encoded.plain, &encoded.record), Ok(entry));
    }
}

#[test]
fn no_bit_of_an_entry_can_be_changed_under_its_record() {
    for event in one_of_each() {
        let (_, encoded) = encoded(event);
        for bit in 0..encoded.plain.len() * 8 {
            let mut changed = encoded.plain.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Entry::decode(&changed, &encoded.record).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn equal_events_have_different_records() {
    let [one, two] = [(); 2].map(|()| encoded(one_of_each().remove(0)).1.record);
    assert_ne!(one, two);
}

fn any_order() -> impl Strategy<Value = Order> {
    "\\PC{0,40}".prop_map(|asked_by| Order { department: code(), asked_by })
}

fn any_event() -> impl Strategy<Value = Event> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..400);
    let digest = || any::<[u8; 32]>().prop_map(Digest::from_bytes);
    let replaces = (any::<u32>(), prop::sample::select(Replacement::ALL));
    let licence = (bytes(), bytes(), "[!-~]{1,60}", digest(), any_order(), prop::option::of(replaces))
        .prop_map(|(full, qr, idempotency_key, request, order, replaces)| {
            let replaces =
                replaces.map(|(sequence, purpose)| Replaced { identifier: identifier(), sequence, purpose });
            let issued = IssuedLicence { full, qr, idempotency_key, request, order, replaces };
            Event::Licence(Box::new(issued))
        });
    let to = prop::sample::select(State::ALL);
    let annotations = ("[一-龥]{1,100}", prop::option::of("[一-龥]{1,100}"));
    let status =
        (to, annotations, any_order(), any::<u32>()).prop_map(|(to, (reason, basis), order, sequence)| {
            let reason = Reason::new(&reason).unwrap();
            let legal_basis = basis.map(|basis| LegalBasis::new(&basis).unwrap());
            let identifier = identifier();
            Event::Status(StatusChange { identifier, to, reason, legal_basis, order, sequence })
        });
    let state = prop_oneof![Just(CredentialState::Made), Just(CredentialState::Withdrawn)];
    let credential = (any::<[u8; 8]>(), digest(), state).prop_map(|(id, digest, state)| {
        Event::Credential(Credential { id, digest, department: code(), state, entitlement: None })
    });
    let certificate = (bytes(), "[a-z-]{1,40}")
        .prop_map(|(der, key_name)| Event::Certificate(MintedCertificate { der, key_name }));
    prop_oneof![licence, status, credential, certificate, bytes().prop_map(Event::TrustList)]
}

proptest! {
    #[test]
    fn any_event_comes_back_from_its_bytes(event in any_event(), at in -60_000_000_000_i64..250_000_000_000) {
        let entry = Entry { at: UnixTime::from_seconds(at).unwrap(), event };
        let encoded = entry.encode(&SystemRandom).unwrap();
        prop_assert_eq!(encoded.kind, entry.event.kind());
        prop_assert_eq!(Entry::decode(&encoded.plain, &encoded.record), Ok(entry));
    }

    #[test]
    fn any_changed_byte_is_refused_under_its_record(event in any_event(), at: prop::sample::Index, by in 1_u8..) {
        let (_, encoded) = encoded(event);
        let mut changed = encoded.plain;
        let at = at.index(changed.len());
        changed[at] ^= by;
        prop_assert!(Entry::decode(&changed, &encoded.record).is_err());
    }

    #[test]
    fn any_bytes_are_an_entry_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), record: [u8; 32]) {
        let _ = Entry::decode(&bytes, &Digest::from_bytes(record));
        let _ = Entry::decode(&[&[0x84, 0x50][..], &bytes].concat(), &Digest::from_bytes(record));
    }
}
