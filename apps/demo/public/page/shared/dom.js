/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A new element. Text becomes text, whatever is in it: names of files and messages of errors are what
 * others wrote, and nothing on this page sets HTML.
 * @param {object} [properties] of the element
 * @param {...(Node | string)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets text only where it differs, so that what is selected stays so, and nothing is laid out anew. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
