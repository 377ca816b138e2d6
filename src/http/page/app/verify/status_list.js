/** Entries of a status list, 2 bits each (FORMAT.md §10). */

export const LIST_BYTES = 2 ** 18;

/** What an entry says. 3 is never written. */
export const ENTRY = Object.freeze({ good: 0, outForGood: 1, notNow: 2 });

/**
 * @param {Uint8Array} entries
 * @param {number} index
 * @returns {number | undefined}
 */
export function entryAt(entries, index) {
  const byte = entries[Math.floor(index / 4)];
  return byte === undefined ? undefined : (byte >> ((index % 4) * 2)) & 3;
}

/**
 * The list with some of its entries changed; `undefined` where a change lies behind its end.
 *
 * @param {Uint8Array} entries
 * @param {[index: number, value: number][]} changes
 */
export function withChanges(entries, changes) {
  const changed = entries.slice();
  for (const [index, value] of changes) {
    const at = Math.floor(index / 4);
    if (at >= changed.length) return undefined;
    const shift = (index % 4) * 2;
    changed[at] = (changed[at] & ~(3 << shift)) | (value << shift);
  }
  return changed;
}
