/** A pack that is believed: what this page judges by when it has no line (FORMAT.md §11). */

import { compare, refuse, sha256, toHex } from "../codec/bytes.js";
import { inflate } from "../codec/zlib.js";
import { checkSignature } from "../trust/key.js";
import { validAt } from "../trust/path.js";
import { believeTrustList } from "../trust/trust_list.js";
import { LIST_BYTES, entryAt, withChanges } from "../verify/status_list.js";
import { KIND, decodeManifest, decodeManifestEnvelope, decodePack } from "./manifest.js";

const MOST_PART = 2 ** 30;
/** A day, and a week: for types that say nothing, or are not in the pack. */
const USUAL_POLICY = Object.freeze({ fresh: 86_400, stale: 7 * 86_400 });

/**
 * @typedef {object} Stored what lies in the browser between two visits
 * @property {Uint8Array} manifest the signed envelope
 * @property {Uint8Array[]} contents one for each line, inflated
 *
 * @typedef {object} Field
 * @property {string} key
 * @property {string} label
 * @property {string} label_en
 *
 * @typedef {{ code: string, name: string, name_en: string, fields?: Field[], offline?: { fresh: number, stale: number } }} LicenceType
 */

export class Pack {
  /**
   * @param {import("./manifest.js").Manifest} manifest
   * @param {Stored} stored
   * @param {import("../trust/trust_list.js").TrustList} trust
   */
  constructor(manifest, stored, trust) {
    this.manifest = manifest;
    this.stored = stored;
    this.trust = trust;
    const ofKind = (/** @type {number} */ kind) =>
      manifest.lines.flatMap((line, at) => (line.kind === kind ? [{ line, bytes: stored.contents[at] }] : []));
    this.lists = new Map(ofKind(KIND.statusList).map(({ line, bytes }) => [line.name, { asOf: line.time, entries: bytes }]));
    this.types = new Map(ofKind(KIND.licenceTypes).flatMap(({ bytes }) => readTypes(bytes)));
    this.survivors = new Map(ofKind(KIND.survivors).map(({ line, bytes }) => [line.name, readSurvivors(line.name, bytes)]));
  }

  /** The newest time that somebody signed in it. */
  get newestSigned() {
    return Math.max(this.manifest.issuedAt, this.trust.issuedAt);
  }

  /**
   * The entry of a status list, and when it was true.
   *
   * @param {{ uri: string, index: number }} status
   */
  entry({ uri, index }) {
    const list = this.lists.get(uri);
    const value = list && entryAt(list.entries, index);
    return list && value !== undefined ? { value, asOf: list.asOf } : undefined;
  }

  /** @param {string} typeCode */
  policy(typeCode) {
    return this.types.get(typeCode)?.offline ?? USUAL_POLICY;
  }

  /**
   * Whether an envelope stood in the ledger before its signer's key was compromised.
   *
   * @param {string} keyId
   * @param {string} digest hexadecimal
   */
  survives(keyId, digest) {
    return this.survivors.get(keyId)?.has(digest) ?? false;
  }
}

/**
 * A whole pack, or an update of the one that is held.
 *
 * @param {Uint8Array} bytes
 * @param {string | undefined} root the root's SHA-256 that was accepted; any, before that
 * @param {Pack} [held]
 */
export async function openPack(bytes, root, held) {
  const { envelope, manifest, parts } = decodePack(bytes);
  if (parts.length !== manifest.lines.length) refuse("the pack has more or fewer parts than its manifest has lines");
  const contents = [];
  for (const [at, line] of manifest.lines.entries()) contents.push(await content(parts[at], line, held));
  const pack = await believe(manifest, { manifest: envelope.bare, contents }, root);
  if (held) checkNotOlder(pack, { version: held.manifest.version, issuedAt: held.manifest.issuedAt, trustVersion: held.trust.version });
  return pack;
}

/**
 * What was stored, judged as if it had just come.
 *
 * @param {Stored} stored
 * @param {string} root
 */
export async function reopenPack(stored, root) {
  const manifest = decodeManifest(decodeManifestEnvelope(stored.manifest).payload);
  for (const [at, line] of manifest.lines.entries()) await checkContent(stored.contents[at], line);
  return believe(manifest, stored, root);
}

/** @typedef {{ version: number, issuedAt: number, trustVersion: number }} Seen */

/**
 * Refused if something newer was seen before.
 *
 * @param {Pack} pack
 * @param {Seen} seen
 */
export function checkNotOlder({ manifest, trust }, seen) {
  const older = manifest.version < seen.version || manifest.issuedAt < seen.issuedAt;
  if (older) refuse("a newer pack was seen before this one");
  if (trust.version < seen.trustVersion) refuse("a newer trust list was seen before the one in this pack");
}

/**
 * @param {import("./manifest.js").Manifest} manifest
 * @param {Stored} stored
 * @param {string | undefined} root
 */
async function believe(manifest, stored, root) {
  const at = manifest.lines.findIndex(({ kind }) => kind === KIND.trustList);
  const trust = await believeTrustList(stored.contents[at], root);
  const envelope = decodeManifestEnvelope(stored.manifest);
  const signer = trust.signers.get(envelope.keyId);
  if (!signer) return refuse("the pack is signed by a key that its trust list does not have");
  if (signer.usage !== "pack") refuse("the pack's signer is certified for something else");
  if (!validAt(signer.path, manifest.issuedAt)) refuse("the pack's signer was not certified when it was signed");
  const retired = signer.retired !== undefined && signer.retired <= manifest.issuedAt;
  if (retired || signer.revocations.length > 0) refuse("the pack's signer was retired or revoked");
  const [{ key }] = signer.path;
  if (envelope.algorithm !== key.algorithm) refuse("the pack is forged: its key is of another kind");
  await checkSignature(key, envelope.signed, envelope.signature);
  if (trust.publicUrl !== manifest.publicUrl) refuse("the pack and its trust list are of two installations");
  return new Pack(manifest, stored, trust);
}

/**
 * The bytes that a line's digest is of.
 *
 * @param {import("./manifest.js").Part} part
 * @param {import("./manifest.js").Line} line
 * @param {Pack | undefined} held
 */
async function content(part, line, held) {
  const own = () => {
    const at = held?.manifest.lines.findIndex(({ kind, name }) => kind === line.kind && name === line.name) ?? -1;
    return held?.stored.contents[at] ?? refuse(`part ${line.name} of the pack is not held`);
  };
  if (line.size > MOST_PART) refuse(`part ${line.name} of the pack is too large`);
  const bytes = part === "held" ? own() : "changes" in part ? changed(own(), part.changes, line) : await inflated(part.whole, line);
  await checkContent(bytes, line);
  return bytes;
}

/**
 * @param {Uint8Array} own
 * @param {[number, number][]} changes
 * @param {import("./manifest.js").Line} line
 */
function changed(own, changes, line) {
  if (line.kind !== KIND.statusList) refuse("only a status list comes as changes");
  return withChanges(own, changes) ?? refuse("a change lies behind the status list's end");
}

/**
 * @param {Uint8Array} whole
 * @param {import("./manifest.js").Line} line
 */
async function inflated(whole, line) {
  const asItIs = line.kind === KIND.trustList || line.kind === KIND.checkpoint;
  return asItIs ? whole.slice() : inflate(whole, line.size);
}

/**
 * @param {Uint8Array} bytes
 * @param {import("./manifest.js").Line} line
 */
async function checkContent(bytes, line) {
  if (line.kind === KIND.statusList && line.size !== LIST_BYTES) refuse("a status list has 262,144 bytes");
  const same = bytes.length === line.size && toHex(await sha256(bytes)) === line.digest;
  if (!same) refuse(`part ${line.name} of the pack is not what the manifest says`);
}

/**
 * @param {Uint8Array} bytes
 * @returns {[string, LicenceType][]}
 */
function readTypes(bytes) {
  try {
    /** @type {{ types: LicenceType[] }} */
    const { types } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return types.map((type) => [String(type.code), type]);
  } catch {
    return refuse("the pack's licence types cannot be read");
  }
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 */
function readSurvivors(name, bytes) {
  if (!/^[0-9a-f]{16}$/.test(name) || bytes.length % 32 !== 0) refuse("a part of the pack lists no survivors");
  const digests = Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
  if (digests.some((digest, at) => at > 0 && compare(digests[at - 1], digest) >= 0)) refuse("the survivors are not in order");
  return new Set(digests.map(toHex));
}
