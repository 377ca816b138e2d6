//! `elicense department`: departments of an installation that is there already, and their API keys.

use clap::{Args, Subcommand};
use serde_json::json;

use super::access::open_alone;
use super::department_plan::{SignsWith, checked_types};
use super::exit::{CliError, Exit};
use super::print::line;
use super::{DataArgs, OutputArgs, now};
use crate::licence::{Authority, CreditCode, TypeCode};
use crate::registry::{DepartmentPlan, MadeDepartment, Registry, list_departments};
use crate::store::IndexPolicy;

/// `department …`.
#[derive(Subcommand)]
pub(super) enum DepartmentCommand {
    /// List departments, the types they issue, and the ids of their API keys; also beside a running service
    List(ListArgs),
    /// Add a department: key, certificate, a new version of the trust list, and an API key that is shown once
    ///
    /// The service must be stopped; it knows the department when it is started again.
    Add(AddArgs),
    /// Certify a department's key anew, for SD-JWT VC too, if it was certified before there was such a thing
    ///
    /// The trust list gets a new version; what the department has signed stays good. The service must be stopped.
    Certify(CertifyArgs),
    /// Make one more API key for a department and show it once; the service must be stopped
    NewKey(NewKeyArgs),
    /// Withdraw an API key for good; the service must be stopped
    WithdrawKey(WithdrawKeyArgs),
}

impl DepartmentCommand {
    /// How its results and errors are printed.
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::List(args) => args.output,
            Self::Add(args) => args.output,
            Self::Certify(args) => args.output,
            Self::NewKey(args) => args.output,
            Self::WithdrawKey(args) => args.output,
        }
    }
}

/// Arguments of `department list`.
#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `department add`.
#[derive(Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Its unified social credit code
    #[arg(value_name = "CODE")]
    code: CreditCode,
    /// Its name, as it stands on licences
    #[arg(long)]
    name: String,
    /// Types that it issues, separated by commas; without any it only verifies
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    types: Vec<TypeCode>,
    /// What it signs with
    #[arg(long, value_name = "ALGORITHM", default_value = "es256")]
    signs_with: SignsWith,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `department certify`.
#[derive(Args)]
pub(super) struct CertifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The department's credit code
    #[arg(value_name = "CODE")]
    code: CreditCode,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `department new-key`.
#[derive(Args)]
pub(super) struct NewKeyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The department's credit code
    #[arg(value_name = "CODE")]
    code: CreditCode,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `department withdraw-key`.
#[derive(Args)]
pub(super) struct WithdrawKeyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The key's id: the 16 hexadecimal digits behind elk_, as `department list` shows them
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &DepartmentCommand) -> Result<Exit, CliError> {
    match command {
        DepartmentCommand::List(args) => list(args)?,
        DepartmentCommand::Add(args) => add(args)?,
        DepartmentCommand::Certify(args) => certify(args)?,
        DepartmentCommand::NewKey(args) => {
            let made = alone(&args.data, "department new-key")?.new_api_key(args.code, now())?;
            print_made(&made, args.output)?;
        }
        DepartmentCommand::WithdrawKey(args) => withdraw(args)?,
    }
    Ok(Exit::Done)
}

fn list(args: &ListArgs) -> Result<(), CliError> {
    let listed = list_departments(&args.data.dir).map_err(CliError::data)?;
    if args.output.json {
        return line(format_args!("{:#}", json!({"departments": listed})));
    }
    for one in &listed {
        line(format_args!("{}  {}", one.department.code, one.department.name))?;
        match one.department.types.as_slice() {
            [] => line("  only verifies")?,
            types => line(format_args!("  issues {}", types.join(", ")))?,
        }
        for key in &one.api_keys {
            line(format_args!("  API key elk_{}…  made {}", key.id, key.made))?;
        }
    }
    Ok(())
}

fn add(args: &AddArgs) -> Result<(), CliError> {
    let authority = Authority::new(args.code, &args.name);
    let authority = authority.map_err(|error| CliError::Usage(format!("--name {:?}: {error}", args.name)))?;
    let types = checked_types(args.types.clone())?;
    let plan = DepartmentPlan::new(authority, types, args.signs_with.into());
    let made = alone(&args.data, "department add")?.add_department(&plan, now())?;
    print_made(&made, args.output)
}

fn certify(args: &CertifyArgs) -> Result<(), CliError> {
    let department = alone(&args.data, "department certify")?.certify_anew(args.code, now())?;
    if args.output.json {
        return line(format_args!("{:#}", json!({"code": department.code, "certified": true})));
    }
    line(format_args!("{}  {} is certified for licences and SD-JWT VC", department.code, department.name))
}

fn withdraw(args: &WithdrawKeyArgs) -> Result<(), CliError> {
    let department = alone(&args.data, "department withdraw-key")?.withdraw_api_key(&args.id, now())?;
    if args.output.json {
        return line(format_args!("{:#}", json!({"code": department, "withdrawn": true})));
    }
    line(format_args!("withdrawn: this API key of {department} opens nothing any more"))
}

fn alone(data: &DataArgs, command: &str) -> Result<Registry, CliError> {
    open_alone(&data.dir, command, IndexPolicy::CatchUp)
}

fn print_made(made: &MadeDepartment, output: OutputArgs) -> Result<(), CliError> {
    if output.json {
        return line(format_args!(
            "{:#}",
            json!({"name": made.name, "code": made.code, "api_key": &*made.api_key})
        ));
    }
    line(format_args!("{}  {}", made.code, made.name))?;
    line("Its API key, shown this once:")?;
    line(format_args!("  {}", &*made.api_key))?;
    line("It can be used once the service is started.")
}
