// The page for showing a licence (亮证), in Debian's Chromium. tests/present_page.rs starts the service and writes the plan
// that PLAN names.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const plan = JSON.parse(await readFile(process.env.PLAN, "utf8"));
const origin = new URL(plan.url).origin;

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: plan.chromium,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});
after(() => browser?.close());

// Opens the page in a browser of its own. Nothing may break its policy, throw in its script, or be asked of another host.
async function onPage({ lang = "zh", viewport = { width: 390, height: 900 } }, use) {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(`script error: ${error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) complaints.push(`asks ${url}`);
    if (request.url().includes(plan.key)) complaints.push("the key stands in an address");
  });
  try {
    await page.goto(`${plan.url}/present?lang=${lang}`);
    await use(page, context);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

async function find(page, { key = plan.key, identifier = plan.identifier } = {}) {
  await page.fill("#key", key);
  await page.fill("#identifier", identifier);
  await page.click("#find button[type=submit]");
}

async function order(page, { fields = ["holder_name", "number"], seconds = 60, oneTime = false } = {}) {
  for (const field of fields) await page.check(`#choose input[value="${field}"]`);
  await page.fill("#for", "示范市行政审批局");
  await page.fill("#reason", "办理租赁合同备案");
  await page.fill("#seconds", String(seconds));
  if (oneTime) await page.check("#one_time");
  await page.click("#choose button[type=submit]");
}

// The code as a scanner sees it: the picture on the screen, read by the service.
async function verdict(page) {
  await page.locator("#qr[src]").waitFor();
  const png = await page.locator(".code").screenshot();
  const response = await page.request.post(`${plan.url}/v1/verifications`, {
    headers: { "content-type": "image/png" },
    data: png,
  });
  return response.json();
}

for (const lang of ["zh", "en"]) {
  test(`${lang}: the holder chooses, and what is shown is only that`, () =>
    onPage({ lang }, async (page) => {
      await find(page);
      await page.locator("#licence").waitFor();
      if (plan.screenshots?.choose && lang === "zh") await page.screenshot({ path: plan.screenshots.choose, fullPage: true });
      await order(page);
      const told = await verdict(page);
      assert.equal(told.status, "valid", JSON.stringify(told));
      assert.equal(told.form, "presentation");
      assert.deepEqual(told.presentation.fields.map((field) => field.key).sort(), ["holder_name", "number"]);
      assert.equal(told.presentation.for, "示范市行政审批局");
      assert.match(await page.locator("#left").innerText(), lang === "zh" ? /^\d+ 秒$/ : /^\d+ s$/);
      if (plan.screenshots?.[lang]) await page.screenshot({ path: plan.screenshots[lang], fullPage: true });
    }));
}

test("a new code comes before the old one ends, and both were good", () =>
  onPage({}, async (page) => {
    await find(page);
    await order(page, { seconds: 4 });
    await page.locator("#qr[src]").waitFor();
    const first = await page.getAttribute("#qr", "src");
    assert.equal((await verdict(page)).status, "valid");
    await page.waitForFunction((old) => document.getElementById("qr").getAttribute("src") !== old, first);
    assert.ok(await page.locator("#over").isHidden(), "there was a gap between the codes");
    assert.equal((await verdict(page)).status, "valid");
  }));

test("a code for one use is not renewed, is good once, and is covered when it is over", () =>
  onPage({}, async (page) => {
    await find(page);
    await order(page, { seconds: 3, oneTime: true });
    await page.locator("#qr[src]").waitFor();
    const first = await page.getAttribute("#qr", "src");
    assert.equal((await verdict(page)).status, "valid");
    const again = await verdict(page);
    assert.equal(again.status, "invalid");
    assert.equal(again.presentation, undefined);
    await page.locator("#over").waitFor();
    assert.equal(await page.getAttribute("#qr", "src"), first);
    await page.click("#again");
    await page.waitForFunction((old) => document.getElementById("qr").getAttribute("src") !== old, first);
  }));

test("a wrong key and an unknown licence are told in words, and nothing is kept", () =>
  onPage({ lang: "zh" }, async (page, context) => {
    await find(page, { key: `${plan.key}0` });
    await page.locator("#problem:not([hidden])").waitFor();
    assert.match(await page.locator("#problem").innerText(), /密钥/);
    await find(page, { identifier: "1.2.3" });
    await page.waitForFunction(() => /没有这份证照/.test(document.getElementById("problem").textContent));
    await find(page);
    await page.locator("#choose:not([hidden])").waitFor();
    const state = await context.storageState();
    assert.deepEqual([state.cookies, state.origins], [[], []]);
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
    await page.reload();
    assert.equal(await page.inputValue("#key"), "");
  }));

test("stopping takes the code off the screen; every field has its label; the page fits a phone", () =>
  onPage({ viewport: { width: 360, height: 740 } }, async (page) => {
    await find(page);
    const unlabelled = await page
      .locator("input")
      .evaluateAll((fields) => fields.filter((field) => !field.labels?.length).map((field) => field.outerHTML));
    assert.deepEqual(unlabelled, []);
    await order(page);
    await page.locator("#qr[src]").waitFor();
    const [wanted, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(wanted <= given, `${wanted} px wide on ${given}`);
    await page.click("#stop");
    assert.equal(await page.getAttribute("#qr", "src"), null);
    assert.ok(await page.locator("#shown").isHidden());
  }));
