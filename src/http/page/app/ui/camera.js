/** The camera as a scanner: looks a few times a second until there is a code, then stops. */

import { button, element } from "./element.js";
import { drawn } from "./picture.js";

const LOOK_EVERY = 200;
const SIZE = 1_000;

export class Camera {
  /**
   * @param {HTMLElement} place
   * @param {import("./sentences.js").Sentences} sentences
   * @param {import("./picture.js").ReadCode} read
   * @param {(text: string) => void} found
   */
  constructor(place, sentences, read, found) {
    this.place = place;
    this.sentences = sentences;
    this.read = read;
    this.found = found;
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    this.show(button(sentences.say("camera_start"), () => this.start()));
    place.hidden = false;
  }

  /** @param {...HTMLElement} parts */
  show(...parts) {
    this.place.replaceChildren(element("h2", { id: "camera-title" }, this.sentences.say("camera_title")), ...parts);
  }

  async start() {
    const { sentences } = this;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      const why = element("p", { class: "note", role: "alert" }, sentences.say("camera_refused"));
      this.show(button(sentences.say("camera_start"), () => this.start()), why);
      return;
    }
    const video = /** @type {HTMLVideoElement} */ (element("video", { playsinline: "", "aria-label": sentences.say("camera_title") }));
    video.muted = true;
    video.srcObject = this.stream;
    const stop = button(sentences.say("camera_stop"), () => this.stop());
    this.show(video, element("p", { class: "note" }, sentences.say("camera_hint")), stop);
    stop.focus();
    await video.play();
    this.look(video);
  }

  /** @param {HTMLVideoElement} video */
  async look(video) {
    while (this.stream) {
      const seen = video.videoWidth > 0;
      const text = seen && (await this.read(drawn(video, video.videoWidth, video.videoHeight, SIZE)).catch(() => undefined));
      if (text) {
        this.stop();
        this.found(text);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
    const start = button(this.sentences.say("camera_start"), () => this.start());
    this.show(start);
    start.focus();
  }
}
