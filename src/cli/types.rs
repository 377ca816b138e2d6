//! `elicense types`: the catalogue.

use clap::Args;
use serde_json::json;

use super::OutputArgs;
use super::exit::{CliError, Exit};
use super::print::line;
use crate::licence::{Catalogue, LicenceType, TypeCode, json_schema_of_issue_request};

/// Arguments of `types`.
#[derive(Args)]
pub(super) struct TypesArgs {
    /// One type, with its fields
    code: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &TypesArgs) -> Result<Exit, CliError> {
    let catalogue = Catalogue::shipped().map_err(CliError::internal)?;
    match &args.code {
        None if args.output.json => {
            line(format_args!("{:#}", json!({"types": catalogue.iter().collect::<Vec<_>>()})))?;
        }
        None => catalogue.iter().try_for_each(print_line)?,
        Some(code) => {
            let code: TypeCode = code.parse().map_err(CliError::usage)?;
            let found = catalogue.get(&code);
            let one = found.ok_or_else(|| {
                CliError::Data(format!(
                    "type {code} is not in the catalogue; `elicense types` lists the types that are"
                ))
            })?;
            if args.output.json {
                let schema = json_schema_of_issue_request(one);
                line(format_args!("{:#}", json!({"type": one, "issue_request_schema": schema})))?;
            } else {
                print_fields(one)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn print_line(one: &LicenceType) -> Result<(), CliError> {
    let provisional = if one.is_provisional() { "  (fields provisional)" } else { "" };
    line(format_args!("{}  {}  {}{provisional}", one.code(), one.name(), one.name_en()))
}

fn print_fields(one: &LicenceType) -> Result<(), CliError> {
    print_line(one)?;
    for field in one.fields() {
        let required = if field.is_required() { "required" } else { "optional" };
        line(format_args!("  {:<20} {required}  {}  {}", field.key(), field.label(), field.label_en()))?;
    }
    line(format_args!("`elicense types {} --json` prints the JSON Schema of an issue request", one.code()))
}
