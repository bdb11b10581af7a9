import { describe, expect, it } from "vitest";
import { renderLossCurve, renderScores, renderSparkline, renderTable } from "../src/index.ts";
import { displayWidth, fitText, plainText } from "../src/terminal/display-width.ts";
import { sampleReport } from "./sample-report.ts";

describe("renderTable", () => {
  it("aligns columns, wide characters too", () => {
    const table = renderTable({
      columns: [{ title: "name" }, { title: "n", align: "right" }],
      rows: [
        ["spam", "12"],
        ["迷惑", "3"],
        ["é", "100"],
      ],
    });
    expect(table).toBe("name    n\n────  ───\nspam   12\n迷惑    3\né     100");
  });
  it("cuts the first column and lets nothing through that moves a cursor", () => {
    const table = renderTable(
      { columns: [{ title: "text" }, { title: "x" }], rows: [["\u001b[31mred\nline ".repeat(9), "1"]] },
      { width: 24 },
    );
    for (const line of table.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(24);
    expect(table).not.toContain("\u001b");
    expect(table.split("\n")).toHaveLength(3);
    expect(table).toContain("…");
  });
  it("refuses rows of another length", () => {
    expect(() => renderTable({ columns: [{ title: "a" }], rows: [["1"], ["1", "2"]] })).toThrow(
      "Row 2 of a table with 1 columns has 2 cells",
    );
  });
});

describe("renderScores", () => {
  it("prints the table of the demo", () => {
    expect(renderScores(sampleReport().scores!, { width: 120 })).toMatchInlineSnapshot(`
      "                  Accuracy (n=1,022)   F1 of spam (n=1,022)  Accuracy without lists (n=522)  General text (n=240,118)
      ─────────────  ─────────────────────  ─────────────────────  ──────────────────────────────  ────────────────────────
      Always “mail”  68.9% (66.0 to 71.7%)                   0.0%           45.2% (41.0 to 49.5%)                         –
      Word counts    96.7% (95.4 to 97.6%)  94.6% (92.6 to 96.2%)           95.0% (92.8 to 96.6%)                         –
      Base model     68.9% (66.0 to 71.7%)   10.7% (6.6 to 15.1%)           46.8% (42.5 to 51.1%)    1.912 (1.874 to 1.950)
      Adapted model  97.3% (96.1 to 98.1%)  95.6% (93.8 to 97.1%)           95.8% (93.7 to 97.2%)    1.921 (1.884 to 1.959)"
    `);
  });
});

describe("renderSparkline", () => {
  it("goes from the lowest to the highest block", () => {
    expect(renderSparkline([1, 2, 3, 4, 5, 6, 7, 8])).toBe("▁▂▃▄▅▆▇█");
    expect(renderSparkline([3, 3])).toBe("▅▅");
    expect(renderSparkline([0, Number.NaN, 1])).toBe("▁ █");
    expect(
      renderSparkline(
        Array.from({ length: 1000 }, (_, index) => index),
        8,
      ),
    ).toBe("▁▂▃▄▅▆▇█");
    expect(renderSparkline([])).toBe("");
  });
});

describe("renderLossCurve", () => {
  it("draws from the top left to the bottom right", () => {
    const train = Array.from({ length: 200 }, (_, step) => ({ step, value: 1 - step / 199 }));
    const lines = renderLossCurve({ train, validation: [{ step: 199, value: 0.5 }] }, { width: 10, height: 3 }).split(
      "\n",
    );
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^0\.9\d\d ┤[\u2801-\u28ff]/);
    expect(lines[2]).toMatch(/[\u2801-\u28ff]$/);
    expect(lines[3]).toContain("last training 0.0000, validation 0.5000");
    expect(renderLossCurve({ train: [] })).toBe("");
    expect(renderLossCurve({ train: [{ step: 1, value: Number.NaN }] })).toBe("");
    expect(renderLossCurve({ train: [{ step: 5, value: 2 }] })).toContain("training 2.0000");
  });
});

describe("displayWidth", () => {
  it("counts columns", () => {
    expect([displayWidth("abc"), displayWidth("日本"), displayWidth("e\u0301"), displayWidth("😀")]).toEqual([
      3, 4, 1, 2,
    ]);
    expect(fitText("日本語", 4)).toBe("日…");
    expect(plainText("a\r\nb\u202ec\u009b")).toBe("a b\ufffdc\ufffd");
  });
});
