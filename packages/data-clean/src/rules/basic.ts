import type { RulePack } from "./quality-rule.ts";

/** What no corpus wants: texts of nothing, and texts that were lost when their bytes were decoded. */
export const basic: RulePack = {
  id: "basic",
  origin: "Attune",
  rules: [
    { name: "letters", measure: ({ text }) => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0, minimum: 1 },
    {
      name: "replacement-characters",
      measure: ({ text }) => (text.match(/\ufffd/g)?.length ?? 0) / Math.max(1, text.length),
      maximum: 0.1,
    },
  ],
};
