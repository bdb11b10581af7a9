import { expect, test } from "vitest";
import { type Contract, createRegistry } from "../src/index.ts";

const lora = { kind: "method", specificationVersion: 1, id: "lora", rank: 8 } as const;
const ia3 = { kind: "method", specificationVersion: 1, id: "ia3" } as const;
const other = { kind: "tokenizer", specificationVersion: 1, id: "bpe" } as const;

test("a registry returns values by id, in order, and leaves other kinds out", () => {
  const registry = createRegistry<Contract<"method">>("method", [lora, other, ia3]);
  expect(registry.kind).toBe("method");
  expect(registry.get("lora")).toBe(lora);
  expect(registry.list()).toEqual([lora, ia3]);
  expect([registry.has("ia3"), registry.has("bpe"), registry.has("toString")]).toEqual([true, false, false]);
});

test("an unknown id lists the ids that are there", () => {
  const registry = createRegistry("method", [lora, ia3]);
  expect(() => registry.get("lroa")).toThrow(
    expect.objectContaining({
      code: "ID_UNKNOWN",
      message: 'Expected the id of an installed method, but received "lroa".',
      hint: "Use one of: ia3, lora.",
      details: { key: "lroa", known: ["ia3", "lora"] },
    }),
  );
  expect(() => createRegistry<Contract<"method">>("method", []).get("lora")).toThrow(
    expect.objectContaining({ code: "ID_UNKNOWN", hint: "No method is installed: add a plugin that has one." }),
  );
});

test("values that break the contract are refused", () => {
  const invalid = expect.objectContaining({ code: "OPTIONS_INVALID" });
  expect(() => createRegistry("method", [lora, { ...lora }])).toThrow(invalid);
  expect(() => createRegistry("method", [{ ...lora, id: "" }])).toThrow(invalid);
  expect(() => createRegistry("method", [{ ...lora, specificationVersion: 2 as unknown as 1 }])).toThrow(invalid);
});

test("what is no list of plugins is refused, as the namespace of a module that has one", () => {
  const namespace = { default: [lora] } as unknown as (typeof lora)[];
  expect(() => createRegistry("method", namespace)).toThrow(
    expect.objectContaining({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining("Expected a list of plugins for method, but received {"),
    }),
  );
});

test("two registries know nothing of each other", () => {
  const first = createRegistry("method", [lora]);
  const second = createRegistry("method", [ia3]);
  expect([first.has("ia3"), second.has("lora")]).toEqual([false, false]);
});
