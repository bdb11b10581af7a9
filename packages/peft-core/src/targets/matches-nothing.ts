import type { SiteDescription } from "@attune/models";
import { AttuneError, nearNames } from "@attune/spec";

/** The error about targets that match no module, naming what the model has that is like them. */
export function matchesNothing(
  targets: string | readonly string[],
  possible: readonly SiteDescription[],
  key = "targetModules",
): AttuneError {
  const wanted = typeof targets === "string" ? targets : targets.join(", ");
  const ends = [...new Set(possible.map(({ name }) => name.split(".").at(-1)!))];
  const near = nearNames(typeof targets === "string" ? targets : (targets[0] ?? ""), ends, 8);
  return new AttuneError("OPTIONS_INVALID", `${key} "${wanted}" matches no module of this model.`, {
    hint: `Names that it has: ${near.join(", ")}.`,
    details: { key },
  });
}
