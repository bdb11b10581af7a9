/** Adapters that were made here and loaded by PEFT; the log of that is fixtures/peft-loads-ours.json. */
export const ourAdapters: Readonly<Record<string, { readonly base: string; readonly options: object }>> = {
  "default-targets": { base: "base", options: { rank: 4 } },
  "all-linear-rslora": { base: "base", options: { rank: 4, rankStabilized: true, targetModules: "all-linear" } },
  patterns: {
    base: "base",
    options: {
      rank: 4,
      targetModules: ["q_proj", "down_proj"],
      rankPattern: { "1.mlp.down_proj": 6 },
      alphaPattern: { q_proj: 3 },
    },
  },
  expression: { base: "base", options: { rank: 2, targetModules: ".*\\.layers\\.1\\..*(q|k|gate)_proj" } },
  layers: {
    base: "base",
    options: { rank: 2, targetModules: ["o_proj"], layersToTransform: [0], layersPattern: "layers" },
  },
  "lora-plus-dropout": {
    base: "base",
    options: { rank: 2, loraPlusRatio: 16, dropout: 0.1, excludeModules: [".*layers.0.*"] },
  },
  "bias-lora-only": { base: "base", options: { rank: 2, bias: "lora_only" } },
  "bias-all": { base: "base", options: { rank: 2, bias: "all", targetModules: ["q_proj"] } },
  "lora-bias": { base: "base", options: { rank: 2, loraBias: true, targetModules: ["k_proj"] } },
  dora: { base: "base", options: { rank: 3, dora: true, targetModules: ["q_proj", "down_proj"] } },
  embedding: { base: "base", options: { rank: 2, targetModules: ["embed_tokens", "q_proj"] } },
  "embedding-tied": { base: "base-tied", options: { rank: 2, targetModules: ["embed_tokens", "v_proj"] } },
  head: { base: "base", options: { rank: 2, targetModules: ["lm_head", "o_proj"] } },
  "modules-to-save": { base: "base", options: { rank: 2, modulesToSave: ["lm_head", "model.norm"] } },
  orthogonal: { base: "base", options: { rank: 4, initialWeights: "orthogonal" } },
  pissa: { base: "base", options: { rank: 3, initialWeights: "pissa", targetModules: ["q_proj", "down_proj"] } },
  "olora-rslora": { base: "base", options: { rank: 3, initialWeights: "olora", rankStabilized: true } },
};
