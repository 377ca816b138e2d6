//! What this user accepted at first use: the root's fingerprint and the newest trust list version seen (DESIGN §4).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::exit::CliError;
use super::print::note;
use crate::crypto::Digest;
use crate::pki::{Anchor, TrustStore};
use crate::store::replace_file;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    root: String,
    version: u64,
}

/// Believes a trust list by `--root`, else by what was accepted at first use. First use is allowed, and said.
pub(super) fn believe(list: &[u8], root: Option<&str>) -> Result<TrustStore, CliError> {
    if let Some(hex) = root {
        let root = Digest::from_hex(hex);
        let root =
            root.ok_or_else(|| CliError::Usage("--root: expected 64 hexadecimal digits".to_owned()))?;
        return TrustStore::from_envelope(list, Anchor::Pinned(root)).map_err(CliError::data);
    }
    let path = path()?;
    let trust = match read(&path)? {
        Some((root, version)) => {
            let trust = TrustStore::from_envelope(list, Anchor::Pinned(root)).map_err(CliError::data)?;
            trust.check_not_older(version).map_err(CliError::data)?;
            trust
        }
        None => {
            let trust = TrustStore::from_envelope(list, Anchor::FirstUse).map_err(CliError::data)?;
            note(format_args!("first use of this trust list: root {}", trust.root_fingerprint()));
            note("compare it with what the region publishes; from now on no other root is believed");
            trust
        }
    };
    let memory = Memory { root: trust.root_fingerprint().to_string(), version: trust.version() };
    let text = serde_json::to_vec(&memory).map_err(CliError::internal)?;
    let folder = path.parent().map(std::fs::create_dir_all);
    folder.transpose().map_err(CliError::internal)?;
    replace_file(&path, &text).map_err(CliError::internal)?;
    Ok(trust)
}

fn read(path: &std::path::Path) -> Result<Option<(Digest, u64)>, CliError> {
    let wrong = || CliError::Data(format!("{}: not what this program wrote", path.display()));
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::Data(format!("{}: {error}", path.display()))),
        Ok(text) => {
            let memory: Memory = serde_json::from_slice(&text).map_err(|_| wrong())?;
            let root = Digest::from_hex(&memory.root).ok_or_else(wrong)?;
            Ok(Some((root, memory.version)))
        }
    }
}

/// Under `$XDG_STATE_HOME`, default `~/.local/state`.
fn path() -> Result<PathBuf, CliError> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = state.or_else(home);
    let base = base
        .ok_or_else(|| CliError::Usage("neither XDG_STATE_HOME nor HOME is set; give --root".to_owned()))?;
    Ok(base.join("elicense").join("trust.json"))
}
