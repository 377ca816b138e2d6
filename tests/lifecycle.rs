//! The life of a licence over the API: every state by its name, newer licences, transfers, two officers at once, many rows.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use axum::body::Body;
use axum::http::Request;
use elicense::config::HttpLimits;
use elicense::http::Listener;
use elicense::licence::State;
use elicense::time::UnixTime;
use elicense::verify::{Check, Code};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::city::{Answer, City, ISSUER, SAMPLE, SECOND_ISSUER, answer, get, keyed, post, with};
use support::http;

/// An order for the sample under another number, with these members besides.
fn draft(number: &str, members: Value) -> String {
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body["number"] = json!(number);
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

async fn issue(city: &City, key: &str, body: String) -> Answer {
    static ORDERS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let order = ORDERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
    let request = keyed(post("/v1/licences", "application/json", body), key);
    city.send(with(request, "idempotency-key", &order)).await
}

/// A new licence's identifier and QR text.
async fn issued(city: &City, number: &str) -> (String, String) {
    let issued = issue(city, &city.issuer, draft(number, json!({}))).await.expect(201).json();
    let text = |key: &str| issued[key].as_str().unwrap().to_owned();
    (text("identifier"), text("qr"))
}

fn change(identifier: &str, to: &str) -> Request<Body> {
    let body = json!({"to": to, "reason": "一份测试", "legal_basis": "示范市条例第三条"}).to_string();
    post(&format!("/v1/licences/{identifier}/status"), "application/json", body)
}

async fn put_into(city: &City, identifier: &str, to: &str) -> Answer {
    city.send(keyed(change(identifier, to), &city.issuer)).await
}

async fn shown(city: &City, identifier: &str) -> Value {
    let path = format!("/v1/licences/{identifier}");
    city.send(keyed(get(&path), &city.issuer)).await.expect(200).json()
}

fn status_code_at(city: &City, qr: &str, at: UnixTime) -> Code {
    city.state
        .registry
        .verifier(&city.state.registry.trust())
        .verify_text(qr, at)
        .finding(Check::Status)
        .unwrap()
        .code
}

/// How to get a licence that was just issued into each state, by states that lead there.
fn way_to(state: State) -> &'static [&'static str] {
    match state {
        State::Valid => &["suspended", "valid"],
        State::Suspended => &["suspended"],
        State::Withheld => &["withheld"],
        State::ReportedLost => &["reported_lost"],
        State::InInspection => &["in_inspection"],
        State::BeingChanged => &["being_changed"],
        State::TransferredOut => &["transferred_out"],
        State::Revoked => &["withheld", "revoked"],
        State::Cancelled => &["transferred_out", "cancelled"],
        State::Withdrawn => &["withdrawn"],
        State::IssuedInError => &["issued_in_error"],
    }
}

/// Over a real connection: each state by its name, what the view and a verdict then say, and every state asked for next.
#[test]
fn every_state_is_reached_by_its_name_and_left_only_as_the_table_says() {
    let city = City::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let served = city.serve(HttpLimits::default());
    let mut client = served.client();
    let mut ask =
        |path: &str, body: Value| client.send(&http::Request::post(path).key(&city.issuer).json(&body));
    for (place, state) in State::ALL.iter().copied().enumerate() {
        let (identifier, qr) = runtime.block_on(issued(&city, &format!("STATE-{place}")));
        let path = format!("/v1/licences/{identifier}/status");
        let mut view = Value::Null;
        for word in way_to(state) {
            let body = json!({"to": word, "reason": "一份测试", "legal_basis": "示范市条例第三条"});
            view = ask(&path, body).expect_status(200).json();
        }
        assert_eq!(view["status"], state.as_str());
        let standing = &view["standing"];
        assert_eq!(standing["word"], state.as_str());
        assert_eq!((&standing["zh"], &standing["en"]), (&json!(state.zh()), &json!(state.en())));
        assert_eq!(standing["ministry_code"], state.ministry_code().code());
        assert_eq!(standing.get("ministry_description").is_some(), state.ministry_code().code() == "99");
        assert_eq!(standing["grade"], state.grade());
        let last = view["history"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["reason"], &last["legal_basis"]), (&json!("一份测试"), &json!("示范市条例第三条")));
        assert_eq!((&last["to"], &last["by"]), (&json!(state.as_str()), &json!(ISSUER)));
        assert!(city.issuer.contains(last["asked_by"].as_str().unwrap()), "the key's id: {last}");

        let verdict = ask("/v1/verifications", json!({"credential": qr})).expect_status(200).json();
        assert_eq!(verdict["grade"], state.grade(), "{verdict}");
        let finding = &verdict["findings"][5];
        let code = match state {
            State::Valid => "ok",
            state if state.grade() == 2 && state != State::TransferredOut => "suspended",
            state => state.as_str(),
        };
        assert_eq!(finding["code"], code);
        let names_its_kind = finding["detail"].as_str().is_some_and(|detail| detail.contains(state.zh()));
        let is_kind = code == "suspended" && state != State::Suspended;
        assert_eq!(names_its_kind, is_kind, "{finding}");
        assert_eq!(finding.get("state"), is_kind.then(|| json!(state.as_str())).as_ref());

        for to in State::ALL.iter().copied().filter(|to| state.transition_to(*to).is_err()) {
            let refused = ask(&path, json!({"to": to.as_str(), "reason": "一份测试"}));
            let problem = refused.expect_status(409).json();
            assert_eq!(problem["code"], "transition_not_allowed");
            assert_eq!(problem["came_first"]["to"], state.as_str(), "{problem}");
            assert_eq!(problem["came_first"]["asked_by"], last["asked_by"]);
        }
    }
}

#[tokio::test]
async fn annotations_are_checked_and_a_legal_basis_may_be_left_out() {
    let city = City::new();
    let (identifier, _) = issued(&city, "ANNOTATED").await;
    let ask = |body: Value| {
        let path = format!("/v1/licences/{identifier}/status");
        city.send(keyed(post(&path, "application/json", body.to_string()), &city.issuer))
    };
    let long = "条".repeat(201);
    ask(json!({"to": "withheld", "reason": "x", "legal_basis": long}))
        .await
        .expect_problem(422, "legal_basis_refused");
    ask(json!({"to": "withheld", "reason": "x", "legal_basis": ""}))
        .await
        .expect_problem(422, "legal_basis_refused");
    ask(json!({"to": "withheld", "reason": "x", "legal_basis": 1}))
        .await
        .expect_problem(422, "status_request_refused");
    ask(json!({"to": "withheld", "reason": ""})).await.expect_problem(422, "reason_refused");
    ask(json!({"to": "expired", "reason": "x"})).await.expect_problem(422, "status_request_refused");
    let view = ask(json!({"to": "withheld", "reason": "x"})).await.expect(200).json();
    assert_eq!(view["history"][1].get("legal_basis"), None);
    assert_eq!(view["history"][1]["operation"], "03");
    let back = put_into(&city, &identifier, "valid").await.expect(200).json();
    assert_eq!(back["history"][2]["operation"], "06");
    assert_eq!(back["history"][0]["operation"], "01");
}

#[tokio::test]
async fn an_old_licence_ends_in_the_second_in_which_the_new_one_begins() {
    let city = City::new();
    let now = city.state.now();
    let tomorrow = now.date().plus(0, 0, 1).unwrap();
    let begins = tomorrow.start();
    for (place, (meanwhile, before)) in
        [(None, Code::Ok), (Some("withheld"), Code::Suspended), (Some("cancelled"), Code::Cancelled)]
            .into_iter()
            .enumerate()
    {
        for purpose in ["renewal", "change", "inspection", "replacement"] {
            let number = format!("TIMED-{place}-{purpose}");
            let (old, old_qr) = issued(&city, &number).await;
            let members = json!({"replaces": old, "replaces_for": purpose, "valid_from": tomorrow});
            let newer = issue(&city, &city.issuer, draft(&number, members)).await.expect(201).json();
            let (newer, newer_qr) = (newer["identifier"].as_str().unwrap(), newer["qr"].as_str().unwrap());
            if let Some(to) = meanwhile {
                put_into(&city, &old, to).await.expect(200);
            }
            assert_eq!(status_code_at(&city, &old_qr, begins.plus(-1)), before);
            let ended = if before == Code::Cancelled { Code::Cancelled } else { Code::Replaced };
            assert_eq!(status_code_at(&city, &old_qr, begins), ended);
            let verdict =
                |at| city.state.registry.verifier(&city.state.registry.trust()).verify_text(newer_qr, at);
            assert_eq!(verdict(begins.plus(-1)).finding(Check::Dates).unwrap().code, Code::NotYetValid);
            assert_eq!(verdict(begins).reasons(), []);
            let view = shown(&city, newer).await;
            assert_eq!((&view["replaces_for"], &view["replaces"]), (&json!(purpose), &json!(old)));
            assert_eq!(view["standing"]["word"], "not_yet_in_force");
            let view = shown(&city, &old).await;
            assert_eq!(
                (&view["status"], &view["replaced_by"]),
                (&json!(meanwhile.unwrap_or("valid")), &json!(newer))
            );
            assert_eq!(view["history"][1]["replaces_for"], purpose);
            let again = issue(&city, &city.issuer, draft(&number, json!({"replaces": old}))).await;
            again.expect_problem(409, "not_replaceable");
            if before != Code::Cancelled {
                assert_eq!(again.json()["came_first"]["to"], "replaced");
            }
        }
    }
}

#[tokio::test]
async fn a_licence_that_a_newer_one_has_taken_the_place_of_can_only_be_ended() {
    let city = City::new();
    let (old, qr) = issued(&city, "SUPERSEDED").await;
    put_into(&city, &old, "suspended").await.expect(200);
    let newer =
        issue(&city, &city.issuer, draft("SUPERSEDED", json!({"replaces": old}))).await.expect(201).json();
    let refused = put_into(&city, &old, "valid").await;
    refused.expect_problem(409, "already_replaced");
    assert!(refused.json()["detail"].as_str().unwrap().contains(newer["identifier"].as_str().unwrap()));
    assert_eq!(shown(&city, &old).await["standing"]["word"], "replaced");
    put_into(&city, &old, "issued_in_error").await.expect(200);
    assert_eq!(status_code_at(&city, &qr, city.state.now()), Code::IssuedInError);
}

#[tokio::test]
async fn a_licence_is_taken_over_by_another_department_once_its_own_has_let_go() {
    let city = City::of_two_issuers();
    let (old, old_qr) = issued(&city, "MOVING").await;
    let tomorrow = city.state.now().date().plus(0, 0, 1).unwrap();
    let taking = json!({"replaces": old, "replaces_for": "transfer_in", "valid_from": tomorrow});
    let take = |number: &str| issue(&city, &city.other, draft(number, taking.clone()));

    // Without a word of transfer it is unknown, as it always was; with it, it is known and not to be had yet.
    issue(&city, &city.other, draft("MOVED", json!({"replaces": old})))
        .await
        .expect_problem(404, "not_found");
    let early = take("MOVED").await;
    early.expect_problem(409, "not_replaceable");
    assert!(early.json()["detail"].as_str().unwrap().contains("has not transferred it out"));
    put_into(&city, &old, "withheld").await.expect(200);
    take("MOVED").await.expect_problem(409, "not_replaceable");
    put_into(&city, &old, "transferred_out").await.expect_problem(409, "transition_not_allowed");
    put_into(&city, &old, "valid").await.expect(200);
    put_into(&city, &old, "transferred_out").await.expect(200);
    let own = json!({"replaces": old, "replaces_for": "renewal"});
    issue(&city, &city.issuer, draft("MOVING", own)).await.expect_problem(409, "not_replaceable");

    let newer = take("MOVED").await.expect(201).json();
    assert_eq!(newer["version"], "001");
    let (newer_identifier, newer_qr) = (newer["identifier"].as_str().unwrap(), newer["qr"].as_str().unwrap());
    let parts = |identifier: &str| identifier.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (parts(&old), parts(newer_identifier));
    assert_eq!((&theirs[5], theirs[6].as_str()), (&ours[5], SECOND_ISSUER));
    assert_ne!(theirs[7], ours[7], "a serial of its own");
    let begins = tomorrow.start();
    assert_eq!(status_code_at(&city, &old_qr, begins.plus(-1)), Code::TransferredOut);
    assert_eq!(status_code_at(&city, &old_qr, begins), Code::Replaced);
    assert_eq!(
        city.state.registry.verifier(&city.state.registry.trust()).verify_text(newer_qr, begins).reasons(),
        []
    );

    // What another department has taken over is not taken back, nor taken twice.
    let back = put_into(&city, &old, "valid").await;
    back.expect_problem(409, "already_replaced");
    assert_eq!(back.json()["came_first"]["department"], SECOND_ISSUER);
    let twice = take("MOVED-2").await;
    twice.expect_problem(409, "not_replaceable");
    let came_first = &twice.json()["came_first"];
    assert_eq!((&came_first["department"], &came_first["to"]), (&json!(SECOND_ISSUER), &json!("replaced")));
    assert!(city.other.contains(came_first["asked_by"].as_str().unwrap()));
    let path = format!("/v1/licences/{newer_identifier}");
    let view = city.send(keyed(get(&path), &city.other)).await.expect(200).json();
    assert_eq!((&view["replaces"], &view["history"][0]["operation"]), (&json!(old), &json!("08")));

    // The licence goes on at its new place like any other.
    let renewed = json!({"replaces": newer_identifier, "replaces_for": "renewal"});
    let renewed = issue(&city, &city.other, draft("MOVED", renewed)).await.expect(201).json();
    assert_eq!(renewed["version"], "002");
}

#[tokio::test]
async fn a_transfer_names_its_predecessor_and_never_ones_own() {
    let city = City::of_two_issuers();
    let (old, _) = issued(&city, "OWN").await;
    put_into(&city, &old, "transferred_out").await.expect(200);
    let own = json!({"replaces": old, "replaces_for": "transfer_in"});
    issue(&city, &city.issuer, draft("OWN-2", own)).await.expect_problem(409, "not_replaceable");
    let nothing = issue(&city, &city.issuer, draft("OWN-3", json!({"replaces_for": "transfer_in"}))).await;
    nothing.expect_problem(422, "draft_refused");
    put_into(&city, &old, "valid").await.expect(200);
}

/// What was asked for at once by two officers: the one shows the department's key, the other acts on the machine.
async fn at_once(city: &City, identifier: &str, words: [&'static str; 2]) -> Vec<(&'static str, Answer)> {
    let requests = (0..40).map(|place| {
        let word = words[place % 2];
        let (router, request) = match place % 2 {
            0 => (city.router(Listener::Tcp), keyed(change(identifier, word), &city.issuer)),
            _ => (city.router(Listener::Local), with(change(identifier, word), "acting-department", ISSUER)),
        };
        let sent = tokio::spawn(answer(router, request));
        async move { (word, sent.await.unwrap()) }
    });
    join_all(requests).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_officers_who_end_a_licence_one_does_and_the_other_is_told_by_whom() {
    let city = City::new();
    for round in 0..4 {
        let (identifier, _) = issued(&city, &format!("RACE-{round}")).await;
        let answers = at_once(&city, &identifier, ["revoked", "cancelled"]).await;
        let history = shown(&city, &identifier).await["history"].clone();
        let [_, won] = history.as_array().unwrap().as_slice() else { panic!("{history}") };
        let done = answers.iter().filter(|(_, answer)| answer.status == 200).count();
        assert_eq!(done, 1);
        for (word, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
            answer.expect_problem(409, "transition_not_allowed");
            let problem = answer.json();
            for (told, kept) in [("department", "by"), ("asked_by", "asked_by"), ("to", "to"), ("at", "at")] {
                assert_eq!(problem["came_first"][told], won[kept], "{word}: {problem}");
            }
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(ISSUER) && detail.contains(won["at"].as_str().unwrap()), "{detail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_renew_a_licence_one_does_and_the_others_are_told_by_whom() {
    let city = City::new();
    let (old, _) = issued(&city, "RENEWED").await;
    let body = draft("RENEWED", json!({"replaces": old, "replaces_for": "renewal"}));
    let answers = join_all((0..20).map(|order| {
        let request = keyed(post("/v1/licences", "application/json", body.clone()), &city.issuer);
        let request = with(request, "idempotency-key", &format!("renewal-{order}"));
        let sent = tokio::spawn(answer(city.router(Listener::Tcp), request));
        async { sent.await.unwrap() }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.expect_problem(409, "not_replaceable");
        let problem = answer.json();
        assert_eq!(
            (&problem["came_first"]["to"], &problem["came_first"]["department"]),
            (&json!("replaced"), &json!(ISSUER))
        );
    }
}

/// A transfer is undone, or it is taken over; never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transfer_is_undone_or_taken_over_and_never_both() {
    let city = City::of_two_issuers();
    for round in 0..10 {
        let (old, _) = issued(&city, &format!("CONTESTED-{round}")).await;
        put_into(&city, &old, "transferred_out").await.expect(200);
        let undo = keyed(change(&old, "valid"), &city.issuer);
        let body = draft(&format!("TAKEN-{round}"), json!({"replaces": old, "replaces_for": "transfer_in"}));
        let take = keyed(post("/v1/licences", "application/json", body), &city.other);
        let take = with(take, "idempotency-key", &format!("taken-{round}"));
        let sent = [undo, take].map(|request| tokio::spawn(answer(city.router(Listener::Tcp), request)));
        let [undone, taken] =
            join_all(sent).await.try_into().map(|both: [_; 2]| both.map(Result::unwrap)).ok().unwrap();
        match (undone.status.as_u16(), taken.status.as_u16()) {
            (200, 409) => assert_eq!(taken.json()["came_first"]["to"], "valid"),
            (409, 201) => assert_eq!(undone.json()["came_first"]["department"], SECOND_ISSUER),
            both => panic!("round {round}: {both:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_too_late_is_told_of_the_change_that_came_before() {
    let city = City::new();
    let (identifier, _) = issued(&city, "RACE").await;
    let answers = at_once(&city, &identifier, ["withheld", "reported_lost"]).await;
    let history = shown(&city, &identifier).await["history"].clone();
    let history = &history.as_array().unwrap()[1..];
    let done = answers.iter().filter(|(_, answer)| answer.status == 200).count();
    assert_eq!(done, history.len(), "each change that was answered is there, and no other");
    for (_, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
        assert_eq!(answer.status, 409);
        let first = answer.json()["came_first"].clone();
        let same = |event: &&Value| event["at"] == first["at"] && event["to"] == first["to"];
        let event = history.iter().find(same).unwrap_or_else(|| panic!("{first} is in no history"));
        assert_eq!(first["department"], event["by"]);
    }
}
