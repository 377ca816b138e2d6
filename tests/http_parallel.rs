//! Many at once who send the same order: one licence comes of it, whoever is first (ADVERSARY #57).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeSet;

use elicense::http::Listener;
use futures_util::future::join_all;
use serde_json::Value;
use support::city::{Answer, City, SAMPLE, answer, get, keyed, post, with};

const CLIENTS: usize = 50;

/// Every client's answer to its own body under the same key, all sent at the same time.
async fn at_once(city: &City, bodies: Vec<String>) -> Vec<Answer> {
    let requests = bodies.into_iter().map(|body| {
        let request = keyed(post("/v1/licences", "application/json", body), &city.issuer);
        let request = with(request, "idempotency-key", "order-1");
        let router = city.router(Listener::Tcp);
        tokio::spawn(answer(router, request))
    });
    join_all(requests).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_times_the_same_order_is_one_licence_and_one_answer() {
    let city = City::new();
    let answers = at_once(&city, vec![SAMPLE.to_owned(); CLIENTS]).await;
    let issued: BTreeSet<String> =
        answers.into_iter().map(|answer| answer.expect(201).json().to_string()).collect();
    assert_eq!(issued.len(), 1, "{issued:?}");
    // The number is taken by that one licence and no other was made beside it.
    city.issue("order-2", SAMPLE).await.expect_problem(409, "number_taken");
    let issued: Value = serde_json::from_str(issued.first().unwrap()).unwrap();
    let own = format!("/v1/licences/{}", issued["identifier"].as_str().unwrap());
    let shown = city.send(keyed(get(&own), &city.issuer)).await.expect(200).json();
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_orders_under_one_key_are_one_licence_and_forty_nine_refusals() {
    let city = City::new();
    let bodies = (0..CLIENTS).map(|number| {
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        body["number"] = Value::from(format!("PARALLEL-{number}"));
        body.to_string()
    });
    let answers = at_once(&city, bodies.collect()).await;
    let (issued, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(issued.len(), 1);
    for answer in refused {
        answer.expect_problem(422, "idempotency_key_reused");
    }
    // The numbers of the refused are free, and the one that was issued is taken.
    let mine = issued[0].json()["number"].as_str().unwrap().to_owned();
    for number in 0..CLIENTS {
        let number = format!("PARALLEL-{number}");
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        body["number"] = Value::from(number.as_str());
        let answer = city.issue(&format!("again-{number}"), &body.to_string()).await;
        assert_eq!(answer.status, if number == mine { 409 } else { 201 }, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_who_suspend_one_does() {
    let city = City::new();
    let issued = city.issue("1", SAMPLE).await.expect(201).json();
    let path = format!("/v1/licences/{}/status", issued["identifier"].as_str().unwrap());
    let changes = (0..CLIENTS).map(|_| {
        let body = "{\"to\": \"suspended\", \"reason\": \"complaint under review\"}";
        let request = keyed(post(&path, "application/json", body), &city.issuer);
        tokio::spawn(answer(city.router(Listener::Tcp), request))
    });
    let statuses: Vec<u16> =
        join_all(changes).await.into_iter().map(|answer| answer.unwrap().status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
}
