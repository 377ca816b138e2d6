//! Makes the fixtures: each is a good SD-JWT VC with one thing wrong, rightly signed wherever the signature is not that thing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::crypto::SigningKey;
use elicense::pki::{Anchor, TrustStore};
use serde_json::{Value, json};

use super::city::{EDDSA, ES256, JUDGED, department, department_key, key, time};
use super::craft::{
    AUDIENCE, Draft, IDENTIFIER, NONCE, b64, digest, disclosure, proof_claims, prove, salt, sign_texts,
    trust_list,
};
use super::manifest::{Fixture, Presented, Section, Twin};

/// Everything.
pub(crate) fn section() -> Section {
    let list = trust_list();
    let trust = TrustStore::from_envelope(&list, Anchor::FirstUse).unwrap();
    let mut maker = Maker { trust, twins: Vec::new(), fixtures: Vec::new(), twin: "" };
    maker.proofs();
    maker.proofs_of_something_else();
    maker.digests();
    maker.names();
    maker.shapes();
    maker.levels_and_numbers();
    maker.jwt();
    maker.issuers();
    maker.claims();
    let Maker { twins, fixtures, .. } = maker;
    Section { section: "2.5-sd-jwt".to_owned(), trust_list: STANDARD.encode(list), twins, fixtures }
}

struct Maker {
    trust: TrustStore,
    twins: Vec<Twin>,
    fixtures: Vec<Fixture>,
    /// Of what comes next.
    twin: &'static str,
}

/// Whoever holds them.
fn holder() -> SigningKey {
    key("presentation")
}

impl Maker {
    fn good(&self) -> Draft {
        Draft::with(&self.trust, &[("number", "建安证 2026-0042".into()), ("identifier", IDENTIFIER.into())])
    }

    fn twin(&mut self, name: &'static str, how: &str, present: Presented) {
        self.twin = name;
        self.twins.push(Twin { name: name.to_owned(), how: how.to_owned(), present });
    }

    fn refused(
        &mut self,
        row: u8,
        name: &str,
        how: &str,
        (check, code, because): (&str, &str, &str),
        present: Presented,
    ) {
        self.fixtures.push(Fixture {
            row,
            name: name.to_owned(),
            how: how.to_owned(),
            fails: [(check.to_owned(), code.to_owned())].into(),
            because: because.to_owned(),
            twin: self.twin.to_owned(),
            present,
        });
    }

    fn invalid(&mut self, name: &str, how: &str, because: &str, text: impl Into<String>) {
        self.refused(53, name, how, ("format", "sd_jwt_invalid", because), Presented::of(text));
    }

    /// Row 52: the holder's proof, its claims.
    fn proofs(&mut self) {
        let holder = holder();
        let open = self.good().bound(&holder).text();
        let with = |claims: &Value| {
            Presented::of(format!("{open}{}", prove(claims, &holder))).asked(AUDIENCE, NONCE)
        };
        let good = proof_claims(&open);
        self.twin("proved", "bound to a key, whose holder answers", with(&good));
        let now = time(JUDGED).seconds();
        let changed: [(&str, &str, &str, &str, Value); 12] = [
            ("old-nonce", "the answer to another question", "nonce", "nonce", "5e1f9b".into()),
            ("empty-nonce", "no answer", "\"nonce\"", "nonce", "".into()),
            ("nonce-a-number", "a nonce that is no text", "\"nonce\"", "nonce", json!(5)),
            ("other-audience", "for another verifier", "audience", "aud", "https://elsewhere.example".into()),
            (
                "audiences",
                "for several verifiers",
                "\"aud\"",
                "aud",
                json!([AUDIENCE, "https://elsewhere.example"]),
            ),
            ("too-old", "made 301 s ago", "iat", "iat", json!(now - 301)),
            ("from-the-future", "made in 61 s", "iat", "iat", json!(now + 61)),
            ("iat-a-text", "a time that is no number", "\"iat\"", "iat", now.to_string().into()),
            ("iat-with-a-fraction", "a time that is no whole number", "\"iat\"", "iat", json!(1.5)),
            ("ended", "its own end is past", "exp", "exp", json!(now)),
            ("not-begun", "its own beginning is to come", "nbf", "nbf", json!(now + 61)),
            ("other-hash", "over something else", "sd_hash", "sd_hash", digest("something else").into()),
        ];
        for (name, how, because, claim, value) in changed {
            let mut claims = good.clone();
            claims[claim] = value;
            self.refused(52, name, how, ("holder", "holder_proof_invalid", because), with(&claims));
        }
        for claim in ["nonce", "aud", "iat", "sd_hash"] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(claim);
            let name = format!("without-{claim}");
            self.refused(
                52,
                &name,
                "a claim is missing",
                ("holder", "holder_proof_invalid", claim),
                with(&claims),
            );
        }
        let unproved = Presented::of(open.clone()).asked(AUDIENCE, NONCE);
        self.refused(
            52,
            "absent",
            "asked for and not there",
            ("holder", "holder_proof_missing", ""),
            unproved,
        );
    }

    /// Row 52: proofs that are good and another's.
    fn proofs_of_something_else(&mut self) {
        let holder = holder();
        let bound = self.good().bound(&holder);
        let open = bound.text();
        let present = |proof: String| Presented::of(format!("{open}{proof}")).asked(AUDIENCE, NONCE);
        let invalid = |because| ("holder", "holder_proof_invalid", because);
        let claims = proof_claims(&open);
        let by_another = present(prove(&claims, &key("receipt")));
        self.refused(52, "another-key", "signed by somebody else", invalid("does not match"), by_another);
        let by_the_issuer = present(prove(&claims, &department_key(ES256)));
        self.refused(52, "issuers-key", "signed by the issuer", invalid("does not match"), by_the_issuer);
        let by_another_kind = present(prove(&claims, &department_key(EDDSA)));
        self.refused(52, "another-kind-of-key", "signed with EdDSA", invalid("ES256"), by_another_kind);
        for (name, header, because) in [
            ("proof-typ-jwt", json!({"alg": "ES256", "typ": "JWT"}), "typ"),
            ("proof-without-typ", json!({"alg": "ES256"}), "typ"),
            ("proof-alg-none", json!({"alg": "none", "typ": "kb+jwt"}), "alg"),
            ("proof-alg-hs256", json!({"alg": "HS256", "typ": "kb+jwt"}), "alg"),
            ("proof-crit", json!({"alg": "ES256", "typ": "kb+jwt", "crit": ["exp"]}), "crit"),
        ] {
            let proof = sign_texts(&header.to_string(), &claims.to_string(), &holder);
            self.refused(52, name, "another header", invalid(because), present(proof));
        }
        let fewer = Draft { disclosures: bound.disclosures[..1].to_vec(), ..bound.clone() };
        let jwt = open.split('~').next().unwrap();
        let of_fewer = format!("{jwt}~{}~", fewer.disclosures[0]);
        let proof_of_fewer = present(prove(&proof_claims(&of_fewer), &holder));
        let how = "proved with one disclosure, presented with another beside it";
        self.refused(52, "disclosure-added", how, invalid("sd_hash"), proof_of_fewer);
        let unasked = Presented::of(format!("{open}{}", prove(&claims, &key("receipt"))));
        self.refused(
            52,
            "unasked-and-wrong",
            "nobody asked, and it is forged",
            invalid("does not match"),
            unasked,
        );
        let unbound = self.good().text();
        let proof = prove(&proof_claims(&unbound), &holder);
        let unbound = Presented::of(format!("{unbound}{proof}")).asked(AUDIENCE, NONCE);
        self.refused(52, "no-key", "a proof where no key is bound", invalid("cnf"), unbound);
    }

    /// Row 53: digests and disclosures that do not belong together.
    fn digests(&mut self) {
        let good = self.good();
        let text = good.text();
        self.twin("two-disclosures", "number and identifier disclosed", Presented::of(text.clone()));
        let digests = good.claims["_sd"].as_array().unwrap().clone();
        let twice = [digests.clone(), digests[..1].to_vec()].concat();
        let draft = good.clone().claim("_sd", twice.into());
        self.invalid("digest-twice", "one digest twice in _sd", "each digest once", draft.text());
        let draft = good.clone().claim("more", json!({"_sd": [digests[0]]}));
        self.invalid("digest-twice-inside", "again further inside", "each digest once", draft.text());
        let decoys = [digests.clone(), vec![digest("decoy").into()]].concat();
        let draft = good.clone().claim("_sd", decoys.into()).claim("more", json!([{"...": digest("decoy")}]));
        self.invalid("digest-twice-in-an-array", "again in an array", "each digest once", draft.text());
        let decoy = digest("decoy");
        let twice = [digests, vec![decoy.clone().into(), decoy.into()]].concat();
        let draft = good.clone().claim("_sd", twice.into());
        self.invalid("decoy-twice", "a digest of nothing twice", "each digest once", draft.text());
        let again = format!("{text}{}~", good.disclosures[0]);
        self.invalid("disclosure-twice", "one disclosure twice", "each disclosure once", again);
        let forged = disclosure(&json!([salt("x"), "field_grade", "A"]));
        self.invalid("forged", "a disclosure that nobody signed", "referenced", format!("{text}{forged}~"));
        let altered = disclosure(&json!([salt("number"), "number", "建安证 2026-0043"]));
        let draft = Draft { disclosures: vec![altered, good.disclosures[1].clone()], ..good.clone() };
        self.invalid("altered", "another value under the same salt", "referenced", draft.text());
        let spaced = b64(format!("[\"{}\", \"number\",\"建安证 2026-0042\"]", salt("number")));
        let draft = Draft { disclosures: vec![spaced], ..good.clone() };
        self.invalid("white-space", "the same JSON in other bytes", "referenced", draft.text());
        let inner = disclosure(&json!([salt("y"), "street", "幸福路"]));
        let mut draft = good.clone();
        draft.disclose(&json!([salt("z"), "address", {"_sd": [digest(&inner)]}]));
        draft.disclosures.pop();
        draft.disclosures.push(inner);
        self.invalid(
            "without-its-parent",
            "what stands inside one that is not there",
            "referenced",
            draft.text(),
        );
        for (name, alg) in [("md5", json!("md5")), ("sha-512", json!("sha-512")), ("alg-null", json!(null))] {
            let draft = good.clone().claim("_sd_alg", alg);
            self.invalid(name, "another _sd_alg", "_sd_alg", draft.text());
        }
        let draft = good.clone().claim("more", json!({"_sd_alg": "sha-256"}));
        self.invalid("alg-inside", "_sd_alg further inside", "_sd_alg", draft.text());
        for (name, sd) in
            [("sd-a-text", json!("x")), ("sd-of-numbers", json!([1])), ("sd-an-object", json!({}))]
        {
            let draft = Draft { disclosures: Vec::new(), ..good.clone() };
            self.invalid(name, "_sd of another kind", "_sd to be an array", draft.claim("_sd", sd).text());
        }
    }

    /// Row 53: names that are taken, or mean something else.
    fn names(&mut self) {
        let mut inside = self.good();
        inside.disclose(&json!([salt("a"), "more", {"exp": 1, "status": 2}]));
        let how = "names of the top inside another claim, where they are other claims";
        self.twin("names-inside", how, Presented::of(inside.text()));
        for name in ["_sd", "...", "_sd_alg"] {
            let mut draft = self.good();
            draft.disclose(&json!([salt(name), name, ["x"]]));
            self.invalid(&format!("named-{name}"), "a name that is reserved", "not reserved", draft.text());
        }
        for name in ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"] {
            let mut draft = self.good();
            let value = draft.claims.get(name).cloned().unwrap_or(json!(1));
            draft = draft.without(name);
            draft.disclose(&json!([salt(name), name, value]));
            let how = "a claim that its holder could leave out, and must not";
            self.invalid(&format!("hidden-{name}"), how, "in the open", draft.text());
        }
        let mut draft = self.good().claim("field_grade", "A".into());
        draft.disclose(&json!([salt("b"), "field_grade", "B"]));
        self.invalid("name-taken", "a name that stands in the open", "each claim once", draft.text());
        let mut draft = self.good();
        draft.disclose(&json!([salt("c"), "number", "建安证 2026-0001"]));
        self.invalid("name-twice", "two disclosures of one name", "each claim once", draft.text());
        let draft = self.good().claim("...", "x".into());
        self.invalid("dots-in-the-open", "\"...\" as a claim", "\"...\" alone", draft.text());
        let draft = self.good().claim("more", json!([{"...": digest("x"), "and": 1}]));
        self.invalid("dots-beside-something", "\"...\" and another member", "\"...\" alone", draft.text());
        let draft = self.good().claim("more", json!([{"...": 1}]));
        self.invalid("dots-with-a-number", "\"...\" with no text", "\"...\" alone", draft.text());
    }

    /// Row 53: disclosures of another shape.
    fn shapes(&mut self) {
        let element = disclosure(&json!([salt("e"), "一"]));
        let mut draft =
            self.good().claim("more", json!([{"...": digest(&element)}, {"...": digest("decoy")}]));
        draft.disclosures.push(element.clone());
        self.twin("in-an-array", "an element of an array disclosed", Presented::of(draft.text()));
        let mut draft = self.good();
        draft.disclose(&json!([salt("e"), "一"]));
        self.invalid("two-for-a-member", "2 elements where 3 belong", "3 elements", draft.text());
        let member = disclosure(&json!([salt("m"), "name", "一"]));
        let mut draft = self.good().claim("more", json!([{"...": digest(&member)}]));
        draft.disclosures.push(member);
        self.invalid("three-for-an-element", "3 elements where 2 belong", "2 elements", draft.text());
        for (name, value, because) in [
            ("one-element", json!([salt("s")]), "2 or 3"),
            ("four-elements", json!([salt("s"), "name", 1, 2]), "2 or 3"),
            ("no-elements", json!([]), "2 or 3"),
            ("an-object", json!({"salt": "s"}), "2 or 3"),
            ("salt-a-number", json!([1, "name", 2]), "salt"),
            ("salt-null", json!([null, "name", 2]), "salt"),
            ("name-a-number", json!([salt("s"), 1, 2]), "claim name"),
        ] {
            let mut draft = self.good();
            draft.disclose(&value);
            self.invalid(name, "a disclosure of another shape", because, draft.text());
        }
        let raw = |bytes: &str| {
            let mut draft = self.good();
            draft.claims["_sd"].as_array_mut().unwrap().push(digest(bytes).into());
            draft.disclosures.push(bytes.to_owned());
            draft.text()
        };
        let padded = raw(&STANDARD.encode("[\"s\",\"n\",1]\n "));
        let bits = raw("WyJzIiwibiIsMV1");
        let plain = raw("[\"s\",\"n\",1]");
        let broken = raw(&b64("[\"s\",\"n\",1"));
        let twice = raw(&b64("[\"s\",\"n\",{\"a\":1,\"a\":2}]"));
        let not_utf8 = raw(&b64(b"[\"s\",\"n\",\"\xff\"]"));
        self.invalid("padded", "base64 with padding", "base64url", padded);
        self.invalid("unused-bits", "another text of the same bytes", "base64url", bits);
        self.invalid("not-encoded", "JSON in the open", "base64url", plain);
        self.invalid("broken-json", "cut JSON", "JSON", broken);
        self.invalid("key-twice", "a key twice in its value", "once, got \"a\"", twice);
        self.invalid("not-utf8", "a text that is not UTF-8", "JSON", not_utf8);
        let text = self.good().text();
        self.invalid("nothing-between-tildes", "an empty disclosure", "got nothing", format!("{text}~"));
        self.invalid("tildes-alone", "no JWT at all", "got nothing", "~~~");
    }

    /// Row 53: too deep, too many, too long.
    fn levels_and_numbers(&mut self) {
        let nested = |levels: usize| {
            let mut draft = self.good();
            let (mut texts, mut value) = (Vec::new(), json!(1));
            for level in 0..levels {
                let text = disclosure(&json!([salt(&level.to_string()), format!("n{level}"), value]));
                value = json!({"_sd": [digest(&text)]});
                texts.push(text);
            }
            let last = digest(texts.last().unwrap());
            draft.claims["_sd"].as_array_mut().unwrap().push(last.into());
            draft.disclosures.extend(texts);
            draft.text()
        };
        let (most, more, hundred) = (nested(16), nested(17), nested(100));
        self.twin("sixteen-levels", "disclosures inside disclosures", Presented::of(most));
        self.invalid("seventeen-levels", "one more", "16 levels", more);
        self.invalid("hundred-levels", "a hundred of them", "16 levels", hundred);
        let mut draft = self.good();
        let deep = (0..17).fold(json!(1), |inside, _| json!([inside]));
        draft.disclose(&json!([salt("deep"), "deep", deep]));
        self.invalid("deep-value", "a value of seventeen levels", "16 levels", draft.text());
        let text = self.good().text();
        let many = Presented::repeating(&text, "WyJzIl0~", 10_000);
        self.refused(
            53,
            "ten-thousand",
            "10,000 disclosures",
            ("format", "sd_jwt_invalid", "65536 bytes"),
            many,
        );
        let short = Presented::repeating(&text, "W10~", 10_000);
        self.refused(
            53,
            "ten-thousand-short",
            "and as short as can be",
            ("format", "sd_jwt_invalid", "1000 disclosures"),
            short,
        );
        let some = Presented::repeating(&text, "W10~", 999);
        self.refused(
            53,
            "a-thousand-and-one",
            "1,001 of them",
            ("format", "sd_jwt_invalid", "got 1001"),
            some,
        );
        let long = Presented::repeating(&text, "A", 70_000);
        self.refused(
            53,
            "too-long",
            "70,000 characters of nothing",
            ("format", "sd_jwt_invalid", "65536 bytes"),
            long,
        );
    }

    /// What a JWT brings with it.
    fn jwt(&mut self) {
        let good = self.good();
        self.twin("good", "one more of the same", Presented::of(good.text()));
        for (name, header, value, because) in [
            ("alg-none", "alg", json!("none"), "alg"),
            ("alg-hs256", "alg", json!("HS256"), "alg"),
            ("alg-rs256", "alg", json!("RS256"), "alg"),
            ("alg-null", "alg", json!(null), "alg"),
            ("typ-jwt", "typ", json!("JWT"), "typ"),
            ("typ-of-drafts", "typ", json!("vc+sd-jwt"), "typ"),
            ("crit", "crit", json!(["iat"]), "crit"),
            ("kid-short", "kid", json!("AAAA"), "kid"),
            ("kid-a-number", "kid", json!(1), "kid"),
        ] {
            let name = format!("header-{name}");
            self.invalid(&name, "another header", because, good.clone().head(header, value).text());
        }
        let by_another_alg = good.clone().head("alg", "EdDSA".into()).text();
        let forged = ("signature", "forged", "");
        self.refused(53, "header-alg-eddsa", "the key is for ES256", forged, Presented::of(by_another_alg));
        let unsigned = good.clone().head("alg", "none".into()).text();
        let (signed, rest) = unsigned.rsplit_once('.').unwrap();
        let unsigned = format!("{signed}.~{}", rest.split_once('~').unwrap().1);
        self.invalid("unsigned", "no signature and alg none", "alg", unsigned);
        let (header, claims) = (good.header.to_string(), good.claims.to_string());
        let by = department_key(ES256);
        let rest = format!("~{}~", good.disclosures.join("~"));
        let twice = header.replacen('{', "{\"alg\":\"none\",", 1);
        let jwt = sign_texts(&twice, &claims, &by);
        self.invalid("header-twice", "alg twice", "once, got \"alg\"", format!("{jwt}{rest}"));
        let twice = claims.replacen('{', "{\"exp\":1,", 1);
        let jwt = sign_texts(&header, &twice, &by);
        self.invalid("claim-twice", "exp twice", "once, got \"exp\"", format!("{jwt}{rest}"));
        let jwt = sign_texts(&header, "[]", &by);
        self.invalid("claims-an-array", "claims that are no object", "object", format!("{jwt}{rest}"));
        let text = good.text();
        let json = json!({"payload": text.split('.').nth(1), "signatures": [{}, {}], "disclosures": "~"});
        self.invalid("json-form", "JWS in JSON, two signatures", "3 sections", json.to_string());
        self.invalid("four-sections", "a section more", "3 sections", text.replacen('.', ".e30.", 1));
        self.invalid("white-space-before", "a space before it", "base64url", format!(" {text}"));
        let by_outsider = good.text_by(&key("receipt"));
        self.refused(53, "another-signer", "signed by another key", forged, Presented::of(by_outsider));
        let (jwt, behind) = text.split_once('~').unwrap();
        let (signed, _) = jwt.rsplit_once('.').unwrap();
        let other = format!("{signed}.{}~{behind}", b64([7; 64]));
        self.refused(53, "signature-made-up", "64 bytes of something", forged, Presented::of(other));
        let short = format!("{signed}.{}~{behind}", b64([7; 63]));
        self.refused(53, "signature-short", "63 bytes", forged, Presented::of(short));
    }

    /// Who signed, and what may he.
    fn issuers(&mut self) {
        let good = self.good();
        let x5c = good.header["x5c"].as_array().unwrap().clone();
        let path: Vec<Vec<u8>> = department(&self.trust, ES256).path_der().map(<[u8]>::to_vec).collect();
        let root = STANDARD.encode(path.last().unwrap());
        let mismatch = ("issuer", "chain_mismatch", "x5c");
        let eddsa = department(&self.trust, EDDSA);
        let of_eddsa = STANDARD.encode(eddsa.certificate().der());
        for (name, how, chain) in [
            ("x5c-turned", "the city's first", json!([x5c[1], x5c[0]])),
            ("x5c-with-root", "the root too", json!([x5c[0], x5c[1], root])),
            ("x5c-leaf-alone", "the city's missing", json!([x5c[0]])),
            ("x5c-empty", "none", json!([])),
            ("x5c-of-another", "another department's", json!([of_eddsa, x5c[1]])),
            (
                "x5c-base64url",
                "in base64url",
                json!([
                    x5c[0].as_str().unwrap().replace('+', "-").replace('/', "_").trim_end_matches('='),
                    x5c[1]
                ]),
            ),
            ("x5c-a-text", "no array", x5c[0].clone()),
        ] {
            let draft = good.clone().head("x5c", chain);
            self.refused(53, name, how, mismatch, Presented::of(draft.text()));
        }
        let mut draft = good.clone();
        draft.header.as_object_mut().unwrap().remove("x5c");
        self.refused(53, "x5c-missing", "no certificates", mismatch, Presented::of(draft.text()));
        let stranger = good.clone().head("kid", b64([7; 8]).into()).text_by(&key("outsider"));
        let unknown = ("issuer", "issuer_unknown", "");
        self.refused(53, "stranger", "signed by nobody known", unknown, Presented::of(stranger));
        let status = super::city::signer(&self.trust, elicense::pki::Usage::StatusList).key_id();
        let misused = good.clone().head("kid", b64(status.as_bytes()).into()).text_by(&key("status-list"));
        let mut fixture = self.fixtures.last().unwrap().clone();
        fixture.name = "status-key".to_owned();
        fixture.how = "signed by the key of status lists".to_owned();
        fixture.fails = [
            ("issuer".to_owned(), "issuer_wrong_use".to_owned()),
            ("scope".to_owned(), "issuer_not_authorised".to_owned()),
        ]
        .into();
        fixture.present = Presented::of(misused);
        self.fixtures.push(fixture);
        let other_iss = good.clone().claim("iss", "https://elsewhere.example".into());
        self.refused(
            53,
            "other-iss",
            "another installation's",
            ("issuer", "issuer_mismatch", "iss"),
            Presented::of(other_iss.text()),
        );
        let mut other_authority = Draft::with(&self.trust, &[]);
        other_authority.disclose(&json!([salt("ac"), "authority_code", EDDSA]));
        self.refused(
            53,
            "other-authority",
            "another department disclosed as its issuer",
            ("issuer", "issuer_mismatch", "authority"),
            Presented::of(other_authority.text()),
        );
        let not_authorised = |because| ("scope", "issuer_not_authorised", because);
        let base = "https://licences.example/v1/licence-types/";
        let mut vct =
            Draft::with(&self.trust, &[]).claim("vct", format!("{base}11100000MB0143028R001").into());
        self.refused(
            53,
            "other-type",
            "a type that it may not issue",
            not_authorised("not in the issuer's"),
            Presented::of(vct.text()),
        );
        vct = good
            .clone()
            .claim("vct", "https://elsewhere.example/v1/licence-types/11100000000013338W011".into());
        self.refused(
            53,
            "vct-elsewhere",
            "a type of another address",
            not_authorised("vct"),
            Presented::of(vct.text()),
        );
        let elsewhere =
            json!({"status_list": {"idx": 7, "uri": "https://elsewhere.example/v1/status-lists/x-0"}});
        let mut fixture = self.fixtures.last().unwrap().clone();
        fixture.name = "status-elsewhere".to_owned();
        fixture.how = "a status list of another address, which is not its licence's".to_owned();
        fixture.fails = [
            ("scope".to_owned(), "status_list_foreign".to_owned()),
            ("ledger".to_owned(), "not_in_ledger".to_owned()),
        ]
        .into();
        fixture.because = String::new();
        fixture.present = Presented::of(good.claim("status", elsewhere).text());
        self.fixtures.push(fixture);
    }

    /// Claims of another kind, and such as contradict one another.
    fn claims(&mut self) {
        let good = self.good();
        let whole = "whole seconds";
        for (name, claim, value, because) in [
            ("exp-a-text", "exp", json!("1793462400"), whole),
            ("exp-a-float", "exp", json!(1_793_462_400.5), whole),
            ("exp-in-milliseconds", "exp", json!(1_793_462_400_000_i64), whole),
            ("exp-2-to-the-64", "exp", json!(u64::MAX), whole),
            ("nbf-a-text", "nbf", json!("1"), whole),
            ("iat-null", "iat", json!(null), whole),
            ("exp-before-nbf", "exp", json!(1), "exp is not after"),
            ("vct-no-type", "vct", json!("https://licences.example/"), "\"vct\""),
            (
                "status-index-negative",
                "status",
                json!({"status_list": {"idx": -1, "uri": "u"}}),
                "\"status\"",
            ),
            ("status-no-list", "status", json!({}), "\"status\""),
            ("cnf-without-key", "cnf", json!({"kid": "x"}), "\"cnf\""),
            ("cnf-private-key", "cnf", json!({"jwk": {"kty": "EC", "d": "AA"}}), "private member"),
            ("cnf-rsa", "cnf", json!({"jwk": {"kty": "RSA", "n": "AA", "e": "AQAB"}}), "kty"),
        ] {
            self.invalid(name, "a claim of another kind", because, good.clone().claim(claim, value).text());
        }
        for claim in ["iss", "vct", "iat", "nbf", "status"] {
            let name = format!("{claim}-missing");
            self.invalid(&name, "a claim is missing", claim, good.clone().without(claim).text());
        }
        for (name, claim, value, because) in [
            ("first-day-other", "valid_from", json!("2026-10-01"), "nbf"),
            ("last-day-other", "valid_to", json!("2030-10-01"), "exp"),
            ("day-that-is-none", "valid_from", json!("2026-02-30"), "a date"),
            ("name-turned-round", "field_name", json!("张\u{202e}三"), "shown as it is"),
            ("field-an-object", "field_name", json!({"a": 1}), "field_name"),
            ("holders-none", "holders", json!([]), "holders"),
            (
                "holder-wrong-number",
                "holders",
                json!([{"name": "甲", "code": "110105194912310021", "code_type": "111"}]),
                "holders",
            ),
        ] {
            let mut draft = good.clone();
            draft.disclose(&json!([salt(name), claim, value]));
            self.invalid(name, "a claim about the licence that it cannot have", because, draft.text());
        }
        let now = time(JUDGED).seconds();
        for (name, code, claim, value) in [
            ("signed-in-future", "signed_in_future", "iat", now + 61),
            ("not-begun-yet", "not_yet_valid", "nbf", now + 1),
            ("ended-now", "expired", "exp", now),
        ] {
            let draft = good.clone().claim(claim, json!(value));
            self.refused(53, name, "not in force now", ("dates", code, ""), Presented::of(draft.text()));
        }
    }
}
