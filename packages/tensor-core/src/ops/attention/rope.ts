// Rotary position embedding: the pair (a, b) at position p turns by the angle whose cosine and sine are row p of two tables,
//   a' = a · cos - b · sin,  b' = b · cos + a · sin;  Su et al., RoFormer, arXiv 2104.09864.
// Pairs are (i, i + D/2) as in Llama, or (2i, 2i + 1) when interleaved. Elements beyond the tables' width pass through. The
// gradient turns back by the same tables, which also holds where they carry a scaling factor.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, formatType, rowBytes, tensorType, typeBytes } from "../../type/tensor-type.ts";
import { expectDtype, expectRank, expectShape, shapeMismatch } from "../checks.ts";
import { exactFloats, floats, integers } from "../sample-values.ts";

/** Pairing and direction of the rotation. */
export type RopeAttributes = {
  readonly interleaved: boolean;
  /** Turns the other way. */
  readonly inverse: boolean;
};

/** Inputs x [B, T, heads, D], positions i32 [B, T] in [0, P), cosTable and sinTable [P, R/2] with R at most D; output as x. */
export const ropeOp: OpDef<RopeAttributes> = defineOp<RopeAttributes>({
  id: "rope",
  infer([x, positions, cosTable, sinTable]) {
    expectRank("rope", "x", x!, 4);
    expectDtype("rope", "positions", positions!, "i32");
    expectShape("rope", "positions", positions!, x!.shape.slice(0, 2));
    expectRank("rope", "a table of cosines", cosTable!, 2);
    expectShape("rope", "a table of sines", sinTable!, cosTable!.shape);
    if (2 * cosTable!.shape[1]! > x!.shape[3]!) {
      throw shapeMismatch(
        "rope",
        `tables of ${cosTable!.shape[1]} angles turn more elements than ${formatType(x!)} has in a head.`,
      );
    }
    return [tensorType(x!.shape)];
  },
  vjp({ inputs: [, positions, cosTable, sinTable], cotangents, needed, attributes }) {
    if (needed[2] || needed[3]) throw shapeMismatch("rope", "no gradient is defined for the tables of angles.");
    const inverse = { ...attributes, inverse: !attributes.inverse };
    return [applyOp(ropeOp, [cotangents[0]!, positions!, cosTable!, sinTable!], inverse)[0]];
  },
  reference([x, positions, cosTable, sinTable], { inputTypes, attributes: { interleaved, inverse } }) {
    const [, , heads, width] = inputTypes[0]!.shape as [number, number, number, number];
    const half = inputTypes[2]!.shape[1]!;
    const y = x!.slice();
    for (let token = 0; token < positions!.length; token++) {
      const angles = positions![token]! * half;
      for (let head = 0; head < heads; head++) {
        const start = (token * heads + head) * width;
        for (let pair = 0; pair < half; pair++) {
          const first = start + (interleaved ? 2 * pair : pair);
          const second = interleaved ? first + 1 : first + half;
          const cosine = cosTable![angles + pair]!;
          const sine = inverse ? -sinTable![angles + pair]! : sinTable![angles + pair]!;
          y[first] = x![first]! * cosine - x![second]! * sine;
          y[second] = x![second]! * cosine + x![first]! * sine;
        }
      }
    }
    return [y];
  },
  accumulation: () => 2,
  cost([x, positions, cosTable, sinTable]) {
    const turned = elementCount(positions!.shape);
    const tables = rowBytes(cosTable!, turned) + rowBytes(sinTable!, turned);
    return { flops: 3 * elementCount(x!.shape), bytes: 2 * typeBytes(x!) + typeBytes(positions!) + tables };
  },
  inPlace: [{ input: 0, output: 0 }],
  samples: () =>
    [false, true].flatMap((interleaved) =>
      [false, true].flatMap((inverse) => [
        ropeSample([2, 3, 2, 8], 4, { interleaved, inverse }),
        ropeSample([1, 5, 3, 6], 2, { interleaved, inverse }),
        ropeSample([1, 1, 1, 2], 1, { interleaved, inverse }),
        ropeSample([1, 7, 2, 34], 17, { interleaved, inverse }),
        ropeSample([0, 3, 2, 4], 2, { interleaved, inverse }),
      ]),
    ),
});

function ropeSample(
  shape: readonly [number, number, number, number],
  half: number,
  attributes: RopeAttributes,
): OpSample<RopeAttributes> {
  const name = `[${shape.join(", ")}] by ${half}${attributes.interleaved ? ", interleaved" : ""}${attributes.inverse ? ", inverse" : ""}`;
  const angles = Array.from(
    { length: 11 * half },
    (_, index) => Math.floor(index / half) * 0.1 ** ((index % half) / half),
  );
  return {
    name,
    inputs: [
      floats(name, shape),
      integers(name, shape.slice(0, 2), 0, 11),
      exactFloats(
        [11, half],
        angles.map((angle) => Math.fround(Math.cos(angle))),
      ),
      exactFloats(
        [11, half],
        angles.map((angle) => Math.fround(Math.sin(angle))),
      ),
    ],
    attributes,
    differentiable: [0],
  };
}

/**
 * Turns pairs of elements of every head by the angles of their token's position.
 *
 * @param x - [B, T, heads, D]
 * @param positions - i32 [B, T], below the rows of the tables
 * @param cosTable - [P, R/2]; R below D turns only the first R elements
 * @param sinTable - [P, R/2]
 */
export function rope(
  x: Tensor,
  positions: Tensor,
  cosTable: Tensor,
  sinTable: Tensor,
  { interleaved = false, inverse = false }: Partial<RopeAttributes> = {},
): Tensor {
  return applyOp(ropeOp, [x, positions, cosTable, sinTable], { interleaved, inverse })[0]!;
}
