/**
 * What the installation itself signs for people to carry: presentations (FORMAT.md §13) and receipts (§12). A presentation is
 * good within its minutes while its licence is; a receipt stays true for ever, and says what was true then.
 */

import { digestOf } from "../codec/envelope.js";
import { timeText } from "../licence/codes.js";
import { decodePresentation } from "../licence/presentation.js";
import { decodeReceipt } from "../licence/receipt.js";
import { checkStatus, gradeOfAge } from "./carried_status.js";
import { CLOCK_SKEW, checkLedger, checkSigner, fail, mayBeShown, pass, unknown } from "./finding.js";

/**
 * @typedef {import("./verdict.js").OfflineVerifier} OfflineVerifier
 * @typedef {import("./verdict.js").Signed} Signed
 * @typedef {{ for: string, type: string, issuer: { code: string, name: string }, issued: string, expires: string, fields: { key: string, value: string }[] }} ShownPresentation
 * @typedef {{ id: string, issuer: string, issued: string, organisation: { code: string, name: string }, purpose: Record<string, string>, question?: { call: "lookup" | "comparison" | "materials", result?: number }, checked: { status: string, at: string, digest: string, identifier?: string, type_name?: string, findings: { result: string, code: string }[] }[] }} ShownReceipt
 */

/**
 * @param {OfflineVerifier} verifier
 * @param {Signed} signed
 * @param {number} at
 */
export async function judgePresentation(verifier, { envelope, signer, signature }, at) {
  const claims = decodePresentation(envelope.payload);
  const { pack } = verifier;
  const prefix = pack.trust.statusUris.get(claims.issuer);
  const survives = pack.survives(envelope.keyId, await digestOf(envelope));
  const own = checkSigner(envelope, claims.issuedAt, signer, { usage: "presentation", survives });
  const unknownIssuer = own.result === "pass" && prefix === undefined;
  const { list, index } = claims.status;
  const entry = prefix === undefined ? undefined : pack.entry({ uri: `${prefix}${list}`, index });
  const policy = pack.policy(claims.typeCode);
  const findings = [
    pass("format"),
    unknownIssuer ? fail("issuer", "issuer_unknown", `${claims.issuer} is no authority of the trust list`) : own,
    checkTypeOfIssuer(verifier, claims),
    signature,
    checkMinutes(claims, at),
    // Whether a single use was made, only the ledger knows; without a line its minutes have to do.
    checkStatus(entry, policy, at),
    checkLedger(signer, survives),
  ].map((finding) => verifier.byTheClock(finding, at));
  // What a holder showed for a minute is not shown after it.
  const shown = mayBeShown(findings) && findings.every(({ result }) => result !== "fail");
  const age = entry && { as_of: timeText(entry.asOf), grade: gradeOfAge(entry.asOf, policy, at) };
  return verifier.verdict(findings, at, { form: "presentation", presentation: shown ? shownPresentation(claims, pack.trust) : undefined, age });
}

/**
 * The issuer may issue this type, by any certificate of its own that was not revoked: licences outlive the certificates that
 * they were signed under.
 *
 * @param {OfflineVerifier} verifier
 * @param {import("../licence/presentation.js").PresentationClaims} claims
 */
function checkTypeOfIssuer({ pack }, { issuer, typeCode }) {
  const own = [...pack.trust.signers.values()].filter(({ path }) => path[0].creditCode === issuer);
  const may = own.some(({ path, revocations }) => revocations.length === 0 && path[0].typeCodes.includes(typeCode));
  return may ? pass("scope") : fail("scope", "issuer_not_authorised", `type ${typeCode} is in no certificate of ${issuer}`);
}

/**
 * @param {import("../licence/presentation.js").PresentationClaims} claims
 * @param {number} at
 */
function checkMinutes({ issuedAt, expires }, at) {
  const judged = `judged for ${timeText(at)}`;
  if (issuedAt > at + CLOCK_SKEW) return fail("dates", "not_yet_valid", `good from ${timeText(issuedAt)}, ${judged}`);
  return at >= expires ? fail("dates", "presentation_expired", `good until ${timeText(expires)}, ${judged}`) : pass("dates");
}

/**
 * @param {import("../licence/presentation.js").PresentationClaims} claims
 * @param {import("../trust/trust_list.js").TrustList} trust
 * @returns {ShownPresentation}
 */
function shownPresentation(claims, trust) {
  return {
    for: claims.audience,
    type: claims.typeCode,
    issuer: { code: claims.issuer, name: trust.names.get(claims.issuer) ?? "" },
    issued: timeText(claims.issuedAt),
    expires: timeText(claims.expires),
    fields: Array.from(claims.fields, ([key, value]) => ({ key, value: String(value) })),
  };
}

/**
 * @param {OfflineVerifier} verifier
 * @param {Signed} signed
 * @param {number} at
 */
export function judgeReceipt(verifier, { envelope, signer, signature }, at) {
  const claims = decodeReceipt(envelope.payload);
  const late = claims.issuedAt > at + CLOCK_SKEW;
  const scope = signer?.usage === "receipt" ? pass("scope") : fail("scope", "issuer_not_authorised");
  const findings = [
    pass("format"),
    checkSigner(envelope, claims.issuedAt, signer, { usage: "receipt", survives: false }),
    signer ? scope : unknown("scope", "not_checked"),
    signature,
    late ? fail("dates", "signed_in_future", `signed at ${timeText(claims.issuedAt)}, judged for ${timeText(at)}`) : pass("dates"),
    pass("status", "not_applicable"),
    checkLedger(signer, false),
  ].map((finding) => verifier.byTheClock(finding, at));
  return verifier.verdict(findings, at, { form: "receipt", receipt: mayBeShown(findings) ? shownReceipt(claims) : undefined });
}

/**
 * @param {import("../licence/receipt.js").ReceiptClaims} claims
 * @returns {ShownReceipt}
 */
function shownReceipt(claims) {
  const checked = claims.checked.map((one) => ({
    status: one.status,
    digest: one.digest,
    findings: one.findings.map(([check, result, code]) => ({ check, result, code })),
    at: timeText(one.at),
    ...(one.identifier !== undefined && { identifier: one.identifier }),
    ...(one.typeName !== undefined && { type_name: one.typeName }),
  }));
  const { id, issuer, organisation, purpose, question, result } = claims;
  return {
    id,
    issuer,
    issued: timeText(claims.issuedAt),
    organisation,
    purpose,
    ...(question !== undefined && { question: { call: question, ...(result !== undefined && { result }) } }),
    checked,
  };
}
