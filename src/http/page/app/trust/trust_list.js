/** A trust list that is believed: anchored, signed, every certificate of it hanging from its root (FORMAT.md §5). */

import { refuse, toHex } from "../codec/bytes.js";
import { Reader } from "../codec/cbor.js";
import { MOST, TYP, decodeEnvelope } from "../codec/envelope.js";
import { creditCode } from "../licence/codes.js";
import { parseCertificate } from "./certificate.js";
import { checkSignature } from "./key.js";
import { PathBuilder, validAt } from "./path.js";

/**
 * @typedef {{ reason: "superseded" | "compromised", at: number }} Revocation
 *
 * @typedef {object} Signer
 * @property {import("./path.js").Certificate[]} path itself first, the root last
 * @property {import("./extensions.js").Usage} usage
 * @property {number | undefined} retired
 * @property {Revocation[]} revocations of every certificate of its path
 *
 * @typedef {object} TrustList
 * @property {number} version
 * @property {number} issuedAt
 * @property {string} region
 * @property {string} publicUrl
 * @property {string} root its SHA-256, hexadecimal
 * @property {Map<string, Signer>} signers by key id
 * @property {Map<string, string>} names of authorities by credit code
 * @property {Map<string, string>} statusUris prefixes by the authority's credit code
 */

/** What makes a list that names another root be refused: compare it with what the operator says, then accept it. */
export class OtherRoot extends Error {}

/**
 * @param {Uint8Array} bytes
 * @param {string | undefined} root the SHA-256 that the first certificate must have; any, where a device has seen none yet
 * @returns {Promise<TrustList>}
 */
export async function believeTrustList(bytes, root) {
  const envelope = decodeEnvelope(bytes, MOST.trustList);
  if (envelope.typ !== TYP.trustList) refuse("expected a trust list");
  if (envelope.chain.length > 0) refuse("the trust list carries a certificate chain outside its signature");
  const list = decodeList(envelope.payload);
  const entries = [];
  for (const { der, ...entry } of list.certificates) entries.push({ ...entry, certificate: await parseCertificate(der) });
  const [first] = entries;
  if (root !== undefined && first.certificate.fingerprint !== root) throw new OtherRoot(first.certificate.fingerprint);
  if (first.retired !== undefined || first.revocation) refuse("the trust list retires or revokes its own root");
  checkUnique(entries.map(({ certificate }) => certificate));
  const paths = new PathBuilder(first.certificate, entries.map(({ certificate }) => certificate));
  await paths.checkRoot();
  await checkSigner(envelope, list.issuedAt, entries, paths);
  const signers = await loadSigners(entries, paths);
  for (const authority of list.authorities) {
    if (signers.get(authority.statusSigner)?.usage !== "statusList") refuse("an authority names a key that signs no status lists");
  }
  return {
    version: list.version,
    issuedAt: list.issuedAt,
    region: list.region,
    publicUrl: list.publicUrl,
    root: first.certificate.fingerprint,
    signers,
    names: new Map(list.authorities.map((one) => [one.creditCode, one.name])),
    statusUris: new Map(list.authorities.map((one) => [one.creditCode, one.statusUri])),
  };
}

/**
 * @typedef {{ certificate: import("./path.js").Certificate, retired?: number, revocation?: Revocation }} Entry
 */

/** @param {import("./path.js").Certificate[]} certificates */
function checkUnique(certificates) {
  const keyIds = new Set(certificates.map(({ keyId }) => keyId));
  if (keyIds.size !== certificates.length) refuse("a key id stands for two certificates of the trust list");
  const serials = new Set(certificates.map(({ issuer, serial }) => `${issuer} ${serial}`));
  if (serials.size !== certificates.length) refuse("two certificates have the same issuer and serial number");
}

/**
 * @param {import("../codec/envelope.js").Envelope} envelope
 * @param {number} issuedAt
 * @param {Entry[]} entries
 * @param {PathBuilder} paths
 */
async function checkSigner(envelope, issuedAt, entries, paths) {
  const entry = entries.find(({ certificate }) => certificate.keyId === envelope.keyId);
  if (!entry) return refuse("the trust list is signed by a key that it does not contain");
  const path = await paths.build(entry.certificate);
  if (entry.certificate.usage !== "trustList") refuse("the trust list's signer is certified for something else");
  if (!validAt(path, issuedAt)) refuse("the trust list's signer was not certified when it was signed");
  if (entry.revocation || (entry.retired !== undefined && entry.retired <= issuedAt)) {
    refuse("the trust list's signer was retired or revoked before that");
  }
  if (envelope.algorithm !== entry.certificate.key.algorithm) refuse("the trust list is forged: its key is of another kind");
  await checkSignature(entry.certificate.key, envelope.signed, envelope.signature);
}

/**
 * @param {Entry[]} entries
 * @param {PathBuilder} paths
 */
async function loadSigners(entries, paths) {
  const revocations = new Map(entries.map(({ certificate, revocation }) => [certificate.fingerprint, revocation]));
  /** @type {Map<string, Signer>} */
  const signers = new Map();
  for (const { certificate, retired } of entries) {
    const path = await paths.build(certificate);
    // An authority's path was worth checking, but an authority is no signer.
    if (!certificate.usage) continue;
    const revoked = path.flatMap(({ fingerprint }) => revocations.get(fingerprint) ?? []);
    signers.set(certificate.keyId, { path, usage: certificate.usage, retired, revocations: revoked });
  }
  return signers;
}

/**
 * @param {Uint8Array} payload
 * @returns {{ issuedAt: number } & Body}
 */
function decodeList(payload) {
  const reader = new Reader(payload);
  const claims = reader.record({ 6: () => reader.time(), [-70002]: () => decodeBody(reader) });
  reader.finish();
  return { issuedAt: claims["6"], ...claims["-70002"] };
}

/**
 * @typedef {object} Body
 * @property {number} version
 * @property {string} region
 * @property {{ der: Uint8Array, retired?: number, revocation?: Revocation }[]} certificates
 * @property {{ creditCode: string, name: string, statusUri: string, statusSigner: string }[]} authorities
 * @property {string} publicUrl
 */

/**
 * @param {Reader} reader
 * @returns {Body}
 */
function decodeBody(reader) {
  const body = reader.record({
    1: () => reader.uint(),
    2: () => name(reader),
    3: () => reader.array(3, 1000, () => decodeEntry(reader)),
    4: () => reader.array(0, 1000, () => decodeAuthority(reader)),
    5: () => reader.array(1, 100, () => decodeLedgerKey(reader)),
    6: () => url(reader.text(), /[^/]$/),
  });
  if (body["1"] < 1) refuse("versions of a trust list begin with 1");
  /** @type {Body["authorities"]} */
  const authorities = body["4"];
  if (authorities.some((one, at) => at > 0 && authorities[at - 1].creditCode >= one.creditCode)) {
    refuse("the authorities of the trust list are not in order");
  }
  return { version: Number(body["1"]), region: body["2"], certificates: body["3"], authorities, publicUrl: body["6"] };
}

/** @param {Reader} reader */
function decodeEntry(reader) {
  const entry = reader.record({ 1: () => reader.byteString(), "2?": () => reader.time(), "3?": () => decodeRevocation(reader) });
  return { der: entry["1"], retired: entry["2"], revocation: entry["3"] };
}

/** @param {Reader} reader */
function decodeRevocation(reader) {
  const revocation = reader.record({ 1: () => reader.text(), 2: () => reader.time(), 3: () => reader.uint() });
  const reason = revocation["1"];
  if (reason !== "superseded" && reason !== "compromised") refuse("a revocation has an unknown reason");
  return { reason, at: revocation["2"] };
}

/** @param {Reader} reader */
function decodeAuthority(reader) {
  const authority = reader.record({
    1: () => creditCode(reader.text()),
    2: () => name(reader),
    3: () => url(reader.text(), /-$/),
    4: () => toHex(reader.bytesOf(8)),
  });
  return { creditCode: authority["1"], name: authority["2"], statusUri: authority["3"], statusSigner: authority["4"] };
}

/** @param {Reader} reader */
function decodeLedgerKey(reader) {
  const key = reader.record({ 1: () => name(reader), 2: () => name(reader, 500) });
  if (!key["2"].startsWith(`${key["1"]}+`)) refuse("a ledger's verifier key does not begin with its origin");
}

/**
 * @param {Reader} reader
 * @param {number} most
 */
function name(reader, most = 200) {
  const text = reader.text();
  const length = [...text].length;
  const good = length >= 1 && length <= most && !/\p{Cc}/u.test(text) && text.normalize("NFC") === text;
  return good ? text : refuse("a name in the trust list is empty, too long or not in its normal form");
}

/**
 * @param {string} text
 * @param {RegExp} end
 */
function url(text, end) {
  const good = text.length <= 500 && /^https?:\/\/[!-.0-~][!-~]*$/.test(text) && end.test(text);
  return good ? text : refuse("a URL in the trust list has another form");
}
