// The verify page, installed, at a village service point: used, cut off from its network, used, and back again, in Debian's
// Chromium. tests/page_app/cut.rs starts it and does what it asks for: `cut` kills the service, `suspend` starts it again and
// suspends a licence, and so on. Every state is audited with axe-core, in both languages, and its picture is taken.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { ask, finish, install, launch, plan } from "./chromium.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOUR = 3_600_000;

const browser = await launch();
const done = [];
const audited = [];

/** One user with a browser of his own. */
class Visitor {
  static async at(lang, viewport = { width: 1100, height: 900 }) {
    const visitor = new Visitor();
    visitor.lang = lang;
    visitor.context = await browser.newContext({ viewport, locale: lang === "zh" ? "zh-CN" : "en-GB" });
    visitor.context.setDefaultTimeout(30_000);
    visitor.page = await visitor.context.newPage();
    visitor.complaints = [];
    visitor.page.on("pageerror", (error) => visitor.complaints.push(String(error)));
    visitor.page.on("console", (message) => {
      if (/content security policy|refused to/i.test(message.text())) visitor.complaints.push(message.text());
    });
    await install(visitor.page, `${plan.url}/?lang=${lang}`);
    await visitor.ready();
    return visitor;
  }

  ready() {
    return this.page.locator("body[data-ready]").waitFor();
  }

  async leave() {
    assert.deepEqual(this.complaints, []);
    await this.context.close();
  }

  /** Gets the pack, compares the fingerprint that it shows, and accepts it, by keyboard alone. */
  async acceptPack() {
    await this.page.locator("#pack button").first().press("Enter");
    const shown = this.page.locator("[data-fingerprint]");
    await shown.waitFor();
    assert.equal((await shown.innerText()).replace(/\s/g, ""), plan.root);
    const accept = this.page.locator("#pack button").first();
    assert.ok(await accept.evaluate((button) => button === document.activeElement), "the focus is not where the work goes on");
    await this.page.keyboard.press("Enter");
    await this.page.locator('#pack[data-pack="held"]').waitFor();
  }

  /** As a keyboard-wedge scanner types it. */
  async scan(text) {
    await this.page.locator("#credential").focus();
    await this.page.evaluate(() => document.getElementById("verdict")?.replaceChildren());
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press("Enter");
    return this.verdict();
  }

  async verdict() {
    const section = this.page.locator("[data-verdict]");
    await section.waitFor();
    const codes = await this.page.locator("[data-finding]").evaluateAll((rows) => rows.map((row) => [row.dataset.finding, row.dataset.code]));
    return {
      status: await section.getAttribute("data-verdict"),
      basis: await this.page.locator("[data-basis]").getAttribute("data-basis"),
      headline: (await section.locator("h2").innerText()).trim(),
      text: await section.innerText(),
      codes: Object.fromEntries(codes),
      told: await this.page.locator("#announce").innerText(),
    };
  }

  async cut() {
    await this.context.setOffline(true);
  }

  /** No violation of WCAG 2.2 A and AA or of axe's best practices; and a picture of it. */
  async audit(state) {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(told, [], `${state} in ${this.lang}`);
    const [wanted, given] = await this.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(wanted <= given, `${state}: ${wanted} px wide on ${given}`);
    const { width } = this.page.viewportSize();
    await this.page.screenshot({ path: `${plan.pictures}/installed-${state}-${this.lang}-${width}.png`, fullPage: true });
    audited.push(`${state} ${this.lang} ${width}`);
  }
}

async function step(name, act) {
  try {
    await act();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  done.push(name);
}

const PHONE = { width: 360, height: 740 };
const SENTENCES = {
  zh: { valid: "✓ 有效", stale: /^✓ 有效（截至 \d{4}-/, offline: /离线核验/, online: /联网核验/ },
  en: { valid: "✓ Valid", stale: /^✓ Valid as of \d{4}-/, offline: /Checked offline/, online: /Checked online/ },
};

/** What a visitor sees without a line, state by state. */
async function withoutLine(visitor) {
  const words = SENTENCES[visitor.lang];
  await visitor.page.reload();
  await visitor.ready();
  await visitor.audit("empty");

  const valid = await visitor.scan(plan.valid);
  assert.deepEqual([valid.status, valid.basis, valid.headline], ["valid", "fresh", words.valid]);
  assert.match(valid.text, words.offline);
  assert.match(valid.told, words.offline);
  assert.equal(valid.codes.ledger, "not_needed_offline");
  assert.ok(valid.text.includes(plan.validNumber));
  await visitor.audit("valid");
  // A line end that a scanner adds where Enter does not take it.
  assert.equal((await visitor.scan(`${plan.valid}\r\n`)).status, "valid");

  const suspended = await visitor.scan(plan.suspended);
  assert.deepEqual([suspended.status, suspended.codes.status], ["invalid", "suspended"]);
  const forged = await visitor.scan(plan.forged);
  assert.deepEqual([forged.status, forged.codes.signature], ["invalid", "forged"]);
  assert.ok(!forged.text.includes(plan.validNumber), "a forged licence is shown");
  await visitor.audit("invalid");

  const elsewhere = await visitor.scan(`${"e30.e30.AA"}~`);
  assert.deepEqual([elsewhere.status, elsewhere.codes.format], ["indeterminate", "unsupported_here"]);

  await visitor.page.clock.install({ time: Date.now() + 30 * HOUR });
  await visitor.page.reload();
  await visitor.ready();
  const stale = await visitor.scan(plan.valid);
  assert.deepEqual([stale.status, stale.basis, stale.codes.status], ["valid", "stale", "status_stale"]);
  assert.match(stale.headline, words.stale);
  await visitor.audit("stale");

  await visitor.page.clock.install({ time: Date.now() + 24 * 30 * HOUR });
  await visitor.page.reload();
  await visitor.ready();
  const tooOld = await visitor.scan(plan.valid);
  assert.deepEqual([tooOld.status, tooOld.basis, tooOld.codes.status], ["indeterminate", "too_old", "status_too_old"]);
  await visitor.audit("indeterminate");

  await visitor.page.clock.install({ time: Date.now() - 2 * HOUR });
  await visitor.page.reload();
  await visitor.ready();
  const behind = await visitor.scan(plan.valid);
  assert.deepEqual([behind.codes.dates, behind.codes.status], ["signed_in_future", "clock_behind"]);
  await visitor.page.clock.install({ time: Date.now() });
  await visitor.page.reload();
  await visitor.ready();
}

const visitors = [await Visitor.at("zh"), await Visitor.at("en"), await Visitor.at("zh", PHONE), await Visitor.at("en", PHONE)];

await step("online the service is asked, and the page says so", async () => {
  for (const visitor of visitors) {
    await visitor.audit("first-visit");
    const verdict = await visitor.scan(plan.valid);
    assert.deepEqual([verdict.status, verdict.basis], ["valid", "online"]);
    assert.match(verdict.text, SENTENCES[visitor.lang].online);
    await visitor.audit("online");
  }
});

await step("a pack is used only once its root has been compared", async () => {
  const [, visitor] = visitors;
  await visitor.page.locator("#pack button").first().click();
  await visitor.page.locator("[data-fingerprint]").waitFor();
  await visitor.audit("to-accept");
  await visitor.page.locator("#pack button.quiet").click();
  await visitor.page.locator('#pack[data-pack="none"]').waitFor();
  for (const one of visitors) await one.acceptPack();
});

await step("a browser without the operator's decoder says so; with it, it reads a picture", async () => {
  const [visitor] = visitors;
  assert.equal(await visitor.page.evaluate(() => typeof globalThis.BarcodeDetector), "undefined", "this Chromium has a detector of its own");
  assert.equal(await visitor.page.evaluate(() => typeof globalThis.jsQR), "function");
});

await step("the camera is a scanner", async () => {
  const withCamera = await launch(
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-video-capture=${plan.film}`,
  );
  const page = await withCamera.newPage();
  await page.goto(`${plan.url}/?lang=en`);
  await page.locator("#camera button").click();
  const section = page.locator("[data-verdict]");
  await section.waitFor();
  assert.equal(await section.getAttribute("data-verdict"), "valid");
  assert.equal(await page.locator("video").count(), 0, "the camera goes on filming");
  await withCamera.close();
});

await ask("cut");
for (const visitor of visitors) await visitor.cut();

for (const visitor of visitors) {
  const { width } = visitor.page.viewportSize();
  await step(`without a line: ${visitor.lang}, ${width} px wide`, () => withoutLine(visitor));
}

await step("a picture is read without a line, by the operator's decoder", async () => {
  const [visitor] = visitors;
  await visitor.page.evaluate(() => document.getElementById("verdict")?.replaceChildren());
  await visitor.page.locator("#picture").setInputFiles(plan.picture);
  await visitor.page.locator("#by-picture button[type=submit]").click();
  const verdict = await visitor.verdict();
  assert.deepEqual([verdict.status, verdict.basis], ["valid", "fresh"]);
});

await step("an .elic file is judged without a line", async () => {
  const [, visitor] = visitors;
  await visitor.page.evaluate(() => document.getElementById("verdict")?.replaceChildren());
  await visitor.page.locator("#picture").setInputFiles(plan.file);
  await visitor.page.locator("#by-picture button[type=submit]").click();
  assert.equal((await visitor.verdict()).status, "valid");
});

await step("what will be suspended is valid as of the pack", async () => {
  const verdict = await visitors[0].scan(plan.toBeSuspended);
  assert.deepEqual([verdict.status, verdict.codes.status], ["valid", "ok"]);
});

await ask("suspend");

await step("back on its network the page updates its pack, and asks", async () => {
  const [visitor] = visitors;
  await visitor.context.setOffline(false);
  await visitor.page.reload();
  await visitor.ready();
  const verdict = await visitor.scan(plan.toBeSuspended);
  assert.deepEqual([verdict.status, verdict.basis, verdict.codes.status], ["invalid", "online", "suspended"]);
  await visitor.page.locator("#pack button").click();
  await visitor.page.locator('#pack[data-said="updated"]').waitFor();
});

await ask("cut");

await step("cut off once more, the page knows of the suspension, also where only the service is gone", async () => {
  const [visitor] = visitors;
  for (const offline of [false, true]) {
    await visitor.context.setOffline(offline);
    const verdict = await visitor.scan(plan.toBeSuspended);
    assert.deepEqual([verdict.status, verdict.basis, verdict.codes.status], ["invalid", "fresh", "suspended"]);
  }
});

await ask("impostor");

await step("a service with another root is refused, and the page says so", async () => {
  const [visitor] = visitors;
  await visitor.context.setOffline(false);
  await visitor.page.reload();
  await visitor.ready();
  await visitor.page.locator("#pack button").click();
  await visitor.page.locator('#pack[data-said="other_root"]').waitFor();
  await visitor.audit("other-root");
});

for (const visitor of visitors) await visitor.leave();
await browser.close();
finish(JSON.stringify({ done, audited }));
