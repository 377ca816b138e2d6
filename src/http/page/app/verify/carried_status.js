/** What a carried status list says of a licence: good as of then, graded by its age. */

import { timeText } from "../licence/codes.js";
import { fail, pass, unknown } from "./finding.js";
import { ENTRY } from "./status_list.js";

/**
 * @typedef {{ fresh: number, stale: number }} Policy
 * @typedef {ReturnType<import("../pack/pack.js").Pack["entry"]>} Entry
 */

/**
 * @param {number} asOf
 * @param {Policy} policy
 * @param {number} at
 * @returns {"fresh" | "stale" | "too_old"}
 */
export function gradeOfAge(asOf, { fresh, stale }, at) {
  const age = Math.max(0, at - asOf);
  return age <= fresh ? "fresh" : age <= stale ? "stale" : "too_old";
}

/**
 * What is out of force for good stays so, however old the list.
 *
 * @param {Entry} entry
 * @param {Policy} policy
 * @param {number} at
 */
export function checkStatus(entry, policy, at) {
  if (!entry) return unknown("status", "status_unknown");
  const told = `as of ${timeText(entry.asOf)}`;
  const grade = gradeOfAge(entry.asOf, policy, at);
  if (entry.value === ENTRY.outForGood) return fail("status", "out_of_force", told);
  if (entry.value !== ENTRY.good && entry.value !== ENTRY.notNow) return unknown("status", "status_unknown");
  if (grade === "too_old") return unknown("status", "status_too_old", told);
  if (entry.value === ENTRY.notNow) return fail("status", "suspended", told);
  return pass("status", grade === "fresh" ? "ok" : "status_stale", told);
}
