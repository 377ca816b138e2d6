// Gives the plan's credentials, trust lists and packs to the page's own modules, in Chromium, with the network cut and the
// service gone, and tells what they said. tests/page_app/both.rs compares that with the library.

import { ask, finish, install, launch, plan } from "./chromium.mjs";

const browser = await launch();
const context = await browser.newContext();
const page = await context.newPage();
await install(page, `${plan.url}/?lang=en`);
await ask("cut");
await context.setOffline(true);
await page.reload();

const result = await page.evaluate(async (plan) => {
  const { OfflineVerifier } = await import("/assets/app/verify/verdict.js");
  const { openPack } = await import("/assets/app/pack/pack.js");
  const { believeTrustList } = await import("/assets/app/trust/trust_list.js");
  const words = await (await fetch("/assets/app/words.json")).json();
  const grades = Object.fromEntries(Object.entries(words.codes).map(([code, { grade }]) => [code, grade]));
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const outcome = (promise) =>
    promise.then(
      () => "believed",
      (error) => `${error.name}: ${error.message}`,
    );

  const packs = {};
  for (const [name, base64] of Object.entries(plan.packs)) packs[name] = await openPack(bytes(base64), plan.root);
  const verdicts = [];
  for (const one of plan.cases) {
    const verifier = new OfflineVerifier(packs[one.pack], grades, one.newestSeen ?? -Infinity);
    const verdict = await (one.bytes === null ? verifier.judgeText(one.text, one.at) : verifier.judgeBytes(bytes(one.bytes), one.at));
    verdicts.push(verdict);
  }
  const each = async (all, open) => {
    const said = [];
    for (const [, base64] of all) said.push(await outcome(open(bytes(base64))));
    return said;
  };
  const trustLists = await each(plan.trustLists, (list) => believeTrustList(list, plan.root));
  const hostilePacks = await each(plan.hostilePacks, (pack) => openPack(pack, plan.root));
  const updates = await each(plan.updates, (update) => openPack(update, plan.root, packs.fresh));
  // Whole numbers beyond 2^53 are written as they are.
  const exact = (_, value) => (typeof value === "bigint" ? JSON.rawJSON(String(value)) : value);
  return JSON.stringify({ verdicts, trustLists, hostilePacks, updates }, exact);
}, plan);

await browser.close();
finish(result);
