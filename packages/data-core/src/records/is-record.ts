/** Whether a value has what every record has: an id, a text and a source. */
export function isRecord(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { id, text, source } = value as Readonly<Record<string, unknown>>;
  return typeof id === "string" && typeof text === "string" && typeof source === "string";
}
