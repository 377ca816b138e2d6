//! The app's files as the service hands them out: all of one version, each under its media type, none from elsewhere.

use std::collections::BTreeSet;
use std::process::Command;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use serde_json::Value;

use super::support::city::{City, get, with};
use super::support::service::{elicense, run};
use super::support::tree;

/// The paths of `FILES` and the `VERSION` that the service worker begins with.
async fn kept(city: &City) -> (String, Vec<String>) {
    let worker = city.send(get("/service-worker.js")).await.expect(200);
    let text = String::from_utf8(worker.body).unwrap();
    let mut lines = text.lines();
    let version = lines.next().unwrap().strip_prefix("const VERSION = ").unwrap().to_owned();
    let files = lines.next().unwrap().strip_prefix("const FILES = ").unwrap().trim_end_matches(';');
    (version, serde_json::from_str(files).unwrap())
}

#[tokio::test]
async fn every_file_that_the_worker_keeps_is_there_and_is_not_sent_twice() {
    let city = City::new();
    let (_, files) = kept(&city).await;
    assert!(files.len() > 30, "{files:?}");
    for path in files {
        let answer = city.send(get(&path)).await.expect(200);
        let media = answer.headers[CONTENT_TYPE].to_str().unwrap();
        let expected = match path.rsplit_once('.').map_or("", |(_, end)| end) {
            "js" => "text/javascript; charset=utf-8",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "css" => "text/css; charset=utf-8",
            "webmanifest" => "application/manifest+json",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(media, expected, "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        let policy = answer.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        if path.starts_with("/assets/app/") || path == "/manifest.webmanifest" {
            assert_eq!(answer.headers[CACHE_CONTROL], "no-cache", "{path}");
            let etag = answer.headers[ETAG].to_str().unwrap().to_owned();
            let again = city.send(with(get(&path), "if-none-match", &etag)).await;
            assert!(again.expect(304).body.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn every_module_is_kept_and_every_kept_module_is_in_the_tree() {
    let (_, files) = kept(&City::new()).await;
    let kept: BTreeSet<String> = files
        .iter()
        .filter_map(|path| path.strip_prefix("/assets/app/"))
        .filter(|name| name.ends_with(".js"))
        .map(str::to_owned)
        .collect();
    let folder = tree("src/http/page/app");
    let mut there = BTreeSet::new();
    for part in
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for module in std::fs::read_dir(part).unwrap() {
            let path = module.unwrap().path();
            there.insert(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
        }
    }
    assert_eq!(kept, there);
}

#[tokio::test]
async fn the_operators_decoder_is_handed_out_kept_and_changes_the_version() {
    let mut city = City::new();
    city.send(get("/assets/operator/jsQR.js")).await.expect_problem(404, "no_such_route");
    let (before, files) = kept(&city).await;
    assert!(!files.iter().any(|path| path.contains("operator")));
    let page = String::from_utf8(city.send(get("/?lang=en")).await.expect(200).body).unwrap();
    assert!(page.contains("data-decoder=\"\""), "a page without a decoder names one");

    city.state = city.state.clone().with_decoder(b"self.jsQR = () => null;".to_vec());
    let decoder = city.send(get("/assets/operator/jsQR.js")).await.expect(200);
    assert_eq!(decoder.body, b"self.jsQR = () => null;");
    assert_eq!(decoder.headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
    let (with_one, files) = kept(&city).await;
    assert!(files.iter().any(|path| path == "/assets/operator/jsQR.js"));
    assert_ne!(before, with_one);
    city.state = city.state.clone().with_decoder(b"self.jsQR = () => undefined;".to_vec());
    assert_ne!(with_one, kept(&city).await.0);
    for other in ["/assets/operator/other.js", "/assets/operator/../demo.json", "/assets/app/ui/../ui/app.js"]
    {
        assert_ne!(city.send(get(other)).await.status, 200, "{other}");
    }
}

#[tokio::test]
async fn the_words_are_those_of_the_table() {
    use elicense::verify::{Code, Language};
    let words = City::new().send(get("/assets/app/words.json")).await.expect(200).json();
    for code in Code::ALL {
        let said = &words["codes"][code.as_str()];
        let expected = (code.sentence(Language::Zh), code.sentence(Language::En), u64::from(code.grade()));
        let got =
            (said["zh"].as_str().unwrap(), said["en"].as_str().unwrap(), said["grade"].as_u64().unwrap());
        assert_eq!(got, expected);
    }
    assert_eq!(words["codes"].as_object().map(serde_json::Map::len), Some(Code::ALL.len()));
}

#[tokio::test]
async fn an_installed_page_is_made_for_nobodys_request() {
    let city = City::new();
    let page = city.send(get("/?lang=zh&installed")).await.expect(200);
    let again = city.send(get("/?lang=zh&installed")).await.expect(200);
    assert_eq!(page.body, again.body, "what is kept differs from time to time");
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("<time></time>") && text.contains("data-request-id>–<"));
}

#[test]
fn the_command_takes_one_file_from_the_folder_or_says_why_not() {
    let place = tempfile::tempdir().unwrap();
    let serve = |assets: &std::path::Path| {
        let data = place.path().join("none");
        run(elicense()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--assets")
            .arg(assets))
    };
    let missing = serve(place.path());
    assert_eq!(missing.status.code(), Some(65));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.contains("jsQR.js"), "{said}");
    for (what, bytes) in [("too large", vec![b' '; 1024 * 1024 + 1]), ("no text", vec![0xff; 10])] {
        std::fs::write(place.path().join("jsQR.js"), bytes).unwrap();
        assert_eq!(serve(place.path()).status.code(), Some(65), "{what}");
    }
}

/// `tsc --strict` over the JSDoc of every module.
#[test]
fn the_types_of_the_script_hold() {
    let tsc = tree("tests/page/node_modules/typescript/bin/tsc");
    assert!(tsc.exists(), "no typescript: run scripts/test.sh");
    let settings: Value =
        serde_json::from_slice(&std::fs::read(tree("tests/page/tsconfig.json")).unwrap()).unwrap();
    let options = &settings["compilerOptions"];
    assert!(options["strict"] == true && options["checkJs"] == true && options["noEmit"] == true);
    let checked =
        Command::new("node").arg(tsc).args(["-p", "tests/page"]).current_dir(tree(".")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
