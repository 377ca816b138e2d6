/** The receipt's payload: what was checked, when, for whom, for what, and what came of it (FORMAT.md §12). */

import { refuse, toHex } from "../codec/bytes.js";
import { ARRAY, Reader } from "../codec/cbor.js";
import { creditCode, identifier } from "./codes.js";
import { checkText } from "./text.js";

const PURPOSE = { operator: 50, item: 100, item_code: 64, case: 64, reason: 200 };
const STATUSES = ["valid", "invalid", "indeterminate"];
const QUESTIONS = ["lookup", "comparison", "materials"];
const FORMS = ["full", "qr", "presentation", "sd-jwt"];

/**
 * @typedef {object} Checked
 * @property {string} digest of what was presented, hexadecimal
 * @property {string} status
 * @property {[check: string, result: string, code: string][]} findings
 * @property {number} at
 * @property {string | undefined} identifier
 * @property {string | undefined} typeName
 *
 * @typedef {object} ReceiptClaims
 * @property {string} issuer
 * @property {number} issuedAt
 * @property {string} id hexadecimal
 * @property {{ code: string, name: string }} organisation
 * @property {Record<string, string>} purpose
 * @property {Checked[]} checked
 * @property {"lookup" | "comparison" | "materials" | undefined} question what was asked, where nothing was presented
 * @property {number | undefined} result of a comparison
 */

/**
 * @param {Uint8Array} payload
 * @returns {ReceiptClaims}
 */
export function decodeReceipt(payload) {
  const reader = new Reader(payload);
  const claims = reader.record({
    1: () => address(reader.text()),
    6: () => reader.time(),
    [-70004]: () =>
      reader.record({
        1: () => toHex(reader.bytesOf(16)),
        2: () => decodeOrganisation(reader),
        3: () => decodePurpose(reader),
        4: () => reader.array(0, 100, () => decodeChecked(reader)),
        5: () => reader.uint(),
        "6?": () => oneOf(reader.text(), QUESTIONS),
        "7?": () => reader.uintUpTo(6),
      }),
  });
  reader.finish();
  const receipt = claims["-70004"];
  const [id, organisation, purpose, checked, question, result] = ["1", "2", "3", "4", "6", "7"].map((key) => receipt[key]);
  if ((question === "comparison") !== (result !== undefined)) refuse("a comparison, and nothing else, has a result");
  if (question === undefined && checked.length === 0) refuse("nothing was presented and nothing was asked");
  return { issuer: claims["1"], issuedAt: claims["6"], id, organisation, purpose, checked, question, result };
}

/** @param {string} text */
const address = (text) => (/^[!-~]{1,512}$/.test(text) ? text : refuse("the installation's address is not visible ASCII"));

/** @param {Reader} reader */
function decodeOrganisation(reader) {
  if (reader.head(ARRAY) !== 2) refuse("an organisation has a code and a name");
  return { code: creditCode(reader.text()), name: checkText(reader.text(), 200) };
}

/** @param {Reader} reader */
function decodePurpose(reader) {
  const parts = Object.entries(PURPOSE);
  const found = reader.record(Object.fromEntries(parts.map(([, most], at) => [at + 1, () => checkText(reader.text(), most)])));
  return Object.fromEntries(parts.map(([name], at) => [name, found[at + 1]]));
}

/**
 * @param {Reader} reader
 * @returns {Checked}
 */
function decodeChecked(reader) {
  const found = reader.record({
    1: () => toHex(reader.bytesOf(32)),
    2: () => oneOf(reader.text(), STATUSES),
    3: () => reader.uintUpTo(6),
    4: () => reader.array(0, 20, () => reader.array(3, 3, (at) => (at === 1 ? oneOf(reader.text(), ["pass", "fail", "unknown"]) : word(reader.text())))),
    5: () => reader.time(),
    6: () => reader.array(2, 3, (at) => (at === 0 ? reader.uint() : reader.time())),
    "7?": () => oneOf(reader.text(), FORMS),
    "8?": () => identifier(reader.text()).text,
    "9?": () => checkText(reader.text(), 200),
    "10?": () => reader.array(0, 105, () => fieldKey(reader.text())),
    "11?": () => reader.uint(),
  });
  return { digest: found["1"], status: found["2"], findings: found["4"], at: found["5"], identifier: found["8"], typeName: found["9"] };
}

/**
 * @param {string} text
 * @param {string[]} known
 */
const oneOf = (text, known) => (known.includes(text) ? text : refuse("a word of the receipt is not known"));

/** @param {string} text */
const word = (text) => (/^[a-z0-9_]{1,40}$/.test(text) ? text : refuse("a word of the receipt has other characters"));

/** @param {string} text */
const fieldKey = (text) => (/^[a-z][a-z0-9_]{0,39}$/.test(text) ? text : refuse("a field's key has other characters"));
