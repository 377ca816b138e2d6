/** CBOR (RFC 8949) in the deterministic form of its §4.2.1 and no other, read in place. */

import { compare, fromUtf8, refuse } from "./bytes.js";

export const UINT = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

const KINDS = ["a number", "a number below zero", "a byte string", "a text", "an array", "a map", "a tag", "a simple value"];
const MOST_INT = 2n ** 63n - 1n;

/** 0001-01-01T00:00:00+08:00 and 9999-12-30T23:59:59+08:00: what a calendar can show. */
const FIRST_SECOND = -62_135_625_600;
const LAST_SECOND = 253_402_185_599;

/** @typedef {number | bigint} Integer a bigint where a number would not be exact */

export class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** The major type of the next item. */
  peek() {
    return this.at < this.bytes.length ? this.bytes[this.at] >> 5 : refuse("the CBOR is cut short");
  }

  /**
   * The argument of the next head, which must be of this major type.
   *
   * @param {number} major
   * @returns {Integer}
   */
  head(major) {
    const got = this.peek();
    if (got !== major) refuse(`expected ${KINDS[major]} at ${this.at}, got ${KINDS[got]}`);
    const info = this.bytes[this.at] & 0x1f;
    this.at += 1;
    if (info < 24) return info;
    if (info > 27) return refuse("the CBOR has an indefinite length");
    const width = 2 ** (info - 24);
    let value = 0n;
    for (const byte of this.take(width)) value = (value << 8n) | BigInt(byte);
    if (value < [24n, 0x100n, 0x1_0000n, 0x1_0000_0000n][info - 24]) refuse("a number in the CBOR is not in its shortest form");
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  /** @param {Integer} length */
  take(length) {
    if (typeof length === "bigint" || length > this.bytes.length - this.at) return refuse("the CBOR is cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uint() {
    return this.head(UINT);
  }

  /**
   * A number of zero or more, up to `most`.
   *
   * @param {number} most
   */
  uintUpTo(most) {
    const value = this.uint();
    return typeof value === "number" && value <= most ? value : refuse(`a number is above ${most}`);
  }

  /**
   * An integer of 64 bits with a sign.
   *
   * @returns {Integer}
   */
  int() {
    const negative = this.peek() === NEGATIVE;
    const value = this.head(negative ? NEGATIVE : UINT);
    if (value > MOST_INT) return refuse("a number does not fit into 64 bits with a sign");
    if (!negative) return value;
    const below = -1n - BigInt(value);
    return below >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(below) : below;
  }

  /** Seconds since 1970. */
  time() {
    const value = this.int();
    const shown = typeof value === "number" && value >= FIRST_SECOND && value <= LAST_SECOND;
    return shown ? value : refuse("a time is not one that a calendar can show");
  }

  byteString() {
    return this.take(this.head(BYTES));
  }

  /** @param {number} length */
  bytesOf(length) {
    const bytes = this.byteString();
    return bytes.length === length ? bytes : refuse(`expected ${length} bytes, got ${bytes.length}`);
  }

  text() {
    return fromUtf8(this.take(this.head(TEXT)));
  }

  /**
   * @template T
   * @param {number} least
   * @param {number} most
   * @param {(position: number) => T} read
   * @returns {T[]}
   */
  array(least, most, read) {
    const count = this.head(ARRAY);
    if (typeof count === "bigint" || count < least || count > most) {
      return refuse(`expected an array of ${least} to ${most}, got ${count}`);
    }
    if (count > this.bytes.length - this.at) refuse("the CBOR is cut short");
    return Array.from({ length: count }, (_, position) => read(position));
  }

  /**
   * A map with ascending keys; `each` reads the value.
   *
   * @template K
   * @param {number} most
   * @param {() => K} readKey
   * @param {(key: K) => void} each
   */
  map(most, readKey, each) {
    const count = this.head(MAP);
    if (typeof count === "bigint" || count > most) return refuse(`expected a map of at most ${most}, got ${count}`);
    /** @type {Uint8Array} */
    let before = new Uint8Array();
    for (let left = count; left > 0; left -= 1) {
      const from = this.at;
      const key = readKey();
      const encoded = this.bytes.subarray(from, this.at);
      if (compare(before, encoded) >= 0) refuse(`key ${key} is there twice, or not in its place`);
      before = encoded;
      each(key);
    }
  }

  /**
   * A map with these keys and no others. A key that is not required ends in a question mark.
   *
   * @param {Record<string, () => unknown>} readers by key
   * @param {() => string | Integer} readKey
   * @returns {any} the values by key, without the question marks
   */
  record(readers, readKey = () => this.int()) {
    /** @type {Record<string, unknown>} */
    const found = {};
    this.map(Object.keys(readers).length, readKey, (key) => {
      const name = Object.hasOwn(readers, `${key}?`) ? `${key}?` : `${key}`;
      if (!Object.hasOwn(readers, name)) refuse(`key ${key} is not known`);
      found[`${key}`] = readers[name]();
    });
    for (const key of Object.keys(readers)) {
      if (!key.endsWith("?") && !Object.hasOwn(found, key)) refuse(`key ${key} is missing`);
    }
    return found;
  }

  finish() {
    if (this.at !== this.bytes.length) refuse(`${this.bytes.length - this.at} bytes stand behind the CBOR`);
  }
}

/**
 * A head with the shortest length, for what is put together to be hashed or signed.
 *
 * @param {number} major
 * @param {number} value below 2^32
 */
export function head(major, value) {
  const first = major << 5;
  if (value < 24) return Uint8Array.of(first | value);
  if (value < 0x100) return Uint8Array.of(first | 24, value);
  if (value < 0x1_0000) return Uint8Array.of(first | 25, value >> 8, value & 0xff);
  return Uint8Array.of(first | 26, value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);
}
