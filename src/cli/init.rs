//! `elicense init`: an installation for real use. Asks for what was not given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::ask::{Asker, Question};
use super::department_plan::{authority, department, parse};
use super::exit::{CliError, Exit};
use super::print::line;
use super::public_url::public_url;
use super::{DataArgs, OutputArgs, now};
use crate::crypto::SystemRandom;
use crate::registry::{DepartmentPlan, Made, Making, Plan};
use crate::store::IndexPolicy;

/// Where a service listens if nobody says otherwise, and so the public URL.
const FIRST_LISTEN_ADDRESS: &str = "http://127.0.0.1:8080";

/// Arguments of `init`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct InitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Name of the region, as it stands in certificates
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The body that certifies the departments, as CODE=NAME with its unified social credit code
    #[arg(long, value_name = "CODE=NAME")]
    city: Option<String>,
    /// Area code (GB/T 2260, six digits) printed on licences
    #[arg(long, value_name = "CODE")]
    area_code: Option<String>,
    /// A department and the types it issues; once for each
    ///
    /// As CODE=NAME:TYPE,TYPE,… ; without types it only verifies; :eddsa behind the types makes it sign with Ed25519
    /// instead of ECDSA on P-256.
    #[arg(long = "department", value_name = "CODE=NAME[:TYPES[:eddsa]]")]
    departments: Vec<String>,
    /// Public URL, signed into every licence; it can not be changed later [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Folder for the private keys and the data key, outside DIR [default: DIR/keys]
    #[arg(long, value_name = "PATH")]
    keys: Option<String>,
    /// File for the last checkpoint, outside DIR and best on another machine's disk [default: DIR/checkpoint]
    #[arg(long, value_name = "PATH")]
    checkpoint: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
On a terminal it asks for whatever is not given. DIR must be new or empty. Example:

  elicense init --data DIR --region 示范市 --city 11110000000021135M=示范市人民政府 \\
    --department 11430000006122244L=示范市市场监督管理局:11100000MB0143028R001 \\
    --public-url https://licences.example.com --keys /etc/elicense/keys --checkpoint /mnt/other/elicense.checkpoint

`elicense types` lists the types. `elicense department add` adds departments later.";

pub(super) fn run(args: &InitArgs) -> Result<Exit, CliError> {
    // Before anyone answers eight questions for nothing.
    Making::look(&args.data.dir)?;
    let plan = plan(args, &Asker::new())?;
    let at = args.data.store.at(IndexPolicy::CatchUp)?;
    let made = Making::begin(&args.data.dir, at)?.make_all(&plan, Arc::new(SystemRandom), now())?;
    if args.output.json {
        let departments: Vec<_> = made
            .departments
            .iter()
            .map(|one| json!({"name": one.name, "code": one.code, "api_key": &*one.api_key}))
            .collect();
        line(format_args!("{:#}", json!({"departments": departments})))?;
    } else {
        tell(&plan, &made, &args.data.dir)?;
    }
    Ok(Exit::Done)
}

fn tell(plan: &Plan, made: &Made, dir: &Path) -> Result<(), CliError> {
    let dir = dir.display();
    line(format_args!("An installation for {} was made in {dir}.", plan.region))?;
    line(format_args!("Its public URL, in every licence from now on: {}", plan.public_url))?;
    line("The API keys of its departments, shown this once:")?;
    for department in &made.departments {
        line(format_args!("  {}  {}  {}", department.code, &*department.api_key, department.name))?;
    }
    if plan.keys.is_none() {
        line(
            "The keys lie inside the directory: whoever copies it can read everything. --keys puts them elsewhere.",
        )?;
    }
    if plan.checkpoint.is_none() {
        line(
            "The checkpoint lies inside the directory: a whole directory put back from last week is not noticed.",
        )?;
        line("--checkpoint puts it elsewhere.")?;
    }
    line(format_args!("Serve it: elicense serve --data {dir}"))
}

fn plan(args: &InitArgs, asker: &Asker) -> Result<Plan, CliError> {
    let region = Question { option: "--region", what: "Name of the region" };
    let region = asker.required(region, args.region.as_deref(), region_name)?;
    let city = Question {
        option: "--city",
        what: "Body that certifies the departments, as CODE=NAME with its credit code",
    };
    let city = asker.required(city, args.city.as_deref(), authority)?;
    let area =
        Question { option: "--area-code", what: "Area code printed on licences, six digits (empty: none)" };
    let area_code = asker.optional(area, args.area_code.as_deref(), parse)?;
    let departments = departments(args, asker)?;
    let url = Question {
        option: "--public-url",
        what: "Public URL, signed into every licence and never to change (empty: http://127.0.0.1:8080)",
    };
    let public_url = asker.optional(url, args.public_url.as_deref(), public_url)?;
    let keys = Question {
        option: "--keys",
        what: "Folder for private keys and data key, outside the data (empty: inside it; a copied disk can be read then)",
    };
    let keys = asker.optional(keys, args.keys.as_deref(), path)?;
    let checkpoint = Question {
        option: "--checkpoint",
        what: "File for the last checkpoint, on another disk (empty: inside the data; putting it all back is not noticed then)",
    };
    let checkpoint = asker.optional(checkpoint, args.checkpoint.as_deref(), checkpoint_file)?;
    let public_url = public_url.unwrap_or_else(|| FIRST_LISTEN_ADDRESS.to_owned());
    Ok(Plan { region, city, area_code, public_url, departments, checkpoint, keys })
}

/// Those given; else asked for one after the other until an empty answer.
fn departments(args: &InitArgs, asker: &Asker) -> Result<Vec<DepartmentPlan>, CliError> {
    let what = "Department, as CODE=NAME:TYPE,TYPE,… (without types it only verifies)";
    let question = Question { option: "--department", what };
    let read = |text: &String| asker.required(question, Some(text), department);
    let mut departments = args.departments.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if departments.is_empty() {
        departments.push(asker.required(question, None, department)?);
        let more = Question { option: "--department", what: "One more department (empty: no more)" };
        while asker.has_somebody() {
            match asker.optional(more, None, department)? {
                Some(department) => departments.push(department),
                None => break,
            }
        }
    }
    Ok(departments)
}

fn region_name(text: &str) -> Result<String, CliError> {
    match text.trim() {
        "" => Err(CliError::Usage("expected a name of 1 to 64 characters".to_owned())),
        name => Ok(name.to_owned()),
    }
}

fn path(text: &str) -> Result<PathBuf, CliError> {
    std::path::absolute(text).map_err(CliError::usage)
}

/// Its folder must be there: one that is not may be a disk that is not mounted.
fn checkpoint_file(text: &str) -> Result<PathBuf, CliError> {
    let file = path(text)?;
    match file.parent() {
        Some(folder) if folder.is_dir() && !file.is_dir() => Ok(file),
        _ => Err(CliError::Usage(format!("expected a file in a folder that is there, got {text:?}"))),
    }
}
