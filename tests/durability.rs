//! "Issued" means durable: the serving process is killed and stopped under load, and nothing it acknowledged is lost.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;

use support::demo::{Demo, Issuer};
use support::load::{Load, Record};
use support::seed::Seeded;
use support::service::{Service, Start, elicense_for, run};

/// Kills in all; half of them on each of two stores, so that both cores have work.
const KILLS: u64 = 100;
/// Clients that issue at the same time.
const CLIENTS: usize = 8;

/// Makes the demonstration, and returns who issues on it.
fn made_demo(data: &Path, logs: &Path) -> (Service, Issuer) {
    let service = Start::demo(data, logs).ready();
    let issuer = Demo::read(data).issuer(&mut service.client());
    (service, issuer)
}

#[track_caller]
fn audited(record: Record, service: &Service, issuer: &Issuer, when: &str) -> Record {
    record.audit(&mut service.client(), issuer).unwrap_or_else(|complaints| {
        panic!("{when}: {} complaints:\n{}", complaints.len(), complaints.join("\n"));
    })
}

#[track_caller]
fn assert_store_is_whole(data: &Path) {
    let checked = run(elicense_for(data).args(["store", "check", "--data"]).arg(data));
    assert!(
        checked.status.success(),
        "store check ends with {}: {}{}",
        checked.status,
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn no_acknowledged_licence_is_lost_to_sigkill() {
    let mut seed = Seeded::announced();
    let halves: Vec<_> = (0..2)
        .map(|_| {
            let seed = seed.split();
            std::thread::spawn(move || kill_again_and_again(seed, KILLS / 2))
        })
        .collect();
    let acknowledged: usize = halves.into_iter().map(|half| half.join().expect("a half holds")).sum();
    println!("{KILLS} kills, {acknowledged} licences, all there");
    assert!(acknowledged > 500, "only {acknowledged} licences under {KILLS} kills: the load was none");
}

/// Kills one store's service so often, each time at another moment, and looks for everything after each start.
fn kill_again_and_again(mut seed: Seeded, kills: u64) -> usize {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (data, logs) = (place.path().join("data"), place.path());
    let (mut service, issuer) = made_demo(&data, logs);
    let mut all = Record::default();
    for round in 0..kills {
        let load = Load::start(service.address, &issuer, &format!("k{round}"), CLIENTS);
        load.wait_for(1);
        std::thread::sleep(seed.millis(1, 250));
        service.kill();
        let record = load.finish();
        assert_eq!(record.refused, [], "round {round}: a good request was refused");
        if seed.between(0, 4) == 0 {
            kill_while_starting(&mut seed, &data, logs);
        }
        service = Start::serve(&data, logs).ready();
        all.extend(audited(record, &service, &issuer, &format!("round {round}")));
    }
    let lost = all.lost(&mut service.client(), &issuer);
    assert!(lost.is_empty(), "lost by the end: {lost:?}");
    assert!(service.terminate().success(), "a service without load does not end well");
    assert_store_is_whole(&data);
    all.acknowledged.len()
}

/// A start that does not live to its end, twice: recovery is interrupted too.
fn kill_while_starting(seed: &mut Seeded, data: &Path, logs: &Path) {
    for _ in 0..2 {
        let service = Start::serve(data, logs).spawn();
        std::thread::sleep(seed.millis(0, 60));
        service.kill();
    }
}

#[test]
fn no_acknowledged_licence_is_lost_to_sigterm() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (data, logs) = (place.path().join("data"), place.path());
    let (mut service, issuer) = made_demo(&data, logs);
    let mut seed = Seeded::announced();
    for round in 0..5 {
        let load = Load::start(service.address, &issuer, &format!("t{round}"), CLIENTS);
        load.wait_for(20);
        std::thread::sleep(seed.millis(1, 100));
        let status = service.terminate();
        assert_eq!(status.code(), Some(0), "round {round}: SIGTERM under load");
        let record = load.finish();
        assert!(record.refused.iter().all(|(_, status)| *status == 503), "refused: {:?}", record.refused);
        service = Start::serve(&data, logs).ready();
        audited(record, &service, &issuer, &format!("round {round}"));
    }
    assert_eq!(service.terminate().code(), Some(0));
    assert_store_is_whole(&data);
}

#[test]
fn a_second_process_is_told_who_holds_the_store() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (data, logs) = (place.path().join("data"), place.path());
    let (service, _) = made_demo(&data, logs);
    let second = run(elicense_for(&data).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success(), "two processes serve one store");
    assert!(said.contains(&service.process_id().to_string()), "the holder is not named in: {said}");
}
