/** zlib (RFC 1950) by the browser's own inflater: one stream, whole, nothing behind it, never more than the cap. */

import { CannotBeChecked, Refused, concat, refuse } from "./bytes.js";

/**
 * @param {Uint8Array} stream
 * @param {number} most bytes it may inflate to; beyond them the inflater is stopped
 */
export async function inflate(stream, most) {
  checkHead(stream);
  await (proved ??= prove());
  const bytes = await run(stream, most);
  // Every conforming browser has compared the checksum; this holds it to where the stream must end.
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  if (view.getUint32(stream.length - 4) !== adler32(bytes)) refuse("bytes stand behind the zlib stream");
  return bytes;
}

/** @param {Uint8Array} stream */
function checkHead(stream) {
  if (stream.length < 6) refuse("the zlib stream is cut short");
  const [method, flags] = stream;
  if ((method & 0x0f) !== 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 !== 0) {
    refuse("the zlib stream is damaged or of another kind");
  }
  if (flags & 0x20) refuse("the zlib stream needs a preset dictionary");
}

/**
 * @param {Uint8Array} stream
 * @param {number} most
 */
async function run(stream, most) {
  const inflater = new DecompressionStream("deflate");
  const writer = inflater.writable.getWriter();
  // What goes wrong is told at the reading end as well.
  writer.write(/** @type {Uint8Array<ArrayBuffer>} */ (stream)).catch(() => {});
  writer.close().catch(() => {});
  const reader = inflater.readable.getReader();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(...chunks);
      length += value.length;
      if (length > most) refuse(`the zlib stream inflates to more than ${most} bytes`);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof Refused) throw error;
    return refuse("the zlib stream is damaged, cut short, or has bytes behind it");
  }
}

/** @param {Uint8Array} bytes */
function adler32(bytes) {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

/** @type {Promise<void> | undefined} */
let proved;

/** The Compression Standard has bytes behind the stream refused; a browser that lets them pass is not used. */
async function prove() {
  const one = Uint8Array.of(0x78, 0x9c, 0x4b, 0x04, 0x00, 0x00, 0x62, 0x00, 0x62); // "a"
  const lenient = await run(concat(one, one.subarray(5)), 9).then(
    () => true,
    () => false,
  );
  if (lenient) throw new CannotBeChecked("this browser's inflater takes bytes behind a stream");
}
