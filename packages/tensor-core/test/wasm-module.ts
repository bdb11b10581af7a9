// Assembles and instantiates a module for tests: one shared memory, functions exported by name.
import { type AddressType, ModuleBuilder } from "../src/wasm/index.ts";

export interface TestModule {
  readonly call: (name: string, ...values: (number | bigint)[]) => number;
  readonly memory: WebAssembly.Memory;
}

export function instantiate(
  build: (module: ModuleBuilder) => void,
  features: { addressType?: AddressType; relaxedSimd?: boolean } = {},
): TestModule {
  const { addressType = "i32", relaxedSimd = true } = features;
  const wide = addressType === "i64";
  const module = new ModuleBuilder(
    { addressType, relaxedSimd },
    { module: "env", name: "memory", minPages: 1, maxPages: 16 },
  );
  build(module);
  const descriptor: object = wide
    ? { address: "i64", initial: 1n, maximum: 16n, shared: true }
    : { initial: 1, maximum: 16, shared: true };
  const memory = new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const functions = instance.exports as Record<string, (...values: (number | bigint)[]) => number>;
  return { call: (name, ...values) => functions[name]!(...values), memory };
}
