/** Elements from what is known to be text: nothing that anyone presents is ever read as markup. */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {string} [look]
 */
export function button(text, act, look = "") {
  const made = element("button", { type: "button", class: look }, text);
  made.addEventListener("click", act);
  return made;
}

/**
 * The element with this id, which the page has.
 *
 * @param {string} id
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
