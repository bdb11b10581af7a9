import type { PredictionRow } from "../metric.ts";

/** Rows cut into clusters for resampling. */
export interface Clustering {
  /** Cluster of each row, counted from 0 without gaps in order of first appearance. */
  readonly clusters: Uint32Array;
  /** How many clusters there are. */
  readonly count: number;
  /** Whether any two rows share a cluster. */
  readonly shared: boolean;
}

/** Puts rows of one group into one cluster; a row without a group is a cluster of its own. */
export function clusterRows(rows: readonly PredictionRow[]): Clustering {
  const known = new Map<string, number>();
  let count = 0;
  const clusters = Uint32Array.from(rows, ({ group }) => {
    const cluster = (group === undefined ? undefined : known.get(group)) ?? count++;
    if (group !== undefined) known.set(group, cluster);
    return cluster;
  });
  return { clusters, count, shared: count < rows.length };
}
