/** Keeps one pack: gets it, has it accepted once, brings it up to date, and remembers the newest that was seen. */

import { CannotBeChecked, Refused } from "../codec/bytes.js";
import { OtherRoot } from "../trust/trust_list.js";
import { checkNotOlder, openPack, reopenPack } from "./pack.js";
import { readRecord, writeRecord } from "./store.js";

const ADDRESS = "/v1/pack";
const PATIENCE = 60_000;
/** Parts that a request for an update may name. */
const MOST_NAMED = 200;

/**
 * What came of a request for a pack.
 *
 * @typedef {"updated" | "to_accept" | "unreachable" | "other_root" | "refused" | "not_kept"} Outcome
 */

export class PackKeeper {
  constructor() {
    /** @type {import("./pack.js").Pack | undefined} */
    this.pack = undefined;
    /** Believed but for its root, which a person has to compare. @type {import("./pack.js").Pack | undefined} */
    this.candidate = undefined;
    /** @type {import("./store.js").PackRecord | undefined} */
    this.record = undefined;
    /** Why the last pack was refused, in English. @type {string | undefined} */
    this.why = undefined;
  }

  /** With what was kept at the last visit. */
  static async open() {
    const keeper = new PackKeeper();
    try {
      keeper.record = await readRecord();
      if (keeper.record) keeper.pack = await reopenPack(keeper.record.stored, keeper.record.root);
    } catch (error) {
      // A browser may keep nothing, or have kept half of it: the next update brings a whole pack.
      keeper.why = String(error);
    }
    return keeper;
  }

  /** The newest signed time that was seen here. */
  get newestSigned() {
    return this.record?.newestSigned ?? -Infinity;
  }

  /** @returns {Promise<Outcome>} */
  async update() {
    this.why = undefined;
    try {
      const newer = await this.fetchNewer();
      if (!newer) return "unreachable";
      if (this.record) return await this.keep(newer);
      this.candidate = newer;
      return "to_accept";
    } catch (error) {
      this.why = error instanceof Error ? error.message : String(error);
      if (error instanceof OtherRoot) return "other_root";
      if (error instanceof Refused || error instanceof CannotBeChecked) return "refused";
      throw error;
    }
  }

  /** The root of the candidate was compared with what the operator says. */
  async accept() {
    const accepted = this.candidate;
    this.candidate = undefined;
    if (!accepted) return "refused";
    // Ask the browser not to throw the pack away when space gets short; it may say no.
    await navigator.storage?.persist?.().catch(() => false);
    return this.keep(accepted);
  }

  decline() {
    this.candidate = undefined;
  }

  /** An update where a pack is held and the update fits it, else all of it. */
  async fetchNewer() {
    const root = this.record?.root;
    const seen = this.record?.seen;
    if (this.pack) {
      const update = await get(addressOfUpdate(this.pack));
      if (!update) return undefined;
      const updated = await openPack(update, root, this.pack).catch((error) => {
        if (error instanceof Refused) return undefined;
        throw error;
      });
      if (updated) return updated;
    }
    const whole = await get(ADDRESS);
    if (!whole) return undefined;
    const pack = await openPack(whole, root);
    if (seen) checkNotOlder(pack, seen);
    return pack;
  }

  /**
   * @param {import("./pack.js").Pack} pack
   * @returns {Promise<Outcome>}
   */
  async keep(pack) {
    const { manifest, trust, stored } = pack;
    this.pack = pack;
    this.record = {
      root: trust.root,
      seen: { version: manifest.version, issuedAt: manifest.issuedAt, trustVersion: trust.version },
      newestSigned: Math.max(pack.newestSigned, this.newestSigned),
      stored,
    };
    return writeRecord(this.record).then(
      () => "updated",
      (error) => {
        this.why = String(error);
        return "not_kept";
      },
    );
  }
}

/** @param {import("./pack.js").Pack} pack */
function addressOfUpdate({ manifest }) {
  const held = manifest.lines.slice(0, MOST_NAMED).map(({ digest }) => digest.slice(0, 16));
  return `${ADDRESS}?since=${manifest.version}&have=${held.join(",")}`;
}

/**
 * Nothing where the service does not answer.
 *
 * @param {string} address
 */
async function get(address) {
  try {
    const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}
