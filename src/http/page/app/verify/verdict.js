/**
 * The way of a credential through the checks, without a line: the same findings, with the same codes, as the library's by
 * the same pack (docs/VERDICTS.md).
 */

import { CannotBeChecked, Refused, equal } from "../codec/bytes.js";
import { decodeBytes, decodeText } from "../codec/credential.js";
import { TYP, digestOf } from "../codec/envelope.js";
import { checkSignature } from "../trust/key.js";
import { validAt } from "../trust/path.js";
import { timeText } from "../licence/codes.js";
import { decodeClaims, disagreement, shownLicence } from "../licence/claims.js";
import { ENTRY } from "./status_list.js";

/**
 * @typedef {"format" | "issuer" | "scope" | "signature" | "dates" | "status" | "ledger"} Check
 * @typedef {{ check: Check, result: "pass" | "fail" | "unknown", code: string, detail?: string }} Finding
 *
 * @typedef {object} Verdict in the shape of the API
 * @property {"valid" | "invalid" | "indeterminate"} status
 * @property {number} grade
 * @property {Finding[]} findings
 * @property {string} at
 * @property {string} [form]
 * @property {ReturnType<typeof shownLicence>} [licence]
 * @property {Freshness} freshness
 *
 * @typedef {object} Freshness
 * @property {{ version: number, signed: string }} trust_list
 * @property {string} [looked_up]
 * @property {{ as_of: string, grade: "fresh" | "stale" | "too_old" }} [status]
 * @property {string} [pack]
 *
 * @typedef {import("../codec/envelope.js").Envelope} Envelope
 * @typedef {import("../licence/claims.js").Claims} Claims
 * @typedef {import("../trust/trust_list.js").Signer} Signer
 * @typedef {ReturnType<import("../pack/pack.js").Pack["entry"]>} Entry
 */

/** @type {Check[]} */
export const CHECKS = ["format", "issuer", "scope", "signature", "dates", "status", "ledger"];

/** Seconds a signer's clock may be ahead of ours, and ours behind a signed time. */
const CLOCK_SKEW = 60;

/** @type {(check: Check, code?: string, detail?: string) => Finding} */
const pass = (check, code = "ok", detail) => ({ check, result: "pass", code, ...(detail && { detail }) });
/** @type {(check: Check, code: string, detail?: string) => Finding} */
const fail = (check, code, detail) => ({ check, result: "fail", code, ...(detail && { detail }) });
/** @type {(check: Check, code: string, detail?: string) => Finding} */
const unknown = (check, code, detail) => ({ check, result: "unknown", code, ...(detail && { detail }) });

/** Judges by one pack, and by the newest signed time that this device has seen. */
export class OfflineVerifier {
  /**
   * @param {import("../pack/pack.js").Pack} pack
   * @param {Record<string, number>} grades of GB/T 36906, by code
   * @param {number} newestSeen
   */
  constructor(pack, grades, newestSeen) {
    this.pack = pack;
    this.grades = grades;
    this.newestSeen = newestSeen;
  }

  /**
   * A QR text, or an envelope in base64.
   *
   * @param {string} text
   * @param {number} at
   */
  judgeText(text, at) {
    return this.judge(() => decodeText(text), at);
  }

  /**
   * @param {Uint8Array} bytes an envelope in either form
   * @param {number} at
   */
  judgeBytes(bytes, at) {
    return this.judge(async () => decodeBytes(bytes), at);
  }

  /**
   * @param {() => Promise<Envelope>} decode
   * @param {number} at
   * @returns {Promise<Verdict>}
   */
  async judge(decode, at) {
    let envelope;
    try {
      envelope = await decode();
    } catch (error) {
      return this.refuse(reason(error), at);
    }
    if (envelope.typ !== TYP.licence) return this.refuse(fail("format", "wrong_type", envelope.typ), at);
    const signer = this.pack.trust.signers.get(envelope.keyId);
    const signature = await checkEnvelope(envelope, signer);
    let claims;
    try {
      claims = decodeClaims(envelope.payload);
    } catch (error) {
      return this.refusePayload(signer, signature, reason(error), at);
    }
    return this.judgeClaims({ envelope, signer, claims, signature }, at);
  }

  /**
   * @param {{ envelope: Envelope, signer: Signer | undefined, claims: Claims, signature: Finding }} signed
   * @param {number} at
   */
  async judgeClaims({ envelope, signer, claims, signature }, at) {
    const entry = this.pack.entry(claims.status);
    const policy = this.pack.policy(claims.identifier.typeCode);
    const survives = this.pack.survives(envelope.keyId, await digestOf(envelope));
    const statusUri = this.pack.trust.statusUris.get(claims.issuer);
    const findings = [
      checkFormat(claims),
      checkIssuer(envelope, claims, signer, survives),
      checkScope(claims, signer, statusUri),
      signature,
      checkDates(claims, at),
      checkStatus(entry, policy, at),
      checkLedger(signer, survives),
    ].map((finding) => this.byTheClock(finding, at));
    const shown = mayBeShown(findings) ? shownLicence(claims) : undefined;
    const age = entry && { as_of: timeText(entry.asOf), grade: gradeOfAge(entry.asOf, policy, at) };
    return this.verdict(findings, at, { form: claims.form, licence: shown, age });
  }

  /**
   * By a clock that is behind a signed time nothing can be said that has to do with time. What was out of force then is
   * so now.
   *
   * @param {Finding} finding
   * @param {number} at
   */
  byTheClock(finding, at) {
    const ofTime = finding.check === "dates" || finding.check === "status";
    if (at + CLOCK_SKEW >= this.newestSeen || !ofTime || finding.result !== "pass") return finding;
    const detail = `the clock says ${timeText(at)}, a signed time of ${timeText(this.newestSeen)} was seen`;
    return unknown(finding.check, "clock_behind", detail);
  }

  /**
   * Nothing of it could be read as a licence.
   *
   * @param {Finding} format
   * @param {number} at
   */
  refuse(format, at) {
    return this.verdict(CHECKS.map((check) => (check === "format" ? format : unknown(check, "not_checked"))), at, {});
  }

  /**
   * The envelope could be read, its payload could not: issuer and signature still have their say.
   *
   * @param {Signer | undefined} signer
   * @param {Finding} signature
   * @param {Finding} format
   * @param {number} at
   */
  refusePayload(signer, signature, format, at) {
    const issuer = signer ? unknown("issuer", "not_checked") : fail("issuer", "issuer_unknown");
    const known = [format, issuer, signature];
    const findings = CHECKS.map((check) => known.find((one) => one.check === check) ?? unknown(check, "not_checked"));
    return this.verdict(findings, at, {});
  }

  /**
   * @param {Finding[]} findings
   * @param {number} at
   * @param {{ form?: string, licence?: ReturnType<typeof shownLicence>, age?: Freshness["status"] }} shown
   * @returns {Verdict}
   */
  verdict(findings, at, { form, licence, age }) {
    const { trust, manifest } = this.pack;
    const failed = findings.filter(({ result }) => result === "fail");
    const open = findings.some(({ result }) => result === "unknown");
    const status = failed.length > 0 ? "invalid" : open ? "indeterminate" : "valid";
    const gravest = Math.max(0, ...failed.map(({ code }) => this.grades[code] ?? 4));
    return {
      status,
      grade: status === "invalid" ? gravest : status === "valid" ? 0 : 4,
      findings,
      at: timeText(at),
      ...(form && { form }),
      ...(licence && { licence }),
      freshness: {
        trust_list: { version: trust.version, signed: timeText(trust.issuedAt) },
        ...(age && { status: age }),
        pack: timeText(manifest.issuedAt),
      },
    };
  }
}

/** @param {unknown} error */
function reason(error) {
  if (error instanceof Refused) return fail("format", "undecodable", error.message);
  if (error instanceof CannotBeChecked) return unknown("format", "unsupported_here", error.message);
  throw error;
}

/**
 * @param {Envelope} envelope
 * @param {Signer | undefined} signer
 */
async function checkEnvelope(envelope, signer) {
  if (!signer) return unknown("signature", "not_checked");
  const [{ key }] = signer.path;
  if (key.algorithm !== envelope.algorithm) return fail("signature", "forged", "the signature does not match");
  try {
    await checkSignature(key, envelope.signed, envelope.signature);
    return pass("signature");
  } catch (error) {
    if (error instanceof Refused) return fail("signature", "forged", error.message);
    if (error instanceof CannotBeChecked) return unknown("signature", "unsupported_here", error.message);
    throw error;
  }
}

/** @param {Claims} claims */
function checkFormat(claims) {
  const what = disagreement(claims);
  return what ? fail("format", "inconsistent", what) : pass("format");
}

/**
 * The issuer is known, was certified for licences when it signed, and is the one the licence names.
 *
 * @param {Envelope} envelope
 * @param {Claims} claims
 * @param {Signer | undefined} signer
 * @param {boolean} survives
 */
function checkIssuer(envelope, claims, signer, survives) {
  if (!signer) return fail("issuer", "issuer_unknown");
  const { path, usage, revocations } = signer;
  if (usage !== "licence") return fail("issuer", "issuer_wrong_use", `the certificate is for another use: ${usage}`);
  if (!validAt(path, claims.issuedAt)) return fail("issuer", "issuer_expired", `signed at ${timeText(claims.issuedAt)}`);
  if (path[0].creditCode !== claims.issuer) return fail("issuer", "issuer_mismatch", `iss is ${claims.issuer}, the certificate is another's`);
  const chain = envelope.chain;
  const same = chain.length === path.length && chain.every((der, at) => equal(der, path[at].der));
  if (chain.length > 0 && !same) return fail("issuer", "chain_mismatch");
  // One that the licence surely does not survive outweighs one that nobody can tell, wherever on the path they are.
  const superseded = revocations.filter((one) => one.reason === "superseded");
  if (superseded.some(({ at }) => claims.issuedAt >= at)) return fail("issuer", "issuer_revoked");
  return isCompromised(signer) && !survives ? unknown("issuer", "issuer_revoked") : pass("issuer");
}

/** @param {Signer | undefined} signer */
const isCompromised = (signer) => signer?.revocations.some(({ reason }) => reason === "compromised") ?? false;

/**
 * The issuer may issue this type, and its status stands where the trust list says.
 *
 * @param {Claims} claims
 * @param {Signer | undefined} signer
 * @param {string | undefined} statusUri
 */
function checkScope(claims, signer, statusUri) {
  if (!signer) return unknown("scope", "not_checked");
  const type = claims.identifier.typeCode;
  if (!signer.path[0].typeCodes.includes(type)) {
    return fail("scope", "issuer_not_authorised", `type ${type} is not in the issuer's certificate`);
  }
  const own = statusUri !== undefined && claims.status.uri.startsWith(statusUri);
  const list = own ? claims.status.uri.slice(statusUri.length) : "";
  // The one way to write it: no sign, no zeros before it.
  const canonical = /^(0|[1-9][0-9]{0,9})$/.test(list) && Number(list) < 2 ** 32;
  return canonical ? pass("scope") : fail("scope", "status_list_foreign");
}

/**
 * @param {Claims} claims
 * @param {number} at
 */
function checkDates({ issuedAt, notBefore, expires }, at) {
  const judged = `judged for ${timeText(at)}`;
  if (issuedAt > at + CLOCK_SKEW) return fail("dates", "signed_in_future", `signed at ${timeText(issuedAt)}, ${judged}`);
  if (at < notBefore) return fail("dates", "not_yet_valid", `in force from ${timeText(notBefore)}, ${judged}`);
  if (expires !== undefined && at >= expires) return fail("dates", "expired", `ended at ${timeText(expires)}, ${judged}`);
  return pass("dates");
}

/** @typedef {{ fresh: number, stale: number }} Policy */

/**
 * @param {number} asOf
 * @param {Policy} policy
 * @param {number} at
 * @returns {"fresh" | "stale" | "too_old"}
 */
function gradeOfAge(asOf, { fresh, stale }, at) {
  const age = Math.max(0, at - asOf);
  return age <= fresh ? "fresh" : age <= stale ? "stale" : "too_old";
}

/**
 * What the status list says: good as of then, graded by its age. What is out of force for good stays so.
 *
 * @param {Entry} entry
 * @param {Policy} policy
 * @param {number} at
 */
function checkStatus(entry, policy, at) {
  if (!entry) return unknown("status", "status_unknown");
  const told = `as of ${timeText(entry.asOf)}`;
  const grade = gradeOfAge(entry.asOf, policy, at);
  if (entry.value === ENTRY.outForGood) return fail("status", "out_of_force", told);
  if (entry.value !== ENTRY.good && entry.value !== ENTRY.notNow) return unknown("status", "status_unknown");
  if (grade === "too_old") return unknown("status", "status_too_old", told);
  if (entry.value === ENTRY.notNow) return fail("status", "suspended", told);
  return pass("status", grade === "fresh" ? "ok" : "status_stale", told);
}

/**
 * @param {Signer | undefined} signer
 * @param {boolean} survives
 */
function checkLedger(signer, survives) {
  return survives || !isCompromised(signer) ? pass("ledger", "not_needed_offline") : unknown("ledger", "ledger_unknown");
}

/**
 * A licence is shown where its issuer signed it; a forged one tells nothing.
 *
 * @param {Finding[]} findings
 */
const mayBeShown = (findings) =>
  findings.every(({ check, result }) => result === "pass" || !["format", "issuer", "scope", "signature"].includes(check));
