/** A certificate that obeys FORMAT.md §4 by itself. Who signed it is path.js's question. */

import { equal, fromHex, refuse, sha256, toHex } from "../codec/bytes.js";
import { MOST } from "../codec/envelope.js";
import * as der from "./der.js";
import { readRole } from "./extensions.js";
import { checkP256, checkSignature, ed25519Key, p256Key, rawSignature } from "./key.js";

/**
 * @typedef {object} CertificateParts
 * @property {Uint8Array} der
 * @property {string} fingerprint SHA-256, hexadecimal
 * @property {string} keyId 16 hexadecimal digits
 * @property {string} issuer the name's DER, hexadecimal
 * @property {string} subject
 * @property {string} serial hexadecimal
 * @property {number} notBefore
 * @property {number} notAfter
 * @property {import("./key.js").Key} key
 * @property {Uint8Array} signed what the signature is over
 * @property {Uint8Array} signature
 * @property {"ES256" | "EdDSA"} signatureAlgorithm
 *
 * @typedef {CertificateParts & import("./extensions.js").Role} Certificate
 */

const VERSION = 0xa0;
const VERSION_3 = fromHex("020102");
const EXTENSIONS = 0xa3;
const ECDSA_WITH_SHA256 = fromHex("300a06082a8648ce3d040302");
const ED25519 = fromHex("300506032b6570");
const P256_KEY = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const ED25519_KEY = "302a300506032b6570032100";
const YEAR_2050 = 2_524_608_000;

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Certificate>}
 */
export async function parseCertificate(bytes) {
  if (bytes.length > MOST.certificate) refuse("a certificate is too long");
  der.checkDer(bytes);
  const [signed, algorithm, signature] = der.expect(der.only(bytes, der.SEQUENCE), [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]);
  const parts = der.expect(signed.content, [
    ...[VERSION, der.INTEGER, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, der.SEQUENCE, EXTENSIONS],
  ]);
  const [version, serial, innerAlgorithm, issuer, validity, subject, key, extensions] = parts;
  if (!equal(version.content, VERSION_3)) refuse("a certificate is not of version 3");
  if (signature.content[0] !== 0) refuse("a certificate's signature has unused bits");
  if (!equal(innerAlgorithm.raw, algorithm.raw)) refuse("a certificate names two signature algorithms");
  checkName(issuer.content);
  checkName(subject.content);
  const role = readRole(der.only(extensions.content, der.SEQUENCE));
  const publicKey = await readKey(key.raw);
  if (toHex(await sha256(publicKey.bytes)).slice(0, 40) !== role.subjectKey) refuse("the subject key identifier is not the key's");
  if (!role.authorityKey && !equal(issuer.raw, subject.raw)) refuse("a certificate has no authority key identifier");
  const fingerprint = toHex(await sha256(bytes));
  return {
    ...role,
    ...readValidity(validity.content),
    der: bytes,
    fingerprint,
    keyId: fingerprint.slice(0, 16),
    issuer: toHex(issuer.raw),
    subject: toHex(subject.raw),
    serial: readSerial(serial.content),
    key: publicKey,
    signed: signed.raw,
    signature: signature.content.subarray(1),
    signatureAlgorithm: readAlgorithm(algorithm.raw),
  };
}

/**
 * Refused unless this key signed the certificate.
 *
 * @param {Certificate} certificate
 * @param {import("./key.js").Key} key
 */
export async function checkCertificateSignature(certificate, key) {
  if (certificate.signatureAlgorithm !== key.algorithm) refuse("a certificate is signed by a key of another kind");
  if (key.algorithm === "EdDSA") {
    if (certificate.signature.length !== 64) refuse("an Ed25519 signature does not have 64 bytes");
    return checkSignature(key, certificate.signed, certificate.signature);
  }
  der.checkDer(certificate.signature);
  const numbers = der.expect(der.only(certificate.signature, der.SEQUENCE), [der.INTEGER, der.INTEGER]);
  return checkP256(key, certificate.signed, rawSignature(numbers.map(({ content }) => content)));
}

/** @param {Uint8Array} raw the algorithm's DER */
function readAlgorithm(raw) {
  if (equal(raw, ECDSA_WITH_SHA256)) return "ES256";
  return equal(raw, ED25519) ? "EdDSA" : refuse("a certificate is signed with an algorithm that is not allowed");
}

/** @param {Uint8Array} raw SubjectPublicKeyInfo */
async function readKey(raw) {
  const hex = toHex(raw);
  const after = (/** @type {string} */ head) => raw.subarray(head.length / 2);
  if (hex.startsWith(P256_KEY)) return p256Key(after(P256_KEY));
  return hex.startsWith(ED25519_KEY) ? ed25519Key(after(ED25519_KEY)) : refuse("a certificate's key is of a kind that is not allowed");
}

/** @param {Uint8Array} content */
function readSerial(content) {
  if (content[0] > 0x7f || (content.length === 1 && content[0] === 0)) refuse("a serial number is not positive");
  return content.length <= 20 ? toHex(content) : refuse("a serial number has more than 20 bytes");
}

/** @param {Uint8Array} content the RDNSequence's */
function checkName(content) {
  const sets = der.elements(content);
  if (sets.length === 0) refuse("a certificate has an empty name");
  for (const { tag, content: set } of sets) {
    const attributes = der.elements(set);
    if (tag !== der.SET || attributes.length === 0) refuse("a name in a certificate cannot be read");
    for (const attribute of attributes) {
      const parts = der.elements(attribute.content);
      if (attribute.tag !== der.SEQUENCE || parts.length !== 2 || parts[0].tag !== der.OBJECT_IDENTIFIER) {
        refuse("a name in a certificate cannot be read");
      }
    }
  }
}

/** @param {Uint8Array} content */
function readValidity(content) {
  const times = der.elements(content);
  if (times.length !== 2) refuse("a certificate's validity cannot be read");
  const [notBefore, notAfter] = times.map(readTime);
  return notBefore <= notAfter ? { notBefore, notAfter } : refuse("a certificate ends before it begins");
}

/** @param {der.Element} element */
function readTime({ tag, content }) {
  const text = der.ascii(content);
  const general = tag === der.GENERALIZED_TIME;
  if (!general && tag !== der.UTC_TIME) refuse("a certificate has a time of another kind");
  const [year, rest] = general ? [text.slice(0, 4), text.slice(4)] : [`${text < "50" ? 20 : 19}${text.slice(0, 2)}`, text.slice(2)];
  const iso = `${year}-${rest.slice(0, 2)}-${rest.slice(2, 4)}T${rest.slice(4, 6)}:${rest.slice(6, 8)}:${rest.slice(8, 10)}`;
  const date = new Date(`${iso}.000Z`);
  // A day that the calendar does not have comes back as another one.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso)) refuse("a certificate has a time that no calendar has");
  const seconds = date.getTime() / 1000;
  return general && seconds < YEAR_2050 ? refuse("a time before 2050 is written as one after it") : seconds;
}
