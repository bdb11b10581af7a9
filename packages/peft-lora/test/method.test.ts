import { testAdapterMethod } from "@attune/peft-testkit";
import { describe, it } from "vitest";
import { lora } from "../src/index.ts";

testAdapterMethod(
  lora,
  { describe, it },
  {
    cases: [
      { name: "rank 3 at the default targets", options: { rank: 3, dropout: 0.2 } },
      {
        name: "rank-stabilised on all linear modules, with patterns",
        options: {
          rank: 4,
          alpha: 6,
          rankStabilized: true,
          targetModules: "all-linear",
          rankPattern: { down_proj: 2 },
          alphaPattern: { "0.self_attn.q_proj": 9 },
        },
      },
      { name: "embedding and head", options: { rank: 2, targetModules: ["embed_tokens", "lm_head", "o_proj"] } },
      { name: "trained biases of adapted modules", options: { rank: 2, bias: "lora_only" }, unmerges: false },
      { name: "all biases", options: { rank: 2, bias: "all", targetModules: ["k_proj"] }, unmerges: false },
      { name: "a bias of B", options: { rank: 2, loraBias: true } },
      {
        name: "a bias of B where no module bias is",
        options: { rank: 2, loraBias: true, targetModules: ["up_proj"] },
        merges: false,
      },
      { name: "whole modules", options: { rank: 2, modulesToSave: ["lm_head", "model.norm"] }, unmerges: false },
      {
        name: "DoRA",
        options: { rank: 3, dora: true, dropout: 0.1, targetModules: ["q_proj", "down_proj", "lm_head"] },
        unmerges: false,
      },
      { name: "LoRA+", options: { rank: 2, loraPlusRatio: 16, targetModules: ["v_proj", "embed_tokens"] } },
      { name: "gaussian", options: { rank: 2, initialWeights: "gaussian", layersToTransform: [1] } },
      {
        name: "orthogonal",
        options: { rank: 4, initialWeights: "orthogonal", excludeModules: [".*layers.0.*", "v_proj"] },
      },
      { name: "random", options: { rank: 2, initialWeights: "random" }, startsAsBase: false },
      { name: "OLoRA", options: { rank: 3, initialWeights: "olora" } },
      {
        name: "PiSSA",
        options: {
          rank: 3,
          initialWeights: "pissa",
          targetModules: ["q_proj", "down_proj"],
          rankPattern: { q_proj: 2 },
        },
      },
      {
        name: "fast PiSSA, rank-stabilised",
        options: { rank: 3, initialWeights: "pissa_niter_4", rankStabilized: true },
      },
    ],
    wrongOptions: [
      { options: { rank: 0 }, names: "rank" },
      { options: { rank: 2.5 }, names: "rank" },
      { options: { rank: "8" }, names: "rank" },
      { options: { alpha: 0 }, names: "alpha" },
      { options: { alpha: Number.NaN }, names: "alpha" },
      { options: { dropout: 1 }, names: "dropout" },
      { options: { dropout: -0.1 }, names: "dropout" },
      { options: { r: 8 }, names: '"rank"' },
      { options: { target_modules: ["q_proj"] }, names: '"targetModules"' },
      { options: { targetModuls: ["q_proj"] }, names: '"targetModules"' },
      { options: { targetModules: ["q_porj"] }, names: "q_proj" },
      { options: { targetModules: ["q_proj", "v_porj"] }, names: "v_porj" },
      { options: { targetModules: ".*\\.(q_proj" }, names: "regular expression" },
      { options: { targetModules: ["mlp"] }, names: "subBlock" },
      { options: { targetModules: ["norm"] }, names: "model.norm" },
      { options: { targetModules: ".*q_proj", layersToTransform: [0] }, names: "layers" },
      { options: { layersPattern: "layers" }, names: "layersToTransform" },
      { options: { layersToTransform: [7] }, names: "targetModules" },
      { options: { modulesToSave: ["classifier"] }, names: "modulesToSave" },
      { options: { bias: "some" }, names: "lora_only" },
      { options: { dora: true, loraBias: true }, names: "loraBias" },
      { options: { dora: true, targetModules: ["embed_tokens"] }, names: "dora" },
      { options: { dora: true, initialWeights: "pissa" }, names: "initialWeights" },
      { options: { initialWeights: "eva" }, names: "initialWeights" },
      { options: { rank: 3, initialWeights: "orthogonal" }, names: "even" },
      { options: { loraPlusRatio: 0.5 }, names: "loraPlusRatio" },
      { options: { rankPattern: { q_proj: 1.5 } }, names: "rankPattern" },
      {
        options: { targetModules: "all-linear", rankPattern: { "mlp.down_proj": 3, "0.mlp.down_proj": 6 } },
        names: "sorted",
      },
      { options: [], names: "object" },
    ],
  },
);
