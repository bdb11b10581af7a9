import { AttuneError } from "@attune/spec";
import { describe, expect, it } from "vitest";
import {
  address,
  atomic,
  callValue,
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  load,
  loadLane,
  loadNear,
  ModuleBuilder,
  near,
  select,
  shuffle32,
  type Value,
  v128,
} from "../src/wasm/index.ts";
import { instantiate } from "./wasm-module.ts";

/** Result of one i32 expression over two i32 parameters. */
function evaluate(left: number, right: number, make: (a: Value<"i32">, b: Value<"i32">) => Value<"i32">): number {
  return instantiate((module) => {
    module.function({ name: "run", parameters: ["i32", "i32"], result: "i32", exported: true }, (_f, a, b) =>
      make(a, b),
    );
  }).call("run", left, right);
}

/** The four lanes that one vector expression leaves, over memory that holds `values` from byte 0 on. */
function vector(
  values: ArrayLike<number>,
  make: (base: Value<"address">) => Value<"v128">,
  relaxedSimd = true,
): number[] {
  const { call, memory } = instantiate(
    (module) => {
      module.function({ name: "run", parameters: ["address"], exported: true }, (f, base) => {
        f.store("v128", base, make(base), 256);
      });
    },
    { relaxedSimd },
  );
  new Float32Array(memory.buffer).set(Array.from(values));
  call("run", 0);
  return Array.from(new Float32Array(memory.buffer, 256, 4));
}

describe("scalar operations", () => {
  it("compute what WebAssembly says, signed and unsigned", () => {
    expect(evaluate(7, -2, (a, b) => i32.add(i32.mul(a, b), 3))).toBe(-11);
    expect(evaluate(-7, 2, (a, b) => i32.divS(a, b))).toBe(-3);
    expect(evaluate(-7, 2, (a, b) => i32.remS(a, b))).toBe(-1);
    expect(evaluate(-1, 1, (a, b) => i32.ltS(a, b))).toBe(1);
    expect(evaluate(-1, 1, (a, b) => i32.ltU(a, b))).toBe(0);
    expect(evaluate(-8, 1, (a, b) => i32.shrS(a, b))).toBe(-4);
    expect(evaluate(-8, 28, (a, b) => i32.shrU(a, b))).toBe(15);
    expect(evaluate(0b1100, 0b1010, (a, b) => i32.xor(i32.and(a, b), i32.or(a, b)))).toBe(0b0110);
    expect(evaluate(0x10, 0, (a) => i32.add(i32.clz(a), i32.ctz(a)))).toBe(31);
    expect(evaluate(5, 9, (a, b) => select(i32.gtS(a, b), a, b))).toBe(9);
    expect(evaluate(300, 129, () => i32.constant(-2147483648))).toBe(-2147483648);
  });

  it("convert between types", () => {
    expect(
      evaluate(3, 4, (a, b) => i32.truncateSaturated(f32.sqrt(f32.convertS(i32.add(i32.mul(a, a), i32.mul(b, b)))))),
    ).toBe(5);
    expect(evaluate(-1, 0, (a) => i32.wrap(i64.shrU(i64.extendS(a), 40)))).toBe(0xffffff);
    expect(evaluate(-1, 0, (a) => i32.wrap(i64.shrU(i64.extendU(a), 24)))).toBe(255);
    expect(evaluate(0, 0, () => i32.reinterpret(f32.constant(1)))).toBe(0x3f800000);
    expect(evaluate(0, 0, () => i32.truncateSaturated(f32.demote(f64.mul(f64.constant(1.5), 4))))).toBe(6);
    expect(evaluate(7, 0, (a) => i32.wrap(i64.reinterpret(f64.convertS(a))))).toBe(0);
    expect(evaluate(0, 0, () => i32.wrap(i64.constant(2 ** 40 + 5)))).toBe(5);
  });
});

describe("vector operations", () => {
  const numbers = [1, -2, 3.5, 4];
  it("work lane by lane, and take numbers for constant vectors", () => {
    expect(vector(numbers, (p) => f32x4.add(load("v128", p), 1))).toEqual([2, -1, 4.5, 5]);
    expect(vector(numbers, (p) => f32x4.max(f32x4.neg(load("v128", p)), f32x4.constant(0)))).toEqual([0, 2, 0, 0]);
    expect(vector(numbers, (p) => f32x4.floor(f32x4.sqrt(f32x4.abs(load("v128", p)))))).toEqual([1, 1, 1, 2]);
    expect(
      vector(numbers, (p) => v128.bitselect(f32x4.constant(9), load("v128", p), f32x4.lt(load("v128", p), 2))),
    ).toEqual([9, 9, 3.5, 4]);
    expect(vector(numbers, (p) => f32x4.convertS(i32x4.truncateS(load("v128", p))))).toEqual([1, -2, 3, 4]);
  });

  it("give the same multiply-add fused and in two steps where nothing is rounded", () => {
    for (const relaxed of [true, false]) {
      expect(vector(numbers, (p) => f32x4.madd(load("v128", p), 2, f32x4.constant(1, 2, 3, 4)), relaxed)).toEqual([
        3, -2, 10, 12,
      ]);
      expect(vector(numbers, (p) => f32x4.nmadd(load("v128", p), 2, f32x4.constant(1, 2, 3, 4)), relaxed)).toEqual([
        -1, 6, -4, -4,
      ]);
    }
  });

  it("move lanes", () => {
    expect(vector(numbers, (p) => shuffle32(load("v128", p), f32x4.constant(8, 9, 10, 11), [3, 0, 4, 7]))).toEqual([
      4, 1, 8, 11,
    ]);
    expect(vector(numbers, (p) => f32x4.replace(load("splat32", p, 8), 1, f32x4.extract(load("v128", p), 3)))).toEqual([
      3.5, 4, 3.5, 3.5,
    ]);
    expect(vector(numbers, (p) => load("zero64", p, 4))).toEqual([-2, 3.5, 0, 0]);
    expect(vector(numbers, (p) => loadLane(32, p, load("zero32", p), 2, 12))).toEqual([1, 0, 4, 0]);
    expect(vector(numbers, (p) => f32x4.demote(f64x2.mul(f64x2.promoteLow(load("v128", p)), 3)))).toEqual([
      3, -6, 0, 0,
    ]);
  });

  it("compute on integers of every width", () => {
    const lanes = (value: Value<"v128">): number[] => vector([], () => f32x4.convertS(value));
    expect(lanes(i32x4.shrU(i32x4.constant(-1, 16, 32, 64), 28))).toEqual([15, 0, 0, 0]);
    expect(lanes(i32x4.extendLowS(i16x8.mul(i16x8.constant(-3, 2), i16x8.constant(5))))).toEqual([-15, 10, -15, 10]);
    expect(lanes(i32x4.extendLowU(i16x8.extendLowU(i8x16.add(i8x16.constant(250), i8x16.constant(4)))))).toEqual([
      254, 254, 254, 254,
    ]);
    expect(lanes(i64x2.shrU(i64x2.multiplyLowU(i32x4.constant(-1, 3), i32x4.constant(-1, 5)), 32))).toEqual([
      -2, 0, 0, 0,
    ]);
    expect(lanes(i8x16.swizzle(i32x4.constant(1, 2, 3, 4), i8x16.constant(12, 13, 14, 15)))).toEqual([4, 4, 4, 4]);
  });
});

describe("control flow", () => {
  it("counts, breaks, repeats and calls", () => {
    const { call } = instantiate((module) => {
      const square = module.function({ name: "square", parameters: ["i32"], result: "i32" }, (_f, x) => i32.mul(x, x));
      module.function(
        { name: "sumOfSquares", parameters: ["i32", "i32"], result: "i32", exported: true },
        (f, from, to) => {
          const sum = f.local("i32");
          f.for(from, to, 1, (index) => f.increment(sum, callValue(square, index)));
          return sum;
        },
      );
      module.function({ name: "firstPowerAbove", parameters: ["i32"], result: "i32", exported: true }, (f, limit) => {
        const power = f.local("i32", i32.constant(1));
        f.block((exit) => {
          f.loop((again) => {
            exit(i32.gtS(power, limit));
            f.set(power, i32.shl(power, 1));
            again();
          });
        });
        return power;
      });
      module.function({ name: "factorial", parameters: ["i32"], result: "f64", exported: true }, (f, n) => {
        const product = f.local("f64", f64.constant(1));
        const factor = f.local("i32", n);
        f.if(i32.ltS(n, 1), () => f.return(f64.constant(1)));
        f.repeat(n, () => {
          f.set(product, f64.mul(product, f64.convertS(factor)));
          f.increment(factor, -1);
        });
        return product;
      });
      module.function({ name: "sign", parameters: ["i32"], result: "i32", exported: true }, (f, x) => {
        const sign = f.local("i32");
        f.if(
          i32.ltS(x, 0),
          () => f.set(sign, -1),
          () => f.if(x, () => f.set(sign, 1)),
        );
        return sign;
      });
    });
    expect(call("sumOfSquares", 1, 5)).toBe(30);
    expect(call("sumOfSquares", 5, 5)).toBe(0);
    expect(call("sumOfSquares", 5, -3)).toBe(0);
    expect([0, 1, 63, 64].map((limit) => call("firstPowerAbove", limit))).toEqual([1, 2, 64, 128]);
    expect([0, 1, 6].map((n) => call("factorial", n))).toEqual([1, 1, 720]);
    expect([-9, 0, 4].map((x) => call("sign", x))).toEqual([-1, 0, 1]);
  });

  it("calls through a table", () => {
    const { call, memory } = instantiate((module) => {
      const writers = [3, 5].map((factor) =>
        module.function({ name: `times${factor}`, parameters: ["address", "i32"] }, (f, target, x) => {
          f.store("i32", target, i32.mul(x, factor));
        }),
      );
      const table = module.table(writers);
      module.function({ name: "run", parameters: ["i32", "i32"], exported: true }, (f, which, x) => {
        f.callIndirect(table, which, address.constant(64), x);
      });
    });
    for (const [which, product] of [21, 35].entries()) {
      call("run", which, 7);
      expect(new Int32Array(memory.buffer)[16]).toBe(product);
    }
  });
});

describe("memory", () => {
  const build = (module: ModuleBuilder): void => {
    module.function(
      { name: "run", parameters: ["address", "i32"], result: "i32", exported: true },
      (f, base, count) => {
        const cursor = f.local("address", base);
        f.for(0, count, 1, (index) => {
          f.store("i32", address.at(base, index, 4), i32.mul(index, index));
          f.increment(cursor, 4);
        });
        f.store("i32To16", cursor, -2, 0);
        f.copyBytes(address.add(base, 512), base, address.constant(16));
        f.fillBytes(base, 255, address.constant(4));
        f.evaluate(atomic("add", address.add(base, 4), 41));
        f.storeLane(32, base, i32x4.constant(1, 2, 3, 4), 2, 8);
        f.atomicStore(address.add(base, 12), i32.add(load("i32From16S", cursor), atomic("load", address.add(base, 4))));
        return i32.wrap(load("i64", base));
      },
    );
  };
  it.each(["i32", "i64"] as const)("is addressed with %s by the same kernel", (addressType) => {
    const { call, memory } = instantiate(build, { addressType });
    expect(call("run", addressType === "i64" ? 1024n : 1024, 10)).toBe(-1);
    const words = new Int32Array(memory.buffer, 1024);
    expect(Array.from(words.subarray(0, 10))).toEqual([-1, 42, 3, 40, 16, 25, 36, 49, 64, 81]);
    expect(Array.from(words.subarray(128, 132))).toEqual([0, 1, 4, 9]);
  });

  it("exchanges atomically", () => {
    const { call, memory } = instantiate((module) => {
      module.function({ name: "run", parameters: ["i32"], result: "i32", exported: true }, (_f, expected) =>
        atomic("compareExchange", address.constant(0), expected, 7),
      );
    });
    expect([call("run", 5), call("run", 0), call("run", 7)]).toEqual([0, 0, 7]);
    expect(new Int32Array(memory.buffer)[0]).toBe(7);
  });
});

describe("type checking", () => {
  const assemble = (use: (module: ModuleBuilder) => void) => () => instantiate(use);
  const wrong = (value: unknown): never => value as never;
  it.each<[string, string, () => unknown]>([
    [
      "f32x4.mul expects operand 2 to be v128, got i32",
      "an operand",
      () => f32x4.mul(f32x4.constant(1), wrong(i32.constant(1))),
    ],
    ["i32.add expects operand 1 to be i32, got f32", "a scalar", () => i32.add(wrong(f32.constant(1)), 2)],
    ["load.f32 expects operand 1 to be address, got i32", "an address", () => load("f32", wrong(i32.constant(0)))],
    [
      "select expects operand 1 to be i32, got f32",
      "two sides",
      () => select(i32.constant(1), wrong(f32.constant(1)), i32.constant(1)),
    ],
    ["constant i32 expects an integer, got 1.5", "a constant", () => i32.constant(1.5)],
    ["f32x4 has lanes 0 to 3, got 4", "a lane", () => f32x4.extract(f32x4.constant(0), 4)],
    ["16 byte numbers from 0 to 31", "a shuffle", () => i8x16.shuffle(f32x4.constant(0), f32x4.constant(0), [40])],
    [
      "atomic.add expects 1 operands after the address, got 0",
      "an operand count",
      () => atomic("add", address.constant(0)),
    ],
  ])("throws %s for %s of the wrong type", (message, _what, make) => {
    expect(make).toThrow(message);
    expect(() => {
      try {
        make();
      } catch (error) {
        throw AttuneError.is(error) ? new Error(error.code) : error;
      }
    }).toThrow("INPUT_INVALID");
  });

  it("throws for statements that do not fit their function", () => {
    expect(
      assemble((module) =>
        module.function({ name: "f", parameters: ["i32"] }, (f, x) => {
          f.set(x, wrong(f32.constant(1)));
        }),
      ),
    ).toThrow("set of local 0 expects operand 1 to be i32, got f32");
    expect(
      assemble((module) => module.function({ name: "f", parameters: [], result: "i32" }, () => wrong(undefined))),
    ).toThrow("end of function of f expects operand 1 to be i32, got undefined");
    expect(
      assemble((module) =>
        module.function({ name: "f", parameters: [] }, (f) => {
          f.if(wrong(f32.constant(1)), () => {});
        }),
      ),
    ).toThrow("if expects operand 1 to be i32");
    expect(
      assemble((module) =>
        module.function({ name: "f", parameters: [] }, (f) => {
          f.store("v128", address.constant(0), 3);
        }),
      ),
    ).toThrow("A v128 is set from a vector");
    expect(
      assemble((module) => {
        let stolen: Value<"i32"> | undefined;
        module.function({ name: "f", parameters: ["i32"] }, (_f, x) => {
          stolen = x;
        });
        module.function({ name: "g", parameters: [] }, (f) => {
          f.evaluate(stolen!);
        });
      }),
    ).toThrow("Local 0 of WASM function f is used in another function");
    expect(
      assemble((module) => {
        const callee = module.function({ name: "callee", parameters: ["i32"] }, () => {});
        module.function({ name: "g", parameters: [] }, (f) => {
          f.call(callee, wrong(f32.constant(1)));
        });
      }),
    ).toThrow("call callee expects operand 1 to be i32, got f32");
  });
});

describe("near addresses", () => {
  const imported = (name: string) => ({ module: "env", name, minPages: 1, maxPages: 1 });

  it("reach the only memory of a module", () => {
    for (const addressType of ["i32", "i64"] as const) {
      const { call, memory } = instantiate(
        (module) =>
          module.function({ name: "run", parameters: ["address"], exported: true }, (f, base) => {
            const place = f.keep(near.ofAddress(base));
            f.increment(place, 8);
            const target = near.add(place, near.distance(address.constant(8)));
            f.store("i32", near.at(target, i32.constant(0), 4), load("i32", near.sub(place, 8)), 4);
            f.evaluate(near.ltU(place, near.fromIndex(i32.constant(1))));
          }),
        { addressType },
      );
      const words = new Int32Array(memory.buffer);
      words[16] = 42;
      call("run", addressType === "i64" ? 64n : 64);
      expect(words[16 + 5]).toBe(42);
    }
  });

  it.each(["i32", "i64"] as const)("reach a second memory beside one of %s addresses", (addressType) => {
    const module = new ModuleBuilder(
      { addressType, relaxedSimd: true, nearMemory: true },
      imported("memory"),
      [],
      imported("near"),
    );
    module.function({ name: "run", parameters: ["address", "i32"], exported: true }, (f, base, index) => {
      const start = f.keep(near.add(loadNear(base), near.distance(address.constant(16))));
      const place = f.keep(near.at(near.sub(start, 16), index, 16));
      f.store("v128", place, load("v128", base, 16), 32);
      f.storeLane(32, near.add(place, 64), load("splat32", base, 20), 2);
      f.store("i32", base, load("i32", place, 36), 128);
      f.store("f32", address.constant(512), 7);
      f.store("f32", near.constant(512), 9);
      f.evaluate(atomic("add", address.add(base, 128), 1));
      f.fillBytes(address.add(base, 256), 1, address.constant(4));
      f.copyBytes(address.add(base, 260), address.add(base, 128), address.constant(4));
    });
    const descriptor =
      addressType === "i64"
        ? { address: "i64", initial: 1n, maximum: 1n, shared: true }
        : { initial: 1, maximum: 1, shared: true };
    const memory = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
    const second = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
      env: { memory, near: second },
    });
    const words = new Int32Array(memory.buffer);
    words.set([160, 0, 0, 0, 11, 22, 33, 44], 16);
    (exports["run"] as (base: number | bigint, index: number) => void)(addressType === "i64" ? 64n : 64, 2);
    // 160 + 2 · 16 + 32 bytes are 56 words; the lane is 32 bytes behind.
    expect(Array.from(new Int32Array(second.buffer, 4 * 56, 9))).toEqual([11, 22, 33, 44, 0, 0, 0, 0, 22]);
    expect(words[16 + 32]).toBe(23);
    expect(Array.from(words.subarray(80, 82))).toEqual([0x01010101, 23]);
    expect([new Float32Array(memory.buffer)[128], new Float32Array(second.buffer)[128]]).toEqual([7, 9]);
  });

  it("are no addresses of another memory, and need it where features promise it", () => {
    const features = { addressType: "i64", relaxedSimd: true, nearMemory: true } as const;
    const module = new ModuleBuilder(features, imported("memory"), [], imported("near"));
    expect(() =>
      module.function({ name: "f", parameters: ["address"] }, (f, base) => f.store("i32", near.ofAddress(base), 0)),
    ).toThrow("An address of a module's memory is none of its near memory.");
    expect(() => new ModuleBuilder(features, imported("memory"))).toThrow("exactly if its features say so");
  });
});

describe("functions of the host", () => {
  it.each(["i32", "i64"] as const)(
    "are called with addresses of type %s, beside the module's own functions",
    (addressType) => {
      const imports = [
        { module: "env", name: "first", parameters: ["i32"] },
        { module: "host", name: "second", parameters: ["address", "i32", "f32"] },
      ] as const;
      const module = new ModuleBuilder(
        { addressType, relaxedSimd: true },
        { module: "env", name: "memory", minPages: 1, maxPages: 1 },
        imports,
      );
      const double = module.function({ name: "double", parameters: ["i32"], result: "i32" }, (_f, x) => i32.mul(x, 2));
      module.function({ name: "run", parameters: ["i32"], exported: true }, (f, x) => {
        f.call(module.imported(imports[0]), callValue(double, x));
        f.call(module.imported(imports[1]), address.constant(64), x, f32.constant(0.5));
      });
      const calls: unknown[][] = [];
      const record = (...values: unknown[]): void => void calls.push(values);
      const descriptor =
        addressType === "i64"
          ? { address: "i64", initial: 1n, maximum: 1n, shared: true }
          : { initial: 1, maximum: 1, shared: true };
      const memory = new WebAssembly.Memory(descriptor as unknown as WebAssembly.MemoryDescriptor);
      const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
        env: { memory, first: record },
        host: { second: record },
      });
      (instance.exports["run"] as (x: number) => void)(21);
      expect(calls).toEqual([[42], [addressType === "i64" ? 64n : 64, 21, 0.5]]);
    },
  );

  it("must be named when the module is made", () => {
    const module = new ModuleBuilder(
      { addressType: "i32", relaxedSimd: true },
      { module: "env", name: "memory", minPages: 1, maxPages: 1 },
    );
    expect(() => module.imported({ module: "env", name: "absent", parameters: [] })).toThrow(
      "does not import env.absent",
    );
  });
});
