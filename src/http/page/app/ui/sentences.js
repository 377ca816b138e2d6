/** What the page says: its own sentences here, and the words of verdicts, which the service's table has. */

/** @typedef {"zh" | "en"} Language */
/** @typedef {Record<string, { zh: string, en: string, grade?: number }>} Table */
/** @typedef {{ codes: Table, checks: Table, statuses: Table, receipts: Table, outcomes: Table, labels: Table, problems: Record<string, { zh: string }> }} Words */

const SENTENCES = {
  online: ["在线", "Online"],
  offline_with_pack: ["离线 · 按离线包核验", "Offline · by the pack"],
  offline_without_pack: ["离线 · 没有离线包", "Offline · no pack"],
  by_service: ["联网核验：由服务判定。", "Checked online, by the service."],
  by_pack: ["离线核验：依据 {time} 的离线包，没有询问服务。", "Checked offline, by the pack of {time}. The service was not asked."],
  age_fresh: ["名单是新的，可以采用。", "Its list is recent enough to rely on."],
  age_stale: ["名单不是最新：{time} 时是这样，之后有无变更，这里还不知道。", "Its list is not the latest: so it was at {time}; a change after that is not known here."],
  age_too_old: ["名单太旧，不能判断现在是否有效。请联网更新离线包后再核验。", "Its list is too old to tell what is so now. Go online, update the pack and verify again."],
  valid_as_of: ["有效（截至 {time}）", "Valid as of {time}"],
  no_line_no_pack: ["现在没有网络，本机也没有离线包，无法核验。", "There is no line now and no offline pack on this device: nothing can be verified."],
  picture_needs_line: ["本机浏览器不能识别图片中的二维码，现在又没有网络。请用扫码枪，或粘贴二维码文字。", "This browser cannot read a QR code in a picture, and there is no line now. Use a scanner, or paste the code’s text."],
  picture_without_code: ["图片中没有找到可读的二维码。", "No readable QR code was found in the picture."],
  failed: ["核验时出错：{why}", "Something went wrong while verifying: {why}"],
  checking: ["正在核验……", "Verifying…"],
  detail: ["细节：", "Detail: "],
  masked: ["二维码只含证照的部分内容，个人信息已遮盖。", "A QR code carries a part of the licence; personal details are masked."],
  checked_at: ["核验时间", "Checked at"],
  time: ["时间", "Time"],
  shown_to: ["出示给", "Shown to"],
  good_until: ["有效至", "Good until"],
  receipt_then: ["材料核验回执：当时", "Verification receipt: then"],
  receipt_now: ["现在", "Now"],
  receipt: ["回执编号", "Receipt"],
  receipt_issued: ["出具时间", "Issued"],
  organisation: ["用证单位", "Organisation"],
  operator: ["经办人", "Operator"],
  item: ["办理事项", "Service item"],
  item_code: ["事项编码", "Item code"],
  case: ["办件编号", "Case"],
  reason: ["用证事由", "Reason"],
  asked: ["查询方式", "Asked"],
  nothing_found: ["未查到可用证照", "No licence was found"],
  checked: ["所验证照", "Checked"],
  found_then: ["当时的结论", "Found then"],
  found_now: ["现在的结论", "Now"],
  now_unknown: ["台账中没有所验的证照，无法得知现在的状态。", "The ledger does not have what was checked; its state now is not known."],
  now_not_asked: ["没有询问服务，现在的状态不得而知。", "The service was not asked; what is true now is not known here."],
  camera_title: ["用摄像头扫描", "Scan with the camera"],
  camera_start: ["打开摄像头", "Start the camera"],
  camera_stop: ["关闭摄像头", "Stop the camera"],
  camera_hint: ["把二维码放进画面，保持不动。", "Hold the QR code still in the picture."],
  camera_refused: ["无法使用摄像头：没有摄像头，或未获准许。", "The camera cannot be used: there is none, or it was not allowed."],
  no_decoder: ["本机浏览器不能自行识别二维码，网站也没有提供识别程序：图片由服务识别（须联网）；断网时请用扫码枪，或粘贴二维码文字。", "This browser cannot read QR codes by itself, and this site brings no decoder: pictures are read by the service, online. Without a line use a scanner, or paste the code’s text."],
  pack_title: ["离线包", "Offline pack"],
  pack_none: ["取得离线包后，断网时也能核验。离线包里没有个人信息。", "With an offline pack this page verifies without a line too. There is nothing personal in it."],
  pack_get: ["取得离线包", "Get the offline pack"],
  pack_update: ["现在更新", "Update now"],
  pack_busy: ["正在取得……", "Getting it…"],
  pack_held: ["{region} · 截至 {time}", "{region} · as of {time}"],
  pack_lists: ["{count} 份状态名单；联网时自动更新。", "Status lists: {count}. Updated by itself while online."],
  pack_compare: ["首次使用：请把下面的根证书指纹与发证机关公布的逐字核对，一致才采用。", "First use: compare this fingerprint of the root certificate, character by character, with the one that the authority has published. Accept it only if they are the same."],
  pack_of: ["{region}，{url}", "{region}, {url}"],
  pack_accept: ["一致，采用", "They are the same: accept"],
  pack_decline: ["不一致，放弃", "They differ: discard"],
  pack_updated: ["离线包已是最新。", "The pack is up to date."],
  pack_unreachable: ["服务没有应答，离线包没有更新。", "The service does not answer; the pack was not updated."],
  pack_other_root: ["已拒绝：服务给的离线包出自另一个根证书（{why}）。请报告运维人员。", "Refused: the service’s pack is of another root certificate ({why}). Report it to the operator."],
  pack_refused: ["已拒绝服务给的离线包：{why}", "The service’s pack was refused: {why}"],
  pack_not_kept: ["浏览器不能保存离线包：关闭本页后须重新取得。", "The browser cannot keep the pack: it has to be got again once this page is closed."],
  pack_damaged: ["已保存的离线包不可用，请重新取得。", "The pack that was kept cannot be used: get it again."],
};

/** What is chosen like a field in a presentation and is none (FORMAT.md §13). */
/** @type {Record<string, [zh: string, en: string]>} */
const CHOSEN = {
  holder_name: ["持证主体", "Holder"],
  holder_code: ["持证主体代码", "Holder’s code"],
  number: ["证照编号", "Number"],
  valid_from: ["有效期起", "In force from"],
  valid_to: ["有效期至", "In force until"],
};

/** What a receipt was given for where nothing was presented. */
/** @type {Record<string, [zh: string, en: string]>} */
const QUESTIONS = {
  lookup: ["按持证主体号码查询证照", "Look-up by the holder’s number"],
  comparison: ["信息比对：", "Comparison: "],
  materials: ["按持证主体号码查询事项所需证照", "The service item’s licences, by the holder’s number"],
};

/** Answers of a comparison, GB/T 36906. */
/** @type {[zh: string, en: string][]} */
const RESULTS = [
  ["信息正确且有效", "every claim agrees, and the licence is good"],
  ["信息正确且未激活", "every claim agrees; the licence is not yet in force"],
  ["信息正确且证照暂时失效", "every claim agrees; the licence is not good for the time being"],
  ["信息正确且证照已失效", "every claim agrees; the licence has ended"],
  ["信息不全，无法验证", "cannot be compared"],
  ["查无此信息", "no such licence"],
  ["信息错误，参数不一致", "a claim does not agree"],
];

export class Sentences {
  /**
   * @param {Language} language
   * @param {Words} words
   */
  constructor(language, words) {
    this.language = language;
    this.words = words;
  }

  /**
   * One of the page's own sentences.
   *
   * @param {keyof typeof SENTENCES} name
   * @param {Record<string, string>} [values] for what stands in braces
   */
  say(name, values = {}) {
    const sentence = SENTENCES[name][this.language === "zh" ? 0 : 1];
    return sentence.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }

  /**
   * A verdict in a sentence: what it is, and the first thing that did not pass.
   *
   * @param {string} status
   * @param {string} [code]
   */
  summary(status, code) {
    const short = this.of("statuses", status);
    if (!code) return short;
    return `${short}${this.language === "zh" ? "：" : ": "}${this.of("codes", code)}`;
  }

  /**
   * What was asked, and for a comparison the answer.
   *
   * @param {{ call: string, result?: number }} question
   */
  asked({ call, result }) {
    const at = this.language === "zh" ? 0 : 1;
    const answer = result === undefined ? "" : (RESULTS[result]?.[at] ?? "");
    return (QUESTIONS[call]?.[at] ?? call) + answer;
  }

  /** @param {string} key of a field in a presentation whose type does not name it */
  chosen(key) {
    return CHOSEN[key]?.[this.language === "zh" ? 0 : 1] ?? key;
  }

  /**
   * A word of the service's table; the word itself where it is newer than the table.
   *
   * @param {"codes" | "checks" | "statuses" | "receipts" | "outcomes" | "labels"} table
   * @param {string} word
   */
  of(table, word) {
    return this.words[table][word]?.[this.language] ?? word;
  }

  /**
   * @param {string} code
   * @param {string} detail
   */
  problem(code, detail) {
    if (this.language === "en") return `This could not be checked: ${detail}.`;
    return (this.words.problems[code] ?? this.words.problems.other).zh;
  }
}

/**
 * A time in seconds, or as the API writes it, in China Standard Time, for people.
 *
 * @param {number | string} time
 */
export function timeForPeople(time) {
  const text = typeof time === "string" ? time : new Date((time + 8 * 3600) * 1000).toISOString();
  return text.slice(0, 19).replace("T", " ");
}
