//! Another implementation reads our certificates: `openssl verify` accepts the chains, `openssl x509` shows what we put
//! into them. A machine without openssl fails here and is told what to install.

#![allow(clippy::expect_used, clippy::panic, reason = "a failure here is a test's failure")]

use std::path::PathBuf;
use std::process::{Command, Output};

use elicense::crypto::{Algorithm, SigningKey, SystemRandom};
use elicense::pki::{
    Certificate, CertificateIssuer, LicenceForms, MintError, Request, Scope, SubjectName, TypeCodes, Usage,
    Validity, mint_city, mint_department, mint_installation_signer, mint_root, mint_trust_list_signer,
};
use elicense::time::UnixTime;

/// 2026-11-24T00:00:00+08:00, the one time at which everything here is judged.
const NOW: i64 = 1_795_449_600;
const DAY: i64 = 86_400;

/// The certificates of one installation, as files that openssl reads.
struct Chains {
    directory: tempfile::TempDir,
    root: Certificate,
    city: Certificate,
    department: Certificate,
    signers: Vec<Certificate>,
    trust_list: Certificate,
}

#[test]
fn openssl_verifies_every_chain_with_both_algorithms() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let chains = Chains::mint(algorithm);
        for leaf in chains.signers.iter().chain([&chains.department]) {
            let verified = chains.verify(leaf, Some(&chains.city), NOW);
            assert!(verified.status.success(), "{algorithm:?} {leaf:?}: {}", text(&verified));
        }
        for leaf in [&chains.city, &chains.trust_list] {
            let verified = chains.verify(leaf, None, NOW);
            assert!(verified.status.success(), "{algorithm:?} {leaf:?}: {}", text(&verified));
        }
    }
}

#[test]
fn openssl_refuses_what_we_refuse() {
    let (chains, others) = (Chains::mint(Algorithm::Es256), Chains::mint(Algorithm::Es256));
    let refused = |leaf, city, at| {
        let verified = chains.verify(leaf, city, at);
        assert!(!verified.status.success(), "{}", text(&verified));
        text(&verified)
    };
    let late = refused(&chains.department, Some(&chains.city), NOW + 31 * DAY);
    assert!(late.contains("expired"), "{late}");
    let early = refused(&chains.department, Some(&chains.city), NOW - 31 * DAY);
    assert!(early.contains("not yet valid"), "{early}");
    refused(&chains.department, None, NOW);
    refused(&others.department, Some(&chains.city), NOW);
}

#[test]
fn openssl_shows_key_ids_names_and_usages() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let chains = Chains::mint(algorithm);
        let shown = |certificate| {
            let mut command = Command::new("openssl");
            command.args(["x509", "-noout", "-text", "-nameopt", "utf8", "-in"]);
            let output = run(command.arg(chains.file(certificate)));
            assert!(output.status.success(), "{}", text(&output));
            text(&output)
        };
        let (root, city, department) = (shown(&chains.root), shown(&chains.city), shown(&chains.department));
        let has = |text: &str, needle: &str| assert!(text.contains(needle), "no {needle:?} in {text}");
        for (text, certificate) in
            [(&root, &chains.root), (&city, &chains.city), (&department, &chains.department)]
        {
            has(text, &colons(certificate.subject_key().as_bytes()));
        }
        has(&city, &colons(chains.root.subject_key().as_bytes()));
        has(&department, &colons(chains.city.subject_key().as_bytes()));
        has(&root, "CA:TRUE, pathlen:1");
        has(&city, "CA:TRUE, pathlen:0");
        has(&department, "CA:FALSE");
        has(&root, "Certificate Sign, CRL Sign");
        has(&department, "Digital Signature");
        has(&department, "2.25.5239074167859244784.3.1");
        has(&department, "2.25.5239074167859244784.2");
        has(&department, "organizationIdentifier=11100000MB03271699");
        has(&department, "CN=测试市住房局");
    }
}

impl Chains {
    fn mint(algorithm: Algorithm) -> Self {
        let new_key = || SigningKey::generate(algorithm).expect("a key is made");
        let (root_key, city_key) = (new_key(), new_key());
        let subject = SubjectName { organization: "测试市人民政府", common_name: "测试根" };
        let root = mint_root(subject, &root_key, validity(), &SystemRandom).expect("a root is minted");
        let under_root = CertificateIssuer { certificate: &root, key: &root_key };
        let city = certify(&city_key, "测试市", |request| mint_city(under_root, request, &SystemRandom));
        let under_city = CertificateIssuer { certificate: &city, key: &city_key };
        let department = certify(&new_key(), "测试市住房局", |request| {
            mint_department(under_city, request, &scope(), LicenceForms::EnvelopeAndSdJwt, &SystemRandom)
        });
        let usages = [Usage::Presentation, Usage::Receipt, Usage::Pack, Usage::StatusList];
        let signers = usages.map(|usage| {
            certify(&new_key(), &usage.to_string(), |request| {
                mint_installation_signer(under_city, request, usage, &SystemRandom)
            })
        });
        let trust_list = certify(&new_key(), "信任列表", |request| {
            mint_trust_list_signer(under_root, request, &SystemRandom)
        });
        let directory = tempfile::tempdir().expect("a directory is made");
        Self { directory, root, city, department, signers: signers.into(), trust_list }
    }

    /// `openssl verify` of `leaf` under our root alone, judged at `at`.
    fn verify(&self, leaf: &Certificate, city: Option<&Certificate>, at: i64) -> Output {
        let at = at.to_string();
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-check_ss_sig", "-no-CAfile", "-no-CApath"]);
        command.args(["-attime", &at]).arg("-trusted").arg(self.file(&self.root));
        if let Some(city) = city {
            command.arg("-untrusted").arg(self.file(city));
        }
        run(command.arg(self.file(leaf)))
    }

    /// Writes a certificate as DER under its key id; openssl tells the form by itself.
    fn file(&self, certificate: &Certificate) -> PathBuf {
        let file = self.directory.path().join(format!("{}.der", certificate.key_id()));
        std::fs::write(&file, certificate.der()).expect("a certificate is written");
        file
    }
}

fn certify(
    key: &SigningKey,
    common_name: &str,
    mint: impl FnOnce(&Request<'_>) -> Result<Certificate, MintError>,
) -> Certificate {
    let public = key.verifying_key();
    let subject = SubjectName { organization: "测试市人民政府", common_name };
    mint(&Request { subject, key: &public, validity: validity() }).expect("a certificate is minted")
}

fn validity() -> Validity {
    let time = |seconds| UnixTime::from_seconds(seconds).expect("a time of the calendar");
    Validity { not_before: time(NOW - 30 * DAY), not_after: time(NOW + 30 * DAY) }
}

fn scope() -> Scope {
    let codes = ["11100000MB03271699022", "11100000MB03271699023"];
    let codes = codes.map(|code| code.parse().expect("a type code"));
    let type_codes = TypeCodes::new(codes.to_vec()).expect("two type codes");
    Scope { credit_code: "11100000MB03271699".parse().expect("a credit code"), type_codes }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("openssl cannot be run ({error}); install it: apt-get install --yes openssl")
    })
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// `AB:CD:…`, as openssl shows key ids.
fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
