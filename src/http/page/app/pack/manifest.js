/** A pack's file, and the manifest in it: a line for each part, with its digest (FORMAT.md §11). */

import { refuse, toHex } from "../codec/bytes.js";
import { ARRAY, Reader } from "../codec/cbor.js";
import { MOST, TYP, decodeEnvelope } from "../codec/envelope.js";
import { creditCode, typeCode } from "../licence/codes.js";

const MAGIC = "elicense pack";
const MOST_PACK = 256 * 1024 * 1024;

export const KIND = Object.freeze({ trustList: 1, statusList: 2, licenceTypes: 3, checkpoint: 4, survivors: 5 });

/**
 * @typedef {object} Line
 * @property {number} kind
 * @property {string} name
 * @property {number} time
 * @property {string} digest hexadecimal
 * @property {number} size
 *
 * @typedef {object} Manifest
 * @property {number} issuedAt
 * @property {number} version entries of the ledger it was made from
 * @property {string} publicUrl
 * @property {Line[]} lines
 *
 * @typedef {{ whole: Uint8Array } | { changes: [number, number][] } | "held"} Part
 *
 * @typedef {object} PackFile
 * @property {import("../codec/envelope.js").Envelope} envelope
 * @property {Manifest} manifest read, and not believed yet
 * @property {Part[]} parts
 */

/**
 * @param {Uint8Array} bytes
 * @returns {PackFile}
 */
export function decodePack(bytes) {
  if (bytes.length > MOST_PACK) refuse("the pack is too large");
  const reader = new Reader(bytes);
  if (reader.head(ARRAY) !== 3 || reader.text() !== MAGIC) refuse("this is no pack");
  const envelope = decodeManifestEnvelope(reader.byteString());
  const parts = reader.array(0, 10_000, () => decodePart(reader));
  reader.finish();
  return { envelope, manifest: decodeManifest(envelope.payload), parts };
}

/** @param {Uint8Array} bytes */
export function decodeManifestEnvelope(bytes) {
  const envelope = decodeEnvelope(bytes, MOST.trustList);
  const bare = envelope.typ === TYP.pack && envelope.chain.length === 0;
  return bare ? envelope : refuse("expected the pack's manifest in bare form");
}

/**
 * @param {Reader} reader
 * @returns {Part}
 */
function decodePart(reader) {
  if (reader.peek() === ARRAY) {
    const change = () => {
      const [index, value] = reader.array(2, 2, (at) => reader.uintUpTo(at === 0 ? 2 ** 32 - 1 : 3));
      return /** @type {[number, number]} */ ([index, value]);
    };
    return { changes: reader.array(0, 2 ** 20, change) };
  }
  const whole = reader.byteString();
  return whole.length === 0 ? "held" : { whole };
}

/**
 * @param {Uint8Array} payload
 * @returns {Manifest}
 */
export function decodeManifest(payload) {
  const reader = new Reader(payload);
  const claims = reader.record({ 6: () => reader.time(), [-70003]: () => decodeBody(reader) });
  reader.finish();
  return { issuedAt: claims["6"], ...claims["-70003"] };
}

/** @param {Reader} reader */
function decodeBody(reader) {
  const body = reader.record({
    1: () => reader.uintUpTo(Number.MAX_SAFE_INTEGER),
    2: () => shortText(reader),
    3: () => reader.array(0, 10_000, () => decodeLine(reader)),
    "4?": () => decodeSelection(reader),
  });
  /** @type {Line[]} */
  const lines = body["3"];
  lines.forEach((line, at) => {
    if (at > 0 && !isBefore(lines[at - 1], line)) refuse("the lines of the pack's manifest are not in order");
  });
  const count = (/** @type {number} */ kind) => lines.filter((line) => line.kind === kind).length;
  if (count(KIND.trustList) !== 1 || count(KIND.licenceTypes) !== 1 || count(KIND.checkpoint) > 1) {
    refuse("the pack lacks a part, or has one twice");
  }
  return { version: body["1"], publicUrl: body["2"], lines };
}

/**
 * By kind, then by the name's UTF-8, which is the order of its code points.
 *
 * @param {Line} one
 * @param {Line} next
 */
function isBefore(one, next) {
  if (one.kind !== next.kind) return one.kind < next.kind;
  const [a, b] = [[...one.name], [...next.name]].map((name) => name.map((character) => Number(character.codePointAt(0))));
  const at = a.findIndex((codePoint, place) => codePoint !== b[place]);
  return at < 0 ? a.length < b.length : at < b.length && a[at] < b[at];
}

/**
 * @param {Reader} reader
 * @returns {Line}
 */
function decodeLine(reader) {
  if (reader.head(ARRAY) !== 5) refuse("a line of the pack's manifest does not have five elements");
  const kind = reader.uintUpTo(5);
  if (kind < 1) refuse("a part of the pack is of an unknown kind");
  const [name, time] = [shortText(reader), reader.time()];
  return { kind, name, time, digest: toHex(reader.bytesOf(32)), size: reader.uintUpTo(Number.MAX_SAFE_INTEGER) };
}

/** @param {Reader} reader */
function decodeSelection(reader) {
  if (reader.head(ARRAY) !== 2) refuse("a selection has two elements");
  reader.array(0, 1_000, () => typeCode(reader.text()));
  reader.array(0, 1_000, () => creditCode(reader.text()));
}

/** @param {Reader} reader */
function shortText(reader) {
  const text = reader.text();
  const length = new TextEncoder().encode(text).length;
  return length >= 1 && length <= 512 && !/\p{Cc}/u.test(text) ? text : refuse("a name in the pack's manifest is empty or too long");
}
