/** Reads a QR code in a picture on this device: with the browser's own detector, else with the operator's jsQR. */

/** Pixels along the longer side that a picture is read with; a phone's own are many more than a code needs. */
const SIZES = [1_600, 800];

/** @typedef {(picture: HTMLCanvasElement) => Promise<string | undefined>} ReadCode */

/** @type {Promise<ReadCode | undefined> | undefined} */
let found;

/** What reads QR codes here; nothing where neither the browser nor the operator brings it. */
export const reader = () => (found ??= find());

/** @returns {Promise<ReadCode | undefined>} */
async function find() {
  return (await ofBrowser()) ?? ofOperator(document.body.dataset.decoder ?? "");
}

async function ofBrowser() {
  const { BarcodeDetector } = /** @type {any} */ (globalThis);
  try {
    if (!BarcodeDetector || !(await BarcodeDetector.getSupportedFormats()).includes("qr_code")) return undefined;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (/** @type {HTMLCanvasElement} */ picture) => (await detector.detect(picture))[0]?.rawValue || undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} address */
async function ofOperator(address) {
  if (!address || !(await load(address))) return undefined;
  const { jsQR } = /** @type {any} */ (globalThis);
  if (typeof jsQR !== "function") return undefined;
  return async (/** @type {HTMLCanvasElement} */ picture) => {
    const { width, height } = picture;
    const pixels = picture.getContext("2d")?.getImageData(0, 0, width, height).data;
    return jsQR(pixels, width, height)?.data || undefined;
  };
}

/**
 * @param {string} address
 * @returns {Promise<boolean>}
 */
const load = (address) =>
  new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => resolve(true));
    script.addEventListener("error", () => resolve(false));
    document.head.append(script);
  });

/**
 * The text of the code in a file; nothing where there is none, or the file is no picture.
 *
 * @param {Blob} file
 * @param {ReadCode} read
 */
export async function readFile(file, read) {
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (!picture) return undefined;
  for (const size of SIZES) {
    const text = await read(drawn(picture, picture.width, picture.height, size));
    if (text) return text;
  }
  return undefined;
}

/**
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @param {number} size the most along its longer side
 */
export function drawn(picture, width, height, size) {
  const scale = Math.min(1, size / Math.max(width, height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  canvas.getContext("2d", { willReadFrequently: true })?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
