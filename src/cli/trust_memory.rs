//! What this user accepted at first use, and the newest of what he has seen: the root's fingerprint, versions of trust list and
//! pack, signed times (DESIGN §4).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exit::CliError;
use super::print::note;
use crate::crypto::Digest;
use crate::pack::{Pack, SeenPack};
use crate::pki::{Anchor, TrustStore};
use crate::store::replace_file;
use crate::time::UnixTime;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    root: String,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pack: Option<PackMemory>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackMemory {
    version: u64,
    made: UnixTime,
}

/// Believes a trust list by `--root`, else by what was accepted at first use. First use is allowed, and said.
pub(super) fn believe(list: &[u8], root: Option<&str>) -> Result<TrustStore, CliError> {
    if let Some(root) = root {
        return TrustStore::from_envelope(list, pinned(root)?).map_err(CliError::data);
    }
    let (path, before) = recall()?;
    let trust = TrustStore::from_envelope(list, anchor(before.as_ref())?).map_err(CliError::data)?;
    check(&trust, before.as_ref())?;
    let pack = before.and_then(|memory| memory.pack);
    keep(&path, &Memory { root: trust.root_fingerprint().to_string(), version: trust.version(), pack })?;
    Ok(trust)
}

/// As [`believe`], for a pack: neither its trust list nor itself may be older than what was seen.
pub(super) fn believe_pack(bytes: &[u8], root: Option<&str>) -> Result<Pack, CliError> {
    if let Some(root) = root {
        return Pack::open(bytes, pinned(root)?).map_err(CliError::data);
    }
    let (path, before) = recall()?;
    let pack = Pack::open(bytes, anchor(before.as_ref())?).map_err(CliError::data)?;
    check(pack.trust(), before.as_ref())?;
    if let Some(PackMemory { version, made }) = before.and_then(|memory| memory.pack) {
        pack.check_not_older(SeenPack { version, issued_at: made }).map_err(CliError::data)?;
    }
    let SeenPack { version, issued_at: made } = pack.seen();
    let trust = pack.trust();
    keep(
        &path,
        &Memory {
            root: trust.root_fingerprint().to_string(),
            version: trust.version(),
            pack: Some(PackMemory { version, made }),
        },
    )?;
    Ok(pack)
}

fn pinned(hex: &str) -> Result<Anchor, CliError> {
    let root = Digest::from_hex(hex);
    root.map(Anchor::Pinned)
        .ok_or_else(|| CliError::Usage("--root: expected 64 hexadecimal digits".to_owned()))
}

fn anchor(before: Option<&Memory>) -> Result<Anchor, CliError> {
    let Some(memory) = before else { return Ok(Anchor::FirstUse) };
    let root = Digest::from_hex(&memory.root);
    root.map(Anchor::Pinned).ok_or_else(|| CliError::Data("the root kept at first use is damaged".to_owned()))
}

fn check(trust: &TrustStore, before: Option<&Memory>) -> Result<(), CliError> {
    match before {
        Some(memory) => trust.check_not_older(memory.version).map_err(CliError::data),
        None => {
            note(format_args!("first use of this trust list: root {}", trust.root_fingerprint()));
            note("compare it with what the region publishes; from now on no other root is believed");
            Ok(())
        }
    }
}

fn recall() -> Result<(PathBuf, Option<Memory>), CliError> {
    let path = path()?;
    let memory = read(&path)?;
    Ok((path, memory))
}

fn read(path: &Path) -> Result<Option<Memory>, CliError> {
    let wrong = || CliError::Data(format!("{}: not what this program wrote", path.display()));
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::Data(format!("{}: {error}", path.display()))),
        Ok(text) => {
            let memory: Memory = serde_json::from_slice(&text).map_err(|_| wrong())?;
            Digest::from_hex(&memory.root).ok_or_else(wrong)?;
            Ok(Some(memory))
        }
    }
}

fn keep(path: &Path, memory: &Memory) -> Result<(), CliError> {
    let text = serde_json::to_vec(memory).map_err(CliError::internal)?;
    let folder = path.parent().map(std::fs::create_dir_all);
    folder.transpose().map_err(CliError::internal)?;
    replace_file(path, &text).map_err(CliError::internal)
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
