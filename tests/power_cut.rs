//! "Issued" means durable: the power is cut under load, and nothing that was acknowledged is lost.
//!
//! The store lies on an ext4 file system in a loop-mounted file. The kernel's own shutdown call throws away whatever was
//! not synced, as a real cut does. Two controls show that the harness is not blind: a writer that does not sync, and the
//! service itself with its syncs turned into nothing, both have to lose data.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::demo::{Demo, Issuer};
use support::disk::{Disk, in_own_mounts};
use support::load::{Load, Record};
use support::seed::Seeded;
use support::service::{Service, Start};
use support::{python, tree};

/// Cuts of a store that goes on from cut to cut.
const CUTS_OF_ONE_STORE: u64 = 15;
/// New stores, each cut so often from its first seconds on.
const NEW_STORES: u64 = 5;
const CUTS_OF_A_NEW_STORE: u64 = 3;
/// Clients that issue at the same time.
const CLIENTS: usize = 8;

/// Debian's library that turns every sync into nothing.
const SYNCS_DO_NOTHING: &str = "libeatmydata.so";

fn made_demo(data: &Path, logs: &Path) -> (Service, Issuer) {
    let service = Start::demo(data, logs).ready();
    let issuer = Demo::read(data).issuer(&mut service.client());
    (service, issuer)
}

/// Issues from many clients, cuts the power at some moment, and brings the disk back. What the clients saw.
fn cut_under_load(
    disk: &Disk,
    mut service: Service,
    issuer: &Issuer,
    name: &str,
    seed: &mut Seeded,
) -> Record {
    let switch = disk.switch();
    let load = Load::start(service.address, issuer, name, CLIENTS);
    load.wait_for(1);
    std::thread::sleep(seed.millis(1, 300));
    load.while_power_fails(|| switch.cut());
    // A service that acknowledges although its disk is gone gets the time to do so.
    std::thread::sleep(seed.millis(0, 50));
    service.kill_now();
    let record = load.finish();
    disk.restore_power();
    record
}

#[track_caller]
fn audited(record: Record, service: &Service, issuer: &Issuer, when: &str) -> Record {
    record.audit(&mut service.client(), issuer).unwrap_or_else(|complaints| {
        panic!("{when}: {} complaints:\n{}", complaints.len(), complaints.join("\n"));
    })
}

#[test]
fn no_acknowledged_licence_of_a_running_store_is_lost() {
    in_own_mounts("no_acknowledged_licence_of_a_running_store_is_lost", cut_a_running_store);
}

fn cut_a_running_store() {
    let mut seed = Seeded::announced();
    let place = tempfile::tempdir().expect("a temporary directory");
    let disk = Disk::make(place.path(), "disk");
    let (data, logs) = (disk.path().join("data"), place.path());
    let (mut service, issuer) = made_demo(&data, logs);
    let mut all = Record::default();
    for round in 0..CUTS_OF_ONE_STORE {
        let record = cut_under_load(&disk, service, &issuer, &format!("p{round}"), &mut seed);
        service = Start::serve(&data, logs).ready();
        all.extend(audited(record, &service, &issuer, &format!("cut {round}")));
    }
    let lost = all.lost(&mut service.client(), &issuer);
    assert!(lost.is_empty(), "lost by the end: {lost:?}");
    println!("{CUTS_OF_ONE_STORE} cuts, {} licences, all there", all.acknowledged.len());
    service.kill();
}

#[test]
fn no_acknowledged_licence_of_a_new_store_is_lost() {
    in_own_mounts("no_acknowledged_licence_of_a_new_store_is_lost", cut_new_stores);
}

fn cut_new_stores() {
    let mut seed = Seeded::announced();
    for store in 0..NEW_STORES {
        let place = tempfile::tempdir().expect("a temporary directory");
        let disk = Disk::make(place.path(), "disk");
        let (data, logs) = (disk.path().join("data"), place.path());
        let (mut service, issuer) = made_demo(&data, logs);
        for round in 0..CUTS_OF_A_NEW_STORE {
            let record = cut_under_load(&disk, service, &issuer, &format!("n{round}"), &mut seed);
            service = Start::serve(&data, logs).ready();
            audited(record, &service, &issuer, &format!("store {store}, cut {round}"));
        }
        service.kill();
    }
}

/// The same cut loses data when syncs do nothing: it is the service's syncs that save the others, not the harness.
#[test]
fn without_syncs_acknowledged_licences_are_lost() {
    in_own_mounts("without_syncs_acknowledged_licences_are_lost", cut_without_syncs);
}

fn cut_without_syncs() {
    let mut seed = Seeded::announced();
    let place = tempfile::tempdir().expect("a temporary directory");
    let disk = Disk::make(place.path(), "disk");
    let (data, logs) = (disk.path().join("data"), place.path());
    let (service, issuer) = made_demo(&data, logs);
    assert!(service.terminate().success(), "a service without load does not end well");
    disk.sync();

    let service = Start::serve(&data, logs).preloading(SYNCS_DO_NOTHING).ready();
    assert!(
        !service.output().contains("cannot be preloaded"),
        "{SYNCS_DO_NOTHING} is missing: run scripts/test.sh"
    );
    let record = cut_under_load(&disk, service, &issuer, "c", &mut seed);
    let acknowledged = record.acknowledged.len();
    let mut service = Start::serve(&data, logs).spawn();
    if let Err(refusal) = service.wait_until_ready() {
        println!("{acknowledged} were acknowledged; the store is refused: {refusal}");
        return;
    }
    let lost = record.lost(&mut service.client(), &issuer).len();
    println!("{acknowledged} were acknowledged, {lost} of them lost");
    assert!(lost > 0, "nothing was lost without syncs: the power cut of this harness cuts nothing");
}

/// The cut itself, without the service: it spares what was synced, and nothing else.
#[test]
fn a_cut_spares_what_was_synced_and_nothing_else() {
    in_own_mounts("a_cut_spares_what_was_synced_and_nothing_else", cut_writers);
}

fn cut_writers() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let disk = Disk::make(place.path(), "disk");
    for (syncing, spared) in [("synced", true), ("unsynced", false)] {
        let file = disk.path().join(syncing);
        let told = write_until_cut(&disk, &file, syncing);
        disk.restore_power();
        let kept = std::fs::read_to_string(&file).unwrap_or_default().lines().count();
        assert!(told > 0, "the {syncing} writer wrote nothing");
        assert_eq!(kept >= told, spared, "{syncing}: {kept} lines of {told} that were told");
    }
}

/// How many lines the writer told of before the power of its disk failed.
fn write_until_cut(disk: &Disk, file: &Path, syncing: &str) -> usize {
    let switch = disk.switch();
    let mut writer = Command::new(python())
        .arg(tree("tests/power_cut.py"))
        .args(["write".as_ref(), file.as_os_str(), syncing.as_ref()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the writer starts");
    let told = BufReader::new(writer.stdout.take().expect("a piped output"));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let reader = std::thread::spawn(move || {
        told.lines().map_while(Result::ok).for_each(|_| _ = counter.fetch_add(1, Ordering::SeqCst));
    });
    std::thread::sleep(Duration::from_millis(300));
    let before = count.load(Ordering::SeqCst);
    switch.cut();
    writer.wait().expect("the writer ends");
    reader.join().expect("the reader does not panic");
    before
}
