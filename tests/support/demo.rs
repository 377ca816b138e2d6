//! The demonstration that `elicense demo` makes, and licences issued on it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Client, Request, Response};
use super::service::{Service, Start};

/// A demonstration in a directory of its own, for tests that stop and start its service.
pub(crate) struct Installation {
    _place: tempfile::TempDir,
    pub(crate) data: PathBuf,
    /// Beside `data`, for whatever else a test writes.
    pub(crate) folder: PathBuf,
}

impl Installation {
    /// Made, and served.
    pub(crate) fn new() -> (Self, Service) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let (data, folder) = (place.path().join("data"), place.path().to_owned());
        let service = Start::demo(&data, &folder).ready();
        (Self { _place: place, data, folder }, service)
    }

    /// Served again.
    pub(crate) fn serve(&self) -> Service {
        Start::serve(&self.data, &self.folder).ready()
    }
}

/// `demo.json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Demo {
    pub(crate) url: String,
    pub(crate) departments: Vec<Department>,
    pub(crate) licences: Vec<DemoLicence>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Department {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) api_key: String,
    pub(crate) types: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DemoLicence {
    pub(crate) identifier: String,
    #[serde(rename = "type")]
    pub(crate) type_code: String,
    pub(crate) department: String,
    pub(crate) qr: String,
}

/// A department's key and a body that it may issue from, whatever the number.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) api_key: String,
    draft: Value,
}

/// What `POST /v1/licences` answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Issued {
    pub(crate) identifier: String,
    pub(crate) number: String,
    pub(crate) version: String,
    pub(crate) status: String,
    pub(crate) envelope: String,
    pub(crate) qr: String,
}

impl Demo {
    pub(crate) fn read(data: &Path) -> Self {
        let path = data.join("demo.json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn department(&self, code: &str) -> &Department {
        self.departments
            .iter()
            .find(|department| department.code == code)
            .expect("the department is in demo.json")
    }

    /// Someone who issues, with a draft made of a licence that the demonstration holds.
    pub(crate) fn issuer(&self, client: &mut Client) -> Issuer {
        let sample = self.licences.first().expect("the demonstration has licences");
        let api_key = self.department(&sample.department).api_key.clone();
        let path = format!("/v1/licences/{}", sample.identifier);
        let licence = client.send(&Request::get(&path).key(&api_key)).expect_status(200).json();
        let draft =
            json!({ "type": licence["type"], "holders": licence["holders"], "fields": licence["fields"] });
        Issuer { api_key, draft }
    }
}

impl Issuer {
    /// Whoever has this key, with a draft (a body of `POST /v1/licences`) whose number is of no matter.
    pub(crate) fn new(api_key: &str, draft: Value) -> Self {
        Self { api_key: api_key.to_owned(), draft }
    }

    /// The same draft with another name for its first holder.
    pub(crate) fn held_by(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.draft["holders"][0]["name"] = json!(name);
        other
    }

    pub(crate) fn request(&self, idempotency_key: &str, number: &str) -> Request {
        let mut body = self.draft.clone();
        body["number"] = json!(number);
        Request::post("/v1/licences")
            .key(&self.api_key)
            .header("idempotency-key", idempotency_key)
            .json(&body)
    }

    /// Issues once; an error leaves unknown whether the licence was.
    pub(crate) fn try_issue(&self, client: &mut Client, key: &str, number: &str) -> io::Result<Response> {
        client.try_send(&self.request(key, number))
    }

    #[track_caller]
    pub(crate) fn issue(&self, client: &mut Client, idempotency_key: &str, number: &str) -> Issued {
        Issued::read(&client.send(&self.request(idempotency_key, number)).expect_status(201))
    }

    /// The licence as the service tells it to its own department.
    #[track_caller]
    pub(crate) fn licence(&self, client: &mut Client, identifier: &str) -> Response {
        client.send(&Request::get(&format!("/v1/licences/{identifier}")).key(&self.api_key))
    }

    #[track_caller]
    pub(crate) fn change_status(
        &self,
        client: &mut Client,
        identifier: &str,
        to: &str,
        reason: &str,
    ) -> Response {
        let path = format!("/v1/licences/{identifier}/status");
        client.send(&Request::post(&path).key(&self.api_key).json(&json!({ "to": to, "reason": reason })))
    }
}

impl Issued {
    #[track_caller]
    pub(crate) fn read(response: &Response) -> Self {
        serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{response}: {error}"))
    }
}

/// The verdict on a credential: QR text, or an envelope in base64.
#[track_caller]
pub(crate) fn verdict(client: &mut Client, credential: &str) -> Value {
    client
        .send(&Request::post("/v1/verifications").json(&json!({ "credential": credential })))
        .expect_status(200)
        .json()
}
