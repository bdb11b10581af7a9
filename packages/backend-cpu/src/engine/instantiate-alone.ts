import { ModuleBuilder } from "@attune/tensor-core/wasm";

/** The exports of a module beside a memory of one page, of no kernel's: to try the engine with. */
export function instantiateAlone(define: (module: ModuleBuilder) => void): WebAssembly.Exports {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minPages: 1, maxPages: 1 },
  );
  define(module);
  return new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } }).exports;
}
