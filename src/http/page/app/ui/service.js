/** Asks the service for a verdict. A service that says nothing for three seconds is as good as none. */

const PATIENCE = 3_000;
/** A picture takes its time on a slow line. */
const PATIENCE_WITH_PICTURE = 15_000;

/**
 * @typedef {{ kind: "verdict", verdict: import("../verify/verdict.js").Verdict, requestId: string }
 *   | { kind: "problem", code: string, detail: string, requestId: string }
 *   | { kind: "silent" }} Answer
 */

/**
 * @param {string | Uint8Array | Blob} presented a text, an envelope, or a picture
 * @returns {Promise<Answer>}
 */
export async function askService(presented) {
  if (!navigator.onLine) return { kind: "silent" };
  const picture = presented instanceof Blob;
  const type = picture ? presented.type : typeof presented === "string" ? "text/plain" : "application/cose";
  try {
    const response = await fetch("/v1/verifications", {
      method: "POST",
      headers: { "content-type": type },
      body: /** @type {BodyInit} */ (presented),
      cache: "no-store",
      signal: AbortSignal.timeout(picture ? PATIENCE_WITH_PICTURE : PATIENCE),
    });
    const requestId = response.headers.get("request-id") ?? "";
    // Busy, starting or broken: the pack may know.
    if (response.status >= 500) return { kind: "silent" };
    const answer = await response.json();
    if (response.ok) return { kind: "verdict", verdict: answer, requestId };
    return { kind: "problem", code: String(answer.code), detail: String(answer.detail), requestId };
  } catch {
    return { kind: "silent" };
  }
}

/** @returns {Promise<import("../pack/pack.js").LicenceType[]>} none where the service does not answer */
export async function askForTypes() {
  try {
    const response = await fetch("/v1/licence-types", { signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? (await response.json()).types : [];
  } catch {
    return [];
  }
}
