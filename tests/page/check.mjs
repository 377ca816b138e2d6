// The verify page as its users meet it, in Debian's Chromium. tests/page.rs starts the service, writes the plan that
// PLAN names, and runs this file.
//
// The page's stable hooks: the text field #credential (name credential), the file field named picture, the verdict
// [data-verdict] with its status, each finding [data-finding] with its code in data-code, the language in ?lang=zh|en.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const plan = JSON.parse(await readFile(process.env.PLAN, "utf8"));
const origin = new URL(plan.url).origin;
const PATIENCE = 30_000;

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: plan.chromium,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser?.close());

// Opens the page in a browser of its own; `use` works on it. Whatever it does, nothing may break the page's own
// security policy, throw in its script, or be asked of another host.
async function onPage({ lang, javaScriptEnabled = true, viewport }, use) {
  const context = await browser.newContext({ javaScriptEnabled, viewport: viewport ?? { width: 1100, height: 900 } });
  context.setDefaultTimeout(PATIENCE);
  const complaints = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(`script error: ${error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) complaints.push(`asks ${url}`);
  });
  try {
    const response = await page.goto(`${plan.url}/?lang=${lang}`);
    assert.equal(response.status(), 200);
    await use(page, response);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

const submitOf = (field) => field.locator("xpath=ancestor::form").locator("button[type=submit], input[type=submit]").first();

async function judgeText(page, text) {
  const field = page.locator("#credential");
  await field.fill(text);
  await submitOf(field).click();
  return verdict(page);
}

async function judgePicture(page, path) {
  const field = page.locator("input[name=picture]");
  await field.setInputFiles(path);
  // A page whose script sends a picture as soon as it is chosen may be gone before the click.
  await submitOf(field).click({ timeout: 3_000 }).catch(() => {});
  return verdict(page);
}

async function verdict(page) {
  const element = page.locator("[data-verdict]");
  await element.first().waitFor();
  return { status: await element.first().getAttribute("data-verdict"), text: await page.locator("body").innerText() };
}

const code = (page, check) => page.locator(`[data-finding="${check}"]`).first().getAttribute("data-code");
const sentence = (page, check) => page.locator(`[data-finding="${check}"]`).first().innerText();

const detail = (page, check) => page.locator(`[data-finding="${check}"] .detail bdi`).first().innerText();
const requestId = (page) => page.locator("footer [data-request-id]").innerText();

const LANGUAGES = {
  zh: { valid: /有效/, suspended: /暂停|中止|停用|暂扣/, script: /\p{Script=Han}/u },
  en: { valid: /\bvalid\b/i, suspended: /suspended/i, script: /[a-z]{3}/i },
};

for (const [lang, words] of Object.entries(LANGUAGES)) {
  test(`${lang}: a valid licence is said to be valid, with every check and its fields`, () =>
    onPage({ lang }, async (page) => {
      const { status, text } = await judgeText(page, plan.valid.qr);
      assert.equal(status, "valid");
      assert.match(text, words.valid);
      for (const check of ["format", "issuer", "scope", "signature", "dates", "status", "ledger"]) {
        assert.equal(await code(page, check), "ok", check);
        assert.match(await sentence(page, check), words.script, check);
      }
      assert.ok(text.includes(plan.valid.number), "the licence's number is not shown");
      if (plan.screenshots[lang]) await page.screenshot({ path: plan.screenshots[lang], fullPage: true });
    }));

  test(`${lang}: a suspended licence is refused, and the page says why`, () =>
    onPage({ lang }, async (page) => {
      const { status } = await judgeText(page, plan.suspended.qr);
      assert.equal(status, "invalid");
      assert.equal(await code(page, "status"), "suspended");
      assert.match(await sentence(page, "status"), words.suspended);
      assert.equal(await code(page, "signature"), "ok");
    }));

  test(`${lang}: the picture of a QR code is read`, () =>
    onPage({ lang }, async (page) => {
      assert.equal((await judgePicture(page, plan.valid.png)).status, "valid");
    }));

  test(`${lang}: what is no licence is refused in words`, () =>
    onPage({ lang }, async (page) => {
      const { status } = await judgeText(page, "garbage, and not a licence");
      assert.equal(status, "invalid");
      assert.equal(await code(page, "format"), "undecodable");
      assert.match(await sentence(page, "format"), words.script);
      assert.ok((await detail(page, "format")).length > 10, "what was compared is not said");
    }));

  test(`${lang}: without JavaScript text and pictures work`, () =>
    onPage({ lang, javaScriptEnabled: false }, async (page) => {
      assert.equal((await judgeText(page, plan.valid.qr)).status, "valid");
      await page.goto(`${plan.url}/?lang=${lang}`);
      assert.equal((await judgePicture(page, plan.valid.png)).status, "valid");
      await page.goto(`${plan.url}/?lang=${lang}`);
      const { status, text } = await judgeText(page, plan.suspended.qr);
      assert.equal(status, "invalid");
      assert.match(text, words.suspended);
    }));

  test(`${lang}: the language stays through a verdict`, () =>
    onPage({ lang }, async (page) => {
      const [before, asked] = [await page.locator("html").getAttribute("lang"), await requestId(page)];
      assert.ok(before.startsWith(lang), `html lang=${before}`);
      await judgeText(page, plan.valid.qr);
      assert.equal(await page.locator("html").getAttribute("lang"), before);
      assert.match(asked, /^[0-9a-f]{32}$/);
      assert.notEqual(await requestId(page), asked);
      assert.match(await page.locator("footer time").innerText(), /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+08:00$/);
    }));
}

test("a USB scanner types into the page as it opens, and ends with Enter", () =>
  onPage({ lang: "zh" }, async (page) => {
    assert.equal(await page.evaluate(() => document.activeElement?.id), "credential");
    await page.keyboard.insertText(plan.valid.qr);
    await page.keyboard.press("Enter");
    assert.equal((await verdict(page)).status, "valid");
    // The next one is scanned straight after, without a hand on the mouse.
    assert.equal(await page.evaluate(() => document.activeElement?.id), "credential");
  }));

test("a text that would be a script stays text", () =>
  onPage({ lang: "en" }, async (page) => {
    const hostile = `"><img src=x onerror="window.taken=1"><script>window.taken=1</script><b id=injected>x</b>`;
    assert.equal((await judgeText(page, hostile)).status, "invalid");
    assert.equal(await page.evaluate(() => window.taken), undefined);
    assert.equal(await page.locator("#injected, img[src=x]").count(), 0);
  }));

test("a licence whose fields would be a script stays text", () =>
  onPage({ lang: "en" }, async (page) => {
    const { status, text } = await judgeText(page, plan.hostile.envelope);
    assert.equal(status, "valid");
    assert.ok(text.includes("<b id=injected>"), "the holder's name is not shown as it is");
    assert.equal(await page.evaluate(() => window.taken), undefined);
    assert.equal(await page.locator("#injected, img[src=x]").count(), 0);
  }));

test("a picture without a code, and a file that is no picture, are told and no failure of the service", async () => {
  for (const path of [plan.blank, plan.notAPicture]) {
    await onPage({ lang: "en" }, async (page) => {
      const answers = [];
      page.on("response", (response) => answers.push(response.status()));
      const field = page.locator("input[name=picture]");
      await field.setInputFiles(path);
      const answered = page.waitForResponse((response) => response.request().method() === "POST");
      await submitOf(field).click({ timeout: 3_000 }).catch(() => {});
      await answered;
      await page.waitForLoadState();
      assert.ok(answers.every((status) => status < 500), `answered ${answers}`);
      assert.equal(await page.locator('[data-verdict="valid"]').count(), 0);
      assert.match(await page.locator("body").innerText(), /picture|image|code/i);
    });
  }
});

test("the page's policy lets nothing in that it does not bring itself", () =>
  onPage({ lang: "zh" }, async (page, response) => {
    const headers = response.headers();
    const policy = headers["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'|default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*|https?:/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /form-action 'self'/);
    assert.match(policy, /base-uri 'none'|base-uri 'self'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  }));

test("every field has its label, and the page fits a phone", () =>
  onPage({ lang: "zh", viewport: { width: 360, height: 740 } }, async (page) => {
    await judgeText(page, plan.valid.qr);
    const unlabelled = await page
      .locator("input:not([type=hidden]):not([type=submit]), textarea, select")
      .evaluateAll((fields) => fields.filter((f) => !f.labels?.length && !f.ariaLabel).map((f) => f.outerHTML));
    assert.deepEqual(unlabelled, []);
    const [wanted, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(wanted <= given, `${wanted} px wide on ${given}`);
    if (plan.screenshots.phone) await page.screenshot({ path: plan.screenshots.phone, fullPage: true });
  }));
