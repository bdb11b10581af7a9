import {
  type AdapterMethod,
  defaultTargets,
  matchTargets,
  readTargetConfig,
  readTargetOptions,
  savedModuleSites,
  type TargetOptions,
  writeTargetConfig,
} from "@attune/peft-core";
import { numberField, readFields } from "@attune/spec";
import { mul, reshape } from "@attune/tensor-core";

/** Options of the method. */
export interface ScaleOptions extends TargetOptions {
  /** First value of every scale. */
  readonly start: number;
}

const id = "output-scale";

/** y = scale ⊙ (W·x + b): one trained number an output. */
export const outputScale: AdapterMethod<ScaleOptions> = {
  kind: "adapter-method",
  specificationVersion: 1,
  id,
  about: "Multiplies each output of chosen linear modules by a trained number.",
  defaults: { learningRate: 5e-3, weightDecay: 0, targets: () => ({ targets: ["k_proj", "v_proj"] }) },
  parse(options) {
    const reader = readFields(options, { what: "the method output-scale" });
    const parsed = { start: reader.read("start", numberField({ above: 0 }), 1), ...readTargetOptions(reader) };
    reader.finish();
    return parsed;
  },
  layout(options, model) {
    const targetModules = options.targetModules ?? defaultTargets(outputScale, model.family);
    const sites = matchTargets(model, { ...options, targetModules }, { method: id, kinds: ["linear"] });
    const scaled = sites.map((site) => ({
      site,
      parameters: {
        output_scale: {
          shape: [site.outFeatures],
          initial: () => new Float32Array(site.outFeatures).fill(options.start),
        },
      },
    }));
    return { sites: [...scaled, ...savedModuleSites(model, options.modulesToSave)] };
  },
  forward: ({ parameters }, next) => mul(next(), parameters["output_scale"]!),
  merge({ parameters, base }) {
    const scale = parameters["output_scale"]!;
    const weight = mul(base["weight"]!, reshape(scale, [scale.shape[0]!, 1]));
    return { parameters: { weight, ...(base["bias"] ? { bias: mul(base["bias"], scale) } : {}) } };
  },
  unmerge: () => ({ refused: "a scale near zero cannot be divided out" }),
  peft: {
    type: "OUTPUT_SCALE",
    fixed: {},
    write: (options, model) => ({ start: options.start, ...writeTargetConfig(outputScale, options, model) }),
    read: (config) => ({ start: config.read("start", numberField({ above: 0 }), 1), ...readTargetConfig(config) }),
  },
};

/** What `--plugin` and recipes load. */
const methods: readonly AdapterMethod[] = [outputScale];
export default methods;
