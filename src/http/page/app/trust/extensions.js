/** What a certificate may be, judged from its extensions alone (FORMAT.md §4, the table). */

import { equal, fromHex, fromUtf8, refuse, toHex } from "../codec/bytes.js";
import { creditCode, typeCode } from "../licence/codes.js";
import * as der from "./der.js";

/** @typedef {"licence" | "presentation" | "receipt" | "trustList" | "pack" | "statusList"} Usage */

/** In the order of the last arc of their object identifiers, …3.1 to …3.6. */
const USAGES = /** @type {Usage[]} */ (["licence", "presentation", "receipt", "trustList", "pack", "statusList"]);

/** 2.25.5239074167859244784, the arc of FORMAT.md §4, in DER. */
const ARC = "69c8dabbc6aab9b3dd70";
const OID = Object.freeze({
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  subjectKey: "551d0e",
  authorityKey: "551d23",
  nameConstraints: "551d1e",
  creditCode: ARC + "01",
  typeCodes: ARC + "02",
});
const KNOWN = new Set(Object.values(OID));

const NOT_CA = fromHex("3000");
/** digitalSignature; keyCertSign and cRLSign (RFC 5280 §4.2.1.3 counts bits from the highest). */
const SIGNS = 0x8000;
const CERTIFIES = 0x0600;

/**
 * @typedef {object} Role
 * @property {Usage | undefined} usage what the key may sign; an authority's signs certificates only
 * @property {number} pathLength authorities allowed below an authority
 * @property {string | undefined} creditCode a department's
 * @property {string[]} typeCodes a department's
 * @property {string} subjectKey hexadecimal
 * @property {string | undefined} authorityKey hexadecimal; a root may have none
 */

/**
 * @param {Uint8Array} sequence the content of the SEQUENCE OF Extension
 * @returns {Role}
 */
export function readRole(sequence) {
  const found = sort(der.elements(sequence));
  const { isAuthority, pathLength } = constraints(critical(found, OID.basicConstraints));
  const usage = readUsage(found.get(OID.extendedKeyUsage)?.value);
  const scope = readScope(found);
  if (isAuthority ? usage || scope : !usage || (usage === "licence") !== Boolean(scope)) {
    refuse("a certificate has extensions that do not go together");
  }
  checkKeyUsage(critical(found, OID.keyUsage), isAuthority ? CERTIFIES : SIGNS);
  const subjectKey = keyIdentifier(found.get(OID.subjectKey)?.value ?? refuse("a certificate has no subject key identifier"), "0414");
  const above = found.get(OID.authorityKey)?.value;
  return {
    usage,
    pathLength,
    creditCode: scope?.creditCode,
    typeCodes: scope?.typeCodes ?? [],
    subjectKey,
    authorityKey: above && keyIdentifier(above, "30168014"),
  };
}

/** @typedef {Map<string, { critical: boolean, value: Uint8Array }>} Extensions */

/**
 * @param {der.Element[]} all
 * @returns {Extensions}
 */
function sort(all) {
  /** @type {Extensions} */
  const found = new Map();
  const seen = new Set();
  if (all.length === 0) refuse("a certificate has no extensions");
  for (const { tag, content } of all) {
    const parts = der.elements(content);
    const marked = parts.length === 3 && parts[1].tag === der.BOOLEAN;
    if (tag !== der.SEQUENCE || parts.length !== (marked ? 3 : 2) || parts[0].tag !== der.OBJECT_IDENTIFIER) {
      refuse("an extension of a certificate cannot be read");
    }
    const value = parts[parts.length - 1];
    if (value.tag !== der.OCTET_STRING) refuse("an extension of a certificate cannot be read");
    const [oid, isCritical] = [toHex(parts[0].content), marked && parts[1].content[0] === 0xff];
    if (seen.has(oid)) refuse("a certificate has an extension twice");
    seen.add(oid);
    if (oid === OID.nameConstraints) refuse("a certificate has name constraints");
    if (!KNOWN.has(oid)) {
      if (isCritical) refuse("a certificate has an unknown critical extension");
      continue;
    }
    der.checkDer(value.content);
    found.set(oid, { critical: isCritical, value: value.content });
  }
  return found;
}

/**
 * @param {Extensions} found
 * @param {string} oid
 */
function critical(found, oid) {
  const extension = found.get(oid);
  return extension?.critical ? extension.value : refuse("an extension that must be critical is not, or is missing");
}

/** @param {Uint8Array} value */
function constraints(value) {
  if (equal(value, NOT_CA)) return { isAuthority: false, pathLength: 0 };
  const authority = value.length === 8 && toHex(value.subarray(0, 7)) === "30060101ff0201" && value[7] < 0x80;
  return authority ? { isAuthority: true, pathLength: value[7] } : refuse("basicConstraints has another form, or no path length");
}

/**
 * @param {Uint8Array} value
 * @param {number} expected
 */
function checkKeyUsage(value, expected) {
  const [tag, length, , high, low = 0] = value;
  const whole = tag === der.BIT_STRING && (length === 2 || length === 3) && value.length === length + 2;
  if (!whole || high * 256 + low !== expected) refuse("keyUsage is not that of the certificate's kind");
}

/**
 * @param {Uint8Array | undefined} value
 * @returns {Usage | undefined}
 */
function readUsage(value) {
  if (!value) return undefined;
  const purposes = der.elements(der.only(value, der.SEQUENCE));
  if (purposes.some(({ tag }) => tag !== der.OBJECT_IDENTIFIER)) refuse("an extended key usage is no object identifier");
  const [oid, second] = purposes.map(({ content }) => toHex(content));
  const usage = USAGES.find((_, at) => oid === `${ARC}030${at + 1}`);
  // A department may sign SD-JWT VC as well, and nobody else anything as well.
  const alone = purposes.length === 1 || (purposes.length === 2 && usage === "licence" && second === `${ARC}0307`);
  return usage && alone ? usage : refuse("the extended key usage is none of elicense's, or one of several");
}

/** @param {Extensions} found */
function readScope(found) {
  const [code, types] = [found.get(OID.creditCode)?.value, found.get(OID.typeCodes)?.value];
  if (!code && !types) return undefined;
  if (!code || !types) return refuse("a department's certificate lacks its credit code or its type codes");
  const typeCodes = der.elements(der.only(types, der.SEQUENCE)).map(({ tag, content }) => {
    return tag === der.UTF8_STRING ? typeCode(fromUtf8(content)) : refuse("a type code is no UTF8String");
  });
  const ascending = typeCodes.every((one, at) => at === 0 || typeCodes[at - 1] < one);
  if (typeCodes.length < 1 || typeCodes.length > 200 || !ascending) refuse("expected 1 to 200 type codes in order");
  return { creditCode: creditCode(fromUtf8(der.only(code, der.UTF8_STRING))), typeCodes };
}

/**
 * @param {Uint8Array} value
 * @param {string} head
 */
function keyIdentifier(value, head) {
  const hex = toHex(value);
  return hex.startsWith(head) && hex.length === head.length + 40 ? hex.slice(head.length) : refuse("a key identifier has another form");
}
