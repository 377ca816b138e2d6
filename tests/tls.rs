//! Real TLS: `elicense serve` with a certificate of the city's, called by curl, `openssl s_client` and rustls; departments known by
//! their certificates, and everything that must not pass for one. A machine without curl or openssl fails here and is told
//! what to install.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "tls/served.rs"]
mod served;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use elicense::crypto::{Algorithm, SigningKey, SystemRandom};
use elicense::pki::{
    Certificate, CertificateIssuer, Request, SubjectName, TlsCertificate, Validity, certificates_pem,
    mint_tls_client,
};
use elicense::time::UnixTime;
use rustix::process::{Pid, Signal, kill_process};
use served::{Secured, Shown, curl, openssl, pem_blocks, said};
use support::demo::{Demo, Installation};
use support::service::{elicense, run};

/// A receipt that nobody was given: 404 to who is known, 401 to who is not.
const RECEIPT: &str = "/v1/receipts/00000000000000000000000000000000";

#[test]
fn a_department_is_known_by_its_certificate() {
    let (city, service) = Installation::new();
    let demo = Demo::read(&city.data);
    let (one, two) = (&demo.departments[0], &demo.departments[1]);
    // Made beside the running service, which has the store.
    let own = city.client_certificate(&one.code, "one", &["--roles", "verifier"]);
    assert!(service.terminate().success());
    let secured = Secured::serve(&city);
    let ask = |shown: Shown<'_>| secured.ask(RECEIPT, shown);
    assert_eq!(ask(Shown::default()), (401, "unauthorized".to_owned()));
    let (known, unknown) = ((404, "not_found".to_owned()), (401, "unauthorized".to_owned()));
    let key = |key| Shown { key: Some(key), ..Shown::default() };
    assert_eq!(ask(key(&one.api_key)), known);
    let certificate = Shown { certificate: Some(&own.folder), ..Shown::default() };
    assert_eq!(ask(certificate), known);
    assert_eq!(ask(Shown { key: Some(&one.api_key), ..certificate }), known);
    assert_eq!(ask(Shown { key: Some("elk_0000"), ..certificate }), unknown, "the key is judged");
    let of_two = ask(Shown { key: Some(&two.api_key), ..certificate });
    assert_eq!(of_two, (401, "credentials_of_two".to_owned()));

    // Made while the service speaks TLS, it opens at once.
    let new = city.client_certificate(&two.code, "two", &[]);
    assert_eq!(ask(Shown { certificate: Some(&new.folder), ..Shown::default() }), known);
    secured.terminate();

    let withdrawn = run(elicense().args(["department", "withdraw-key", &own.id, "--data"]).arg(&city.data));
    assert!(withdrawn.status.success(), "{}", said(&withdrawn));
    let secured = Secured::serve(&city);
    assert_eq!(secured.ask(RECEIPT, certificate), unknown, "withdrawn");
    assert_eq!(secured.ask(RECEIPT, Shown { certificate: Some(&new.folder), ..Shown::default() }), known);
}

#[test]
fn certificates_of_anybody_else_do_not_shake_hands() {
    let (city, service) = Installation::new();
    let demo = Demo::read(&city.data);
    let code = &demo.departments[0].code;
    let good = city.client_certificate(code, "good", &[]);
    let hierarchy =
        pem_blocks(&service.client().send(&support::http::Request::get("/v1/trust-list.pem")).text());
    assert!(service.terminate().success());
    let secured = Secured::serve(&city);
    let refused = |folder: &std::path::Path, what: &str| {
        let output = curl(
            &secured.url(RECEIPT),
            &secured.root(),
            Shown { certificate: Some(folder), ..Shown::default() },
        );
        assert!(!output.status.success(), "{what}: {}", said(&output));
        assert!(
            said(&output).contains("alert") || said(&output).contains("reset"),
            "{what}: {}",
            said(&output)
        );
    };

    let stranger = city.folder.join("stranger");
    fs::create_dir(&stranger).unwrap();
    let extension = format!("2.25.5239074167859244784.1=ASN1:UTF8String:{code}");
    let made = openssl(
        &["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"],
        &["-addext", "extendedKeyUsage=clientAuth", "-addext", &extension, "-keyout"],
        &[&stranger.join("key.pem"), "-out".as_ref(), &stranger.join("certificate.pem")],
    );
    assert!(made.status.success(), "{}", said(&made));
    refused(&stranger, "made with openssl");

    // The department's own signing certificate is not for TLS.
    let certificates: Vec<Certificate> =
        hierarchy.iter().map(|der| Certificate::parse(der).unwrap()).collect();
    let of_department =
        |one: &&Certificate| one.scope().is_some_and(|scope| scope.credit_code.as_str() == code);
    let signing = certificates.iter().find(of_department).unwrap();
    let authority =
        certificates.iter().find(|one| one.is_authority() && one.authority_key().is_some()).unwrap();
    let key = fs::read_to_string(city.data.join(format!("keys/department-{code}.pem"))).unwrap();
    refused(&city.shown("signing", &key, [signing.der(), authority.der()]), "for licences");
    refused(&secured.folder, "the server's own");

    let city_key =
        SigningKey::from_pkcs8_pem(&fs::read_to_string(city.data.join("keys/city.pem")).unwrap()).unwrap();
    let issuer = CertificateIssuer { certificate: authority, key: &city_key };
    let (key, expired) = mint(issuer, code, -3_500..-60);
    refused(&city.shown("expired", &key.to_pkcs8_pem(), [expired.der(), authority.der()]), "expired");
    // Stolen with the city's key: it shakes hands, and opens nothing that the ledger does not know of.
    let (key, stolen) = mint(issuer, code, -60..3_600);
    let stolen = city.shown("stolen", &key.to_pkcs8_pem(), [stolen.der(), authority.der()]);
    let asked = secured.ask(RECEIPT, Shown { certificate: Some(&stolen), ..Shown::default() });
    assert_eq!(asked, (401, "unauthorized".to_owned()));
    let asked = secured.ask(RECEIPT, Shown { certificate: Some(&good.folder), ..Shown::default() });
    assert_eq!(asked.0, 404);
}

fn mint(
    issuer: CertificateIssuer<'_>,
    code: &str,
    valid: std::ops::Range<i64>,
) -> (SigningKey, TlsCertificate) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let public = key.verifying_key();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let now = UnixTime::from_seconds(i64::try_from(now).unwrap()).unwrap();
    let begins = issuer.certificate.validity().not_before;
    let validity = Validity { not_before: now.plus(valid.start).max(begins), not_after: now.plus(valid.end) };
    let subject = SubjectName { organization: "示范市", common_name: "局" };
    let request = Request { subject, key: &public, validity };
    let certificate = mint_tls_client(issuer, &request, code.parse().unwrap(), &SystemRandom).unwrap();
    (key, certificate)
}

#[test]
fn only_tls_of_today_and_http_of_one_version() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let secured = Secured::serve(&city);
    let shake = |words: &[&str]| {
        let address = secured.address();
        let root = secured.root();
        let base = ["s_client", "-connect", &address, "-verify_return_error", "-servername", "localhost"];
        openssl(&base, words, &["-CAfile".as_ref(), root.as_path()])
    };
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let output = shake(&[version, "-alpn", "h2,http/1.1"]);
        assert!(output.status.success(), "{version}: {}", said(&output));
        assert!(said(&output).contains(name), "{version}: {}", said(&output));
        assert!(said(&output).contains("ALPN protocol: http/1.1"), "{}", said(&output));
        // Each connection proves itself anew.
        assert!(!said(&output).contains("Reused,"), "{}", said(&output));
    }
    for words in [&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"][..], &["-alpn", "h2"]] {
        let output = shake(words);
        assert!(!output.status.success(), "{words:?}: {}", said(&output));
    }
    // Who does not know the root does not believe the service.
    let code = &Demo::read(&city.data).departments[0].code;
    let made = city.client_certificate(code, "other", &[]);
    let other = &pem_blocks(&fs::read_to_string(made.folder.join("certificate.pem")).unwrap())[0];
    let other = city.shown("other-root", "", [other.as_slice()]);
    let output = curl(&secured.url("/healthz"), &other.join("certificate.pem"), Shown::default());
    assert!(!output.status.success(), "{}", said(&output));
}

#[test]
fn a_renewed_certificate_is_taken_without_a_restart() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let secured = Secured::serve(&city);
    let before = secured.fingerprint();
    let renewed = city.server_certificate("renewed");
    for name in ["certificate.pem", "key.pem"] {
        fs::copy(renewed.join(name), secured.folder.join(name)).unwrap();
    }
    kill_process(Pid::from_child(&secured.child), Signal::HUP).unwrap();
    while secured.fingerprint() == before {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let after = secured.fingerprint();
    fs::write(secured.folder.join("certificate.pem"), "no certificate").unwrap();
    kill_process(Pid::from_child(&secured.child), Signal::HUP).unwrap();
    secured.wait_until_it_says("the TLS certificate before stays");
    assert_eq!(secured.fingerprint(), after);
}

#[test]
fn without_tls_only_this_machine_is_served_unless_it_is_said() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let serve = |words: &[&str]| run(elicense().arg("serve").args(words).arg("--data").arg(&city.data));
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let output = serve(&["--listen", address]);
        assert_eq!(output.status.code(), Some(64), "{}", said(&output));
        assert!(
            said(&output).contains("--without-tls") && said(&output).contains("--tls-cert"),
            "{}",
            said(&output)
        );
    }
    for words in [
        &["--tls-cert", "x"][..],
        &["--tls-key", "x"],
        &["--without-tls", "--tls-cert", "x", "--tls-key", "x"],
    ] {
        assert_eq!(serve(words).status.code(), Some(64), "{words:?}");
    }
    let open = Secured::start(&city, &["--without-tls", "--listen", "0.0.0.0:0"], city.folder.clone());
    let port = open.address().rsplit_once(':').unwrap().1.to_owned();
    let output = curl(&format!("http://127.0.0.1:{port}/healthz"), &city.folder, Shown::default());
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn files_that_do_not_belong_together_are_named() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let (one, two) = (city.server_certificate("one"), city.server_certificate("two"));
    let serve = |certificate: &std::path::Path, key: &std::path::Path| {
        let mut command = elicense();
        command.args(["serve", "--listen", "127.0.0.1:0", "--tls-cert"]).arg(certificate).arg("--tls-key");
        run(command.arg(key).arg("--data").arg(&city.data))
    };
    let (certificate, key) = (one.join("certificate.pem"), one.join("key.pem"));
    for (certificate, key, words) in [
        (&certificate, &two.join("key.pem"), "another certificate"),
        (&key, &key, "certificates in PEM"),
        (&certificate, &certificate, "mode 0600"),
        (&city.folder.join("none.pem"), &key, "none.pem"),
    ] {
        let output = serve(certificate, key);
        assert_eq!(output.status.code(), Some(65), "{words}: {}", said(&output));
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    }
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(said(&serve(&certificate, &key)).contains("mode 0600"));
    // Nothing is overwritten.
    let again = city.run_tls(&["server-certificate", "--name", "localhost", "--out"], &one);
    assert_eq!(again.status.code(), Some(65), "{}", said(&again));
}

#[test]
fn a_hierarchys_certificates_in_pem_are_what_openssl_reads() {
    let (city, service) = Installation::new();
    let made = city.client_certificate(&Demo::read(&city.data).departments[0].code, "one", &[]);
    drop(service);
    let verified = openssl(
        &["verify", "-x509_strict", "-purpose", "sslclient", "-no-CAfile", "-no-CApath"],
        &[],
        &[
            "-trusted".as_ref(),
            &made.folder.join("root.pem"),
            "-untrusted".as_ref(),
            &made.folder.join("certificate.pem"),
            &made.folder.join("certificate.pem"),
        ],
    );
    assert!(verified.status.success(), "{}", said(&verified));
    let pem = fs::read_to_string(made.folder.join("certificate.pem")).unwrap();
    let blocks = pem_blocks(&pem);
    assert_eq!(certificates_pem(blocks.iter().map(Vec::as_slice)), pem);
}
