/** From a certificate up to the root: root → city → signer, or root → trust list signer (FORMAT.md §4). */

import { CannotBeChecked, Refused, refuse } from "../codec/bytes.js";
import { checkCertificateSignature } from "./certificate.js";

/** @typedef {import("./certificate.js").Certificate} Certificate */

const MOST_CERTIFICATES = 3;

/** A list that asks for more signature checks than an honest one needs. It ends the search. */
class OverBudget extends Refused {}

/** Builds paths by key and name, within a budget: hostile lists of look-alikes end there. */
export class PathBuilder {
  /**
   * @param {Certificate} root
   * @param {Certificate[]} certificates every one of the list
   */
  constructor(root, certificates) {
    this.root = root;
    this.authorities = [root, ...certificates.filter((one) => one.fingerprint !== root.fingerprint)];
    // An honest list needs a check for each certificate; one hundred more bound what a hostile one can ask for.
    this.left = 100 + certificates.length;
    /** @type {Map<string, Promise<void>>} */
    this.checked = new Map();
  }

  /** The root is an authority, issued and signed by itself. */
  async checkRoot() {
    const { root } = this;
    const own = root.authorityKey === undefined || root.authorityKey === root.subjectKey;
    if (root.usage || root.issuer !== root.subject || !own) refuse("the first certificate is not a root");
    await this.checkSignature(root, root);
  }

  /**
   * @param {Certificate} certificate
   * @returns {Promise<Certificate[]>} itself first, the root last
   */
  async build(certificate) {
    const path = [certificate];
    await this.climb(path);
    checkLevel(certificate, path.length - 1);
    return path;
  }

  /**
   * @param {Certificate[]} path
   * @returns {Promise<void>}
   */
  async climb(path) {
    const child = path[path.length - 1];
    if (child.fingerprint === this.root.fingerprint) return;
    const below = path.filter((one) => !one.usage).length;
    /** @type {unknown} */
    let why = new Refused("the issuer of a certificate is not known");
    for (const issuer of this.authorities) {
      if (child.issuer !== issuer.subject || child.authorityKey !== issuer.subjectKey) continue;
      if (issuer.usage || below > issuer.pathLength) continue;
      if (path.length === MOST_CERTIFICATES) refuse("a path is longer than three certificates");
      const length = path.length;
      try {
        await this.checkSignature(child, issuer);
        path.push(issuer);
        return await this.climb(path);
      } catch (error) {
        if (error instanceof OverBudget || error instanceof CannotBeChecked) throw error;
        path.length = length;
        why = error;
      }
    }
    throw why;
  }

  /**
   * @param {Certificate} child
   * @param {Certificate} issuer
   */
  checkSignature(child, issuer) {
    const pair = `${child.fingerprint} ${issuer.subjectKey}`;
    const known = this.checked.get(pair);
    if (known) return known;
    if (this.left === 0) throw new OverBudget("a path needs more signature checks than are allowed");
    this.left -= 1;
    const outcome = checkCertificateSignature(child, issuer.key);
    this.checked.set(pair, outcome);
    return outcome;
  }
}

/**
 * @param {Certificate} certificate
 * @param {number} got certificates above it
 */
function checkLevel(certificate, got) {
  const expected = certificate.usage ? (certificate.usage === "trustList" ? 1 : 2) : got === 0 ? 0 : 1;
  if (got !== expected) refuse(`a certificate stands ${got} below the root, its kind stands ${expected} below`);
}

/**
 * Whether every certificate of a path is valid then.
 *
 * @param {Certificate[]} path
 * @param {number} at
 */
export const validAt = (path, at) => path.every(({ notBefore, notAfter }) => notBefore <= at && at <= notAfter);
