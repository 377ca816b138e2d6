//! What came of a fixture or a twin, compared with what had to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::manifest::{Accepted, Refused};

/// What a credential led to: a verdict, or a problem before any verdict.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    Verdict(Value),
    Problem { status: u16, code: String },
}

/// These depend on a ledger; what is not in it fails there too.
const OF_THE_LEDGER: [&str; 2] = ["status", "ledger"];

fn findings(verdict: &Value) -> Vec<&Value> {
    verdict["findings"].as_array().expect("a verdict has findings").iter().collect()
}

fn text<'a>(finding: &'a Value, member: &str) -> &'a str {
    finding[member].as_str().unwrap_or_default()
}

/// Says what is wrong, if anything is.
pub(crate) fn check_refused(refused: &Refused, judged: &Judged) -> Result<(), String> {
    match (refused, judged) {
        (Refused::Problem { status, code }, Judged::Problem { status: got, code: got_code })
            if (status, code) == (got, got_code) =>
        {
            Ok(())
        }
        (Refused::Verdict { fails, because }, Judged::Verdict(verdict)) => {
            let failed: BTreeMap<String, String> = findings(verdict)
                .into_iter()
                .filter(|one| one["result"] == "fail" && !OF_THE_LEDGER.contains(&text(one, "check")))
                .map(|one| (text(one, "check").to_owned(), text(one, "code").to_owned()))
                .collect();
            let said: Vec<&str> = findings(verdict).into_iter().map(|one| text(one, "detail")).collect();
            let said = said.join(" ");
            let in_order = because
                .split('…')
                .try_fold(said.as_str(), |rest, part| rest.find(part).map(|at| &rest[at + part.len()..]));
            match () {
                () if verdict["status"] != "invalid" => {
                    Err(format!("it is {}: {verdict}", verdict["status"]))
                }
                () if ["licence", "receipt", "presentation"].iter().any(|one| verdict.get(one).is_some()) => {
                    Err(format!("its content is shown: {verdict}"))
                }
                () if failed != *fails => Err(format!("expected {fails:?}, got {failed:?}: {said}")),
                () if in_order.is_none() => Err(format!("expected {because:?} in {said:?}")),
                () => Ok(()),
            }
        }
        _ => Err(format!("expected {refused:?}, got {judged:?}")),
    }
}

/// Says what is wrong, if anything is.
pub(crate) fn check_accepted(accepted: Accepted, judged: &Judged) -> Result<(), String> {
    let Judged::Verdict(verdict) = judged else { return Err(format!("no verdict, but {judged:?}")) };
    let good = match accepted {
        Accepted::Valid => {
            verdict["status"] == "valid" && findings(verdict).iter().all(|one| one["code"] == "ok")
        }
        Accepted::Signed => findings(verdict).iter().all(|one| match text(one, "check") {
            "status" => one["code"] == "status_unknown",
            "ledger" => one["code"] == "not_in_ledger",
            _ => one["result"] == "pass",
        }),
        Accepted::Believed | Accepted::Done => false,
    };
    if good { Ok(()) } else { Err(format!("expected {accepted:?}, got {verdict}")) }
}

/// The findings, but for what is said about dates, which names the time they were judged for.
pub(crate) fn comparable(judged: &Judged) -> Value {
    match judged {
        Judged::Verdict(verdict) => {
            let mut findings = verdict["findings"].clone();
            for finding in findings.as_array_mut().unwrap() {
                if finding["check"] == "dates" {
                    finding.as_object_mut().unwrap().remove("detail");
                }
            }
            json!({ "findings": findings, "status": verdict["status"], "form": verdict.get("form") })
        }
        Judged::Problem { status, code } => json!({ "status": status, "code": code }),
    }
}

#[track_caller]
pub(crate) fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
