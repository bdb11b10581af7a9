import type { GenerateRequest, Side } from "../protocol.ts";
import { element, numberField } from "./elements.ts";

/** The form that asks the model, and its answers side by side. */
export interface ComparePanel {
  /** What the form asks of these sides. */
  request(sides: readonly Side[], seed: number): GenerateRequest;
  /** Offers prompts; the first is put into the field unless the reader has written there. */
  offer(prompts: readonly string[]): void;
  /** Clears the answers. */
  clear(): void;
  add(side: Side, text: string): void;
}

/** The panel. */
export function comparePanel(): ComparePanel {
  const prompt = element("prompt", HTMLTextAreaElement);
  const choice = element("prompt-row", HTMLSelectElement);
  const answers: Readonly<Record<Side, HTMLElement>> = {
    base: element("answer-base", HTMLParagraphElement),
    adapted: element("answer-adapted", HTMLParagraphElement),
  };
  let offered: readonly string[] = [];
  choice.addEventListener("change", () => {
    prompt.value = offered[choice.selectedIndex] ?? prompt.value;
  });
  return {
    request: (sides, seed) => ({
      prompt: prompt.value,
      sides,
      maxNewTokens: numberField("tokens").valueAsNumber,
      temperature: numberField("temperature").valueAsNumber,
      seed,
    }),
    offer(prompts) {
      const untouched = prompt.value === "" || offered.includes(prompt.value);
      offered = prompts;
      choice.replaceChildren(...prompts.map((text) => new Option(text.length > 60 ? `${text.slice(0, 59)}…` : text)));
      choice.disabled = prompts.length === 0;
      if (untouched) prompt.value = prompts[0] ?? prompt.value;
    },
    clear() {
      for (const answer of Object.values(answers)) answer.textContent = "";
    },
    add(side, text) {
      const before = answers[side].textContent;
      answers[side].textContent = before === "" ? text.trimStart() : before + text;
    },
  };
}
