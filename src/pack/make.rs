//! Makes packs: whole, or as an update for whoever holds an older one.

use super::believed::packed;
use super::error::PackError;
use super::file::{PackFile, Part};
use super::manifest::{Line, Manifest, PartKind, Selection};
use crate::codec::{KeyId, Typ, sign_envelope};
use crate::crypto::{Digest, SigningKey};
use crate::time::UnixTime;

/// Everything that goes into a pack.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    /// When it is made.
    pub issued_at: UnixTime,
    /// Entries of the ledger it is made from.
    pub version: u64,
    /// Public URL of the installation.
    pub public_url: &'a str,
    /// The trust list's envelope, and when it was signed.
    pub trust_list: (&'a [u8], UnixTime),
    /// Status lists: address and entries.
    pub status_lists: Vec<(String, Vec<u8>)>,
    /// Licence types as `GET /v1/licence-types` answers.
    pub licence_types: Vec<u8>,
    /// The ledger's origin and its last checkpoint.
    pub checkpoint: Option<(String, String)>,
    /// What survived the compromise of signers' keys.
    pub survivors: Vec<SurvivorSet>,
    /// What was chosen.
    pub selection: Option<Selection>,
}

/// What survived the compromise of one signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurvivorSet {
    /// The signer's key id.
    pub signer: KeyId,
    /// Digests of envelopes.
    pub digests: Vec<Digest>,
}

/// A whole pack, signed by the key whose certificate has this key id.
pub fn make_pack(contents: Contents<'_>, signer: KeyId, key: &SigningKey) -> Result<Vec<u8>, PackError> {
    let (lines, parts) = contents.parts();
    let whole = lines.iter().zip(&parts).map(|(line, bytes)| Part::Whole(packed(line.kind, bytes)));
    let parts = whole.collect();
    contents.sign(lines, parts, signer, key)
}

/// An update for whoever holds an older pack.
pub fn make_update(
    contents: Contents<'_>,
    held: &Held<'_>,
    signer: KeyId,
    key: &SigningKey,
) -> Result<Vec<u8>, PackError> {
    let (lines, parts) = contents.parts();
    let parts = lines.iter().zip(&parts).map(|(line, bytes)| held.part(line, bytes)).collect();
    contents.sign(lines, parts, signer, key)
}

/// What whoever asks for an update holds.
pub struct Held<'a> {
    /// The first eight bytes of digests of parts that he holds.
    pub digests: &'a [[u8; 8]],
    /// Which entries of a status list, by its address, may have changed since his pack was made; more than did does no harm.
    /// `None` where the list has to be sent whole.
    pub changed: &'a dyn Fn(&str) -> Option<Vec<u32>>,
}

impl Held<'_> {
    fn part(&self, line: &Line, bytes: &[u8]) -> Part {
        let [begin, ..] = line.digest.as_bytes().as_chunks::<8>().0 else { return Part::Held };
        if self.digests.contains(begin) {
            return Part::Held;
        }
        let changes = match line.kind {
            PartKind::StatusList => (self.changed)(&line.name),
            _ => None,
        };
        let whole = packed(line.kind, bytes);
        match changes {
            // Beyond that the whole list is the smaller of the two: a change takes up to 7 bytes.
            Some(changes) if changes.len() * 7 < whole.len() => {
                Part::Changes(changes.into_iter().map(|index| (index, entry(bytes, index))).collect())
            }
            _ => Part::Whole(whole),
        }
    }
}

fn entry(entries: &[u8], index: u32) -> u8 {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    entries.get(index / 4).map_or(0, |byte| byte >> (index % 4 * 2) & 3)
}

impl Contents<'_> {
    /// The lines, and the bytes that each is about.
    fn parts(&self) -> (Vec<Line>, Vec<Vec<u8>>) {
        let (trust_list, signed) = self.trust_list;
        let now = self.issued_at;
        let mut all = vec![(PartKind::TrustList, "trust-list".to_owned(), signed, trust_list.to_vec())];
        let lists = self.status_lists.iter();
        all.extend(lists.map(|(uri, bytes)| (PartKind::StatusList, uri.clone(), now, bytes.clone())));
        let types = self.licence_types.clone();
        all.push((PartKind::LicenceTypes, "licence-types".to_owned(), now, types));
        if let Some((origin, note)) = &self.checkpoint {
            all.push((PartKind::Checkpoint, origin.clone(), now, note.clone().into_bytes()));
        }
        all.extend(self.survivors.iter().map(|set| {
            let mut digests: Vec<_> = set.digests.iter().map(|digest| *digest.as_bytes()).collect();
            digests.sort_unstable();
            digests.dedup();
            (PartKind::Survivors, set.signer.to_string(), now, digests.concat())
        }));
        all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let line = |(kind, name, time, bytes): (PartKind, String, UnixTime, Vec<u8>)| {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            (Line { kind, name, time, digest: Digest::of(&bytes), size }, bytes)
        };
        all.into_iter().map(line).unzip()
    }

    fn sign(
        &self,
        lines: Vec<Line>,
        parts: Vec<Part>,
        signer: KeyId,
        key: &SigningKey,
    ) -> Result<Vec<u8>, PackError> {
        let manifest = Manifest {
            issued_at: self.issued_at,
            version: self.version,
            public_url: self.public_url.to_owned(),
            lines,
            selection: self.selection.clone(),
        };
        let manifest = sign_envelope(Typ::Pack, signer, manifest.encode(), key)?;
        Ok(PackFile { manifest, parts }.encode())
    }
}
