//! `elicense demo`: a city to try everything with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::open;
use super::demo_city::{self, SAMPLES};
use super::exit::{CliError, Exit};
use super::serve::{ListenArgs, bind, log_to_stderr, serve};
use super::{now, runtime};
use crate::crypto::{SystemRandom, create_secret_file};
use crate::licence::Draft;
use crate::registry::{Made, Registry, Settings, make_installation};
use crate::render::QrSymbol;
use crate::store::IndexPolicy;

/// Arguments of `demo`.
#[derive(Args)]
pub(super) struct DemoArgs {
    /// Directory of the demo; made if it is not there
    #[arg(long = "data", value_name = "DIR", default_value = "elicense-demo", env = "ELICENSE_DATA")]
    dir: PathBuf,
    #[command(flatten)]
    listen: ListenArgs,
    /// Public URL signed into licences; by default the address it listens on
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// `demo.json`: everything needed to try the API, API keys among it. Mode 0600.
#[derive(Serialize, Deserialize)]
struct DemoFile {
    url: String,
    departments: Vec<DemoDepartment>,
    licences: Vec<DemoLicence>,
}

#[derive(Serialize, Deserialize)]
struct DemoDepartment {
    name: String,
    code: String,
    api_key: String,
    types: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct DemoLicence {
    identifier: String,
    #[serde(rename = "type")]
    type_code: String,
    department: String,
    qr: String,
}

pub(super) fn run(args: &DemoArgs) -> Result<Exit, CliError> {
    log_to_stderr();
    let runtime = runtime()?;
    runtime.block_on(async {
        let tcp = bind(args.listen.listen)?;
        let url = format!("http://{}", tcp.local_addr().map_err(CliError::internal)?);
        let file = args.dir.join("demo.json");
        let registry = if Settings::exist(&args.dir) {
            open(&args.dir, "demo", IndexPolicy::CatchUp)?
        } else {
            make(args, &url, &file).await?
        };
        let demo =
            std::fs::read(&file).map_err(|error| CliError::Data(format!("{}: {error}", file.display())))?;
        let demo: DemoFile = serde_json::from_slice(&demo).map_err(CliError::data)?;
        say_what_to_try(&demo, &url, &file, registry.region());
        serve(tcp, &args.dir, registry).await
    })
}

async fn make(args: &DemoArgs, url: &str, file: &Path) -> Result<Registry, CliError> {
    let public_url = args.public_url.as_deref().unwrap_or(url).trim_end_matches('/').to_owned();
    let plan = demo_city::plan(public_url.clone())?;
    let made = make_installation(&args.dir, &plan, Arc::new(SystemRandom), now())?;
    let registry = open(&args.dir, "demo", IndexPolicy::CatchUp)?;
    let licences = issue_samples(&registry, &made).await?;
    let types = |code: &str| {
        let department = registry.departments().into_iter().find(|one| one.code.as_str() == code);
        department.map(|one| one.types).unwrap_or_default()
    };
    let departments = made.departments.iter().map(|department| DemoDepartment {
        name: department.name.clone(),
        code: department.code.to_string(),
        api_key: department.api_key.to_string(),
        types: types(department.code.as_str()),
    });
    let demo = DemoFile { url: public_url, departments: departments.collect(), licences };
    let text = serde_json::to_vec_pretty(&demo).map_err(CliError::internal)?;
    create_secret_file(file, &text).map_err(CliError::internal)?;
    Ok(registry)
}

async fn issue_samples(registry: &Registry, made: &Made) -> Result<Vec<DemoLicence>, CliError> {
    let departments = registry.departments();
    let mut licences = Vec::new();
    for (name, body) in SAMPLES {
        let type_code = Draft::from_json(body).map_err(CliError::internal)?.type_code().to_string();
        let issues = |code: &str| {
            departments.iter().any(|one| one.code.as_str() == code && one.types.contains(&type_code))
        };
        let department = made.departments.iter().find(|one| issues(one.code.as_str()));
        let caller = department.and_then(|one| registry.authenticate(&one.api_key));
        let caller = caller.ok_or_else(|| CliError::Internal(format!("no department issues {name}")))?;
        let issued = registry.issue(&caller, &format!("demo-{name}"), body, now()).await?;
        let department = caller.department().to_string();
        licences.push(DemoLicence { identifier: issued.identifier, type_code, department, qr: issued.qr });
    }
    Ok(licences)
}

fn say_what_to_try(demo: &DemoFile, url: &str, file: &Path, region: &str) {
    let issuers = demo.departments.iter().filter(|department| !department.types.is_empty()).count();
    println!(
        "elicense: {region}, {} departments ({issuers} issue), {} licences",
        demo.departments.len(),
        demo.licences.len()
    );
    println!(
        "keys and licences stand in {} (the only place where API keys stand in the open)\n",
        file.display()
    );
    if let Some(licence) = demo.licences.first() {
        if let Ok(symbol) = QrSymbol::of(&licence.qr) {
            println!("{}", symbol.terminal());
        }
        println!("This is licence {}.\n", licence.identifier);
    }
    println!("Verify it:       open {url}/ and scan or paste it, or");
    println!(
        "  jq -r '.licences[0].qr' {} | curl -s --data-binary @- -H 'Content-Type: text/plain' {url}/v1/verifications",
        file.display()
    );
    println!("Suspend it:");
    println!(
        "  elicense status --data {} IDENTIFIER suspended --reason 'complaint under review'",
        file.parent().unwrap_or(Path::new(".")).display()
    );
    println!("All calls:       docs/API.md, {url}/openapi.json");
    println!("Stop with Ctrl-C; started again on the same directory it serves what is there.");
}
