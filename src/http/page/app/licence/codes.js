/** Codes with check characters, and dates, as they stand on a licence (FORMAT.md §9). Each comes back, or is refused. */

import { refuse } from "../codec/bytes.js";

const CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const ROOT = "1.2.156.3005.2.";
const LAST_DAY = "9999-12-30";

/**
 * The characters of a text as numbers, `place` counted from 0.
 *
 * @param {string} text
 * @param {(character: string, place: number) => number} value
 */
const sum = (text, value) => [...text].reduce((all, character, place) => all + value(character, place), 0);

/**
 * A unified social credit code (GB 32100), with the organisation code inside it (GB 11714).
 *
 * @param {string} text
 */
export function creditCode(text) {
  if (!/^[0-9A-HJ-NP-RTUWXY]{18}$/.test(text)) refuse("a credit code has other characters or another length");
  const organisation = sum(text.slice(8, 16), (character, place) => parseInt(character, 36) * ORGANISATION_WEIGHTS[place]);
  if (text[16] !== "0X987654321"[organisation % 11]) refuse("a credit code's organisation code fails its check");
  const whole = sum(text.slice(0, 17), (character, place) => CREDIT_ALPHABET.indexOf(character) * 3 ** place);
  return text[17] === CREDIT_ALPHABET[(31 - (whole % 31)) % 31] ? text : refuse("a credit code fails its check");
}

/**
 * The code of a licence type: its definer's credit code, and three digits.
 *
 * @param {string} text
 */
export function typeCode(text) {
  if (!/^.{18}[0-9]{3}$/s.test(text)) refuse("a type code has another length or does not end in three digits");
  creditCode(text.slice(0, 18));
  return text;
}

/**
 * @typedef {object} Identifier
 * @property {string} text
 * @property {string} typeCode
 * @property {string} issuer
 * @property {string} serial
 * @property {string} version three digits
 */

/**
 * A licence identifier (GB/T 36904), with the check character of ISO/IEC 7064 MOD 37,36.
 *
 * @param {string} text
 * @returns {Identifier}
 */
export function identifier(text) {
  const parts = text.startsWith(ROOT) ? text.slice(ROOT.length).split(".") : [];
  if (parts.length !== 5) return refuse("an identifier does not have its root and five parts");
  const [type, issuer, serial, version, check] = parts;
  if (!/^[0-9A-Z]{1,64}$/.test(serial)) refuse("an identifier's serial has other characters or another length");
  if (!/^(?!000)[0-9]{3}$/.test(version)) refuse("an identifier's version is not 001 to 999");
  typeCode(type);
  creditCode(issuer);
  let product = 36;
  for (const character of type + issuer + serial + version) {
    product = (2 * ((product + parseInt(character, 36)) % 36 || 36)) % 37;
  }
  const expected = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - product) % 36];
  if (check !== expected) refuse("an identifier fails its check");
  return { text, typeCode: type, issuer, serial, version };
}

/**
 * A citizen number (GB 11643).
 *
 * @param {string} text
 */
export function citizenNumber(text) {
  if (!/^[0-9]{17}[0-9X]$/.test(text)) refuse("a citizen number has other characters or another length");
  date(`${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`);
  const check = "10X98765432"[sum(text.slice(0, 17), (digit, place) => Number(digit) * (2 ** (17 - place) % 11)) % 11];
  return text[17] === check ? text : refuse("a citizen number fails its check");
}

/**
 * A day of the calendar, 0001-01-01 to 9999-12-30.
 *
 * @param {string} text
 */
export function date(text) {
  const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  const exists = day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text;
  return exists && text >= "0001-01-01" && text <= LAST_DAY ? text : refuse("a date is no day of the calendar");
}

/**
 * The first second of a day, in China Standard Time.
 *
 * @param {string} day
 */
export const startOf = (day) => Date.parse(`${day}T00:00:00Z`) / 1000 - 8 * 3600;

/**
 * A time as verdicts write it, in China Standard Time.
 *
 * @param {number} seconds
 */
export const timeText = (seconds) => `${new Date((seconds + 8 * 3600) * 1000).toISOString().slice(0, 19)}+08:00`;
