//! `docs/OPERATIONS.md`, followed from top to bottom on the six machines that it is about, and what it says comes of it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::process::Stdio;
use std::time::Instant;

use serde_json::{Value, json};

use support::city::SAMPLE;
use support::machines::{Lan, in_own_network};
use support::manual::{blocks, follow, follow_only, page, titles};
use support::patroni::{self, NODES};
use support::tree;

/// Issues through the proxy until there is a file `/run/enough`; writes an answer's status a line.
const ISSUE: &str = r#"
count=0
until [ -e /run/enough ]; do
    count=$((count + 1))
    jq --arg number "through-$count" '.number = $number' /etc/sample.json |
    curl -s -o /dev/null -w '%{http_code}\n' --cacert /etc/haproxy/root.pem \
      --connect-to licences.example.com:443:proxy:443 https://licences.example.com/v1/licences \
      -H "Authorization: Bearer $(cat /etc/key)" -H "Idempotency-Key: through-$count" --json @- || true
done
"#;

/// A site as the page makes it, and what a caller does there.
struct Site {
    lan: Lan,
}

impl Site {
    /// Follows the page up to the proxy.
    fn set_up() -> Self {
        let lan = Lan::start(&patroni::MACHINES);
        patroni::set_up(&lan);
        for title in titles(&page()).iter().skip_while(|title| *title != "A user and the database's address")
        {
            let began = Instant::now();
            follow(&lan, title);
            println!("{title}: {:.1} s", began.elapsed().as_secs_f32());
            if title == "See that requests reach a node" {
                break;
            }
        }
        let made: Value =
            serde_json::from_str(&lan.machine("node1").run("cat /etc/elicense/made.json")).expect("JSON");
        let key = made["departments"][0]["api_key"].as_str().expect("an API key");
        lan.machine("proxy")
            .run(&format!("echo {key} > /etc/key\ncat > /etc/sample.json <<'END'\n{SAMPLE}\nEND"));
        Self { lan }
    }

    /// A call as the department that was there from the beginning.
    fn call(&self, at: &str, path: &str, words: &str) -> Value {
        self.ask(at, path, &format!("-H \"Authorization: Bearer $(cat /etc/key)\" {words}"))
    }

    /// A call to the service by its public name, by way of the proxy, or at one node.
    fn ask(&self, at: &str, path: &str, words: &str) -> Value {
        let at = match at {
            "proxy" => "proxy:443".to_owned(),
            at if at.contains(':') => at.to_owned(),
            node => format!("{node}:8443"),
        };
        let said = self.lan.machine("proxy").run(&format!(
            "curl -sS --cacert /etc/haproxy/root.pem --connect-to licences.example.com:443:{at} \
             https://licences.example.com{path} {words}"
        ));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{at} {path}: {error}: {said}"))
    }

    fn issue(&self, number: &str) -> Value {
        let words = format!(
            "-H 'Idempotency-Key: {number}' --json \"$(jq '.number = \"{number}\"' /etc/sample.json)\""
        );
        self.call("proxy", "/v1/licences", &words)
    }

    /// Every node answers for it, and judges it valid.
    #[track_caller]
    fn assert_everywhere(&self, issued: &Value) {
        let text = |part: &str| issued[part].as_str().unwrap_or_else(|| panic!("{issued}")).to_owned();
        for node in NODES {
            let licence = self.call(node, &format!("/v1/licences/{}", text("identifier")), "");
            assert_eq!(licence["number"], issued["number"], "{node}: {licence}");
            let verdict = self.call(
                node,
                "/v1/verifications",
                &format!("--json '{}'", json!({"credential": text("qr")})),
            );
            assert_eq!(verdict["status"], "valid", "{node}: {verdict}");
        }
    }
}

#[test]
fn the_page_is_what_happens() {
    in_own_network("the_page_is_what_happens", || {
        let site = Site::set_up();
        let first = site.issue("2026-0001");
        site.assert_everywhere(&first);
        assert_eq!(site.issue("2026-0001"), first, "the same order under the same key");

        assert!(follow(&site.lan, "What to watch").contains("entries"), "the check says what it read");
        let (leader, standby) = patroni::wait_for_pair(&site.lan);
        follow(&site.lan, "Change who leads");
        assert_eq!(patroni::wait_for_leader(&site.lan, |name| name != leader), standby);
        patroni::wait_for_pair(&site.lan);
        site.assert_everywhere(&site.issue("2026-0002"));

        follow(&site.lan, "Add a department");
        site.lan
            .machine("proxy")
            .run("ssh node1 cat /etc/elicense/department.json | jq -r .api_key > /etc/new-key");
        let mut issuing = site.lan.machine("proxy").command("bash");
        let issuing = issuing.args(["-c", ISSUE]).stdout(Stdio::piped()).spawn().expect("nsenter starts");
        follow(&site.lan, "Upgrade elicense");
        site.lan.machine("proxy").run("touch /run/enough");
        let said = issuing.wait_with_output().expect("a child ends").stdout;
        let said = String::from_utf8(said).expect("UTF-8");
        let (answers, refused) = (said.lines().count(), said.lines().filter(|line| *line != "201").count());
        println!("{answers} orders while the nodes were replaced");
        assert!(answers >= 3 && refused == 0, "callers notice that a node is replaced: {said}");

        site.assert_new_department_issues_everywhere();
        follow(&site.lan, "Read from a replica");
        site.assert_reads_only("node3:9443", &first);
        site.assert_node_is_replaced("node3");
        site.assert_everywhere(&first);
    });
}

impl Site {
    /// The key that was made last, at each node.
    #[track_caller]
    fn assert_new_department_issues_everywhere(&self) {
        for node in NODES {
            let body = format!("$(jq '.number = \"new-{node}\"' /etc/sample.json)");
            let words = format!(
                "-H \"Authorization: Bearer $(cat /etc/new-key)\" -H 'Idempotency-Key: {node}' --json \"{body}\""
            );
            let issued = self.ask(node, "/v1/licences", &words);
            assert!(issued["identifier"].is_string(), "{node}: {issued}");
        }
    }

    /// What reads a replica judges, and issues nothing.
    #[track_caller]
    fn assert_reads_only(&self, at: &str, issued: &Value) {
        let shown = json!({"credential": issued["qr"]});
        let verdict = self.call(at, "/v1/verifications", &format!("--json '{shown}'"));
        assert_eq!(verdict["status"], "valid", "{verdict}");
        let words = "-H 'Idempotency-Key: replica' --json \"$(jq '.number = \"replica\"' /etc/sample.json)\"";
        let refused = self.call(at, "/v1/licences", words);
        assert_eq!(refused["status"], 503, "{refused}");
    }

    /// A node that lost its disk is made anew from another; callers of the proxy do not notice.
    #[track_caller]
    fn assert_node_is_replaced(&self, name: &str) {
        self.lan
            .machine(name)
            .run("kill -KILL $(pidof elicense); rm -rf /var/lib/elicense/* /var/lib/elicense-reads");
        for count in 0..6 {
            let issued = self.issue(&format!("without-{count}"));
            assert!(issued["identifier"].is_string(), "{issued}");
        }
        for title in ["Copies for the other nodes", "Start the nodes", "See that the nodes are ready"] {
            follow_only(&self.lan, title, name);
        }
    }
}

/// Every block of the page is one that a test runs.
#[test]
fn no_block_is_left_out() {
    let page = page();
    let titles = titles(&page);
    let cut: usize = titles.iter().map(|title| blocks(&page, title).len()).sum();
    assert_eq!(cut, page.lines().filter(|line| *line == "```sh").count(), "two headings are the same");
    let run =
        ["What to watch", "Change who leads", "Upgrade elicense", "Add a department", "Read from a replica"];
    let setting_up = titles.iter().take_while(|title| *title != "See that requests reach a node").count() + 1;
    let others: Vec<&String> = titles.iter().skip(setting_up).collect();
    assert_eq!(others, run, "headings with commands that are run by name");
}

/// What the page has installed is what `scripts/test.sh` installs.
#[test]
fn packages_are_those_of_the_tests() {
    let page = page();
    let read = |path: &str| std::fs::read_to_string(tree(path)).expect("a file of the tree");
    let (script, pinned) = (read("scripts/test.sh"), read("scripts/requirements.txt"));
    let wanted = page.lines().filter_map(|line| line.split_once("apt-get install --no-install-recommends "));
    let wanted: Vec<&str> = wanted.flat_map(|(_, names)| names.split(' ')).collect();
    assert!(wanted.len() >= 6, "{wanted:?}");
    for package in wanted {
        let package = package.trim_end_matches("-15"); // Debian names its newest so
        assert!(script.contains(&format!(":{package}\n")), "scripts/test.sh does not install {package}");
    }
    let pips: Vec<&str> = page.lines().filter(|line| line.contains("pip install")).collect();
    let pins: Vec<String> = pips
        .iter()
        .flat_map(|line| line.split('\''))
        .filter(|word| word.contains("=="))
        .map(|word| word.replace("[etcd3]", "").replace("[binary]", ""))
        .collect();
    assert_eq!(pins.len(), 2, "{pips:?}");
    for pin in pins {
        assert!(pinned.lines().any(|line| line == pin), "scripts/requirements.txt has no {pin}");
    }
}

/// A heading's blocks are those under it, for the machines that they name.
#[test]
fn blocks_are_cut_out_as_they_stand() {
    let page = "# A\n```text\n# on x\n```\n## B\n```sh\n# on one, two\necho \\\n  x\n```\n## C\n```sh\n# on two\n# on three\n```\n";
    let found = blocks(page, "B");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].machines, ["one", "two"]);
    assert_eq!(found[0].commands, "# on one, two\necho \\\n  x\n");
    assert_eq!(blocks(page, "C")[0].machines, ["two"]);
    assert_eq!(titles(page), ["B", "C"]);
    assert!(blocks(page, "A").is_empty());
}
