/** What came of a check, and how findings make a verdict (docs/VERDICTS.md). */

import { CannotBeChecked, Refused, equal } from "../codec/bytes.js";
import { validAt } from "../trust/path.js";
import { timeText } from "../licence/codes.js";

/**
 * @typedef {"format" | "issuer" | "scope" | "signature" | "dates" | "status" | "ledger"} Check
 * @typedef {{ check: Check, result: "pass" | "fail" | "unknown", code: string, detail?: string }} Finding
 * @typedef {import("../trust/trust_list.js").Signer} Signer
 */

/** @type {Check[]} */
export const CHECKS = ["format", "issuer", "scope", "signature", "dates", "status", "ledger"];

/** Seconds a signer's clock may be ahead of ours, and ours behind a signed time. */
export const CLOCK_SKEW = 60;

/** @type {(check: Check, code?: string, detail?: string) => Finding} */
export const pass = (check, code = "ok", detail) => ({ check, result: "pass", code, ...(detail && { detail }) });
/** @type {(check: Check, code: string, detail?: string) => Finding} */
export const fail = (check, code, detail) => ({ check, result: "fail", code, ...(detail && { detail }) });
/** @type {(check: Check, code: string, detail?: string) => Finding} */
export const unknown = (check, code, detail) => ({ check, result: "unknown", code, ...(detail && { detail }) });

/**
 * Why something could not be read.
 *
 * @param {unknown} error
 */
export function unreadable(error) {
  if (error instanceof Refused) return fail("format", "undecodable", error.message);
  if (error instanceof CannotBeChecked) return unknown("format", "unsupported_here", error.message);
  throw error;
}

/**
 * The signer is known, was certified for this when it signed, is who it has to be, and no revocation on its path hits.
 *
 * @param {import("../codec/envelope.js").Envelope} envelope
 * @param {number} issuedAt
 * @param {Signer | undefined} signer
 * @param {{ usage: import("../trust/extensions.js").Usage, issuer?: string, survives: boolean }} expected
 */
export function checkSigner(envelope, issuedAt, signer, { usage, issuer, survives }) {
  if (!signer) return fail("issuer", "issuer_unknown");
  const { path, revocations } = signer;
  if (signer.usage !== usage) return fail("issuer", "issuer_wrong_use", `the certificate is for another use: ${signer.usage}`);
  if (!validAt(path, issuedAt)) return fail("issuer", "issuer_expired", `signed at ${timeText(issuedAt)}`);
  if (issuer !== undefined && path[0].creditCode !== issuer) {
    return fail("issuer", "issuer_mismatch", `iss is ${issuer}, the certificate is another's`);
  }
  const { chain } = envelope;
  const same = chain.length === path.length && chain.every((der, at) => equal(der, path[at].der));
  if (chain.length > 0 && !same) return fail("issuer", "chain_mismatch");
  // One that it surely does not survive outweighs one that nobody can tell, wherever on the path they are.
  if (revocations.some(({ reason, at }) => reason === "superseded" && issuedAt >= at)) return fail("issuer", "issuer_revoked");
  return isCompromised(signer) && !survives ? unknown("issuer", "issuer_revoked") : pass("issuer");
}

/** @param {Signer | undefined} signer */
const isCompromised = (signer) => signer?.revocations.some(({ reason }) => reason === "compromised") ?? false;

/**
 * @param {Signer | undefined} signer
 * @param {boolean} survives
 */
export function checkLedger(signer, survives) {
  return survives || !isCompromised(signer) ? pass("ledger", "not_needed_offline") : unknown("ledger", "ledger_unknown");
}

/**
 * It is shown where its issuer signed it; a forged one tells nothing.
 *
 * @param {Finding[]} findings
 */
export const mayBeShown = (findings) =>
  findings.every(({ check, result }) => result === "pass" || !["format", "issuer", "scope", "signature"].includes(check));
