// Making and changing elements. Text is always set as text.

export const byId = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children. What is null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** As `h`, for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets text only where it is another, so that nothing is selected away or announced again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What a button says for a moment after it was pressed. */
export function brieflySays(button, text) {
  const before = (button.dataset.label ??= button.textContent);
  button.textContent = text;
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}
