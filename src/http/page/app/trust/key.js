/** Public keys, checked once when they are made, and the one way to check a signature (FORMAT.md §1). */

import { CannotBeChecked, compare, concat, fromHex, refuse, toHex } from "../codec/bytes.js";

/**
 * @typedef {object} Key
 * @property {"ES256" | "EdDSA"} algorithm
 * @property {Uint8Array} bytes
 * @property {CryptoKey | undefined} handle absent where this browser has no Ed25519, or finds no such point
 */

/** (n − 1) / 2 of P-256: an s above it is the other of two signatures that say the same. */
const HALF_ORDER = fromHex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
/** The prime of Curve25519's field and the order of its group, big endian. */
const FIELD = fromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
const GROUP = fromHex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
/** The y of every point whose order divides 8, big endian. */
const SMALL_ORDER_Y = new Set([
  "0".repeat(64),
  "0".repeat(63) + "1",
  "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
  "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
  "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
]);

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const WITH_SHA256 = { name: "ECDSA", hash: "SHA-256" };

/**
 * An uncompressed point on P-256.
 *
 * @param {Uint8Array} bytes 65 of them
 * @returns {Promise<Key>}
 */
export async function p256Key(bytes) {
  if (bytes.length !== 65 || bytes[0] !== 4) refuse("the P-256 public key is not an uncompressed point");
  const handle = await importKey(bytes, P256).catch(() => refuse("the P-256 public key is not a point of its curve"));
  return { algorithm: "ES256", bytes, handle };
}

/**
 * @param {Uint8Array} bytes 32 of them
 * @returns {Promise<Key>}
 */
export async function ed25519Key(bytes) {
  if (bytes.length !== 32 || isBadPoint(bytes)) refuse("the Ed25519 public key is of small order or not canonical");
  const handle = await importKey(bytes, { name: "Ed25519" }).catch(() => undefined);
  return { algorithm: "EdDSA", bytes, handle };
}

/**
 * @param {Uint8Array} bytes
 * @param {AlgorithmIdentifier | EcKeyImportParams} algorithm
 */
const importKey = async (bytes, algorithm) =>
  crypto.subtle.importKey("raw", /** @type {Uint8Array<ArrayBuffer>} */ (bytes), algorithm, false, ["verify"]);

/**
 * Refused unless this key signed exactly this message.
 *
 * @param {Key} key
 * @param {Uint8Array} message
 * @param {Uint8Array} signature 64 bytes
 */
export async function checkSignature(key, message, signature) {
  const [first, second] = [signature.subarray(0, 32), signature.subarray(32)];
  if (key.algorithm === "ES256") {
    if (compare(second, HALF_ORDER) > 0) refuse("the signature's s is in the upper half of the group order");
    return checkP256(key, message, signature);
  }
  if (isBadPoint(first)) refuse("the signature's R is of small order or not canonical");
  if (compare(second.slice().reverse(), GROUP) >= 0) refuse("the signature does not match");
  if (!key.handle && !(await hasEd25519())) throw new CannotBeChecked("this browser has no Ed25519");
  if (!key.handle) return refuse("the signature does not match");
  await check({ name: "Ed25519" }, key.handle, message, signature);
}

/** Whether this browser has Ed25519, tried with its base point. */
const hasEd25519 = () =>
  importKey(fromHex("58" + "66".repeat(31)), { name: "Ed25519" }).then(
    () => true,
    () => false,
  );

/**
 * ECDSA without the rule on s, as X.509 has it.
 *
 * @param {Key} key
 * @param {Uint8Array} message
 * @param {Uint8Array} signature r and s, 32 bytes each
 */
export async function checkP256(key, message, signature) {
  await check(WITH_SHA256, /** @type {CryptoKey} */ (key.handle), message, signature);
}

/**
 * @param {AlgorithmIdentifier | EcdsaParams} algorithm
 * @param {CryptoKey} handle
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 */
async function check(algorithm, handle, message, signature) {
  const [signatureBytes, messageBytes] = /** @type {Uint8Array<ArrayBuffer>[]} */ ([signature, message]);
  const good = await crypto.subtle.verify(algorithm, handle, signatureBytes, messageBytes).catch(() => false);
  if (!good) refuse("the signature does not match");
}

/**
 * Whether an encoded point of Ed25519 is of small order, or not the one encoding of its point.
 *
 * @param {Uint8Array} encoded little endian, the sign of x in the highest bit
 */
function isBadPoint(encoded) {
  const y = encoded.slice().reverse();
  y[0] &= 0x7f;
  return compare(y, FIELD) >= 0 || SMALL_ORDER_Y.has(toHex(y));
}

/**
 * r and s of an ECDSA signature in DER, as WebCrypto takes them.
 *
 * @param {Uint8Array[]} numbers the contents of the two INTEGERs
 */
export function rawSignature(numbers) {
  return concat(
    ...numbers.map((content) => {
      const digits = content[0] === 0 ? content.subarray(1) : content;
      if (content[0] > 0x7f || digits.length > 32) refuse("an ECDSA signature has a number out of range");
      return concat(new Uint8Array(32 - digits.length), digits);
    }),
  );
}
