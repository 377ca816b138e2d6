//! TLS to the database: the right authority, a wrong one, another name, none.

use std::fs;

use elicense::crypto::SystemRandom;
use elicense::store::postgres::{
    AuthoritiesError, DatabaseAct, DatabaseCause, DatabaseFailure, MigrateError, TlsProblem,
};
use elicense::store::{DatabaseUrlError, OpenError, migrate};

use crate::postgres::{Cluster, PASSWORD_IN_URL, USER};
use crate::{append, open, open_with};

fn refused(url: &str) -> DatabaseFailure {
    let error = migrate(&url.parse().unwrap(), &SystemRandom).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("p@ss") && !shown.contains(PASSWORD_IN_URL), "{shown}");
    match error {
        MigrateError::Database(failure) => failure,
        other => panic!("{other}"),
    }
}

const fn tls(problem: TlsProblem) -> DatabaseFailure {
    DatabaseFailure { act: DatabaseAct::Connect, cause: DatabaseCause::Tls(problem) }
}

#[test]
fn a_server_that_is_who_it_says_is_believed() {
    let cluster = Cluster::shared();
    let name = cluster.fresh_name();
    // Who comes without TLS is not let in.
    for host in ["localhost", "127.0.0.1"] {
        let url = cluster.tls_url(&name, host, &cluster.authority());
        migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
        let node = open(&url);
        append(&node, &[1, 2, 3]).unwrap();
        let spoken = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'elicense' AND datname = current_database()";
        assert_eq!(cluster.sql(&name, spoken), "t");
    }
}

#[test]
fn a_server_that_is_not_is_refused() {
    let mut cluster = Cluster::start(&[]);
    let name = cluster.fresh_name();
    let wrong = cluster.tls_url(&name, "localhost", &cluster.other_authority());
    assert_eq!(refused(&wrong), tls(TlsProblem::Issuer));
    // 127.0.0.2 is the same server, and its certificate does not say so.
    cluster.listen_everywhere();
    let named = cluster.tls_url(&name, "127.0.0.2", &cluster.authority());
    assert_eq!(refused(&named), tls(TlsProblem::Name));
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = off");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let url = cluster.tls_url(&name, "localhost", &cluster.authority());
    // The setting takes a moment to reach the server; until then it still speaks TLS.
    let mut last = None;
    for _ in 0..200 {
        match migrate(&url.parse().unwrap(), &SystemRandom) {
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            Err(error) => {
                last = Some(error);
                break;
            }
        }
    }
    assert_eq!(last, Some(MigrateError::Database(tls(TlsProblem::NotSpoken))));
}

#[test]
fn a_url_without_tls_or_with_a_bad_file_is_refused() {
    let cluster = Cluster::shared();
    let url = format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{}/postgres", cluster.port());
    assert_eq!(url.parse::<elicense::store::DatabaseUrl>(), Err(DatabaseUrlError::Authorities));
    let dir = tempfile::tempdir().unwrap();
    let missing = cluster.tls_url("postgres", "localhost", &dir.path().join("missing.pem"));
    assert!(matches!(
        open_with(&missing, None).unwrap_err(),
        OpenError::Authorities(AuthoritiesError::Io(_))
    ));
    let path = dir.path().join("empty.pem");
    fs::write(&path, "no certificate").unwrap();
    let empty = cluster.tls_url("postgres", "localhost", &path);
    let refused = open_with(&empty, None).unwrap_err();
    assert_eq!(refused, OpenError::Authorities(AuthoritiesError::Certificates { path }));
}

#[test]
fn a_wrong_password_is_told_and_not_repeated() {
    let cluster = Cluster::shared();
    let url = format!("postgres://{USER}:p%40ss-wrong@127.0.0.1:{}/postgres?sslmode=disable", cluster.port());
    let failure = refused(&url);
    assert!(failure.to_string().contains("28P01"), "{failure}");
    assert!(!failure.is_lost());
}
