//! `elicense demo`: a city to try everything with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::open;
use super::demo_applicants::{self, DemoHolder, DemoItem};
use super::demo_city::{self, SAMPLES};
use super::exit::{CliError, Exit};
use super::print::line;
use super::public_url::public_url;
use super::serve::{ListenArgs, log_to_stderr, serve};
use super::{DataArgs, StoreUrlArgs, now, runtime, who};
use crate::access::{Role, Roles};
use crate::config::AccessLimits;
use crate::crypto::{SystemRandom, create_secret_file};
use crate::licence::Draft;
use crate::registry::{Made, Making, Registry, Settings};
use crate::render::QrSymbol;
use crate::store::IndexPolicy;

/// Arguments of `demo`.
#[derive(Args)]
pub(super) struct DemoArgs {
    /// Directory of the demo; made if it is not there
    #[arg(long = "data", value_name = "DIR", default_value = "elicense-demo", env = "ELICENSE_DATA")]
    dir: PathBuf,
    #[command(flatten)]
    store: StoreUrlArgs,
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
    /// API key of the citizens' portal.
    #[serde(default)]
    portal: String,
    /// API key of the supervisors.
    #[serde(default)]
    supervisor: String,
    /// API key of the administrators.
    #[serde(default)]
    administrator: String,
    /// Who holds them.
    #[serde(default)]
    holders: Vec<DemoHolder>,
    /// What some of them apply for, and whether they hold all that it takes.
    #[serde(default)]
    items: Vec<DemoItem>,
}

#[derive(Serialize, Deserialize)]
struct DemoDepartment {
    name: String,
    code: String,
    api_key: String,
    types: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
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
        let decoder = args.listen.decoder()?;
        let tcp = args.listen.bind()?;
        let address = tcp.local_addr().map_err(CliError::internal)?;
        let url = format!("{}://{address}", args.listen.scheme());
        let file = args.dir.join("demo.json");
        if !Settings::exist(&args.dir) {
            make(args, &url, &file).await?;
        }
        let demo = std::fs::read(&file).map_err(|error| CliError::Data(no_demo(args, &file, &error)))?;
        let data = DataArgs { dir: args.dir.clone(), store: args.store.clone() };
        let registry = open(&data, "demo", IndexPolicy::CatchUp)?;
        let network = args.listen.network(tcp, &registry)?;
        let demo: DemoFile = serde_json::from_slice(&demo).map_err(CliError::data)?;
        say_what_to_try(&demo, &url, &file, registry.region())?;
        serve(network, &args.dir, registry, decoder).await
    })
}

fn no_demo(args: &DemoArgs, file: &Path, error: &std::io::Error) -> String {
    let dir = args.dir.display();
    format!(
        "{}: {error}: {dir} holds an installation that is no demonstration; `elicense serve --data {dir}` serves it",
        file.display()
    )
}

/// Makes the demonstration. Killed before its end, it leaves a directory that nothing opens, and the next start makes it
/// anew.
async fn make(args: &DemoArgs, url: &str, file: &Path) -> Result<(), CliError> {
    let url = public_url(args.public_url.as_deref().unwrap_or(url))?;
    let plan = demo_city::plan(url.clone())?;
    let making = Making::begin(&args.dir, args.store.at(IndexPolicy::CatchUp)?)?;
    let made = making.make(&plan, Arc::new(SystemRandom), now())?;
    making.limit(AccessLimits::of_the_demonstration())?;
    let registry = making.open(who("demo"), Arc::new(SystemRandom))?;
    let licences = issue_samples(&registry, &made).await?;
    let types = |code: &str| {
        let department = registry.departments().into_iter().find(|one| one.code.as_str() == code);
        department.map(|one| one.types).unwrap_or_default()
    };
    let roles = |code| registry.roles_of(code).unwrap_or(Roles::NONE);
    let windows = made.departments.iter().filter(|one| roles(&one.code).contains(Role::Verifier));
    let departments = windows.map(|department| DemoDepartment {
        name: department.name.clone(),
        code: department.code.to_string(),
        api_key: department.api_key.to_string(),
        types: types(department.code.as_str()),
        roles: roles(&department.code).iter().map(|role| role.as_str().to_owned()).collect(),
    });
    let key_of = |role| {
        let found = made.departments.iter().find(|one| roles(&one.code).contains(role));
        found.map(|one| one.api_key.to_string()).unwrap_or_default()
    };
    let identifiers: Vec<String> = licences.iter().map(|licence| licence.identifier.clone()).collect();
    let holders = demo_applicants::holders(&identifiers)?;
    let items = demo_applicants::items(&holders, registry.service_items())?;
    let demo = DemoFile {
        url,
        departments: departments.collect(),
        licences,
        portal: key_of(Role::Portal),
        supervisor: key_of(Role::Supervisor),
        administrator: key_of(Role::Administrator),
        holders,
        items,
    };
    let text = serde_json::to_vec_pretty(&demo).map_err(CliError::internal)?;
    create_secret_file(file, &text).map_err(CliError::internal)?;
    registry.close().map_err(CliError::internal)?;
    Ok(making.finish()?)
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
        let caller = department.and_then(|one| registry.authenticate(&one.api_key, now()));
        let caller = caller.ok_or_else(|| CliError::Internal(format!("no department issues {name}")))?;
        let body = demo_applicants::body(name, body, now().date())?;
        let issued = registry.issue(&caller, &format!("demo-{name}"), &body, now()).await?;
        let department = caller.department().to_string();
        licences.push(DemoLicence { identifier: issued.identifier, type_code, department, qr: issued.qr });
    }
    Ok(licences)
}

fn say_what_to_try(demo: &DemoFile, url: &str, file: &Path, region: &str) -> Result<(), CliError> {
    let issuers = demo.departments.iter().filter(|department| !department.types.is_empty()).count();
    let (departments, licences) = (demo.departments.len(), demo.licences.len());
    let (dir, file) = (file.parent().unwrap_or(Path::new(".")).display(), file.display());
    line(format_args!(
        "elicense: {region}, {departments} departments ({issuers} issue), {licences} licences"
    ))?;
    line(format_args!(
        "API keys and licences stand in {file}, the only place where API keys stand in the open."
    ))?;
    line(
        "Private keys, data key and checkpoint lie beside the data, as they must not for real use: `elicense init`.\n",
    )?;
    let Some(licence) = demo.licences.first() else { return Ok(()) };
    let identifier = &licence.identifier;
    if let Ok(symbol) = QrSymbol::of(&licence.qr) {
        line(symbol.terminal())?;
    }
    line(format_args!("This is licence {identifier}.\n"))?;
    line(format_args!("Verify it:       open {url}/ and scan or paste it, or"))?;
    line(format_args!("  jq -j '.licences[0].qr' {file} | elicense verify --data {dir} -"))?;
    line(format_args!(
        "  jq -j '.licences[0].qr' {file} | curl -s --data-binary @- -H 'Content-Type: text/plain' {url}/v1/verifications"
    ))?;
    line("Suspend it:")?;
    line(format_args!(
        "  elicense status --data {dir} {identifier} suspended --reason 'complaint under review'"
    ))?;
    line(format_args!("All calls:       docs/API.md, {url}/openapi.json"))?;
    line("Stop with Ctrl-C; started again on the same directory it serves what is there.")
}
