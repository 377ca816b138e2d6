//! `elicense tls`: certificates of the city's own hierarchy for TLS, the service's and departments'. The private key is made here
//! and goes into the folder alone.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::access::Access;
use super::exit::{CliError, Exit};
use super::print::line;
use super::{DataArgs, OutputArgs, runtime};
use crate::access::Role;
use crate::crypto::{Algorithm, SigningKey, create_secret_file};
use crate::licence::CreditCode;
use crate::pki::{HostName, public_key_to_der};
use crate::time::{Date, UnixTime};

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";
const ROOT: &str = "root.pem";

/// `tls …`.
#[derive(Subcommand)]
pub(super) enum TlsCommand {
    /// Make the service's own key and certificate, for `serve --tls-cert FOLDER/certificate.pem --tls-key FOLDER/key.pem`
    ///
    /// Whoever calls the service has to know FOLDER/root.pem. Works beside a running service.
    ServerCertificate(ServerArgs),
    /// Make a key and certificate by which a department is known to the service, in place of an API key
    ///
    /// FOLDER is what the department gets. `department list` shows the certificate's id, by which it is withdrawn like a key.
    /// Works beside a running service, which knows it at once.
    ClientCertificate(ClientArgs),
}

/// What both have in common.
#[derive(Args)]
struct MakeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Last day of the certificate, China Standard Time; a year from now if not given
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<Date>,
    /// Folder for key.pem (0600), certificate.pem (with the city's) and root.pem; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `tls server-certificate`.
#[derive(Args)]
pub(super) struct ServerArgs {
    /// Name or IP address that the service is called by; once for each
    #[arg(long = "name", value_name = "HOST", required = true)]
    names: Vec<HostName>,
    #[command(flatten)]
    make: MakeArgs,
}

/// Arguments of `tls client-certificate`.
#[derive(Args)]
pub(super) struct ClientArgs {
    /// The department's credit code
    #[arg(value_name = "CODE")]
    code: CreditCode,
    /// Roles, separated by commas; all that the department has if not given
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    roles: Vec<Role>,
    #[command(flatten)]
    make: MakeArgs,
}

impl TlsCommand {
    /// How its results and errors are printed.
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::ServerCertificate(args) => args.make.output,
            Self::ClientCertificate(args) => args.make.output,
        }
    }
}

pub(super) fn run(command: &TlsCommand) -> Result<Exit, CliError> {
    let (make, wanted) = match command {
        TlsCommand::ServerCertificate(args) => {
            let hosts: Vec<String> = args.names.iter().map(HostName::to_string).collect();
            (&args.make, Wanted { department: None, body: json!({ "hosts": hosts }) })
        }
        TlsCommand::ClientCertificate(args) => {
            let roles: Vec<&str> = args.roles.iter().map(|role| role.as_str()).collect();
            let body = if roles.is_empty() { json!({}) } else { json!({ "roles": roles }) };
            (&args.make, Wanted { department: Some(args.code), body })
        }
    };
    let folder = Folder::prepare(&make.out)?;
    let made = folder.make_key().and_then(|key| ask(make, wanted, &key)).inspect_err(|_| folder.give_up())?;
    folder.keep(CERTIFICATE, &made)?;
    folder.keep(ROOT, &made)?;
    say(&made, &make.out, make.output)?;
    Ok(Exit::Done)
}

/// Whose certificate, and what the request says besides the key.
struct Wanted {
    department: Option<CreditCode>,
    body: Value,
}

fn ask(make: &MakeArgs, wanted: Wanted, key: &SigningKey) -> Result<Value, CliError> {
    let mut body = wanted.body;
    if let Some(request) = body.as_object_mut() {
        let public_key = STANDARD.encode(public_key_to_der(&key.verifying_key()));
        request.insert("public_key".to_owned(), public_key.into());
        if let Some(expires) = make.expires.map(Date::end) {
            request.insert("expires".to_owned(), json!(expires));
        }
    }
    let body = body.to_string().into_bytes();
    runtime()?.block_on(async {
        let mut access = Access::to(&make.data, "tls").await?;
        let made = access.certify_tls(wanted.department, body).await;
        access.close()?;
        made
    })
}

/// The folder that everything goes into.
struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    /// Nothing that lies there is overwritten.
    fn prepare(path: &'a Path) -> Result<Self, CliError> {
        let wrong = |why: &dyn std::fmt::Display| CliError::Data(format!("{}: {why}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| wrong(&error))?;
        match [KEY, CERTIFICATE, ROOT].iter().find(|name| path.join(name).exists()) {
            Some(name) => Err(wrong(&format!("{name} lies here already; name another folder"))),
            None => Ok(Self(path)),
        }
    }

    /// The key is on the disk before there is a certificate of it.
    fn make_key(&self) -> Result<SigningKey, CliError> {
        let key = SigningKey::generate(Algorithm::Es256).map_err(CliError::internal)?;
        create_secret_file(&self.0.join(KEY), key.to_pkcs8_pem().as_bytes()).map_err(CliError::data)?;
        Ok(key)
    }

    /// A key without a certificate is of no use.
    fn give_up(&self) {
        let _ = fs::remove_file(self.0.join(KEY));
    }

    fn keep(&self, name: &str, made: &Value) -> Result<(), CliError> {
        let member = name.trim_end_matches(".pem");
        let pem = made.get(member).and_then(Value::as_str).unwrap_or_default();
        let path = self.0.join(name);
        fs::write(&path, pem).map_err(|error| CliError::Internal(format!("{}: {error}", path.display())))
    }
}

fn say(made: &Value, folder: &Path, output: OutputArgs) -> Result<(), CliError> {
    let text = |member| made.get(member).and_then(Value::as_str).unwrap_or_default();
    let (id, folder) = (text("id"), folder.display());
    let expires: Option<UnixTime> = text("expires").parse().ok();
    if output.json {
        return line(format_args!(
            "{:#}",
            json!({"id": id, "expires": expires, "folder": folder.to_string()})
        ));
    }
    line(format_args!("certificate {id}, until {}", text("expires")))?;
    line(format_args!("  {folder}/{KEY}          the private key, of which there is no other copy"))?;
    line(format_args!("  {folder}/{CERTIFICATE}  the certificate and the city's"))?;
    line(format_args!("  {folder}/{ROOT}         the root, by which the other side is known"))
}
