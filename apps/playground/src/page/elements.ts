/** The element of an id. The page's own HTML has it, so a missing one is a mistake in this program. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} with the id "${id}".`);
}

/** A button of an id. */
export function button(id: string): HTMLButtonElement {
  return element(id, HTMLButtonElement);
}

/** A field for a number of an id. */
export function numberField(id: string): HTMLInputElement {
  return element(id, HTMLInputElement);
}
