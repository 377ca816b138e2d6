//! Many changes of status, a row each: over HTTP and by `elicense status --file`, as NDJSON and as CSV.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use axum::body::Body;
use elicense::http::{Listener, build};
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::city::{City, SAMPLE, get, keyed, post};
use support::demo::{Demo, Installation};
use support::service::{elicense_for, run};
use tower::ServiceExt;

const CHANGES: &str = "/v1/licences/status-changes";

async fn issued(city: &City, count: usize) -> Vec<String> {
    let mut identifiers = Vec::new();
    for number in 0..count {
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        body["number"] = json!(format!("ROW-{number}"));
        let issued = city.issue(&format!("row-{number}"), &body.to_string()).await.expect(201).json();
        identifiers.push(issued["identifier"].as_str().unwrap().to_owned());
    }
    identifiers
}

fn row(identifier: &str, to: &str, reason: &str) -> String {
    json!({"identifier": identifier, "to": to, "reason": reason, "legal_basis": "示范市条例第三条"})
        .to_string()
}

fn lines(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

async fn change(city: &City, key: &str, rows: &[String]) -> Vec<Value> {
    let request = keyed(post(CHANGES, "application/x-ndjson", rows.join("\n")), key);
    lines(&city.send(request).await.expect(200).body)
}

/// What became of each row: its result, or the code of its problem.
fn told(answers: &[Value]) -> Vec<&str> {
    let rows: Vec<u64> = answers.iter().map(|answer| answer["row"].as_u64().unwrap()).collect();
    assert!(rows.into_iter().eq(1..=u64::try_from(answers.len()).unwrap()), "in order");
    answers
        .iter()
        .map(|answer| match answer["result"].as_str().unwrap() {
            "refused" => answer["problem"]["code"].as_str().unwrap(),
            result => result,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_row_stops_no_other_and_the_same_rows_again_do_nothing() {
    let city = City::new();
    let all = issued(&city, 6).await;
    let unknown = all[0].replace(".001.", ".002.");
    let rows = [
        row(&all[0], "withheld", "逾期未检"),
        "{\"identifier\": ".to_owned(),
        row(&all[1], "cancelled", "公司注销"),
        row(&all[0], "valid", "又来"),
        row("no identifier", "revoked", "x"),
        row(&unknown, "revoked", "x"),
        row(&all[2], "expired", "x"),
        row(&all[2], "revoked", "a\u{0}b"),
        row(&all[3], "valid", "没有变"),
        String::new(),
        json!({"identifier": all[4], "to": "suspended", "reason": "没有依据"}).to_string(),
        json!({"identifier": all[5], "to": "suspended", "reason": "x", "at": "2020-01-01"}).to_string(),
        format!("{}{}", row(&all[5], "revoked", "x"), " ".repeat(20_000)),
    ];
    let expected = [
        "done",
        "not_json",
        "done",
        "row_twice",
        "not_found",
        "not_found",
        "status_request_refused",
        "reason_refused",
        "already",
        "not_json",
        "done",
        "status_request_refused",
        "too_large",
    ];
    let first = change(&city, &city.issuer, &rows).await;
    assert_eq!(told(&first), expected);
    assert_eq!((&first[0]["identifier"], &first[0]["status"]), (&json!(all[0]), &json!("withheld")));

    let again = change(&city, &city.issuer, &rows).await;
    let expected = expected.map(|word| if word == "done" { "already" } else { word });
    assert_eq!(told(&again), expected);
    for (index, row) in [(0, 0), (1, 2), (4, 10)] {
        assert_eq!(again[row]["since"], first[row]["since"]);
        let path = format!("/v1/licences/{}", all[index]);
        let view = city.send(keyed(get(&path), &city.issuer)).await.expect(200).json();
        assert_eq!(view["history"].as_array().unwrap().len(), 2, "once: {view}");
        assert_eq!(view["status"], first[row]["status"]);
    }
}

#[tokio::test]
async fn an_old_file_run_again_does_not_undo_what_came_after_it() {
    let city = City::new();
    let all = issued(&city, 2).await;
    let rows = [row(&all[0], "suspended", "第一批"), row(&all[1], "suspended", "第一批")];
    assert_eq!(told(&change(&city, &city.issuer, &rows).await), ["done", "done"]);
    let resumed = change(&city, &city.issuer, &[row(&all[0], "valid", "已核实")]).await;
    assert_eq!(told(&resumed), ["done"]);
    let again = change(&city, &city.issuer, &rows).await;
    assert_eq!(told(&again), ["done_before", "already"]);
    assert_eq!(again[0]["problem"]["came_first"]["to"], "valid");
    assert_eq!(again[0]["identifier"], all[0].as_str());
    let anew = change(&city, &city.issuer, &[row(&all[0], "suspended", "第二批")]).await;
    assert_eq!(told(&anew), ["done"], "meant anew, it is done");
}

#[tokio::test]
async fn rows_are_for_ones_own_licences_and_for_those_with_a_key() {
    let city = City::of_two_issuers();
    let all = issued(&city, 1).await;
    let rows = [row(&all[0], "revoked", "x")];
    assert_eq!(told(&change(&city, &city.other, &rows).await), ["not_found"]);
    let strange = post(CHANGES, "application/x-ndjson", rows[0].clone());
    city.send(strange).await.expect_problem(401, "unauthorized");
    let json = keyed(post(CHANGES, "application/json", rows[0].clone()), &city.issuer);
    city.send(json).await.expect_problem(415, "media_type_unsupported");
    assert_eq!(told(&change(&city, &city.issuer, &rows).await), ["done"]);
    let nothing = keyed(post(CHANGES, "application/x-ndjson", ""), &city.issuer);
    assert!(city.send(nothing).await.expect(200).body.is_empty());
}

/// Two officers with two files about the same licences: each licence is changed once, and each row of each file is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_files_at_once_leave_each_licence_changed_once() {
    let city = City::new();
    let all = issued(&city, 40).await;
    let of = |to: &str| all.iter().map(|identifier| row(identifier, to, "两份文件")).collect::<Vec<_>>();
    let (revoked, cancelled) = (of("revoked"), of("cancelled"));
    let (left, right) =
        tokio::join!(change(&city, &city.issuer, &revoked), change(&city, &city.issuer, &cancelled));
    for (place, (left, right)) in told(&left).into_iter().zip(told(&right)).enumerate() {
        let one = [("done", "transition_not_allowed"), ("transition_not_allowed", "done")];
        assert!(one.contains(&(left, right)), "row {place}: {left}, {right}");
    }
}

/// A row is answered while the next has not come, and what was begun stays done when the client goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_answered_as_they_come_and_stay_done_when_the_client_hangs_up() {
    let city = City::new();
    let all = issued(&city, 1).await;
    let (sender, rows) = tokio::sync::mpsc::channel::<String>(4);
    let rows = stream::unfold(rows, |mut rows| async {
        rows.recv().await.map(|row| (Ok::<_, std::io::Error>(row), rows))
    });
    let request = keyed(post(CHANGES, "application/x-ndjson", Body::from_stream(rows)), &city.issuer);
    let mut body = build(city.state.clone(), Listener::Tcp).oneshot(request).await.unwrap().into_body();
    sender.send(row(&all[0], "reported_lost", "挂失") + "\n").await.unwrap();
    let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(told(&lines(&piece)), ["done"]);
    drop(body);
    drop(sender);
    let again = change(&city, &city.issuer, &[row(&all[0], "reported_lost", "挂失")]).await;
    assert_eq!(told(&again), ["already"]);
}

/// Runs `elicense status` on a file, and says what became of each row by its number.
fn status(data: &Path, file: &Path) -> (Output, BTreeMap<u64, String>) {
    let output =
        run(elicense_for(data).args(["status", "--json", "--data"]).arg(data).arg("--file").arg(file));
    let rows = lines(&output.stdout).into_iter().map(|line| {
        let word = match line.get("changed") {
            Some(changed) => changed["result"].clone(),
            None => line["refused"]["code"].clone(),
        };
        (line["row"].as_u64().unwrap(), word.as_str().unwrap_or_else(|| panic!("{line}")).to_owned())
    });
    (output.clone(), rows.collect())
}

fn last_word(output: &Output) -> Value {
    lines(&output.stderr).pop().expect("the last word")
}

#[test]
fn a_file_of_changes_is_done_row_by_row_through_the_service_and_without_it() {
    let (city, service) = Installation::new();
    let demo = Demo::read(&city.data);
    let all: Vec<&str> = demo.licences.iter().map(|licence| licence.identifier.as_str()).collect();
    let departments: std::collections::BTreeSet<_> =
        demo.licences.iter().map(|one| &one.department).collect();
    assert!(departments.len() > 1, "a file may name licences of several departments");
    let ndjson = city.folder.join("changes.ndjson");
    let mut rows = String::new();
    for (place, identifier) in all.iter().enumerate() {
        let to = if place == 0 { "transferred_out" } else { "in_inspection" };
        writeln!(rows, "{}", row(identifier, to, "年度检查")).unwrap();
    }
    let nobodys = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    writeln!(rows, "\n{}\nnothing", row(nobodys, "revoked", "x")).unwrap();
    std::fs::write(&ndjson, &rows).unwrap();

    let (output, told) = status(&city.data, &ndjson);
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    let count = u64::try_from(all.len()).unwrap();
    let mut expected: BTreeMap<u64, String> = (1..=count).map(|row| (row, "done".to_owned())).collect();
    expected.insert(count + 2, "not_found".to_owned());
    expected.insert(count + 3, "not_json".to_owned());
    // A licence that the demonstration has ended or replaced stays so.
    for (row, word) in &told {
        let word = if ["transition_not_allowed", "already_replaced"].contains(&word.as_str()) {
            word
        } else {
            &expected[row]
        };
        expected.insert(*row, word.clone());
    }
    assert_eq!(told, expected);
    let done = told.values().filter(|word| *word == "done").count();
    assert!(done >= 2, "{told:?}");
    assert_eq!(
        last_word(&output),
        json!({"changed": done, "already": 0, "refused": told.len() - done, "stopped": false})
    );

    assert!(service.terminate().success());
    let (output, again) = status(&city.data, &ndjson);
    let expected: BTreeMap<u64, String> = told
        .iter()
        .map(|(row, word)| (*row, if word == "done" { "already".to_owned() } else { word.clone() }))
        .collect();
    assert_eq!(again, expected, "the same words from here as from the service");
    assert_eq!(last_word(&output)["already"], done);
}

#[test]
fn a_csv_file_is_text_whatever_a_spreadsheet_makes_of_it() {
    let (city, _service) = Installation::new();
    let identifier = Demo::read(&city.data).licences[0].identifier.clone();
    let csv = city.folder.join("changes.csv");
    let text = format!(
        "\u{feff}to,reason,identifier,legal_basis\r\n\
         reported_lost,\"=HYPERLINK(\"\"x\"\"), +1\",{identifier},\r\n\
         revoked,@SUM(1),=1+1,\r\n\
         revoked,\"a\tb\",{},\r\n\
         revoked,one cell too few\r\n",
        identifier.replace(".001.", ".002."),
    );
    std::fs::write(&csv, text).unwrap();
    let (output, told) = status(&city.data, &csv);
    assert_eq!(output.status.code(), Some(65));
    let told: Vec<(u64, &str)> = told.iter().map(|(row, word)| (*row, word.as_str())).collect();
    assert_eq!(told[..2], [(2, "done"), (3, "not_found")]);
    assert_eq!(told[3], (5, "row_unreadable"));
    assert!(["not_found", "reason_refused"].contains(&told[2].1));
    let shown = run(elicense_for(&city.data).args(["show", &identifier, "--json", "--data"]).arg(&city.data));
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let last = shown["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["reason"], &last["asked_by"]), (&json!("=HYPERLINK(\"x\"), +1"), &json!("local")));

    let without_names = city.folder.join("nameless.csv");
    std::fs::write(&without_names, format!("{identifier},revoked,x\n")).unwrap();
    let (output, told) = status(&city.data, &without_names);
    assert_eq!((output.status.code(), told.len()), (Some(65), 0));
    let other = city.folder.join("changes.xlsx");
    std::fs::write(&other, "x").unwrap();
    assert_eq!(status(&city.data, &other).0.status.code(), Some(65));
}

#[test]
fn one_licence_is_changed_by_name_with_its_legal_basis_and_told_in_words() {
    let (city, _service) = Installation::new();
    let identifier = Demo::read(&city.data).licences[0].identifier.clone();
    let status = |words: &[&str]| {
        let output = run(elicense_for(&city.data).args(["status", "--data"]).arg(&city.data).args(words));
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, said) =
        status(&[&identifier, "withheld", "--reason", "逾期未检", "--legal-basis", "示范市条例第三条"]);
    assert_eq!(code, Some(0), "{said}");
    for words in ["withheld  暂扣 (withheld)", "逾期未检", "示范市条例第三条, by ", "(local)"] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    let (code, said) = status(&[&identifier, "withheld", "--reason", "逾期未检"]);
    assert!(code == Some(65) && said.contains("it became withheld at"), "{said}");
    for wrong in [
        &[identifier.as_str(), "withheld"][..],
        &[&identifier, "expired", "--reason", "x"],
        &[&identifier, "--reason", "x"],
        &[],
        &[&identifier, "valid", "--reason", "x", "--file", "changes.ndjson"],
    ] {
        let (code, said) = status(wrong);
        assert_eq!(code, Some(64), "{wrong:?}: {said}");
    }
    let help = status(&["--help"]).1;
    for state in elicense::licence::State::ALL {
        assert!(help.contains(state.as_str()) && help.contains(state.zh()), "{state} is not in: {help}");
    }
}
