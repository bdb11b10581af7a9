import { AttuneError } from "@attune/spec";
import { concatenate, FunctionBuilder, valueTypeByte, type WasmFunction, type WasmTable } from "./function-builder.ts";
import { memoryIndex } from "./memory-operations.ts";
import { type Local, unsignedBytes, type Value, type ValueType, type WasmFeatures } from "./value.ts";

/** The memory that a module imports, as `imports[module][name]`. */
export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly minPages: number;
  readonly maxPages: number;
}

/** A function without a result that a module imports from its host, as `imports[module][name]`. */
export interface FunctionImport<P extends readonly ValueType[] = readonly ValueType[]> {
  readonly module: string;
  readonly name: string;
  readonly parameters: P;
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
 * A WebAssembly module with one shared memory, at times a near one besides, and any number of functions, of which some may be its host's.
 *
 * Kernels write addresses with the type "address"; whether that is 32 or 64 bits wide is the module's choice.
 */
export class ModuleBuilder {
  readonly features: WasmFeatures;
  readonly #memories: readonly MemoryImport[];
  readonly #imports: readonly FunctionImport[];
  readonly #functions: Entry[] = [];
  readonly #exports = new Map<string, number>();
  readonly #shared = new Map<string, unknown>();
  #table: WasmTable | undefined;

  /** `near` is the near memory that `features` announce. */
  constructor(
    features: WasmFeatures,
    memory: MemoryImport,
    imports: readonly FunctionImport[] = [],
    near?: MemoryImport,
  ) {
    if ((features.nearMemory ?? false) !== (near !== undefined))
      throw new AttuneError("INTERNAL", "A WASM module has a near memory exactly if its features say so.");
    this.features = features;
    this.#memories = near ? [near, memory] : [memory];
    this.#imports = imports;
  }

  /** A function of the host that this module was made with. @throws AttuneError `INTERNAL` for one that it was not */
  imported<P extends readonly ValueType[]>({ module, name, parameters }: FunctionImport<P>): WasmFunction<P, never> {
    const index = this.#imports.findIndex((each) => each.module === module && each.name === name);
    if (index === -1) throw new AttuneError("INTERNAL", `The WASM module does not import ${module}.${name}.`);
    return { name, index, parameters, result: undefined, module: this };
  }

  /** Adds a function; `body` appends its statements and gives its result if it has one. */
  function<const P extends readonly ValueType[], R extends ValueType = never>(
    options: FunctionOptions<P, R>,
    body: (builder: FunctionBuilder, ...parameters: Locals<P>) => [R] extends [never] ? void : Value<R>,
  ): FunctionBuilder & WasmFunction<P, R> {
    const index = this.#imports.length + this.#functions.length;
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
    const limits = ({ minPages, maxPages }: MemoryImport, index: number): number[] => [
      index === memoryIndex("address", this.features) && this.features.addressType === "i64" ? 7 : 3,
      ...unsignedBytes(minPages),
      ...unsignedBytes(maxPages),
    ];
    const entries = this.#table?.functions ?? [];
    const sections: number[][] = [
      // A type a function, in the order of their indices: the host's, then the module's own.
      section(
        1,
        [...this.#imports, ...this.#functions.map(({ description }) => description)].map((description) => {
          const { parameters, result } = description as Partial<WasmFunction> & FunctionImport;
          const results = result === undefined ? [0] : [1, type(result)];
          return [0x60, parameters.length, ...parameters.map(type), ...results];
        }),
      ),
      section(2, [
        ...this.#imports.map((each, index) => [...text(each.module), ...text(each.name), 0, ...unsignedBytes(index)]),
        ...this.#memories.map((each, index) => [...text(each.module), ...text(each.name), 2, ...limits(each, index)]),
      ]),
      section(
        3,
        this.#functions.map(({ description }) => unsignedBytes(description.index)),
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
