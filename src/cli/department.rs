//! `elicense department`: departments of an installation that is there already, and their API keys.

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

use std::sync::Arc;

use super::access::{Access, open_alone, to_value};
use super::client::Ask;
use super::department_plan::{SignsWith, checked_types};
use super::exit::{CliError, Exit};
use super::print::line;
use super::{DataArgs, OutputArgs, now, runtime};
use crate::access::Role;
use crate::crypto::SystemRandom;
use crate::licence::{Authority, CreditCode, TypeCode};
use crate::registry::{DepartmentPlan, MadeDepartment, Registry, list_departments};
use crate::store::IndexPolicy;
use crate::time::UnixTime;

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
    /// Say which roles a department has: administrator, issuer, officer, verifier, supervisor, portal
    Roles(RolesArgs),
    /// Make one more API key for a department and show it once
    NewKey(NewKeyArgs),
    /// Make a key that takes an older one's place, which ends a while later
    RotateKey(RotateKeyArgs),
    /// Withdraw an API key or a certificate for good
    WithdrawKey(WithdrawKeyArgs),
}

impl DepartmentCommand {
    /// How its results and errors are printed.
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::List(args) => args.output,
            Self::Add(args) => args.output,
            Self::Certify(args) => args.output,
            Self::Roles(args) => args.output,
            Self::NewKey(args) => args.output,
            Self::RotateKey(args) => args.output,
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

/// Arguments of `department roles`.
#[derive(Args)]
pub(super) struct RolesArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The department's credit code
    #[arg(value_name = "CODE")]
    code: CreditCode,
    /// All its roles from now on; without any it may do nothing
    #[arg(value_name = "ROLE")]
    roles: Vec<Role>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `department rotate-key`.
#[derive(Args)]
pub(super) struct RotateKeyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The old key's id, as `department list` shows it
    #[arg(value_name = "ID")]
    id: String,
    /// Seconds for which the old key is good beside the new one; a week unless told otherwise
    #[arg(long, value_name = "SECONDS")]
    overlap: Option<u32>,
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
    /// Its roles, separated by commas; all of the department's unless told otherwise
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    roles: Vec<Role>,
    /// When it ends, such as 2027-11-24T00:00:00+08:00; in a year unless told otherwise
    #[arg(long, value_name = "TIME")]
    expires: Option<UnixTime>,
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
        DepartmentCommand::Roles(args) => roles(args)?,
        DepartmentCommand::NewKey(args) => {
            let roles = (!args.roles.is_empty()).then(|| words(&args.roles));
            let body = json!({"roles": roles, "expires": args.expires});
            print_key(&done(&args.data, &Act::NewKey(args.code, body))?, args.output)?;
        }
        DepartmentCommand::RotateKey(args) => {
            let body = json!({"overlap": args.overlap});
            print_key(&done(&args.data, &Act::RotateKey(key_id(&args.id)?, body))?, args.output)?;
        }
        DepartmentCommand::WithdrawKey(args) => withdraw(args)?,
    }
    Ok(Exit::Done)
}

fn list(args: &ListArgs) -> Result<(), CliError> {
    let listed =
        list_departments(&args.data.dir, &args.data.store.at(IndexPolicy::CatchUp)?, Arc::new(SystemRandom))
            .map_err(CliError::data)?;
    if args.output.json {
        return line(format_args!("{:#}", json!({"departments": listed})));
    }
    for one in &listed {
        line(format_args!("{}  {}", one.department.code, one.department.name))?;
        match one.department.types.as_slice() {
            [] => line("  issues nothing")?,
            types => line(format_args!("  issues {}", types.join(", ")))?,
        }
        line(format_args!("  roles {}", words(&one.roles.iter().collect::<Vec<_>>()).join(", ")))?;
        for key in &one.api_keys {
            let ends = key.expires.map(|ends| format!("  ends {ends}")).unwrap_or_default();
            let name = if key.form == "key" { "API key elk_" } else { "certificate cert:" };
            line(format_args!("  {name}{}  made {}{ends}", key.id, key.made))?;
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

fn roles(args: &RolesArgs) -> Result<(), CliError> {
    let answer = done(&args.data, &Act::SetRoles(args.code, json!({"roles": words(&args.roles)})))?;
    if args.output.json {
        return line(format_args!("{answer:#}"));
    }
    let names = match args.roles.as_slice() {
        [] => "no role".to_owned(),
        roles => words(roles).join(", "),
    };
    line(format_args!("{} has {names}", args.code))
}

fn withdraw(args: &WithdrawKeyArgs) -> Result<(), CliError> {
    let answer = done(&args.data, &Act::WithdrawKey(key_id(&args.id)?))?;
    if args.output.json {
        return line(format_args!("{answer:#}"));
    }
    line("withdrawn: it opens nothing any more")
}

/// What is done with roles and credentials, by the service that runs or by opening the installation.
enum Act {
    SetRoles(CreditCode, Value),
    NewKey(CreditCode, Value),
    RotateKey(String, Value),
    WithdrawKey(String),
}

fn done(data: &DataArgs, act: &Act) -> Result<Value, CliError> {
    runtime()?.block_on(async {
        match Access::to(data, "department").await? {
            Access::Service(mut client) => {
                let (path, body) = match act {
                    Act::SetRoles(code, body) => (format!("/v1/departments/{code}/roles"), body.to_string()),
                    Act::NewKey(code, body) => (format!("/v1/departments/{code}/keys"), body.to_string()),
                    Act::RotateKey(id, body) => (format!("/v1/keys/{id}/rotate"), body.to_string()),
                    Act::WithdrawKey(id) => (format!("/v1/keys/{id}/withdraw"), String::new()),
                };
                let headers = vec![("content-type", "application/json".to_owned())];
                let ask = Ask { method: Method::POST, path: &path, headers, body: body.into_bytes() };
                client.json(ask).await
            }
            Access::Here(registry) => {
                let (by, now) = (registry.machine(), now());
                let bytes = |body: &Value| body.to_string().into_bytes();
                let answer = match act {
                    Act::SetRoles(code, body) => {
                        to_value(&registry.set_roles(&by, *code, &bytes(body), now).await?)
                    }
                    Act::NewKey(code, body) => {
                        to_value(&registry.new_key(&by, *code, &bytes(body), now).await?)
                    }
                    Act::RotateKey(id, body) => {
                        to_value(&registry.rotate_key(&by, id, &bytes(body), now).await?)
                    }
                    Act::WithdrawKey(id) => to_value(&registry.withdraw_credential(&by, id, now).await?),
                };
                registry.close().map_err(CliError::internal)?;
                answer
            }
        }
    })
}

/// The id of a credential: alone, behind `elk_` or `cert:`, or as the whole key says it. The secret part goes nowhere.
fn key_id(text: &str) -> Result<String, CliError> {
    let bare = text.strip_prefix("elk_").or_else(|| text.strip_prefix("cert:")).unwrap_or(text);
    let id = bare.split('_').next().unwrap_or(bare);
    match id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(id.to_owned()),
        false => Err(CliError::Data("expected the 16 hexadecimal digits of a credential's id".to_owned())),
    }
}

fn words(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

fn print_key(made: &Value, output: OutputArgs) -> Result<(), CliError> {
    if output.json {
        return line(format_args!("{made:#}"));
    }
    let text = |key: &str| made.get(key).and_then(Value::as_str).unwrap_or_default();
    line(format_args!(
        "{}: its API key, shown this once, good until {}:",
        text("department"),
        text("expires")
    ))?;
    line(format_args!("  {}", text("api_key")))?;
    match made.get("rotated") {
        Some(old) => {
            let text = |key: &str| old.get(key).and_then(Value::as_str).unwrap_or_default();
            line(format_args!("elk_{}… is good until {}", text("id"), text("expires")))
        }
        None => Ok(()),
    }
}

fn alone(data: &DataArgs, command: &str) -> Result<Registry, CliError> {
    open_alone(data, command, IndexPolicy::CatchUp)
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
