//! The tests' own PostgreSQL is one.

use crate::postgres::Cluster;

#[test]
fn it_answers_and_is_killed_and_comes_back() {
    let mut cluster = Cluster::start(&["max_connections=20"]);
    let name = cluster.fresh_name();
    assert_eq!(cluster.sql(&name, "SHOW max_connections"), "20");
    cluster.kill();
    assert!(cluster.try_sql(&name, "SELECT 1").is_err());
    cluster.boot();
    assert_eq!(cluster.sql(&name, "SHOW fsync"), "on");
    assert_eq!(cluster.sql(&name, "SHOW data_checksums"), "on");
    assert_eq!(Cluster::shared().sql("postgres", "SELECT 1"), "1");
}
