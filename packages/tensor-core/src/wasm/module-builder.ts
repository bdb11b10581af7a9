import { concatenate, FunctionBuilder, valueTypeByte, type WasmFunction, type WasmTable } from "./function-builder.ts";
import { type Local, unsignedBytes, type Value, type ValueType, type WasmFeatures } from "./value.ts";

/** The memory that a module imports, as `imports[module][name]`. */
export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly minimumPages: number;
  readonly maximumPages: number;
}

type Locals<P extends readonly ValueType[]> = { readonly [K in keyof P]: Local<P[K]> };

interface Entry {
  readonly description: WasmFunction;
  body?: readonly number[];
}

export interface FunctionOptions<P extends readonly ValueType[], R extends ValueType> {
  readonly name: string;
  readonly parameters: P;
  readonly result?: R | undefined;
  /** Whether the host sees it under its name (default false). */
  readonly exported?: boolean;
}

/**
 * A WebAssembly module with one shared memory and any number of functions.
 *
 * Kernels write addresses with the type "address"; whether that is 32 or 64 bits wide is the module's choice.
 */
export class ModuleBuilder {
  readonly features: WasmFeatures;
  readonly #memory: MemoryImport;
  readonly #functions: Entry[] = [];
  readonly #exports = new Map<string, number>();
  readonly #shared = new Map<string, unknown>();
  #table: WasmTable | undefined;

  constructor(features: WasmFeatures, memory: MemoryImport) {
    this.features = features;
    this.#memory = memory;
  }

  /** Adds a function; `body` appends its statements and gives its result if it has one. */
  function<const P extends readonly ValueType[], R extends ValueType = never>(
    options: FunctionOptions<P, R>,
    body: (builder: FunctionBuilder, ...parameters: Locals<P>) => [R] extends [never] ? void : Value<R>,
  ): FunctionBuilder & WasmFunction<P, R> {
    const index = this.#functions.length;
    const description = {
      name: options.name,
      index,
      parameters: options.parameters,
      result: options.result,
      module: this,
    };
    const entry: Entry = { description };
    this.#functions.push(entry);
    if (options.exported) this.export(description, options.name);
    const builder = new FunctionBuilder(description, this.features);
    const locals = options.parameters.map((type, position) =>
      builder.parameter(position, type),
    ) as unknown as Locals<P>;
    entry.body = builder.finish(body(builder, ...locals) as Value | undefined);
    return builder as FunctionBuilder & WasmFunction<P, R>;
  }

  /** Makes something once a module, for instance a helper that several kernels call; later calls give the same. */
  once<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  /** Shows a function to the host under a name. */
  export(target: WasmFunction, name: string): void {
    this.#exports.set(name, target.index);
  }

  /** Makes functions of one type callable by number. A module has at most one table. */
  table<P extends readonly ValueType[], R extends ValueType>(
    functions: readonly WasmFunction<P, R>[],
  ): WasmTable<P, R> {
    const table = { functions, module: this };
    this.#table = table;
    return table;
  }

  /** The module's bytes. */
  encode(): Uint8Array<ArrayBuffer> {
    const type = (value: ValueType): number => valueTypeByte(value, this.features);
    const { module, name, minimumPages, maximumPages } = this.#memory;
    const shared = this.features.addressType === "i64" ? 7 : 3;
    const entries = this.#table?.functions ?? [];
    const sections: number[][] = [
      section(
        1,
        this.#functions.map(({ description: { parameters, result } }) => [
          0x60,
          parameters.length,
          ...parameters.map(type),
          ...(result === undefined ? [0] : [1, type(result)]),
        ]),
      ),
      section(2, [
        [...text(module), ...text(name), 2, shared, ...unsignedBytes(minimumPages), ...unsignedBytes(maximumPages)],
      ]),
      section(
        3,
        this.#functions.map((_, index) => unsignedBytes(index)),
      ),
    ];
    if (this.#table) sections.push(section(4, [[0x70, 0, ...unsignedBytes(entries.length)]]));
    sections.push(
      section(
        7,
        [...this.#exports].map(([exportName, index]) => [...text(exportName), 0, ...unsignedBytes(index)]),
      ),
    );
    if (this.#table)
      sections.push(
        section(9, [
          [0, 0x41, 0, 0x0b, ...unsignedBytes(entries.length), ...entries.flatMap(({ index }) => unsignedBytes(index))],
        ]),
      );
    sections.push(
      section(
        10,
        this.#functions.map(({ body = [] }) => concatenate([unsignedBytes(body.length), body])),
      ),
    );
    return new Uint8Array(concatenate([[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], ...sections]));
  }
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = concatenate([unsignedBytes(items.length), ...items]);
  return concatenate([[id], unsignedBytes(content.length), content]);
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsignedBytes(bytes.length), ...bytes];
}
