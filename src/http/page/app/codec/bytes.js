/** Byte strings: joined, compared, and as they stand in text. */

/** Input that breaks a rule of the formats. Its message says which, in English, for whoever looks into it. */
export class Refused extends Error {}

/** What this browser has no means to check: neither good nor bad. */
export class CannotBeChecked extends Error {}

/**
 * @param {string} why
 * @returns {never}
 */
export function refuse(why) {
  throw new Refused(why);
}

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * In the order of their bytes: negative, zero or positive.
 *
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function compare(one, other) {
  const most = Math.min(one.length, other.length);
  for (let at = 0; at < most; at += 1) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export const equal = (one, other) => one.length === other.length && compare(one, other) === 0;

/** @param {Uint8Array} bytes */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} hex an even number of hexadecimal digits */
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes */
export const sha256 = async (bytes) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {Uint8Array<ArrayBuffer>} */ (bytes)));

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} bytes */
export function fromUtf8(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    return refuse("a text is not UTF-8");
  }
}

/**
 * RFC 4648 §4: padded, canonical, nothing in between.
 *
 * @param {string} text
 */
export function fromBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    refuse("expected a text that begins with EL1:, or an envelope in base64");
  }
  const binary = atob(text);
  if (btoa(binary) !== text) refuse("the base64 is not in its canonical form");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
