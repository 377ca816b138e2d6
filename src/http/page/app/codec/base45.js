/** Base45 (RFC 9285), strict: every text stands for other bytes. */

import { refuse } from "./bytes.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** @param {string} text */
export function decodeBase45(text) {
  if (text.length % 3 === 1) refuse("behind EL1: one character of base45 is missing or too many");
  const digits = Array.from(text, (character) => {
    const digit = ALPHABET.indexOf(character);
    return digit < 0 ? refuse("behind EL1: there is a character that base45 does not have") : digit;
  });
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + (text.length % 3 === 2 ? 1 : 0));
  let to = 0;
  for (let at = 0; at < digits.length; at += 3) {
    const whole = at + 2 < digits.length;
    const value = digits[at] + 45 * digits[at + 1] + (whole ? 2025 * digits[at + 2] : 0);
    if (value > (whole ? 0xffff : 0xff)) refuse("behind EL1: base45 stands for more than its bytes hold");
    if (whole) bytes[to++] = value >> 8;
    bytes[to++] = value & 0xff;
  }
  return bytes;
}
