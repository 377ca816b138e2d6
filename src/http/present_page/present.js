// The page for showing a licence (亮证). Asks for the licence, lets its holder choose, shows the code, counts down and asks
// for the next one in time. The key stays in the form's field and goes nowhere but to this service, in a header.
// @ts-check

/** Seconds before the end at which the next code is asked for; never more than half of the time there is. */
const AHEAD = 5;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const at = (id) => /** @type {any} */ (document.getElementById(id));

const zh = document.documentElement.lang.startsWith("zh");
/** @param {string} chinese @param {string} english */
const say = (chinese, english) => (zh ? chinese : english);

const find = /** @type {HTMLFormElement} */ (at("find"));
const choose = /** @type {HTMLFormElement} */ (at("choose"));
const shown = at("shown");
const problem = at("problem");

/** What may be chosen besides the type's own fields. @type {[string, string, string, (licence: any) => unknown][]} */
const BESIDE = [
  ["holder_name", "持证主体", "Holder", (licence) => licence.holders[0]?.name],
  ["holder_code", "持证主体代码", "Holder’s code", (licence) => licence.holders[0]?.code],
  ["number", "证照编号", "Number", (licence) => licence.number],
  ["valid_from", "有效期起", "In force from", (licence) => licence.valid_from],
  ["valid_to", "有效期至", "In force until", (licence) => licence.valid_to ?? say("长期", "long-term")],
];

/** The presentation on the screen: what was asked for, and when it ends by this page's own clock. */
let ends = 0;
let whole = 60;
/** @type {Record<string, unknown> | null} */
let order = null;
let asking = false;
/** Name of the licence's type: what the screen may say besides the code. */
let title = "";
/** Not before then: a service that does not answer is not asked at every tick. */
let patience = 0;
/** @type {number | undefined} */
let ticking;

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init = {}) {
  const key = /** @type {HTMLInputElement} */ (at("key")).value.trim();
  const headers = { ...init.headers, authorization: `Bearer ${key}` };
  const response = await fetch(path, { ...init, headers, cache: "no-store", credentials: "omit" });
  if (response.ok) return response;
  const why = await response.json().catch(() => ({}));
  throw new Error(WORDS[why.code]?.[zh ? 0 : 1] ?? why.detail ?? `HTTP ${response.status}`);
}

/** @type {Record<string, [string, string]>} */
const WORDS = {
  unauthorized: ["密钥不正确或已停用。", "The key is wrong, or no longer in force."],
  not_found: ["没有这份证照，或不归本密钥所有。", "There is no such licence, or it is not this key’s."],
  licence_not_good: ["证照现在不是有效状态，不能出示。", "The licence is not good now and cannot be shown."],
};

/** @param {unknown} error */
function tell(error) {
  const unreached = error instanceof TypeError;
  problem.textContent = unreached ? say("无法连接服务。", "The service cannot be reached.") : /** @type {Error} */ (error).message;
  problem.hidden = false;
}

find.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  stop();
  choose.hidden = true;
  try {
    const identifier = /** @type {HTMLInputElement} */ (at("identifier")).value.trim();
    const licence = await (await ask(`/v1/licences/${encodeURIComponent(identifier)}`)).json();
    const type = await (await ask(`/v1/licence-types/${encodeURIComponent(licence.type)}`)).json();
    offer(licence, type);
  } catch (error) {
    tell(error);
  }
});

/** @param {any} licence @param {any} type */
function offer(licence, type) {
  title = licence.type_name;
  at("licence").textContent = `${licence.type_name}　${licence.number}`;
  const own = type.fields
    .filter((/** @type {any} */ field) => licence.fields[field.key] !== undefined)
    .map((/** @type {any} */ field) => [field.key, zh ? field.label : (field.label_en ?? field.label), licence.fields[field.key]]);
  const beside = BESIDE.map(([key, chinese, english, value]) => [key, say(chinese, english), value(licence)]);
  const rows = [...beside, ...own].map(([key, label, value]) => {
    const row = document.createElement("label");
    row.className = "choice";
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "field", value: key });
    const text = Object.assign(document.createElement("span"), { className: "value", textContent: String(value) });
    row.append(box, ` ${label}`, text);
    return row;
  });
  at("fields").replaceChildren(...rows);
  choose.hidden = false;
  at("licence").focus();
}

choose.addEventListener("submit", (event) => {
  event.preventDefault();
  /** @type {NodeListOf<HTMLInputElement>} */
  const boxes = choose.querySelectorAll("input[name=field]:checked");
  if (boxes.length === 0) return tell(new Error(say("请至少选择一项内容。", "Choose at least one thing to show.")));
  const value = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id)).value.trim();
  order = {
    identifier: value("identifier"),
    fields: [...boxes].map((box) => box.value),
    for: value("for"),
    reason: value("reason"),
    seconds: Number(value("seconds")),
    one_time: /** @type {HTMLInputElement} */ (at("one_time")).checked,
  };
  at("shown_title").textContent = title;
  at("shown_for").textContent = `${say("出示给", "For")} ${order.for}`;
  at("told").textContent = order.one_time
    ? say("此码只能使用一次。", "This code is good for one use.")
    : say("到期前会自动换新码。", "A new code comes before this one ends.");
  void next();
});

/** Asks for the next code and shows it. */
async function next() {
  if (order === null || asking) return;
  asking = true;
  const ordered = order;
  const from = performance.now();
  try {
    const response = await ask("/v1/presentations", {
      method: "POST",
      headers: { accept: "image/svg+xml", "content-type": "application/json" },
      body: JSON.stringify(ordered),
    });
    const svg = await response.text();
    if (order !== ordered) return;
    // By the service's clock: how long it is good, whatever this device's clock says.
    const until = Date.parse(response.headers.get("presentation-expires") ?? "");
    const now = Date.parse(response.headers.get("date") ?? "");
    whole = Number.isNaN(until - now) ? Number(ordered.seconds) : (until - now) / 1000;
    ends = from + whole * 1000;
    /** @type {HTMLImageElement} */ (at("qr")).src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    problem.hidden = true;
    const first = shown.hidden;
    find.hidden = choose.hidden = true;
    shown.hidden = false;
    if (first) at("shown_title").focus();
    ticking ??= setInterval(tick, 250);
    tick();
  } catch (error) {
    tell(error);
    patience = performance.now() + 2000;
  } finally {
    asking = false;
  }
}

function tick() {
  const left = Math.max(0, (ends - performance.now()) / 1000);
  at("left").textContent = left > 0 ? `${Math.ceil(left)} ${say("秒", "s")}` : say("已失效", "over");
  Object.assign(at("bar"), { max: whole, value: left });
  at("over").hidden = left > 0;
  document.querySelector(".code")?.classList.toggle("over", left <= 0);
  if (order !== null && !order.one_time && left <= Math.min(AHEAD, whole / 2) && !document.hidden && performance.now() >= patience) void next();
}

function stop() {
  clearInterval(ticking);
  ticking = undefined;
  order = null;
  /** @type {HTMLImageElement} */ (at("qr")).removeAttribute("src");
  shown.hidden = true;
  find.hidden = false;
}

at("again").addEventListener("click", () => void next());
at("stop").addEventListener("click", () => {
  stop();
  choose.hidden = false;
  at("licence").focus();
});
document.addEventListener("visibilitychange", () => {
  if (ticking !== undefined) tick();
});
