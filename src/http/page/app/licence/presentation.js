/** The presentation's payload: what a holder shows of a licence for a minute (FORMAT.md §13). */

import { refuse } from "../codec/bytes.js";
import { Reader } from "../codec/cbor.js";
import { decodeFields } from "./claims.js";
import { creditCode, typeCode } from "./codes.js";
import { checkText } from "./text.js";

const MOST_SECONDS = 600;

/**
 * @typedef {object} PresentationClaims
 * @property {string} issuer of the licence
 * @property {number} expires
 * @property {number} issuedAt
 * @property {string} typeCode
 * @property {{ list: number, index: number }} status
 * @property {string} audience the organisation it is shown to
 * @property {Map<string, string | import("../codec/cbor.js").Integer>} fields what the holder chose
 */

/**
 * @param {Uint8Array} payload
 * @returns {PresentationClaims}
 */
export function decodePresentation(payload) {
  const reader = new Reader(payload);
  const claims = reader.record({
    1: () => creditCode(reader.text()),
    4: () => reader.time(),
    6: () => reader.time(),
    [-70005]: () => decodeShown(reader),
  });
  reader.finish();
  const [expires, issuedAt] = [claims["4"], claims["6"]];
  if (expires <= issuedAt || expires - issuedAt > MOST_SECONDS) refuse("a presentation is good for 1 to 600 seconds");
  return { issuer: claims["1"], expires, issuedAt, ...claims["-70005"] };
}

/** @param {Reader} reader */
function decodeShown(reader) {
  const number = () => reader.uintUpTo(2 ** 32 - 1);
  const shown = reader.record({
    1: () => typeCode(reader.text()),
    2: () => reader.bytesOf(16),
    3: () => reader.array(2, 2, number),
    4: () => checkText(reader.text(), 100),
    5: () => reader.bytesOf(16),
    6: () => decodeFields(reader),
  });
  const [list, index] = shown["3"];
  return { typeCode: shown["1"], status: { list, index }, audience: shown["4"], fields: shown["6"] };
}
