//! `elicense init`: an installation for real use. Asks for what was not given.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::department_plan::{authority, department, parse};
use super::exit::{CliError, Exit};
use super::{DataArgs, OutputArgs, now};
use crate::crypto::SystemRandom;
use crate::registry::{Plan, make_installation};

/// Arguments of `init`.
#[derive(Args)]
pub(super) struct InitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Name of the region
    #[arg(long)]
    region: Option<String>,
    /// The city that certifies the departments, as CODE=NAME
    #[arg(long, value_name = "CODE=NAME")]
    city: Option<String>,
    /// Area code (GB/T 2260) printed on licences
    #[arg(long, value_name = "CODE")]
    area_code: Option<String>,
    /// A department, as CODE=NAME:TYPE,TYPE,… ; without types it only verifies; behind a type list, :eddsa signs with Ed25519
    #[arg(long = "department", value_name = "CODE=NAME:TYPES")]
    departments: Vec<String>,
    /// Public URL, signed into every licence; it can not be changed later
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
    /// Folder for the private keys and the data key, outside DIR
    #[arg(long, value_name = "PATH")]
    keys: Option<PathBuf>,
    /// File for the last checkpoint, outside DIR and best on another machine's disk
    #[arg(long, value_name = "PATH")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &InitArgs) -> Result<Exit, CliError> {
    let plan = plan(args)?;
    let made = make_installation(&args.data.dir, &plan, Arc::new(SystemRandom), now())?;
    if args.output.json {
        let departments: Vec<_> = made
            .departments
            .iter()
            .map(|one| json!({"name": one.name, "code": one.code, "api_key": &*one.api_key}))
            .collect();
        println!("{:#}", json!({"departments": departments}));
        return Ok(Exit::Done);
    }
    println!("An installation for {} was made in {}.", plan.region, args.data.dir.display());
    println!("The API keys of its departments, shown this once:");
    for department in &made.departments {
        println!("  {}  {}  {}", department.code, &*department.api_key, department.name);
    }
    if plan.checkpoint.is_none() || plan.keys.is_none() {
        println!(
            "Keys or checkpoint lie inside the directory: a copied disk can be read, and a whole directory put back"
        );
        println!("from last week is not noticed. Give --keys and --checkpoint to put them elsewhere.");
    }
    println!("Serve it: elicense serve --data {}", args.data.dir.display());
    Ok(Exit::Done)
}

fn plan(args: &InitArgs) -> Result<Plan, CliError> {
    let region = given_or_asked(args.region.clone(), "Name of the region")?;
    let city = given_or_asked(args.city.clone(), "City that certifies the departments (CODE=NAME)")?;
    let mut departments = args.departments.clone();
    while departments.is_empty() {
        departments.push(given_or_asked(None, "Department (CODE=NAME:TYPE,TYPE)")?);
    }
    let departments = departments.iter().map(|text| department(text)).collect::<Result<_, _>>()?;
    Ok(Plan {
        region,
        city: authority(&city)?,
        area_code: args.area_code.as_deref().map(parse).transpose()?,
        public_url: public_url(&args.public_url)?,
        departments,
        checkpoint: absolute(args.checkpoint.as_ref())?,
        keys: absolute(args.keys.as_ref())?,
    })
}

fn absolute(path: Option<&PathBuf>) -> Result<Option<PathBuf>, CliError> {
    path.map(|path| std::path::absolute(path).map_err(CliError::usage)).transpose()
}

fn public_url(text: &str) -> Result<String, CliError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    match rest.trim_end_matches('/') {
        "" => Err(CliError::Usage(format!("expected an http or https URL, got {text}"))),
        _ => Ok(text.trim_end_matches('/').to_owned()),
    }
}

fn given_or_asked(given: Option<String>, what: &str) -> Result<String, CliError> {
    if let Some(given) = given {
        return Ok(given);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::Usage(format!("{what}: not given, and nobody to ask")));
    }
    print!("{what}: ");
    std::io::stdout().flush().map_err(CliError::internal)?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(CliError::internal)?;
    Ok(line.trim().to_owned())
}
