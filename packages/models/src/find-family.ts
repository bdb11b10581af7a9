import { AttuneError, type JsonObject } from "@attune/spec";
import type { ModelFamily } from "./model-family.ts";

/**
 * The family that runs a configuration. Transformers goes by `model_type` and other programs by `architectures`, so a family must
 * have both that are there. Throws `FILE_UNSUPPORTED` listing the architectures that are known, or naming the two that disagree.
 */
export function findFamily(families: readonly ModelFamily[], json: JsonObject, file?: string): ModelFamily {
  const architectures = Array.isArray(json["architectures"]) ? json["architectures"] : [];
  const byArchitecture = families.find((family) =>
    architectures.some((name) => family.architectures.includes(String(name))),
  );
  const byType = families.find((family) => family.modelTypes.includes(String(json["model_type"])));
  const found = byArchitecture ?? (architectures.length === 0 ? byType : undefined);
  if (found) {
    assertSameType(found, json, architectures, file);
    return found;
  }
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

function assertSameType(
  { modelTypes }: ModelFamily,
  json: JsonObject,
  architectures: readonly unknown[],
  file: string | undefined,
): void {
  const type = json["model_type"];
  if (type === undefined || type === null || modelTypes.includes(String(type))) return;
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `${file ?? "The configuration"} is of architecture ${architectures.join(", ")} and of model_type ${String(type)}, which are two different models.`,
    {
      hint: `Models of this architecture have the model_type ${modelTypes.join(" or ")}; correct the one that is wrong.`,
      details: { ...(file === undefined ? {} : { file }), key: "model_type" },
    },
  );
}
