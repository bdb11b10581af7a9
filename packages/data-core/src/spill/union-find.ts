import { createUint32List } from "./number-list.ts";

/** Sets of numbers 0, 1, 2, ... that are joined step by step; four bytes a member. */
export interface UnionFind {
  /** Number of members. */
  readonly size: number;
  /** Adds a member in a set of its own and returns it. */
  add(): number;
  /** Returns the smallest member of the set. */
  find(member: number): number;
  /** Joins two sets; returns whether they were apart. */
  union(first: number, second: number): boolean;
}

/** Makes an empty union-find. The smallest member is always the root, so that the order of unions does not show. */
export function createUnionFind(): UnionFind {
  const parents = createUint32List();
  const find = (member: number): number => {
    const parent = parents.view();
    let node = member;
    while (parent[node] !== node) {
      parent[node] = parent[parent[node]!]!;
      node = parent[node]!;
    }
    return node;
  };
  return {
    get size() {
      return parents.length;
    },
    add() {
      const member = parents.length;
      parents.push(member);
      return member;
    },
    find,
    union(first, second) {
      const [a, b] = [find(first), find(second)];
      if (a === b) return false;
      parents.view()[Math.max(a, b)] = Math.min(a, b);
      return true;
    },
  };
}
