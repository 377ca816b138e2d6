/** The envelope: COSE_Sign1 with a closed header (FORMAT.md §1). Keeps the bytes that arrived. */

import { Reader, ARRAY, BYTES, MAP, TAG, head } from "./cbor.js";
import { CannotBeChecked, concat, refuse, sha256, toHex } from "./bytes.js";

export const TYP = Object.freeze({
  licence: "application/elicense-licence+cwt",
  presentation: "application/elicense-presentation+cwt",
  receipt: "application/elicense-receipt+cwt",
  trustList: "application/elicense-trust-list+cwt",
  pack: "application/elicense-pack+cwt",
  statusList: "application/statuslist+cwt",
});

const COSE_SIGN1 = 18;
const ES256 = -7;
const EDDSA = -8;
/** SM2 with SM3: this project's own number, which browsers have no means to check. */
const SM2 = -70501;

/** Bytes, at most (FORMAT.md §7). */
export const MOST = Object.freeze({ envelope: 65_536, qrEnvelope: 16_384, trustList: 4 * 1024 * 1024, certificate: 8_192 });

/**
 * @typedef {object} Envelope
 * @property {"ES256" | "EdDSA"} algorithm
 * @property {string} keyId of the signer, 16 hexadecimal digits
 * @property {string} typ
 * @property {Uint8Array} payload
 * @property {Uint8Array} signature 64 bytes
 * @property {Uint8Array[]} chain empty in bare form
 * @property {Uint8Array} signed what the signature is over
 * @property {Uint8Array} bare the envelope in bare form
 */

/**
 * @param {Uint8Array} bytes
 * @param {number} most
 * @returns {Envelope}
 */
export function decodeEnvelope(bytes, most) {
  if (bytes.length === 0) refuse("the credential is empty");
  if (bytes.length > most) refuse(`expected an envelope of at most ${most} bytes, got ${bytes.length}`);
  const reader = new Reader(bytes);
  if (reader.head(TAG) !== COSE_SIGN1) refuse("expected COSE_Sign1, tag 18");
  if (reader.head(ARRAY) !== 4) refuse("expected COSE_Sign1, an array of four");
  const protectedBytes = reader.byteString();
  const header = decodeProtected(protectedBytes);
  const chain = reader.record({ "33?": () => decodeChain(reader) })["33"] ?? [];
  const payload = reader.byteString();
  const signature = reader.bytesOf(64);
  reader.finish();
  if (payload.length === 0) refuse("the payload is empty");
  if (header.algorithm === SM2) throw new CannotBeChecked("SM2 signatures cannot be checked in a browser");
  const [protectedItem, payloadItem] = [protectedBytes, payload].map((item) => concat(head(BYTES, item.length), item));
  return {
    algorithm: header.algorithm === ES256 ? "ES256" : "EdDSA",
    keyId: header.keyId,
    typ: header.typ,
    payload,
    signature,
    chain,
    signed: concat(SIGNATURE1, protectedItem, NOTHING, payloadItem),
    bare: concat(HEADS, protectedItem, EMPTY_MAP, payloadItem, head(BYTES, 64), signature),
  };
}

const HEADS = concat(head(TAG, COSE_SIGN1), head(ARRAY, 4));
const EMPTY_MAP = head(MAP, 0);
const NOTHING = head(BYTES, 0);
/** An array of four, and its first element, the text "Signature1" (RFC 9052 §4.4). */
const SIGNATURE1 = concat(Uint8Array.of(0x84, 0x6a), new TextEncoder().encode("Signature1"));

/** @param {Uint8Array} bytes */
function decodeProtected(bytes) {
  const reader = new Reader(bytes);
  const header = reader.record({
    1: () => decodeAlgorithm(reader),
    4: () => toHex(reader.bytesOf(8)),
    16: () => decodeTyp(reader.text()),
  });
  reader.finish();
  return { algorithm: header["1"], keyId: header["4"], typ: header["16"] };
}

/** @param {Reader} reader */
function decodeAlgorithm(reader) {
  const number = reader.int();
  return [ES256, EDDSA, SM2].includes(Number(number)) ? number : refuse(`algorithm ${number} is not allowed`);
}

/** @param {string} typ */
function decodeTyp(typ) {
  return /** @type {string[]} */ (Object.values(TYP)).includes(typ) ? typ : refuse("the type of the envelope is not known");
}

/** @param {Reader} reader */
function decodeChain(reader) {
  return reader.array(2, 4, () => {
    const certificate = reader.byteString();
    const fits = certificate.length > 0 && certificate.length <= MOST.certificate;
    return fits ? certificate : refuse("a certificate of the chain is empty or too long");
  });
}

/**
 * SHA-256 over the bare form, in hexadecimal.
 *
 * @param {Envelope} envelope
 */
export const digestOf = async (envelope) => toHex(await sha256(envelope.bare));
