//! Where the database is and who asks: `postgres://…` as STORE.md §7.6 has it. The password is never shown, in no error
//! either.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// Longest URL.
const MAX_URL: usize = 4096;
/// Most hosts in it.
const MAX_HOSTS: usize = 16;
/// What may stand behind the `?`.
const PARAMETERS: [&str; 5] = ["host", "port", "sslmode", "sslrootcert", "target_session_attrs"];

/// The URL of a database, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    /// User, password and database; no hosts.
    config: Box<Config>,
    targets: Vec<Target>,
    tls: Transport,
    wanted: TargetSessionAttrs,
}

/// One server that may be the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
}

/// How the way to the database is kept private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// A local socket, or `sslmode=disable`.
    Plain,
    /// TLS; the server's certificate comes from an authority in this file and is for its name.
    Verified(PathBuf),
}

/// A text is not the URL of a database. Says nothing of what stood where a password may stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme.
    #[error("expected a URL that begins with postgres://")]
    Scheme,
    /// Too long.
    #[error("the database's URL has {got} bytes, at most {MAX_URL} are allowed")]
    Length {
        /// Its bytes.
        got: usize,
    },
    /// An `@`, `#`, blank or control character that is not percent-encoded.
    #[error(
        "the database's URL has a character that must be percent-encoded; in a user name or password \
         write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25"
    )]
    Unescaped,
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the database's URL has a % that is not followed by the code of a character; write % as %25")]
    Escape,
    /// Nobody to log in as.
    #[error("the database's URL names no user: postgres://USER:PASSWORD@HOST/DATABASE")]
    User,
    /// No database.
    #[error("the database's URL names no database: postgres://USER:PASSWORD@HOST/DATABASE")]
    Database,
    /// No host or too many.
    #[error("the database's URL names {got} hosts, expected 1 to {MAX_HOSTS}")]
    Hosts {
        /// How many.
        got: usize,
    },
    /// A host or port that is none.
    #[error("a host or port in the database's URL is not one")]
    Host,
    /// `host=` beside hosts, or `port=` without `host=`.
    #[error("the database's URL names hosts or ports in two places")]
    HostTwice,
    /// A parameter that we do not know.
    #[error("the database's URL has the parameter {name:?}; known are {}", PARAMETERS.join(", "))]
    Parameter {
        /// Its name, where it looks like one.
        name: String,
    },
    /// A parameter that comes twice.
    #[error("the database's URL has the parameter {name} twice")]
    ParameterTwice {
        /// Its name.
        name: &'static str,
    },
    /// A value that a parameter does not take.
    #[error("the database's URL has a value of {name} that it does not take; it takes {takes}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// The values that there are.
        takes: &'static str,
    },
    /// TLS is required and nothing says whom to believe.
    #[error(
        "over the network the database's URL must say sslrootcert=FILE, the authorities of the server's \
         certificate; sslmode=disable does without TLS"
    )]
    Authorities,
    /// Authorities, and no TLS that they could be asked for.
    #[error("the database's URL says sslrootcert, but nothing goes over TLS")]
    NoTls,
    /// Local sockets and hosts of the network at once.
    #[error("the database's URL names both local sockets and hosts of the network")]
    Mixed,
}

/// What stood behind the `?`, still encoded.
#[derive(Default)]
struct Parameters<'a> {
    values: [Option<&'a str>; PARAMETERS.len()],
}

impl<'a> Parameters<'a> {
    fn parse(query: &'a str) -> Result<Self, DatabaseUrlError> {
        let mut values = [None; PARAMETERS.len()];
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = PARAMETERS.iter().zip(&mut values).find(|(known, _)| **known == name);
            let Some((known, slot)) = known else {
                return Err(DatabaseUrlError::Parameter { name: shown(name) });
            };
            if slot.replace(value).is_some() {
                return Err(DatabaseUrlError::ParameterTwice { name: known });
            }
        }
        Ok(Self { values })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        PARAMETERS.iter().zip(self.values).find(|(known, _)| **known == name).and_then(|(_, value)| value)
    }
}

/// A name that can be repeated in a message; one that does not look like a name is not.
fn shown(name: &str) -> String {
    let plain = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain { name.to_owned() } else { "…".to_owned() }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if text.len() > MAX_URL {
            return Err(DatabaseUrlError::Length { got: text.len() });
        }
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.ok_or(DatabaseUrlError::Scheme)?;
        check_characters(rest)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = Parameters::parse(query)?;
        let config = parse_place(place, &parameters)?;
        let targets = targets(&config)?;
        let tls = transport(&targets, &parameters)?;
        let wanted = match (parameters.get("target_session_attrs"), targets.len()) {
            (Some("any"), _) | (None, 1) => TargetSessionAttrs::Any,
            (Some("read-write"), _) | (None, _) => TargetSessionAttrs::ReadWrite,
            (Some("read-only"), _) => TargetSessionAttrs::ReadOnly,
            (Some(_), _) => {
                let takes = "any, read-write and read-only";
                return Err(DatabaseUrlError::Value { name: "target_session_attrs", takes });
            }
        };
        Ok(Self { config: Box::new(without_hosts(&config)?), targets, tls, wanted })
    }
}

/// An `@` that is not the one behind the password makes a part of the password the host: refused before anything is
/// read, like what else cannot stand in a URL.
fn check_characters(rest: &str) -> Result<(), DatabaseUrlError> {
    let place = rest.find(['/', '?']).unwrap_or(rest.len());
    let odd = |c: char| c == '#' || c == '\\' || c.is_whitespace() || c.is_control();
    let ats: Vec<usize> = rest.match_indices('@').map(|(at, _)| at).collect();
    let misplaced = ats.len() > 1 || ats.first().is_some_and(|at| *at > place);
    // A second colon before the @ is one in the password.
    let colons = rest.split_once('@').map_or(0, |(credentials, _)| credentials.matches(':').count());
    if rest.contains(odd) || misplaced || colons > 1 {
        return Err(DatabaseUrlError::Unescaped);
    }
    decoded(rest).map(drop)
}

/// Reads what stands before the `?`, and `host` and `port` behind it.
fn parse_place(place: &str, parameters: &Parameters<'_>) -> Result<Config, DatabaseUrlError> {
    if !place.contains('@') || place.starts_with([':', '@']) {
        return Err(DatabaseUrlError::User);
    }
    let mut url = format!("postgres://{place}");
    let named = place.split_once('@').is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with('/'));
    match (parameters.get("host"), parameters.get("port")) {
        (None, None) => {}
        (Some(_), _) if named => return Err(DatabaseUrlError::HostTwice),
        (None, Some(_)) => return Err(DatabaseUrlError::HostTwice),
        (Some(host), port) => {
            url.push_str(&format!("?host={host}"));
            if let Some(port) = port {
                url.push_str(&format!("&port={port}"));
            }
        }
    }
    let config: Config = url.parse().map_err(|_| DatabaseUrlError::Host)?;
    match config.get_dbname() {
        Some(_) => Ok(config),
        None => Err(DatabaseUrlError::Database),
    }
}

fn targets(config: &Config) -> Result<Vec<Target>, DatabaseUrlError> {
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    if hosts.is_empty() || hosts.len() > MAX_HOSTS {
        return Err(DatabaseUrlError::Hosts { got: hosts.len() });
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(DatabaseUrlError::Host);
    }
    let port = |at: usize| ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432);
    let target = |(at, host): (usize, &Host)| match host {
        Host::Tcp(name) if name.is_empty() || name.contains([':', ',']) && !name.contains("::") => {
            Err(DatabaseUrlError::Host)
        }
        host => Ok(Target { host: host.clone(), port: port(at) }),
    };
    hosts.iter().enumerate().map(target).collect()
}

fn transport(targets: &[Target], parameters: &Parameters<'_>) -> Result<Transport, DatabaseUrlError> {
    let local = targets.iter().filter(|target| matches!(target.host, Host::Unix(_))).count();
    if local != 0 && local != targets.len() {
        return Err(DatabaseUrlError::Mixed);
    }
    let authorities = parameters.get("sslrootcert").filter(|file| !file.is_empty());
    match (parameters.get("sslmode"), authorities) {
        (Some("disable"), Some(_)) => Err(DatabaseUrlError::NoTls),
        (None, Some(_)) | (Some("verify-full"), _) if local > 0 => Err(DatabaseUrlError::NoTls),
        (Some("disable"), None) => Ok(Transport::Plain),
        (None, None) if local > 0 => Ok(Transport::Plain),
        (None | Some("verify-full"), Some(file)) => Ok(Transport::Verified(decoded(file)?.into())),
        (None | Some("verify-full"), None) => Err(DatabaseUrlError::Authorities),
        (Some(_), _) => Err(DatabaseUrlError::Value { name: "sslmode", takes: "disable and verify-full" }),
    }
}

/// User, password and database of `config`.
fn without_hosts(config: &Config) -> Result<Config, DatabaseUrlError> {
    let mut kept = Config::new();
    kept.user(config.get_user().filter(|user| !user.is_empty()).ok_or(DatabaseUrlError::User)?);
    kept.dbname(config.get_dbname().ok_or(DatabaseUrlError::Database)?);
    if let Some(password) = config.get_password() {
        kept.password(password);
    }
    Ok(kept)
}

/// `text` without its percent-encoding.
fn decoded(text: &str) -> Result<String, DatabaseUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let mut digit =
                || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let code = digit().zip(digit()).map(|(high, low)| high << 4 | low);
            // A zero byte ends names in the protocol.
            code.filter(|code| *code != 0).ok_or(DatabaseUrlError::Escape)?
        } else {
            byte
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| DatabaseUrlError::Escape)
}

impl DatabaseUrl {
    /// Servers that may be the database, in the order of the URL.
    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The file of authorities, where TLS is spoken.
    pub(super) fn authorities(&self) -> Option<&Path> {
        match &self.tls {
            Transport::Plain => None,
            Transport::Verified(file) => Some(file),
        }
    }

    /// User, password, database, TLS and what is wanted of the session.
    pub(super) fn config(&self) -> Config {
        let mut config = Config::clone(&self.config);
        config.target_session_attrs(self.wanted);
        config.ssl_mode(match self.tls {
            Transport::Plain => SslMode::Disable,
            Transport::Verified(_) => SslMode::Require,
        });
        config
    }
}

/// The URL without the password: `postgres://USER@HOST:PORT/DATABASE`.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, database) = (self.config.get_user(), self.config.get_dbname());
        write!(f, "postgres://{}@", user.unwrap_or_default())?;
        for (at, target) in self.targets.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match &target.host {
                Host::Tcp(name) if name.contains(':') => write!(f, "{comma}[{name}]:{}", target.port)?,
                Host::Tcp(name) => write!(f, "{comma}{name}:{}", target.port)?,
                Host::Unix(path) => write!(f, "{comma}{}:{}", path.display(), target.port)?,
            }
        }
        write!(f, "/{}", database.unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> DatabaseUrlError {
        let error = text.parse::<DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        error
    }

    fn url(text: &str) -> DatabaseUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_no_url_of_a_database() {
        use DatabaseUrlError as E;
        let value = |name, takes| E::Value { name, takes };
        for (text, expected) in [
            ("", E::Scheme),
            ("mysql://u:secret@h/d", E::Scheme),
            ("host=h user=u password=secret", E::Scheme),
            ("postgres://u:sec@secret@h/d?sslmode=disable", E::Unescaped),
            ("postgres://u:pass/secret@h/d?sslmode=disable", E::Unescaped),
            ("postgres://u:pass?secret@h/d", E::Unescaped),
            ("postgres://u:pa:secret@h/d?sslmode=disable", E::Unescaped),
            ("postgres://u:pass#secret@h/d?sslmode=disable", E::Unescaped),
            ("postgres://u:pass secret@h/d?sslmode=disable", E::Unescaped),
            ("postgres://u:secret@h\n/d?sslmode=disable", E::Unescaped),
            ("postgres://u:secret@h/d?sslmode=disable&x=@", E::Unescaped),
            ("postgres://u:secret%@h/d?sslmode=disable", E::Escape),
            ("postgres://u:secret%4g@h/d?sslmode=disable", E::Escape),
            ("postgres://u:secret%00@h/d?sslmode=disable", E::Escape),
            ("postgres://u:secret%ff@h/d?sslmode=disable", E::Escape),
            ("postgres://h/d?sslmode=disable", E::User),
            ("postgres://:secret@h/d?sslmode=disable", E::User),
            ("postgres://u:secret@h?sslmode=disable", E::Database),
            ("postgres://u:secret@h/?sslmode=disable", E::Database),
            ("postgres://u:secret@/d?sslmode=disable", E::Hosts { got: 0 }),
            ("postgres://u:secret@,h/d?sslmode=disable", E::Host),
            ("postgres://u:secret@h:secret/d?sslmode=disable", E::Host),
            ("postgres://u:secret@h:70000/d?sslmode=disable", E::Host),
            ("postgres://u:secret@[::1/d?sslmode=disable", E::Host),
            ("postgres://u:secret@h/d?host=g&sslmode=disable", E::HostTwice),
            ("postgres://u:secret@h/d?port=1&sslmode=disable", E::HostTwice),
            ("postgres://u:secret@h/d", E::Authorities),
            ("postgres://u:secret@h/d?sslmode=verify-full", E::Authorities),
            ("postgres://u:secret@h/d?sslrootcert=", E::Authorities),
            ("postgres://u:secret@h/d?sslmode=require", value("sslmode", "disable and verify-full")),
            ("postgres://u:secret@h/d?sslmode=prefer", value("sslmode", "disable and verify-full")),
            ("postgres://u:secret@h/d?sslmode=", value("sslmode", "disable and verify-full")),
            ("postgres://u:secret@h/d?sslmode=disable&sslrootcert=ca.pem", E::NoTls),
            ("postgres://u:secret@/d?host=/run&sslrootcert=ca.pem", E::NoTls),
            ("postgres://u:secret@%2Frun,h/d?sslmode=disable", E::Mixed),
            ("postgres://u@h/d?sslmode=disable&sslmode=disable", E::ParameterTwice { name: "sslmode" }),
            ("postgres://u@h/d?password=secret", E::Parameter { name: "password".into() }),
            ("postgres://u@h/d?options=-c%20fsync=off", E::Parameter { name: "options".into() }),
            ("postgres://u@h/d?SSLMODE=disable", E::Parameter { name: "…".into() }),
            (
                "postgres://u@h/d?sslmode=disable&target_session_attrs=standby",
                value("target_session_attrs", "any, read-write and read-only"),
            ),
        ] {
            assert_eq!(refused(text), expected, "{text}");
        }
        let many = vec!["h"; 17].join(",");
        assert_eq!(refused(&format!("postgres://u@{many}/d?sslmode=disable")), E::Hosts { got: 17 });
        assert_eq!(refused(&format!("postgres://{}", "u".repeat(5000))), E::Length { got: 5011 });
    }

    #[test]
    fn the_password_is_used_and_never_shown() {
        let found = url("postgres://u:s%40%2Fcret%25@db.example:6000/d?sslmode=disable");
        assert_eq!(found.config().get_password(), Some(&b"s@/cret%"[..]));
        assert_eq!(found.to_string(), "postgres://u@db.example:6000/d");
        assert_eq!(format!("{found:?}"), "DatabaseUrl(postgres://u@db.example:6000/d)");
    }

    #[test]
    fn over_the_network_the_server_is_verified() {
        let found = url("postgres://u:p@db.example/d?sslrootcert=%2Fetc%2Fca%20file.pem");
        assert_eq!(found.authorities(), Some(Path::new("/etc/ca file.pem")));
        assert_eq!(found.config().get_ssl_mode(), SslMode::Require);
        let plain = url("postgresql://u:p@db.example/d?sslmode=disable");
        assert_eq!((plain.authorities(), plain.config().get_ssl_mode()), (None, SslMode::Disable));
    }

    #[test]
    fn several_hosts_and_local_sockets() {
        let two = url("postgres://u@a,[::1]:6000/d?sslmode=disable");
        assert_eq!(two.to_string(), "postgres://u@a:5432,[::1]:6000/d");
        assert_eq!(two.config().get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let any = url("postgres://u@a,b/d?sslmode=disable&target_session_attrs=any");
        assert_eq!(any.config().get_target_session_attrs(), TargetSessionAttrs::Any);
        let one = url("postgres://u@a/d?sslmode=disable");
        assert_eq!(one.config().get_target_session_attrs(), TargetSessionAttrs::Any);
        let target = Target { host: Host::Unix("/run/postgresql".into()), port: 6000 };
        for text in
            ["postgres://u@/d?host=/run/postgresql&port=6000", "postgres://u@%2Frun%2Fpostgresql:6000/d"]
        {
            assert_eq!(url(text).targets(), std::slice::from_ref(&target));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(postgres(ql)?://)?[a-z:@/?#,%0-9=&\\[\\]é.]{0,60}") {
            if let Ok(url) = text.parse::<DatabaseUrl>() {
                prop_assert!(!url.targets().is_empty());
            }
        }

        #[test]
        fn every_password_goes_in_and_never_comes_out(password in "[ -~é中]{1,20}") {
            let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let found = url(&format!("postgres://u:{encoded}@h/d?sslmode=disable"));
            let config = found.config();
            prop_assert_eq!(config.get_password(), Some(password.as_bytes()));
            prop_assert_eq!(found.to_string(), "postgres://u@h:5432/d");
        }

        #[test]
        fn an_unescaped_password_is_in_no_error(password in "[@/?#:%&= ]{0,3}zzsecretzz[@/?#:%&= ]{0,3}") {
            if let Err(error) = format!("postgres://u:{password}@h/d?sslmode=prefer").parse::<DatabaseUrl>() {
                let shown = format!("{} {:?}", error, error);
                prop_assert!(!shown.contains("zzsecretzz"));
            }
        }
    }
}
