/** Shows names and values as a description list. Nodes are kept, so that only what changes is drawn. */
export function showFacts(list: HTMLElement, facts: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(facts)) {
    const known = list.querySelector<HTMLElement>(`[data-name="${CSS.escape(name)}"]`) ?? addFact(list, name);
    if (known.textContent !== value) known.textContent = value;
  }
}

function addFact(list: HTMLElement, name: string): HTMLElement {
  const group = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = name;
  value.dataset["name"] = name;
  group.append(term, value);
  list.append(group);
  return value;
}
