import type { DataStage } from "@attune/data-core";
import { dedupStage } from "./dedup-stage.ts";

export type { DedupOptions } from "./dedup-stage.ts";
export { dedupStage } from "./dedup-stage.ts";
export type { DuplicateSets, FinderOptions } from "./duplicate-finder.ts";
export { findDuplicates } from "./find-duplicates.ts";
export { jaccard } from "./jaccard.ts";
export type { BandOptions, MinHasher } from "./minhash.ts";
export { bandCrossover, candidateProbability, createMinHasher } from "./minhash.ts";
export type { ShingleOptions, ShingleUnit } from "./shingles.ts";
export { shingleHashes } from "./shingles.ts";

/** The stage of this package, as a plugin. */
const plugin: readonly DataStage[] = [dedupStage];
export default plugin;
