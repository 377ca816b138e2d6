/** Where the pack lies between two visits: one record in IndexedDB. */

const DATABASE = "elicense";
const STORE = "pack";
const KEY = "held";

/**
 * @typedef {object} PackRecord
 * @property {string} root SHA-256 of the root that was accepted, hexadecimal
 * @property {import("./pack.js").Seen} seen the newest that was ever believed
 * @property {number} newestSigned the newest signed time that was ever believed
 * @property {import("./pack.js").Stored} stored
 */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBTransactionMode} mode */
async function open(mode) {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await done(request);
  const transaction = database.transaction(STORE, mode);
  transaction.oncomplete = () => database.close();
  return transaction.objectStore(STORE);
}

/** @returns {Promise<PackRecord | undefined>} */
export const readRecord = async () => done((await open("readonly")).get(KEY));

/** @param {PackRecord} record */
export const writeRecord = async (record) => done((await open("readwrite")).put(record, KEY));
