/**
 * The way of a credential through the checks, without a line: the same findings, with the same codes, as the library's by
 * the same pack (docs/VERDICTS.md).
 */

import { CannotBeChecked, Refused } from "../codec/bytes.js";
import { decodeBytes, decodeText } from "../codec/credential.js";
import { TYP, digestOf } from "../codec/envelope.js";
import { decodeClaims, disagreement, shownLicence } from "../licence/claims.js";
import { timeText } from "../licence/codes.js";
import { checkSignature } from "../trust/key.js";
import { checkStatus, gradeOfAge } from "./carried_status.js";
import { CHECKS, CLOCK_SKEW, checkLedger, checkSigner, fail, mayBeShown, pass, unknown, unreadable } from "./finding.js";
import { judgePresentation, judgeReceipt } from "./own_statements.js";

/**
 * @typedef {import("./finding.js").Finding} Finding
 * @typedef {import("./finding.js").Signer} Signer
 *
 * @typedef {object} Verdict in the shape of the API
 * @property {"valid" | "invalid" | "indeterminate"} status
 * @property {number} grade
 * @property {Finding[]} findings
 * @property {string} at
 * @property {string} [form]
 * @property {ReturnType<typeof shownLicence>} [licence]
 * @property {import("./own_statements.js").ShownReceipt} [receipt]
 * @property {import("./own_statements.js").ShownPresentation} [presentation]
 * @property {{ at: string, in_words: { zh: string, en: string } }[]} [now] of what a receipt is about; the service's only
 * @property {{ vct: string, disclosed: Record<string, unknown> }} [sd_jwt] the service's only
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
 * @typedef {{ envelope: Envelope, signer: Signer | undefined, signature: Finding }} Signed
 */

/**
 * What may be presented, and who judges it.
 *
 * @type {Record<string, ((verifier: OfflineVerifier, signed: Signed, at: number) => Promise<Verdict>) | undefined>}
 */
const JUDGES = {
  [TYP.licence]: (verifier, signed, at) => verifier.judgeLicence(signed, at),
  [TYP.presentation]: async (verifier, signed, at) => judgePresentation(verifier, signed, at),
  [TYP.receipt]: async (verifier, signed, at) => judgeReceipt(verifier, signed, at),
};

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
      return this.refuse(unreadable(error), at);
    }
    const judge = JUDGES[envelope.typ];
    if (!judge) return this.refuse(fail("format", "wrong_type", envelope.typ), at);
    const signer = this.pack.trust.signers.get(envelope.keyId);
    const signature = await checkEnvelope(envelope, signer);
    try {
      return await judge(this, { envelope, signer, signature }, at);
    } catch (error) {
      return this.refusePayload({ envelope, signer, signature }, unreadable(error), at);
    }
  }

  /**
   * @param {Signed} signed
   * @param {number} at
   */
  async judgeLicence({ envelope, signer, signature }, at) {
    const claims = decodeClaims(envelope.payload);
    const entry = this.pack.entry(claims.status);
    const policy = this.pack.policy(claims.identifier.typeCode);
    const survives = this.pack.survives(envelope.keyId, await digestOf(envelope));
    const statusUri = this.pack.trust.statusUris.get(claims.issuer);
    const findings = [
      checkFormat(claims),
      checkSigner(envelope, claims.issuedAt, signer, { usage: "licence", issuer: claims.issuer, survives }),
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
   * @param {Signed} signed
   * @param {Finding} format
   * @param {number} at
   */
  refusePayload({ envelope, signer, signature }, format, at) {
    const fits = signer && TYP[signer.usage] === envelope.typ;
    const certified = fits ? unknown("issuer", "not_checked") : fail("issuer", "issuer_wrong_use");
    const issuer = signer ? certified : fail("issuer", "issuer_unknown");
    const known = [format, issuer, signature];
    const findings = CHECKS.map((check) => known.find((one) => one.check === check) ?? unknown(check, "not_checked"));
    return this.verdict(findings, at, {});
  }

  /**
   * @param {Finding[]} findings
   * @param {number} at
   * @param {Partial<Pick<Verdict, "form" | "licence" | "receipt" | "presentation">> & { age?: Freshness["status"] }} shown
   * @returns {Verdict}
   */
  verdict(findings, at, { age, ...shown }) {
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
      ...Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined)),
      freshness: {
        trust_list: { version: trust.version, signed: timeText(trust.issuedAt) },
        ...(age && { status: age }),
        pack: timeText(manifest.issuedAt),
      },
    };
  }
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
