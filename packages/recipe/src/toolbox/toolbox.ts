import { resolve } from "node:path";
import dataClean from "@attune/data-clean";
import { type DataStage, type PackageResolver, splitStage } from "@attune/data-core";
import dataDedup from "@attune/data-dedup";
import dataPii from "@attune/data-pii";
import { defaultFamilies, type ModelFamily } from "@attune/models";
import type { Optimizer } from "@attune/optim";
import type { AdapterMethod } from "@attune/peft-core";
import loraMethods from "@attune/peft-lora";
import {
  AttuneError,
  type Contract,
  checkOptionKeys,
  createRegistry,
  describeValue,
  type OptionKeys,
  type Registry,
} from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import bpePlugins from "@attune/tokenizer-bpe";
import type { TokenizerPlugin } from "@attune/tokenizer-core";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { NumericsClass } from "./numerics-class.ts";
import { openCpu } from "./open-cpu.ts";
import { openWebgpu } from "./open-webgpu.ts";
import { type OptimizerFactory, optimizerFactories } from "./optimizers.ts";

/** Makes a backend; called once a runtime. */
export type DeviceFactory = (options: {
  readonly threads: number | undefined;
  /** Most that it may hold, where somebody said so; asked of the CPU device alone. */
  readonly maxBytes?: number | undefined;
  /** Numerics class that it must have; undefined: the fastest. */
  readonly numerics?: NumericsClass | undefined;
  /** What operands of matrix products are rounded to. A backend without the feature `f16-products` is refused where f16 is asked for. */
  readonly products: "f32" | "f16";
}) => Backend | Promise<Backend>;

/** What recipes can choose from. A value: two can live in one process. */
export interface Toolbox {
  readonly methods: Registry<AdapterMethod>;
  readonly stages: Registry<DataStage>;
  readonly tokenizers: readonly TokenizerPlugin[];
  readonly families: readonly ModelFamily[];
  /** By id. */
  readonly optimizers: ReadonlyMap<string, OptimizerFactory>;
  /** By id; `auto` is the first. */
  readonly devices: ReadonlyMap<string, DeviceFactory>;
  /** Folders of models that go by a name such as `attune:tiny`. */
  readonly models: ReadonlyMap<string, () => Promise<string>>;
  /** Finds data packages; default: as a module in the recipe's folder would. */
  readonly resolvePackage: PackageResolver | undefined;
  /** Folder that packages of models and data are looked up from, beside a recipe's own. */
  readonly baseDirectory: string;
}

/** What a toolbox holds beside what comes with Attune. */
export interface ToolboxOptions {
  /** Default exports of plugin packages: methods, data stages, tokenizer models, model families. */
  readonly plugins?: readonly (readonly Contract<string>[])[] | undefined;
  /** Further devices; one of the same id replaces the one that is there. */
  readonly devices?: Readonly<Record<string, DeviceFactory>> | undefined;
  /** Folders of named models. */
  readonly models?: Readonly<Record<string, () => Promise<string>>> | undefined;
  readonly resolvePackage?: PackageResolver | undefined;
  /** Default: the process's working directory. */
  readonly baseDirectory?: string | undefined;
}

/** Kinds of contracts that a toolbox has a place for. */
const pluginKinds: readonly string[] = ["adapter-method", "data-stage", "tokenizer-model", "model-family"];

/**
 * A toolbox of what comes with Attune, and of plugins.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a plugin that is no list of contracts, or that brings nothing that a recipe can choose
 */
export function createToolbox(options: ToolboxOptions = {}): Toolbox {
  checkOptionKeys("createToolbox", options, toolboxKeys);
  const plugins = (options.plugins ?? []).flatMap(checkPlugin);
  const baseDirectory = resolve(options.baseDirectory ?? ".");
  const ofKind = <T extends Contract<string>>(kind: T["kind"]): readonly T[] => createRegistry<T>(kind, plugins).list();
  return {
    methods: createRegistry<AdapterMethod>("adapter-method", [...loraMethods, ...plugins]),
    stages: createRegistry<DataStage>("data-stage", [
      ...dataClean,
      ...dataDedup,
      ...dataPii,
      splitStage as DataStage,
      ...plugins,
    ]),
    tokenizers: [...bpePlugins, ...ofKind<TokenizerPlugin>("tokenizer-model")],
    families: [...defaultFamilies, ...ofKind<ModelFamily>("model-family")],
    optimizers: optimizerFactories,
    devices: new Map(
      Object.entries({
        cpu: (device) => openCpu({ ...device, directory: baseDirectory }),
        webgpu: ({ products }) => openWebgpu(products),
        ...options.devices,
      }),
    ),
    models: new Map(Object.entries(options.models ?? {})),
    resolvePackage: options.resolvePackage,
    baseDirectory,
  };
}

const toolboxKeys: OptionKeys<ToolboxOptions> = {
  plugins: true,
  devices: true,
  models: true,
  resolvePackage: true,
  baseDirectory: true,
};

function checkPlugin(plugin: readonly Contract<string>[]): readonly Contract<string>[] {
  if (!Array.isArray(plugin)) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a plugin to be a list of contracts, but received ${describeValue(plugin)}.`,
      { hint: "plugins takes the default exports of plugin packages, each of which is a list." },
    );
  }
  if (plugin.length === 0 || plugin.some(({ kind }) => pluginKinds.includes(kind))) return plugin;
  const brought = plugin.map(({ kind, id }) => `${kind} "${id}"`).join(", ");
  throw new AttuneError("OPTIONS_INVALID", `A plugin brings ${brought}, of which a recipe can choose nothing.`, {
    hint: `Recipes choose among ${pluginKinds.join(", ")}. Other parts are given to the functions that use them.`,
  });
}

/** The optimizer of a configuration. @throws AttuneError `ID_UNKNOWN`, `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` */
export function createOptimizer(toolbox: Toolbox, { training }: Pick<RecipeConfig, "training">): Optimizer {
  const { id, options } = training.optimizer;
  const create = toolbox.optimizers.get(id);
  if (create !== undefined) return create(options);
  throw new AttuneError("ID_UNKNOWN", `There is no optimizer "${id}".`, {
    hint: `Use one of: ${[...toolbox.optimizers.keys()].join(", ")}.`,
    details: { key: "training.optimizer.id" },
  });
}
