/** The offline pack's place on the page: get it, compare its root once, see how old it is, update it. */

import { button, element } from "./element.js";
import { timeForPeople } from "./sentences.js";

const HOUR = 3_600;

export class PackView {
  /**
   * @param {HTMLElement} place
   * @param {import("./sentences.js").Sentences} sentences
   * @param {import("../pack/keeper.js").PackKeeper} keeper
   * @param {() => void} changed
   */
  constructor(place, sentences, keeper, changed) {
    this.place = place;
    this.sentences = sentences;
    this.keeper = keeper;
    this.changed = changed;
    this.busy = false;
    this.content = element("div", {});
    /** Told to whoever does not see the page. */
    this.said = element("p", { class: "said", role: "status" });
    place.replaceChildren(element("h2", { id: "pack-title" }, sentences.say("pack_title")), this.content, this.said);
    place.hidden = false;
    this.draw();
    if (keeper.why) this.said.textContent = sentences.say("pack_damaged");
  }

  draw() {
    const { keeper } = this;
    this.place.dataset.pack = keeper.candidate ? "to_accept" : keeper.pack ? "held" : "none";
    if (keeper.candidate) this.drawCandidate(keeper.candidate);
    else if (keeper.pack) this.drawHeld(keeper.pack);
    else this.drawNone();
  }

  drawNone() {
    const get = button(this.sentences.say("pack_get"), () => this.update());
    this.content.replaceChildren(element("p", {}, this.sentences.say("pack_none")), get);
  }

  /** @param {import("../pack/pack.js").Pack} pack */
  drawCandidate({ trust }) {
    const { sentences } = this;
    // In groups that a finger can follow.
    const groups = trust.root.match(/.{1,8}/g) ?? [];
    const fingerprint = element("code", { id: "fingerprint", class: "fingerprint", "data-fingerprint": trust.root });
    fingerprint.append(...groups.map((group) => element("span", {}, group)));
    const accept = button(sentences.say("pack_accept"), () => this.accept());
    // Who comes to the button by ear hears first what to compare.
    accept.setAttribute("aria-describedby", "compare fingerprint");
    this.content.replaceChildren(
      element("p", { id: "compare" }, sentences.say("pack_compare")),
      fingerprint,
      element("p", { class: "note" }, sentences.say("pack_of", { region: trust.region, url: trust.publicUrl })),
      element("div", { class: "line" }, accept, button(sentences.say("pack_decline"), () => this.decline(), "quiet")),
    );
  }

  /** @param {import("../pack/pack.js").Pack} pack */
  drawHeld(pack) {
    const { sentences } = this;
    const age = Date.now() / 1000 - pack.manifest.issuedAt;
    const grade = age <= 24 * HOUR ? "fresh" : age <= 7 * 24 * HOUR ? "stale" : "too_old";
    const held = sentences.say("pack_held", { region: pack.trust.region, time: timeForPeople(pack.manifest.issuedAt) });
    this.content.replaceChildren(
      element("p", { class: `age ${grade}` }, element("span", { class: "dot", "aria-hidden": "true" }), held),
      element("p", { class: "note" }, sentences.say("pack_lists", { count: String(pack.lists.size) })),
      button(sentences.say("pack_update"), () => this.update(), "quiet"),
    );
  }

  /** Asked for by a person: says what came of it. */
  async update() {
    if (this.busy) return;
    this.said.textContent = this.sentences.say("pack_busy");
    const outcome = await this.fetch();
    this.say(outcome);
    if (outcome === "to_accept") this.content.querySelector("button")?.focus();
  }

  /** Done by itself: says only what a person has to know. */
  async refresh() {
    if (this.busy || !this.keeper.record) return;
    const outcome = await this.fetch();
    if (outcome !== "unreachable" && outcome !== "updated") this.say(outcome);
  }

  async fetch() {
    this.busy = true;
    const outcome = await this.keeper.update().finally(() => {
      this.busy = false;
    });
    // Somebody's hand may be on a button that would go: only what has changed is drawn anew.
    if (outcome === "updated" || outcome === "to_accept") this.draw();
    this.changed();
    return outcome;
  }

  async accept() {
    const outcome = await this.keeper.accept();
    this.draw();
    this.say(outcome);
    this.changed();
  }

  decline() {
    this.keeper.decline();
    this.draw();
    this.said.textContent = "";
  }

  /** @param {import("../pack/keeper.js").Outcome} outcome */
  say(outcome) {
    const { sentences, keeper } = this;
    this.place.dataset.said = outcome;
    this.said.textContent = outcome === "to_accept" ? "" : sentences.say(`pack_${outcome}`, { why: keeper.why ?? "" });
  }
}
