//! A city in this process: the router without a socket, over a real installation.

#![allow(clippy::unwrap_used, reason = "a failure here is a test's failure")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use elicense::access::{Basis, Call, GrantedTypes, Terms};
use elicense::config::HttpLimits;
use elicense::crypto::{Algorithm, SystemRandom};
use elicense::http::{Listener, State, build};
use elicense::licence::{Authority, Catalogue, LicenceType, TypeCode};
use elicense::registry::{DepartmentPlan, Making, Plan, Registry};
use elicense::time::UnixTime;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::keeping;

pub(crate) const SAMPLE: &str = include_str!("../../fixtures/licences/business-licence-benchmark.json");
pub(crate) const ISSUER: &str = "11430000006122244L";
pub(crate) const OTHER: &str = "11330105002500287C";
pub(crate) const SECOND_ISSUER: &str = "12110000400777687U";

/// A city with one department that issues and one that does not, and its router.
pub(crate) struct City {
    _dir: tempfile::TempDir,
    pub(crate) state: State,
    pub(crate) issuer: String,
    pub(crate) other: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl City {
    pub(crate) fn new() -> Self {
        Self::with_other(OTHER, Vec::new())
    }

    /// A city whose other department issues licences of every type as well.
    pub(crate) fn of_two_issuers() -> Self {
        let types = Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect();
        Self::with_other(SECOND_ISSUER, types)
    }

    fn with_other(other: &str, types_of_other: Vec<TypeCode>) -> Self {
        let department = |code: &str, name, types| {
            let authority = Authority::new(code.parse().unwrap(), name).unwrap();
            let mut department = DepartmentPlan::new(authority, types, Algorithm::Es256);
            department.grants.push(every_question());
            department
        };
        let types = Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect();
        Self::of(vec![
            department(ISSUER, "示范市市场监督管理局", types),
            department(other, "示范市政务服务中心", types_of_other),
        ])
    }

    /// A city of these departments, two at least.
    pub(crate) fn of(departments: Vec<DepartmentPlan>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let plan = Plan {
            region: "示范市".to_owned(),
            city: Authority::new("11110000000021135M".parse().unwrap(), "示范市人民政府").unwrap(),
            area_code: None,
            public_url: "http://127.0.0.1:8080".to_owned(),
            departments,
            checkpoint: None,
            keys: None,
        };
        let at = keeping::at(dir.path());
        let making = Making::begin(dir.path(), at.clone()).unwrap();
        let made = making.make_all(&plan, Arc::new(SystemRandom), an_hour_ago()).unwrap();
        let key = |place: usize| made.departments[place].api_key.to_string();
        let (registry, _) =
            Registry::open(dir.path(), "a test".to_owned(), at, Arc::new(SystemRandom)).unwrap();
        let state = State::new(Arc::new(registry), HttpLimits::default(), Arc::new(SystemRandom));
        Self { issuer: key(0), other: key(1), _dir: dir, state }
    }

    pub(crate) fn router(&self, listener: Listener) -> Router {
        build(self.state.clone(), listener)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer(self.router(Listener::Tcp), request).await
    }

    pub(crate) async fn issue(&self, key: &str, body: &str) -> Answer {
        let request = post("/v1/licences", "application/json", body.to_owned());
        self.send(with(
            with(request, "authorization", &format!("Bearer {}", self.issuer)),
            "idempotency-key",
            key,
        ))
        .await
    }

    pub(crate) async fn verify(&self, media: &str, body: impl Into<Body>) -> Answer {
        self.send(post("/v1/verifications", media, body)).await
    }
}

/// When the city was made: its keys are good for a year from then.
fn an_hour_ago() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    UnixTime::from_seconds(i64::try_from(now).unwrap() - 3_600).unwrap()
}

/// A grant to look up, to compare and to ask for materials, every type with every field.
fn every_question() -> Terms {
    Terms {
        calls: [Call::Lookup, Call::Comparison, Call::Materials].into_iter().collect(),
        types: GrantedTypes::All,
        addresses: Vec::new(),
        from: None,
        to: None,
        daily: None,
        basis: Basis::Duty,
    }
}

pub(crate) async fn answer(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem and its headers without the request's id, which is another each time.
    pub(crate) fn but_for_its_id(&self) -> (StatusCode, axum::http::HeaderMap, Value) {
        let (mut headers, mut body) = (self.headers.clone(), self.json());
        let in_header = headers.remove("request-id").unwrap();
        let in_body = body.as_object_mut().unwrap().remove("request_id").unwrap();
        assert_eq!(in_header.to_str().unwrap(), in_body);
        (self.status, headers, body)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let body = self.json();
        assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)), "{body}");
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) fn post(path: &str, media: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, media).body(body.into()).unwrap()
}

pub(crate) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

pub(crate) fn keyed(request: Request<Body>, key: &str) -> Request<Body> {
    with(request, "authorization", &format!("Bearer {key}"))
}

/// The city's service on a port of its own, with limits that a test chooses, until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    service: Option<JoinHandle<()>>,
}

impl City {
    /// The same city under other limits.
    pub(crate) fn limited(&self, limits: HttpLimits) -> State {
        State::new(Arc::clone(&self.state.registry), limits, Arc::new(SystemRandom))
    }

    pub(crate) fn serve(&self, limits: HttpLimits) -> Served {
        let state = self.limited(limits);
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let service = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stopped = async { drop(stopped.await) };
                elicense::http::serve(listener, None, state, stopped).await.unwrap();
            });
        });
        Served { address, stop: Some(stop), service: Some(service) }
    }
}

impl Served {
    pub(crate) fn client(&self) -> super::http::Client {
        super::http::Client::new(self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.service.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "the service failed");
    }
}
