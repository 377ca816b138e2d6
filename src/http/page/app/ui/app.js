/**
 * The page with script: asks the service while there is a line, judges by the pack while there is none, and says which.
 * Without script the same page is a form.
 */

import { withoutLineEnd } from "../codec/credential.js";
import { PackKeeper } from "../pack/keeper.js";
import { OfflineVerifier } from "../verify/verdict.js";
import { Camera } from "./camera.js";
import { byId, element } from "./element.js";
import { PackView } from "./pack_view.js";
import { readFile, reader } from "./picture.js";
import { Sentences, timeForPeople } from "./sentences.js";
import { askForTypes, askService } from "./service.js";
import { basisText, headline, verdictView } from "./verdict_view.js";

const UPDATE_EVERY = 5 * 60_000;
const PICTURES = ["image/png", "image/jpeg"];

const now = () => Math.floor(Date.now() / 1000);

class App {
  /**
   * @param {Sentences} sentences
   * @param {PackKeeper} keeper
   */
  constructor(sentences, keeper) {
    this.sentences = sentences;
    this.keeper = keeper;
    this.silent = !navigator.onLine;
    this.latest = 0;
    /** @type {Map<string, import("../pack/pack.js").LicenceType> | undefined} */
    this.types = undefined;
    this.packView = new PackView(byId("pack"), sentences, keeper, () => this.drawMode());
    this.drawMode();
  }

  listen() {
    const text = /** @type {HTMLInputElement} */ (byId("credential"));
    byId("by-text").addEventListener("submit", (event) => {
      event.preventDefault();
      const presented = withoutLineEnd(text.value);
      text.value = "";
      // The next one is scanned straight after, without a hand on the mouse.
      text.focus();
      this.judge(presented);
    });
    const file = /** @type {HTMLInputElement} */ (byId("picture"));
    file.accept = `${PICTURES.join(",")},.elic,application/cose`;
    byId("by-picture").addEventListener("submit", (event) => {
      event.preventDefault();
      const [chosen] = file.files ?? [];
      if (chosen) this.judgeFile(chosen);
    });
    const refresh = () => {
      if (document.visibilityState === "visible" && navigator.onLine) this.packView.refresh();
    };
    for (const event of ["online", "offline"]) {
      addEventListener(event, () => {
        this.silent = !navigator.onLine;
        this.drawMode();
        refresh();
      });
    }
    document.addEventListener("visibilitychange", refresh);
    setInterval(refresh, UPDATE_EVERY);
    refresh();
    this.findReader();
  }

  async findReader() {
    const read = await reader();
    if (!read) byId("by-picture").append(element("p", { class: "note" }, this.sentences.say("no_decoder")));
    else if (navigator.mediaDevices) new Camera(byId("camera"), this.sentences, read, (text) => this.judge(text));
  }

  drawMode() {
    const mode = byId("mode");
    const name = this.silent ? (this.keeper.pack ? "offline_with_pack" : "offline_without_pack") : "online";
    mode.textContent = this.sentences.say(name);
    mode.dataset.mode = name;
    mode.hidden = false;
  }

  /** @param {File} file */
  async judgeFile(file) {
    if (!PICTURES.includes(file.type)) return this.judge(new Uint8Array(await file.arrayBuffer()));
    // Read here where that can be done, a picture need not travel.
    const read = await reader();
    const text = read && (await readFile(file, read));
    return this.judge(text ?? file);
  }

  /** @param {string | Uint8Array | Blob} presented a text, an envelope, or a picture that could not be read here */
  async judge(presented) {
    const turn = ++this.latest;
    byId("announce").textContent = this.sentences.say("checking");
    const shown = await this.answer(presented).catch((error) => this.complain(this.sentences.say("failed", { why: String(error) })));
    // Another one was scanned meanwhile: its answer is the one to be seen.
    if (turn === this.latest) shown();
  }

  /**
   * Gives back what shows the answer.
   *
   * @param {string | Uint8Array | Blob} presented
   */
  async answer(presented) {
    const answer = await askService(presented);
    this.silent = answer.kind === "silent";
    this.drawMode();
    if (answer.kind === "problem") return this.complain(this.sentences.problem(answer.code, answer.detail), answer.requestId);
    if (answer.kind === "verdict") {
      const types = await this.knownTypes();
      return () => this.show(answer.verdict, types, answer.requestId);
    }
    return this.answerByPack(presented);
  }

  /** @param {string | Uint8Array | Blob} presented */
  async answerByPack(presented) {
    const { keeper, sentences } = this;
    if (presented instanceof Blob) return this.complain(sentences.say((await reader()) ? "picture_without_code" : "picture_needs_line"));
    const { pack } = keeper;
    if (!pack) return this.complain(sentences.say("no_line_no_pack"));
    const grades = Object.fromEntries(Object.entries(sentences.words.codes).map(([code, { grade }]) => [code, grade ?? 4]));
    const verifier = new OfflineVerifier(pack, grades, keeper.newestSigned);
    const verdict = await (typeof presented === "string" ? verifier.judgeText(presented, now()) : verifier.judgeBytes(presented, now()));
    return () => this.show(verdict, pack.types);
  }

  /** Names of types and fields: the pack's, else the service's. */
  async knownTypes() {
    if (this.keeper.pack) return this.keeper.pack.types;
    this.types ??= new Map((await askForTypes()).map((type) => [type.code, type]));
    return this.types;
  }

  /**
   * @param {import("../verify/verdict.js").Verdict} verdict
   * @param {Map<string, import("../pack/pack.js").LicenceType>} types
   * @param {string} [requestId]
   */
  show(verdict, types, requestId) {
    const { sentences } = this;
    this.put(verdictView(verdict, sentences, types));
    const first = verdict.findings.find(({ result }) => result !== "pass");
    const why = first ? sentences.of("codes", first.code) : "";
    byId("announce").textContent = `${headline(verdict, sentences)}. ${why} ${basisText(verdict, sentences)}`;
    this.sign("checked_at", timeForPeople(verdict.at) + "+08:00", requestId);
  }

  /**
   * @param {string} text
   * @param {string} [requestId]
   */
  complain(text, requestId) {
    return () => {
      this.put(element("p", { class: "problem" }, element("span", { "aria-hidden": "true" }, "!"), ` ${text}`));
      byId("announce").textContent = text;
      this.sign("time", `${timeForPeople(now())}+08:00`, requestId);
    };
  }

  /** @param {HTMLElement} view */
  put(view) {
    byId("verdict").replaceChildren(view);
    view.scrollIntoView({ block: "nearest" });
  }

  /**
   * The line at the foot: when, and under which request.
   *
   * @param {"checked_at" | "time"} label
   * @param {string} time
   * @param {string} [requestId]
   */
  sign(label, time, requestId = "–") {
    byId("time-label").textContent = this.sentences.say(label);
    for (const [query, text] of [["footer time", time], ["[data-request-id]", requestId]]) {
      const place = document.querySelector(query);
      if (place) place.textContent = text;
    }
  }
}

async function start() {
  navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
  const language = document.body.dataset.lang === "en" ? "en" : "zh";
  const [words, keeper] = await Promise.all([fetch("/assets/app/words.json").then((response) => response.json()), PackKeeper.open()]);
  const app = new App(new Sentences(language, words), keeper);
  app.listen();
  const time = document.querySelector("footer time");
  if (time?.textContent === "") time.textContent = `${timeForPeople(now())}+08:00`;
  document.body.dataset.ready = "";
}

start();
