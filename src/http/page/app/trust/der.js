/** Strict DER (X.690 §10, §11): exactly one byte string for one value. */

import { fromUtf8, refuse } from "../codec/bytes.js";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
const NULL = 0x05;
export const OBJECT_IDENTIFIER = 0x06;
export const UTF8_STRING = 0x0c;
const PRINTABLE_STRING = 0x13;
const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

const MOST_DEPTH = 16;
const CONSTRUCTED = 0x20;
const CLASS = 0xc0;

/**
 * @typedef {object} Element
 * @property {number} tag
 * @property {Uint8Array} content
 * @property {Uint8Array} raw its head and its content
 */

/**
 * The elements that stand one behind the other in these bytes.
 *
 * @param {Uint8Array} bytes
 * @returns {Element[]}
 */
export function elements(bytes) {
  const all = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    if (first === undefined || first === 0x80 || first > 0x82) refuse("a DER length is missing, indefinite or too long");
    const wide = first > 0x80 ? first - 0x80 : 0;
    const from = at + 2 + wide;
    if (from > bytes.length) refuse("DER ends inside an element");
    const length = wide === 0 ? first : wide === 1 ? bytes[at + 2] : bytes[at + 2] * 256 + bytes[at + 3];
    if ((wide === 1 && length < 0x80) || (wide === 2 && length < 0x100)) refuse("a DER length is not in its shortest form");
    if (from + length > bytes.length) refuse("DER ends inside an element");
    all.push({ tag, content: bytes.subarray(from, from + length), raw: bytes.subarray(at, from + length) });
    at = from + length;
  }
  return all;
}

/**
 * The contents of elements that must have exactly these tags.
 *
 * @param {Uint8Array} bytes
 * @param {number[]} tags
 */
export function expect(bytes, tags) {
  const all = elements(bytes);
  if (all.length !== tags.length || all.some((element, at) => element.tag !== tags[at])) {
    refuse("DER has other elements than belong there");
  }
  return all;
}

/**
 * The content of the one element that these bytes are.
 *
 * @param {Uint8Array} bytes
 * @param {number} tag
 */
export const only = (bytes, tag) => expect(bytes, [tag])[0].content;

/**
 * Walks the whole tree of one element, and refuses what would not re-encode to itself.
 *
 * @param {Uint8Array} bytes
 */
export function checkDer(bytes) {
  const all = elements(bytes);
  if (all.length !== 1) refuse("expected one DER element");
  checkElement(all[0], MOST_DEPTH);
}

/**
 * @param {Element} element
 * @param {number} depth
 */
function checkElement({ tag, content }, depth) {
  if (!(tag & CONSTRUCTED)) {
    if (!isGood(tag, content)) refuse(`the content of the element with DER tag ${tag} is not in DER's one form`);
    return;
  }
  // Constructed strings are BER; of the universal class only SEQUENCE and SET are made of elements.
  if (!(tag & CLASS) && tag !== SEQUENCE && tag !== SET) refuse("a DER string is in pieces");
  if (depth === 0) refuse("DER is nested too deep");
  for (const inner of elements(content)) checkElement(inner, depth - 1);
}

/**
 * @param {number} tag
 * @param {Uint8Array} content
 */
function isGood(tag, content) {
  const [first, second] = content;
  switch (tag) {
    case BOOLEAN:
      return content.length === 1 && (first === 0 || first === 0xff);
    case INTEGER:
      return content.length > 0 && !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80);
    case BIT_STRING:
      return content.length === 1 ? first === 0 : first <= 7 && (content[content.length - 1] & ((1 << first) - 1)) === 0;
    case NULL:
      return content.length === 0;
    case OBJECT_IDENTIFIER:
      return isObjectIdentifier(content);
    case UTF8_STRING:
      return typeof fromUtf8(content) === "string";
    case PRINTABLE_STRING:
      return /^[A-Za-z0-9 '()+,./:=?-]*$/.test(ascii(content));
    case IA5_STRING:
      return content.every((byte) => byte < 0x80);
    case UTC_TIME:
      return /^[0-9]{12}Z$/.test(ascii(content));
    case GENERALIZED_TIME:
      return /^[0-9]{14}Z$/.test(ascii(content));
    case OCTET_STRING:
      return true;
    default:
      // Context-specific and implicit: what it is, its reader knows. Tag numbers above 30 are never used.
      return (tag & CLASS) === 0x80 && (tag & 0x1f) !== 0x1f;
  }
}

/** @param {Uint8Array} content */
function isObjectIdentifier(content) {
  const ends = content.length > 0 && content[content.length - 1] < 0x80;
  // A component that begins with 0x80 has a leading zero.
  return ends && content.every((byte, at) => byte !== 0x80 || (at > 0 && content[at - 1] >= 0x80));
}

/**
 * Every byte as the character with its number: for what is ASCII if it is good.
 *
 * @param {Uint8Array} content
 */
export const ascii = (content) => String.fromCharCode(...content);
