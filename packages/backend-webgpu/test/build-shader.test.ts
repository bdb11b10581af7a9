import { describe, expect, it } from "vitest";
import { buildShader, expandShader } from "../src/shader/build-shader.ts";
import { gridOf } from "../src/shader/grid.ts";
import { floatLiteral } from "../src/shader/literal.ts";

describe("expandShader", () => {
  it("declares constants by their type in front of the text", () => {
    const text = expandShader("fn f() {}\n", { constants: { rows: 3, epsilon: { f32: 1e-5 }, shift: { i32: -2 } } });
    expect(text).toBe(
      "const rows = 3u;\nconst epsilon = 0.000009999999747378752f;\nconst shift = i32(-2);\nfn f() {}\n",
    );
  });

  it("keeps the lines of flags that are set, nested ones too", () => {
    const source = "#if a\none\n#if b\ntwo\n#else\nthree\n#endif\n#else\nfour\n#endif\n#if !a\nfive\n#endif\n";
    expect(expandShader(source, { flags: { a: true, b: false } })).toBe("one\nthree\n");
    expect(expandShader(source, { flags: { a: false, b: true } })).toBe("four\nfive\n");
  });

  it("imports a file once, also where declarations ask for it again", () => {
    const text = expandShader("#import numbers\n#import elementary\n", { declarations: ["#import numbers\n"] });
    expect(text.match(/fn is_nan/g)).toHaveLength(1);
  });

  it("refuses an unknown line, a flag that was not given, an #if without end and a file that is not there", () => {
    expect(() => expandShader("#define x\n", {})).toThrow(/does not know: #define x/);
    expect(() => expandShader("#if wide\n#endif\n", {})).toThrow(/flag "wide"/);
    expect(() => expandShader("#if wide\n", { flags: { wide: true } })).toThrow(/#endif/);
    expect(() => buildShader("nowhere")).toThrow(/no shader "nowhere"/);
  });
});

describe("floatLiteral", () => {
  it.each([
    [0.1, "0.10000000149011612f"],
    [-2, "(-2f)"],
    [-0, "(-0f)"],
    [1e-50, "0f"],
    [Infinity, "infinity()"],
    [-1e39, "(-infinity())"],
    [Number.NaN, "not_a_number()"],
  ])("of %d is %s", (value, text) => {
    expect(floatLiteral(value)).toBe(text);
  });
});

describe("gridOf", () => {
  it.each([1, 65535, 65536, 100_003, 70_000_000])("of %i workgroups has enough of them within the limit", (count) => {
    const { workgroups, gridWidth } = gridOf(count);
    expect(Math.max(...workgroups)).toBeLessThanOrEqual(65535);
    expect(workgroups[0] * workgroups[1]).toBeGreaterThanOrEqual(count);
    expect(gridWidth).toBe(workgroups[0]);
  });
});
