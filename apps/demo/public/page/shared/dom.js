/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A new element. Text is set as text, since names of files and messages of errors are untrusted. Nothing
 * on this page sets HTML.
 *
 * @param {object} [properties] - Properties of the element.
 * @param {...(Node | string)} children - Elements, and texts.
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets text only if it differs, which keeps the selection and saves a layout. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
