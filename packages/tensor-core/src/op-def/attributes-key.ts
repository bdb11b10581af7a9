import type { Attributes } from "./op-def.ts";

/** Text that is equal for equal attributes only; unlike plain JSON it tells NaN and the infinities apart. */
export function attributesKey(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? `#${value}` : value,
  );
}
