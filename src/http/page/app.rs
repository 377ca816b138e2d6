//! The verify page as a web app: its modules, words, icon, manifest and service worker, as the service hands them out.
//!
//! The files stand in `app/`; each is compiled in. The service worker keeps them in the browser under a version that is the
//! hash of them all, so that a page once installed has files that belong together.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{self, Path};
use axum::http::header::{CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{STYLE, guarded, words};
use crate::crypto::Digest;
use crate::http::answer;
use crate::http::problem::Problem;
use crate::http::state::State;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const FOLDER: &str = "/assets/app/";
/// Where the decoder that the operator brought is handed out.
pub(super) const DECODER: &str = "/assets/operator/jsQR.js";
const MANIFEST: &[u8] = include_bytes!("app/manifest.webmanifest");
const WORKER: &str = include_str!("app/service_worker.js");
/// A worker asks its own service and nobody else.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";

macro_rules! modules {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("app/", $name)))),*] };
}

/// Every module, by its path below [`FOLDER`].
const MODULES: &[(&str, &str)] = modules![
    "codec/base45.js",
    "codec/bytes.js",
    "codec/cbor.js",
    "codec/credential.js",
    "codec/envelope.js",
    "codec/zlib.js",
    "licence/claims.js",
    "licence/codes.js",
    "licence/presentation.js",
    "licence/receipt.js",
    "licence/text.js",
    "pack/keeper.js",
    "pack/manifest.js",
    "pack/pack.js",
    "pack/store.js",
    "trust/certificate.js",
    "trust/der.js",
    "trust/extensions.js",
    "trust/key.js",
    "trust/path.js",
    "trust/trust_list.js",
    "ui/app.js",
    "ui/camera.js",
    "ui/element.js",
    "ui/pack_view.js",
    "ui/picture.js",
    "ui/service.js",
    "ui/sentences.js",
    "ui/verdict_view.js",
    "verify/carried_status.js",
    "verify/finding.js",
    "verify/own_statements.js",
    "verify/status_list.js",
    "verify/verdict.js",
];

/// The app's files as they are handed out, and the version that names them together.
#[derive(Debug)]
pub(in crate::http) struct App {
    files: BTreeMap<String, File>,
    worker: File,
    has_decoder: bool,
}

#[derive(Clone, Debug)]
struct File {
    media: &'static str,
    bytes: Bytes,
    etag: HeaderValue,
}

impl File {
    fn new(media: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let etag = format!("\"{}\"", Digest::of(&bytes));
        // Quotes and hexadecimal digits are what a header may hold.
        let etag = HeaderValue::try_from(etag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { media, bytes, etag }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_known = known.split(',').any(|tag| tag.trim().as_bytes() == self.etag.as_bytes());
        let response = if is_known {
            answer::with_status(answer::bytes(self.media, ""), StatusCode::NOT_MODIFIED)
        } else {
            answer::bytes(self.media, self.bytes.clone())
        };
        let mut response = guarded(answer::public(response));
        response.headers_mut().insert(ETAG, self.etag.clone());
        response
    }
}

impl App {
    /// The app; `shells` are the pages that it opens with, by address; `decoder` is the operator's `jsQR.js`.
    pub(in crate::http) fn new(shells: &[(&str, String)], decoder: Option<Vec<u8>>) -> Self {
        let has_decoder = decoder.is_some();
        let module = |(name, source): &(&str, &'static str)| {
            (format!("{FOLDER}{name}"), File::new(JAVASCRIPT, source.as_bytes()))
        };
        let mut files: BTreeMap<String, File> = MODULES.iter().map(module).collect();
        let others = [
            (format!("{FOLDER}words.json"), "application/json", Bytes::from(words::as_json().to_string())),
            (
                format!("{FOLDER}icon.svg"),
                "image/svg+xml",
                Bytes::from_static(include_bytes!("app/icon.svg")),
            ),
            ("/manifest.webmanifest".to_owned(), "application/manifest+json", Bytes::from_static(MANIFEST)),
        ];
        files.extend(others.map(|(path, media, bytes)| (path, File::new(media, bytes))));
        files.extend(decoder.map(|bytes| (DECODER.to_owned(), File::new(JAVASCRIPT, bytes))));
        let mut kept: Vec<(&str, Digest)> =
            files.iter().map(|(path, file)| (path.as_str(), Digest::of(&file.bytes))).collect();
        kept.push(("/assets/verify.css", Digest::of(STYLE.as_bytes())));
        kept.extend(shells.iter().map(|(path, html)| (*path, Digest::of(html.as_bytes()))));
        let all: String = kept.iter().map(|(path, digest)| format!("{path} {digest}\n")).collect();
        let version = Digest::of(format!("{all}{WORKER}").as_bytes());
        let paths: Vec<&str> = kept.iter().map(|(path, _)| *path).collect();
        let worker = format!("const VERSION = \"{version}\";\nconst FILES = {};\n{WORKER}", json!(paths));
        Self { worker: File::new(JAVASCRIPT, worker), files, has_decoder }
    }

    /// Whether the operator brought a decoder.
    pub(super) const fn has_decoder(&self) -> bool {
        self.has_decoder
    }

    fn file(&self, path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
        let file = self.files.get(path).ok_or_else(|| {
            Problem::new(StatusCode::NOT_FOUND, "no_such_route", "the app has no such file")
        })?;
        Ok(file.answer(headers))
    }
}

/// `GET /assets/app/{folder}/{file}`: a module.
pub(in crate::http) async fn module(
    extract::State(state): extract::State<State>,
    path: Result<Path<(String, String)>, extract::rejection::PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What is not even text is no file of ours.
    let path = path.map(|Path((folder, file))| format!("{FOLDER}{folder}/{file}")).unwrap_or_default();
    state.app.file(&path, &headers)
}

/// `GET /assets/app/words.json`: codes, checks and problems in both languages.
pub(in crate::http) async fn words_json(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.app.file("/assets/app/words.json", &headers)
}

/// `GET /assets/app/icon.svg`.
pub(in crate::http) async fn icon(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.app.file("/assets/app/icon.svg", &headers)
}

/// `GET /manifest.webmanifest`: what a device shows of an installed page.
pub(in crate::http) async fn web_manifest(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.app.file("/manifest.webmanifest", &headers)
}

/// `GET /assets/operator/jsQR.js`: the decoder that the operator brought, if any.
pub(in crate::http) async fn decoder(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    state.app.file(DECODER, &headers)
}

/// `GET /service-worker.js`.
pub(in crate::http) async fn service_worker(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
) -> Response {
    let mut response = state.app.worker.answer(&headers);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_POLICY));
    response
}
