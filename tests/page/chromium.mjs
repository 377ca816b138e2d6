// Debian's Chromium as the tests start it, and how a script speaks with the test that started it (tests/page_app/browser.rs).

import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

export const plan = JSON.parse(await readFile(process.env.PLAN, "utf8"));

export const launch = (...more) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? plan.chromium,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the test do something, and waits until it is done. */
export async function ask(word) {
  process.stdout.write(`ask ${word}\n`);
  await lines.next();
}

/** Ends with a result in JSON, once all of it has gone through the pipe. */
export const finish = (json) => process.stdout.write(`result ${json}\n`, () => process.exit(0));

/** The page has been opened, its service worker has kept its files, and it runs under it. */
export async function install(page, url) {
  await page.goto(url);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    }
  });
}
