import { toAttuneError } from "@attune/spec";
import { button, element } from "./elements.ts";

/** The place where the page says what went wrong. */
export interface ProblemBox {
  /** Shows an error with its hint. */
  show(error: unknown): void;
  clear(): void;
}

/** The box of the page. */
export function problemBox(): ProblemBox {
  const box = element("problem", HTMLDivElement);
  const message = element("problem-message", HTMLParagraphElement);
  const hint = element("problem-hint", HTMLParagraphElement);
  const clear = (): void => {
    box.hidden = true;
  };
  button("problem-close").addEventListener("click", clear);
  return {
    show(error) {
      const known = toAttuneError(error);
      message.textContent = known.message;
      hint.textContent = known.hint ?? "";
      hint.hidden = known.hint === undefined;
      box.dataset["code"] = known.code;
      box.hidden = false;
      box.scrollIntoView({ block: "nearest" });
    },
    clear,
  };
}
