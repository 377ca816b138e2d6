//! `elicense grant`: which department may make which call, for what, from where, how often. Through the running service, or else by
//! opening the installation; what an administrator on the machine gives is in force at once.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Map, Value, json};

use super::access::{Access, to_value};
use super::client::Ask;
use super::exit::{CliError, Exit};
use super::print::line;
use super::{DataArgs, OutputArgs, now, runtime};
use crate::access::{Call, GrantId};
use crate::licence::CreditCode;

/// All types, or all fields of one.
const ALL: &str = "*";

/// `grant …`.
#[derive(Subcommand)]
pub(super) enum GrantCommand {
    /// Give a grant; it is in force at once
    Give(GiveArgs),
    /// List grants, those that are withdrawn among them
    List(ListArgs),
    /// Confirm a grant to issue that was proposed over the network
    Confirm(NamedArgs),
    /// Withdraw a grant for good
    Withdraw(NamedArgs),
}

impl GrantCommand {
    /// How its results and errors are printed.
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::Give(args) => args.output,
            Self::List(args) => args.output,
            Self::Confirm(args) | Self::Withdraw(args) => args.output,
        }
    }
}

/// Arguments of `grant give`.
#[derive(Args)]
pub(super) struct GiveArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Credit code of the department that gets it
    #[arg(value_name = "CODE", required_unless_present = "file")]
    department: Option<CreditCode>,
    /// Calls: issue, status, lookup, comparison, materials, separated by commas
    #[arg(long, value_name = "CALL,…", value_delimiter = ',', required_unless_present = "file")]
    calls: Vec<Call>,
    /// A licence type, once for each: TYPE with all its fields, TYPE=FIELD,FIELD with these, TYPE= with none; without any, every type
    #[arg(long = "type", value_name = "TYPE[=FIELD,…]")]
    types: Vec<String>,
    /// A network that calls must come from, as 10.20.0.0/16; once for each
    #[arg(long, value_name = "NETWORK")]
    address: Vec<String>,
    /// First day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// The most acts of these calls by the department on one day
    #[arg(long, value_name = "NUMBER")]
    daily: Option<u32>,
    /// Only with the holder's consent to this department
    #[arg(long)]
    by_consent: bool,
    /// The whole grant as JSON, as `POST /v1/grants` takes it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["department", "calls", "types", "address", "from", "to", "daily", "by_consent"]
    )]
    file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `grant list`.
#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Only this department's
    #[arg(value_name = "CODE")]
    department: Option<CreditCode>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `grant confirm` and `grant withdraw`.
#[derive(Args)]
pub(super) struct NamedArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl GiveArgs {
    /// The request's body.
    fn body(&self) -> Result<Vec<u8>, CliError> {
        if let Some(path) = &self.file {
            return std::fs::read(path)
                .map_err(|error| CliError::Data(format!("{}: {error}", path.display())));
        }
        let mut body = Map::new();
        if let Some(department) = self.department {
            body.insert("department".to_owned(), json!(department));
        }
        body.insert("calls".to_owned(), self.calls.iter().map(|call| call.as_str()).collect());
        let types = match self.types.as_slice() {
            [] => json!(ALL),
            types => types.iter().map(|one| asked_type(one)).collect(),
        };
        body.insert("types".to_owned(), types);
        if !self.address.is_empty() {
            body.insert("addresses".to_owned(), json!(self.address));
        }
        for (key, value) in [("from", &self.from), ("to", &self.to)] {
            if let Some(value) = value {
                body.insert(key.to_owned(), json!(value));
            }
        }
        if let Some(daily) = self.daily {
            body.insert("daily".to_owned(), json!(daily));
        }
        if self.by_consent {
            body.insert("basis".to_owned(), json!("consent"));
        }
        serde_json::to_vec(&body).map_err(CliError::internal)
    }
}

/// `TYPE`, `TYPE=FIELD,FIELD` or `TYPE=`.
fn asked_type(text: &str) -> Value {
    match text.split_once('=') {
        None => json!({"type": text, "fields": ALL}),
        Some((code, fields)) => {
            let fields: Vec<&str> = fields.split(',').filter(|key| !key.is_empty()).collect();
            json!({"type": code, "fields": fields})
        }
    }
}

/// What is done with grants.
enum Act<'a> {
    Give(Vec<u8>),
    List(Option<CreditCode>),
    Confirm(&'a str),
    Withdraw(&'a str),
}

pub(super) fn run(command: &GrantCommand) -> Result<Exit, CliError> {
    let (data, act) = match command {
        GrantCommand::Give(args) => (&args.data, Act::Give(args.body()?)),
        GrantCommand::List(args) => (&args.data, Act::List(args.department)),
        GrantCommand::Confirm(args) => (&args.data, Act::Confirm(named(&args.id)?)),
        GrantCommand::Withdraw(args) => (&args.data, Act::Withdraw(named(&args.id)?)),
    };
    let answer = runtime()?.block_on(async {
        match Access::to(data, "grant").await? {
            Access::Service(mut client) => {
                let (method, path, body) = asked(&act);
                let headers = vec![("content-type", "application/json".to_owned())];
                client.json(Ask { method, path: &path, headers, body }).await
            }
            Access::Here(registry) => {
                let (caller, now) = (registry.machine(), now());
                match &act {
                    Act::Give(body) => to_value(&registry.give_grant(&caller, body, now).await?),
                    Act::List(department) => {
                        Ok(json!({"grants": to_value(&registry.grants(department.as_ref()))?}))
                    }
                    Act::Confirm(id) => to_value(&registry.confirm_grant(&caller, id, now).await?),
                    Act::Withdraw(id) => to_value(&registry.withdraw_grant(&caller, id, now).await?),
                }
            }
        }
    })?;
    print(&answer, command.output())?;
    Ok(Exit::Done)
}

/// An id that can stand in an address.
fn named(id: &str) -> Result<&str, CliError> {
    id.parse::<GrantId>().map(|_| id).map_err(CliError::usage)
}

fn asked(act: &Act<'_>) -> (Method, String, Vec<u8>) {
    match act {
        Act::Give(body) => (Method::POST, "/v1/grants".to_owned(), body.clone()),
        Act::List(None) => (Method::GET, "/v1/grants".to_owned(), Vec::new()),
        Act::List(Some(code)) => (Method::GET, format!("/v1/grants?department={code}"), Vec::new()),
        Act::Confirm(id) => (Method::POST, format!("/v1/grants/{id}/confirm"), Vec::new()),
        Act::Withdraw(id) => (Method::POST, format!("/v1/grants/{id}/withdraw"), Vec::new()),
    }
}

fn print(answer: &Value, output: OutputArgs) -> Result<(), CliError> {
    if output.json {
        return line(format_args!("{answer:#}"));
    }
    match answer.get("grants").and_then(Value::as_array) {
        Some(grants) if grants.is_empty() => line("no grants"),
        Some(grants) => grants.iter().try_for_each(in_words),
        None => in_words(answer),
    }
}

/// A grant for a person: a line with its id, state and calls, and under it what it is restricted to.
fn in_words(grant: &Value) -> Result<(), CliError> {
    let text = |key: &str| grant.get(key).and_then(Value::as_str).unwrap_or_default();
    let list = |key: &str| {
        let items = grant.get(key).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    line(format_args!(
        "{}  {}  {}  {}",
        text("id"),
        text("department"),
        state(text("state")),
        list("calls")
    ))?;
    match grant.get("types").and_then(Value::as_array) {
        None => line("  every type, every field")?,
        Some(types) => types.iter().try_for_each(|one| {
            let code = one.get("type").and_then(Value::as_str).unwrap_or_default();
            let fields = one.get("fields").map_or_else(String::new, fields_in_words);
            line(format_args!("  {code}  {fields}"))
        })?,
    }
    if !list("addresses").is_empty() {
        line(format_args!("  from {}", list("addresses")))?;
    }
    if !text("from").is_empty() || !text("to").is_empty() {
        let open = |day: &str| if day.is_empty() { "…".to_owned() } else { day.to_owned() };
        line(format_args!("  {} to {}", open(text("from")), open(text("to"))))?;
    }
    if let Some(daily) = grant.get("daily").and_then(Value::as_u64) {
        line(format_args!("  at most {daily} a day"))?;
    }
    if text("basis") == "consent" {
        line("  only with the holder's consent")?;
    }
    let by = |key: &str| grant.get(key).and_then(|by| by.get("asked_by")).and_then(Value::as_str);
    line(format_args!("  since {} by {}", text("given"), by("given_by").unwrap_or_default()))?;
    match by("proposed_by") {
        Some(by) => line(format_args!("  proposed by {by}")),
        None => Ok(()),
    }
}

fn state(word: &str) -> &str {
    match word {
        "in_force" => "in force",
        other => other,
    }
}

fn fields_in_words(fields: &Value) -> String {
    match fields.as_array() {
        None => "every field".to_owned(),
        Some(keys) if keys.is_empty() => {
            "no field, only whether there is one and whether it is good".to_owned()
        }
        Some(keys) => keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_asked_for_with_all_its_fields_some_or_none() {
        assert_eq!(asked_type("T"), json!({"type": "T", "fields": "*"}));
        assert_eq!(asked_type("T=a,b"), json!({"type": "T", "fields": ["a", "b"]}));
        assert_eq!(asked_type("T="), json!({"type": "T", "fields": []}));
    }
}
