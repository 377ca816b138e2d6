/** What is presented, in one of its shapes, to an envelope (FORMAT.md §3). */

import { decodeBase45 } from "./base45.js";
import { CannotBeChecked, fromBase64, refuse } from "./bytes.js";
import { MOST, decodeEnvelope } from "./envelope.js";
import { inflate } from "./zlib.js";

const PREFIX = "EL1:";
const MOST_QR_TEXT = 4_296;
/** The beginning of an SD-JWT: a JWS, and a tilde. */
const SD_JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+~/;

/**
 * Without the one CR, LF or CRLF that a scanner adds.
 *
 * @param {string} text
 */
export const withoutLineEnd = (text) => text.replace(/\n$/, "").replace(/\r$/, "");

/**
 * A QR text, or an envelope in base64.
 *
 * @param {string} text
 */
export async function decodeText(text) {
  if (text === "") refuse("the credential is empty");
  if (SD_JWT.test(text)) throw new CannotBeChecked("an SD-JWT can be checked by the service only");
  if (!text.startsWith(PREFIX)) {
    if (text.length > Math.ceil(MOST.envelope / 3) * 4) refuse("the credential is too long");
    return decodeEnvelope(fromBase64(text), MOST.envelope);
  }
  if (text.length > MOST_QR_TEXT) refuse(`expected at most ${MOST_QR_TEXT} characters, got ${text.length}`);
  const bytes = await inflate(decodeBase45(text.slice(PREFIX.length)), MOST.qrEnvelope);
  const envelope = decodeEnvelope(bytes, MOST.qrEnvelope);
  return envelope.chain.length === 0 ? envelope : refuse("the unprotected header of a QR's envelope must be empty");
}

/** @param {Uint8Array} bytes */
export const decodeBytes = (bytes) => decodeEnvelope(bytes, MOST.envelope);
