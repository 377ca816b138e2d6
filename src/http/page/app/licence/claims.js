/** The licence payload: CWT claims in both forms (FORMAT.md §2). */

import { refuse, toHex } from "../codec/bytes.js";
import { Reader, TEXT } from "../codec/cbor.js";
import { citizenNumber, creditCode, date, identifier, startOf } from "./codes.js";
import { checkText } from "./text.js";

const DAY = 86_400;
const CODE_TYPES = "001 099 111 114 115 118 119 120 122 411 412 413 414 511 516 999".split(" ");
/** Holder code types of organisations, whose codes are not masked. */
const ORGANISATIONS = ["001", "099"];

/**
 * @typedef {{ name: string, code: string, codeType: string }} Holder
 *
 * @typedef {object} Claims
 * @property {string} issuer
 * @property {number | undefined} expires
 * @property {number} notBefore
 * @property {number} issuedAt
 * @property {{ index: number, uri: string }} status
 * @property {import("./codes.js").Identifier} identifier
 * @property {string} typeName
 * @property {string} number
 * @property {string} authority
 * @property {string} issued
 * @property {string} validFrom
 * @property {string | undefined} validTo
 * @property {Holder[]} holders
 * @property {Map<string, string | import("../codec/cbor.js").Integer>} fields
 * @property {import("./codes.js").Identifier | undefined} replaces
 * @property {string | undefined} areaCode
 * @property {"full" | "qr"} form
 */

/**
 * @param {Uint8Array} payload
 * @returns {Claims}
 */
export function decodeClaims(payload) {
  const reader = new Reader(payload);
  const claims = reader.record({
    1: () => creditCode(reader.text()),
    "4?": () => reader.time(),
    5: () => reader.time(),
    6: () => reader.time(),
    65535: () => decodeStatus(reader),
    [-70001]: () => decodeLicence(reader),
  });
  reader.finish();
  const [issuer, expires, notBefore, issuedAt] = ["1", "4", "5", "6"].map((key) => claims[key]);
  return { issuer, expires, notBefore, issuedAt, status: claims["65535"], ...claims["-70001"] };
}

/** @param {Reader} reader */
function decodeStatus(reader) {
  const readKey = () => reader.text();
  const status = reader.record({
    status_list: () => reader.record({ idx: () => reader.uintUpTo(2 ** 32 - 1), uri: () => uri(reader.text()) }, readKey),
  }, readKey);
  return { index: status.status_list.idx, uri: status.status_list.uri };
}

/** @param {string} text */
const uri = (text) => (/^[!-~]{1,512}$/.test(text) ? text : refuse("the status list's address is not visible ASCII"));

/** @param {Reader} reader */
function decodeLicence(reader) {
  const text = (/** @type {number} */ most) => () => checkText(reader.text(), most);
  const day = () => date(reader.text());
  const found = reader.record({
    1: () => identifier(reader.text()),
    2: text(200),
    3: text(64),
    4: text(200),
    5: day,
    6: day,
    "7?": day,
    8: () => reader.array(1, 50, () => decodeHolder(reader)),
    9: () => decodeFields(reader),
    "10?": () => identifier(reader.text()),
    "11?": () => areaCode(reader.text()),
    12: () => reader.text(),
    "13?": () => toHex(reader.bytesOf(32)),
  });
  const form = found["12"];
  if (form !== "full" && form !== "qr") refuse("the form is neither full nor qr");
  if ((form === "qr") !== (found["13"] !== undefined)) refuse("the qr form must carry the full form's digest, and only the qr form");
  for (const holder of found["8"]) checkHolder(holder, form);
  return {
    identifier: found["1"],
    typeName: found["2"],
    number: found["3"],
    authority: found["4"],
    issued: found["5"],
    validFrom: found["6"],
    validTo: found["7"],
    holders: found["8"],
    fields: found["9"],
    replaces: found["10"],
    areaCode: found["11"],
    form,
  };
}

/** @param {string} text */
const areaCode = (text) => (/^[0-9]{6}$/.test(text) ? text : refuse("an area code is not six digits"));

/**
 * @param {Reader} reader
 * @returns {Holder}
 */
function decodeHolder(reader) {
  const [name, code, codeType] = reader.array(3, 3, () => reader.text());
  return { name, code, codeType };
}

/**
 * @param {Holder} holder
 * @param {"full" | "qr"} form
 */
function checkHolder({ name, code, codeType }, form) {
  if (!CODE_TYPES.includes(codeType)) refuse("a holder's code is of an unknown type");
  checkText(name, 200);
  const masked = form === "qr" && !ORGANISATIONS.includes(codeType);
  if (codeType === "001") creditCode(code);
  else if (codeType === "111" && !masked) citizenNumber(code);
  else checkText(code, 64);
}

/** @param {Reader} reader */
export function decodeFields(reader) {
  const fields = new Map();
  reader.map(100, () => reader.text(), (key) => {
    if (!/^[a-z][a-z0-9_]{0,39}$/.test(key)) refuse("a field's key has other characters or is too long");
    fields.set(key, reader.peek() === TEXT ? checkText(reader.text(), 2_000) : reader.int());
  });
  return fields;
}

/**
 * Why a licence does not agree with itself; nothing if it does.
 *
 * @param {Claims} claims
 */
export function disagreement(claims) {
  const { validFrom, validTo, identifier: own, replaces } = claims;
  const end = validTo === undefined ? undefined : startOf(validTo) + DAY;
  if (claims.notBefore !== startOf(validFrom)) return "nbf is not the first second of its first day";
  if (claims.expires !== end) return "exp is not the first second after its last day";
  if (validTo !== undefined && validTo < validFrom) return "it ends before it begins";
  if (claims.issuer !== own.issuer) return "iss is not the issuer in its identifier";
  if (replaces && !mayBeReplaced(replaces, own)) {
    return "it replaces neither an earlier version of itself nor, as a first version, another authority's licence";
  }
  return undefined;
}

/**
 * An earlier version of the same licence; or, by a first version, another authority's licence of the same type, taken over.
 *
 * @param {import("./codes.js").Identifier} old
 * @param {import("./codes.js").Identifier} own
 */
function mayBeReplaced(old, own) {
  if (old.typeCode !== own.typeCode) return false;
  return old.issuer === own.issuer ? old.serial === own.serial && old.version < own.version : own.version === "001";
}

/**
 * A licence as verdicts show it.
 *
 * @param {Claims} claims
 */
export function shownLicence(claims) {
  return {
    identifier: claims.identifier.text,
    type: claims.identifier.typeCode,
    type_name: claims.typeName,
    number: claims.number,
    version: claims.identifier.version,
    authority: { code: claims.issuer, name: claims.authority },
    issued: claims.issued,
    valid_from: claims.validFrom,
    ...(claims.validTo !== undefined && { valid_to: claims.validTo }),
    holders: claims.holders.map(({ name, code, codeType }) => ({ name, code, code_type: codeType })),
    fields: Object.fromEntries(claims.fields),
    ...(claims.replaces && { replaces: claims.replaces.text }),
    ...(claims.areaCode !== undefined && { area_code: claims.areaCode }),
  };
}
