// Loops over the vectors of rows in the form that V8 fuses to 256 bits: a round computes two neighbouring vectors from addresses that both
// share, and stores both at its end. A store between the loads of the two, or an address of its own for each, keeps V8 from fusing them
// (docs/decisions/2026-11-24-address-type-and-256-bits.md).
import {
  address,
  type FunctionBuilder,
  type Local,
  load,
  type MemoryType,
  near,
  type Value,
} from "@attune/tensor-core/wasm";
import { type Lanes, storeLanes } from "./kernel-function.ts";

type Base = Local<"address"> | Local<"near">;

/** One vector of a round: four neighbours at the same place of every row. */
export interface VectorPlace {
  /** Elements that the vector holds: four, but in the last of a row. */
  readonly lanes: Lanes;
  /** Which vector of the round: sums keep a chain for each. */
  readonly which: 0 | 1;
  /** Bytes from the round's address to this vector. */
  readonly bytes: 0 | 16;
  /** Where the round stands in a row that starts at `base`. */
  address<B extends Base>(base: B): B;
  /** The vector of the row that starts `extra` bytes after `base`. */
  load(base: Base, extra?: number): Local<"v128">;
  /** Writes it there at the end of the round; nothing of the round may read it before. */
  store(base: Base, value: Value<"v128">, extra?: number): void;
}

interface PendingStore {
  readonly base: Base;
  readonly extra: number;
  readonly value: Local<"v128">;
  readonly place: VectorPlace;
}

function isNear(base: Base): base is Local<"near"> {
  return base.type === "near";
}

/** Runs the body for the vectors of one round, `offset` bytes into the rows, and writes what they store. */
export function vectorRound(
  f: FunctionBuilder,
  offset: Local<"address">,
  lanes: readonly Lanes[],
  body: (place: VectorPlace) => void,
): void {
  const addresses = new Map<Base, Base>();
  const pending: PendingStore[] = [];
  const at = <B extends Base>(base: B): B => {
    if (!addresses.has(base)) {
      const from: Value<MemoryType> = isNear(base) ? near.add(base, near.distance(offset)) : address.add(base, offset);
      addresses.set(base, f.keep(from) as Base);
    }
    return addresses.get(base) as B;
  };
  for (const [index, count] of lanes.entries()) {
    const bytes = (16 * index) as 0 | 16;
    const place: VectorPlace = {
      lanes: count,
      which: index as 0 | 1,
      bytes,
      address: at,
      load: (base, extra = 0) => f.keep(load("v128", at(base), bytes + extra)),
      store: (base, value, extra = 0) => {
        pending.push({ base, extra, value: f.keep(value), place });
      },
    };
    body(place);
  }
  // Neighbours one after the other: what the first vector stored, each time followed by what the second stored there.
  const count = pending.length / lanes.length;
  for (let index = 0; index < count; index++) {
    for (let which = 0; which < lanes.length; which++) {
      const { base, extra, value, place } = pending[which * count + index]!;
      storeLanes(f, at(base), value, place.lanes, place.bytes + extra);
    }
  }
}

/** Runs the body for each vector of rows of `count` f32, two a round; then for the vector left, then for the elements left. */
export function forVectors(f: FunctionBuilder, count: number, body: (place: VectorPlace) => void): void {
  const vectors = Math.floor(count / 4);
  const pairs = Math.floor(vectors / 2);
  const offset = f.local("address");
  f.set(offset, 0);
  if (pairs > 0) {
    f.repeat(pairs, () => {
      vectorRound(f, offset, [4, 4], body);
      f.increment(offset, 32);
    });
  }
  const rest = (count % 4) as 0 | Lanes;
  const left: Lanes[] = [...(vectors % 2 === 1 ? [4 as const] : []), ...(rest === 0 ? [] : [rest])];
  if (left.length > 0) vectorRound(f, offset, left, body);
}
