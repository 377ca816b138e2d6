// The receipt as a clerk prints it, in Debian's Chromium: to PDF, and as a picture. tests/receipt_page.rs writes the page
// that PAGE names, and reads what is made of it.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { CHROMIUM, PAGE, PDF, PICTURE } = process.env;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  // Without scripts, as the page's policy wants it.
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 900, height: 1200 } });
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`file://${PAGE}`);
  assert.deepEqual(asked.filter((url) => !url.startsWith("file://") && !url.startsWith("data:")), []);
  await page.screenshot({ path: PICTURE, fullPage: true });
  await page.pdf({ path: PDF, preferCSSPageSize: true, printBackground: true });
} finally {
  await browser.close();
}
