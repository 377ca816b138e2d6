/** What a text on a licence may be made of (FORMAT.md §9): what is signed looks on every screen as it was meant. */

import { refuse } from "../codec/bytes.js";

/** Nothing that turns the direction of writing, no control characters. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
/** Nothing that cannot be seen: default-ignorable code points, U+2800, noncharacters. */
const INVISIBLE = new RegExp(
  "[\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200d\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f" +
    "\\ufeff\\uffa0\\ufff0-\\ufffc\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}" +
    "\\p{Noncharacter_Code_Point}]",
  "u",
);
/** Blanks other than U+0020 and U+3000. */
const UNUSUAL_BLANK = /(?![ \u3000])\p{White_Space}/u;
const BLANK_AT_AN_END = /^[ \u3000]|[ \u3000]$/;
/** A mark has something to stand on, and at most four stand on it. */
const TOO_MANY_MARKS = /^\p{M}|\p{M}{5}/u;

/**
 * The text itself, if it may stand on a licence.
 *
 * @param {string} text
 * @param {number} most characters
 */
export function checkText(text, most) {
  const length = [...text].length;
  if (length < 1 || length > most) refuse(`expected a text of 1 to ${most} characters, got ${length}`);
  if (CONTROLS.test(text)) refuse("a text has a control character or turns the direction of writing");
  if (INVISIBLE.test(text) || UNUSUAL_BLANK.test(text)) refuse("a text has a character that cannot be seen");
  if (BLANK_AT_AN_END.test(text)) refuse("a text begins or ends with a blank");
  if (TOO_MANY_MARKS.test(text)) refuse("a text has too many combining marks");
  return text.normalize("NFC") === text ? text : refuse("a text is not in Unicode normal form C");
}
