import { AttuneError, type JsonObject } from "@attune/spec";
import type { ModelFamily } from "./model-family.ts";

/** The family that runs a configuration. Throws `FILE_UNSUPPORTED` listing the architectures that are known. */
export function findFamily(families: readonly ModelFamily[], json: JsonObject, file?: string): ModelFamily {
  const architectures = Array.isArray(json["architectures"]) ? json["architectures"] : [];
  const byArchitecture = families.find((family) =>
    architectures.some((name) => family.architectures.includes(String(name))),
  );
  const byType = families.find((family) => family.modelTypes.includes(String(json["model_type"])));
  const found = byArchitecture ?? (architectures.length === 0 ? byType : undefined);
  if (found) return found;
  const asked = architectures.length > 0 ? architectures.join(", ") : String(json["model_type"] ?? "none");
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `${file ?? "The configuration"} is of architecture ${asked}, which no family runs.`,
    {
      hint: `Known architectures: ${families.flatMap((family) => family.architectures).join(", ")}.`,
      details: { ...(file === undefined ? {} : { file }), key: "architectures" },
    },
  );
}
