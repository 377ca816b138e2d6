/** A verdict as the page shows it: in the shape that the service gives it without script. */

import { element } from "./element.js";
import { timeForPeople } from "./sentences.js";

const ICONS = { pass: "✓", fail: "✕", unknown: "?", valid: "✓", invalid: "✕", indeterminate: "?" };

/**
 * @typedef {import("../verify/verdict.js").Verdict} Verdict
 * @typedef {import("../pack/pack.js").LicenceType} LicenceType
 */

/** @param {keyof typeof ICONS} name */
const icon = (name) => element("span", { class: "icon", "aria-hidden": "true" }, ICONS[name]);

/**
 * @param {Verdict} verdict
 * @param {import("./sentences.js").Sentences} sentences
 * @param {Map<string, LicenceType>} types
 */
export function verdictView(verdict, sentences, types) {
  const { status, licence, form } = verdict;
  // Good as of then is not good: it has to look otherwise from afar.
  const look = status === "valid" && isOld(verdict) ? "valid as-of" : status;
  const view = element("section", { class: `verdict ${look}`, "data-verdict": status });
  view.append(element("h2", {}, icon(status), ` ${headline(verdict, sentences)}`), basis(verdict, sentences));
  view.append(element("ul", { class: "findings" }, ...verdict.findings.map((finding) => findingView(finding, sentences))));
  if (licence) view.append(element("dl", {}, ...licenceRows(licence, sentences, types.get(licence.type))));
  if (verdict.presentation) view.append(element("dl", {}, ...presentationRows(verdict.presentation, sentences, types)));
  if (verdict.receipt) view.append(...receiptParts(verdict.receipt, verdict.now, sentences));
  if (verdict.sd_jwt) view.append(element("dl", {}, ...disclosedRows(verdict.sd_jwt)));
  if (form === "qr" && licence) view.append(element("p", { class: "note" }, sentences.say("masked")));
  return view;
}

const PURPOSE = /** @type {const} */ (["operator", "item", "item_code", "case", "reason"]);

/** @param {Verdict} verdict */
const isOld = ({ freshness }) => freshness.status !== undefined && freshness.status.grade !== "fresh";

/**
 * The verdict in a few words; one by a list that is not fresh never goes without its time.
 *
 * @param {Verdict} verdict
 * @param {import("./sentences.js").Sentences} sentences
 */
export function headline(verdict, sentences) {
  const { status, form, freshness } = verdict;
  // "Valid" would read as if the licence were that the receipt is about.
  if (form === "receipt") return sentences.of("receipts", status);
  if (status !== "valid" || !isOld(verdict)) return sentences.of("statuses", status);
  return sentences.say("valid_as_of", { time: timeForPeople(freshness.status?.as_of ?? "") });
}

/**
 * By what it was judged, and how old that is.
 *
 * @param {Verdict} verdict
 * @param {import("./sentences.js").Sentences} sentences
 */
export function basisText({ freshness }, sentences) {
  if (!freshness.pack) return sentences.say("by_service");
  const by = sentences.say("by_pack", { time: timeForPeople(freshness.pack) });
  const { status } = freshness;
  return status ? `${by} ${sentences.say(`age_${status.grade}`, { time: timeForPeople(status.as_of) })}` : by;
}

/**
 * @param {Verdict} verdict
 * @param {import("./sentences.js").Sentences} sentences
 */
function basis(verdict, sentences) {
  const { freshness } = verdict;
  const grade = freshness.pack ? (freshness.status?.grade ?? "fresh") : "online";
  return element("p", { class: `basis ${grade}`, "data-basis": grade }, basisText(verdict, sentences));
}

/**
 * @param {import("../verify/verdict.js").Finding} finding
 * @param {import("./sentences.js").Sentences} sentences
 */
function findingView({ check, result, code, detail }, sentences) {
  const row = element("li", { class: result, "data-finding": check, "data-code": code }, icon(result));
  row.append(element("b", {}, sentences.of("checks", check)), " ");
  if (result !== "pass") row.append(element("span", { class: "outcome" }, sentences.of("outcomes", result)), " ");
  row.append(element("span", { class: "sentence" }, sentences.of("codes", code)));
  // What passed needs no proof at a window.
  if (detail && result !== "pass") {
    row.append(" ", element("small", { class: "detail" }, sentences.say("detail"), element("bdi", { lang: "en" }, detail)));
  }
  return row;
}

/**
 * What the holder chose to show, and to whom.
 *
 * @param {import("../verify/own_statements.js").ShownPresentation} shown
 * @param {import("./sentences.js").Sentences} sentences
 * @param {Map<string, LicenceType>} types
 */
function presentationRows(shown, sentences, types) {
  const type = types.get(shown.type);
  const english = sentences.language === "en";
  const label = (/** @type {string} */ key) => {
    const field = type?.fields?.find((one) => one.key === key);
    return field ? (english ? field.label_en : field.label) : sentences.chosen(key);
  };
  return [
    row(sentences.of("labels", "type"), type ? (english ? `${type.name} (${type.name_en})` : type.name) : shown.type),
    row(sentences.of("labels", "authority"), shown.issuer.name || shown.issuer.code),
    row(sentences.say("shown_to"), shown.for),
    ...shown.fields.map(({ key, value }) => row(label(key), value)),
    row(sentences.say("good_until"), timeForPeople(shown.expires)),
  ];
}

/**
 * What was true then, for whom and for what; and what is true now, where the service was asked.
 *
 * @param {import("../verify/own_statements.js").ShownReceipt} receipt
 * @param {Verdict["now"]} now
 * @param {import("./sentences.js").Sentences} sentences
 */
function receiptParts({ id, organisation, purpose, issued, question, checked }, now, sentences) {
  const then = [
    row(sentences.say("receipt"), id),
    row(sentences.say("receipt_issued"), timeForPeople(issued)),
    row(sentences.say("organisation"), organisation.name),
    ...PURPOSE.map((part) => row(sentences.say(part), purpose[part] ?? "")),
    ...(question ? [row(sentences.say("asked"), sentences.asked(question))] : []),
    ...(question && question.result === undefined && checked.length === 0 ? [row(sentences.say("found_then"), sentences.say("nothing_found"))] : []),
    ...checked.flatMap((one) => {
      const what = one.identifier ? `${one.type_name ?? ""}　${one.identifier}` : (one.type_name ?? `SHA-256 ${one.digest}`);
      const reason = one.findings.find(({ result }) => result !== "pass")?.code;
      return [
        row(sentences.say("checked"), what),
        row(sentences.say("found_then"), `${sentences.summary(one.status, reason)}（${timeForPeople(one.at)}）`),
      ];
    }),
  ];
  const rows = (now ?? []).map((one) => row(sentences.say("found_now"), `${one.in_words[sentences.language]}（${timeForPeople(one.at)}）`));
  return [
    element("h3", {}, sentences.say("receipt_then")),
    element("dl", { "data-then": "" }, ...then),
    element("h3", {}, sentences.say("receipt_now")),
    rows.length > 0 ? element("dl", { "data-now": "" }, ...rows) : element("p", {}, sentences.say(now ? "now_unknown" : "now_not_asked")),
  ];
}

/**
 * What an SD-JWT VC discloses, by claim name. Only the service judges one.
 *
 * @param {{ vct: string, disclosed: Record<string, unknown> }} shown
 */
function disclosedRows({ vct, disclosed }) {
  const rows = Object.entries({ vct, ...disclosed });
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : JSON.stringify(value));
  return rows.map(([name, value]) => row(name, text(value)));
}

/**
 * @param {string} label
 * @param {string} value
 */
const row = (label, value) => element("div", {}, element("dt", {}, label), element("dd", {}, element("bdi", {}, value)));

/**
 * Everything that may be shown of a licence, its fields in the order of their type.
 *
 * @param {NonNullable<Verdict["licence"]>} licence
 * @param {import("./sentences.js").Sentences} sentences
 * @param {LicenceType | undefined} type
 */
function licenceRows(licence, sentences, type) {
  const english = sentences.language === "en";
  const until = licence.valid_to ?? sentences.of("labels", "permanent");
  const rows = [
    [sentences.of("labels", "type"), english && type ? `${licence.type_name} (${type.name_en})` : licence.type_name],
    [sentences.of("labels", "number"), licence.number],
    ...licence.holders.map(({ name, code }) => [sentences.of("labels", "holder"), `${name}　${code}`]),
    [sentences.of("labels", "authority"), licence.authority.name],
    [sentences.of("labels", "issued"), licence.issued],
    [sentences.of("labels", "validity"), `${licence.valid_from} – ${until}`],
  ];
  const known = (type?.fields ?? []).filter(({ key }) => Object.hasOwn(licence.fields, key));
  rows.push(...known.map(({ key, label, label_en }) => [english ? label_en : label, String(licence.fields[key])]));
  const others = Object.keys(licence.fields).filter((key) => known.every((field) => field.key !== key));
  rows.push(...others.map((key) => [key, String(licence.fields[key])]));
  return rows.map(([label, value]) => row(label, value));
}
