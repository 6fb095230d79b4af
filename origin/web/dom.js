// SPDX-License-Identifier: LGPL-2.1-or-later
// Building and updating elements. Every string becomes a text node or an attribute, never markup: names and
// labels come from whoever publishes.

/** An element with attributes, and children that are elements or strings. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true)
      node.setAttribute(name, '');
    else if (value !== false && value !== undefined)
      node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * Sets the text only when it changed, so that a selection or a screen reader is not disturbed every second.
 */
export function setText(node, value) {
  const text = String(value);
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/**
 * Makes the children of `parent` one view per item, in order, keeping the views of items that stay.
 * `create(item)` returns {node, update(item)}.
 */
export class ViewList {
  #parent;
  #create;
  #views = new Map();

  constructor(parent, create) {
    this.#parent = parent;
    this.#create = create;
  }

  update(items, key) {
    const left = new Set(this.#views.keys());
    let place = this.#parent.firstElementChild;
    for (const item of items) {
      const id = key(item);
      left.delete(id);
      let view = this.#views.get(id);
      if (!view) this.#views.set(id, (view = this.#create(item)));
      view.update(item);
      if (view.node === place)
        place = place.nextElementSibling;
      else
        this.#parent.insertBefore(view.node, place);
    }
    for (const id of left) {
      this.#views.get(id).node.remove();
      this.#views.delete(id);
    }
  }
}

/**
 * A button that copies what `text()` returns; without the clipboard (plain HTTP elsewhere) it selects
 * `source`.
 */
export function copyButton(label, text, source) {
  const button = el('button', {type: 'button', class: 'copy', 'aria-label': label}, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Selected';
    }
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return button;
}
