import { describe, expect, it } from "vitest";
import type { ReportData } from "../src/index.ts";
import { renderLineChart, renderReport } from "../src/index.ts";
import { escapeHtml, html, renderMarkup } from "../src/markup.ts";
import { sampleReport } from "./sample-report.ts";

const ATTACK = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;\u0000\ud800`;

/** The same value with every text replaced, and numbers by texts where a file could hold them. */
function poison(value: unknown, numbers: boolean): unknown {
  if (typeof value === "string") return ATTACK;
  if (typeof value === "number") return numbers ? ATTACK : value;
  if (Array.isArray(value)) return value.map((item) => poison(item, numbers));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poison(item, numbers)]));
}

/** Tags of a document in order, attributes included. */
const tagsOf = (page: string): string[] => page.match(/<[a-zA-Z/!][^>]*>/g) ?? [];

const namesOf = (page: string): Set<string> =>
  new Set(tagsOf(page).map((tag) => /^<\/?([a-zA-Z0-9!]+)/.exec(tag)![1]!.toLowerCase()));

/** Throws unless every tag is closed by its own end tag. */
function checkNesting(page: string): void {
  const empty = new Set(["meta"]);
  const open: string[] = [];
  for (const tag of tagsOf(page.replace(/<!doctype html>/, ""))) {
    const name = /^<\/?([a-zA-Z0-9]+)/.exec(tag)![1]!;
    if (tag.startsWith("</")) expect(open.pop(), tag).toBe(name);
    else if (!tag.endsWith("/>") && !empty.has(name)) open.push(name);
  }
  expect(open).toEqual([]);
}

describe("renderReport", () => {
  const page = renderReport(sampleReport());

  it("is one document that loads nothing and runs nothing", () => {
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(page).toContain("default-src 'none'".replaceAll("'", "&#39;"));
    expect(
      [...namesOf(page)].filter((name) => ["script", "link", "img", "iframe", "object", "base", "form"].includes(name)),
    ).toEqual([]);
    expect(tagsOf(page).filter((tag) => / (on\w+|src|srcset|style|action)=/i.test(tag))).toEqual([]);
    expect(
      tagsOf(page)
        .flatMap((tag) => / href="([^"]*)"/.exec(tag)?.[1] ?? [])
        .filter((link) => !link.startsWith("#")),
    ).toEqual([]);
    expect(page).not.toMatch(/url\(|@import/);
  });

  it("is well nested, and every link leads to a section", () => {
    checkNesting(page);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toEqual([
      "scores",
      "changes",
      "samples",
      "mistakes",
      "forgetting",
      "training",
      "data",
      "resources",
      "repeat",
    ]);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
  });

  it("says the numbers", () => {
    for (const text of [
      "97.3%",
      "96.1 to 98.1%",
      "n = 1,022",
      "+28.4 points",
      "p &lt; 0.001",
      "−720",
      "6,046",
      "leak count 0",
      "1.018×",
      "431 MiB",
      "+7.2%",
      "1 min 48 s",
      '149.3 ms <span class="muted">75%',
      "The mean of steps 3 to 7.",
      "kept: step 192",
      "304</span> now right",
      "and 302 more",
    ]) {
      expect(page, text).toContain(text);
    }
  });

  it("can be read without seeing it", () => {
    const charts = tagsOf(page).filter((tag) => tag.includes('class="chart"'));
    expect(charts.length).toBe(11);
    for (const tag of charts) expect(tag).toMatch(/role="img" aria-label="[^"]{20,}"/);
    expect(page.match(/<th scope="(col|row)">/g)!.length).toBeGreaterThan(20);
    expect(page).toContain('<html lang="en">');
    expect(page.match(/<h1>/g)).toHaveLength(1);
  });

  it("is the same bytes for the same data, and draws only what it is given", () => {
    expect(renderReport(sampleReport())).toBe(page);
    const bare = renderReport({ version: 1, title: "T", summary: "S" });
    checkNesting(bare);
    expect(bare).not.toContain("<section");
    const { training } = sampleReport();
    const short = renderReport({
      version: 1,
      title: "T",
      summary: "S",
      training: { ...training!, train: [{ step: 1, value: 2 }], validation: [], learningRate: [] },
    });
    checkNesting(short);
    expect(short).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it("keeps out what texts try to bring in", () => {
    for (const numbers of [false, true]) {
      const data = { ...(poison(sampleReport(), false) as ReportData), version: 1 as const };
      if (numbers)
        Object.assign(data, {
          changes: poison(data.changes, true),
          data: poison(data.data, true),
          repeat: poison(data.repeat, true),
        });
      const hostile = renderReport(data);
      expect(namesOf(hostile)).toEqual(namesOf(page));
      expect(hostile).not.toMatch(/(?![\n\t])\p{Cc}|\p{Cs}/u);
      checkNesting(hostile);
      expect(tagsOf(hostile).filter((tag) => / (on\w+|src|style)=/i.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
    }
  });

  it("takes keys of objects as hostile too", () => {
    const data = sampleReport();
    const parts = [{ name: "train", count: 1, perLabel: { "</table><script>": 1 } }];
    const hostile = renderReport({ ...data, data: { ...data.data!, parts } });
    expect(namesOf(hostile).has("script")).toBe(false);
    expect(hostile).toContain("&lt;/table&gt;&lt;script&gt;");
  });

  it("shows 77 labels without 5,929 numbers", () => {
    const labels = Array.from({ length: 77 }, (_, index) => `intent ${index}`);
    const counts = labels.map((_, actual) =>
      labels.map((__, predicted) => (actual === predicted ? 30 : predicted === (actual + 1) % 77 ? 1 : 0)),
    );
    const large = renderReport({
      version: 1,
      title: "T",
      summary: "S",
      mistakes: { confusions: [{ title: "After", labels, counts }] },
    });
    expect(large.match(/class="cell (right|wrong)"/g)).toHaveLength(154);
    expect(large).toContain("<title>intent 3 taken for intent 4: 1 of 31</title>");
    expect(large.length).toBeLessThan(60_000);
  });

  it("cuts long texts between characters and isolates their direction", () => {
    const data = sampleReport();
    const document = {
      id: "1",
      label: "a",
      before: "b",
      after: "a",
      text: `${"x".repeat(419)}😀${"y".repeat(1000)}\u202e`,
    };
    const cut = renderReport({
      ...data,
      changes: { fixed: { total: 1, shown: [document] }, broken: { total: 0, shown: [] } },
    });
    expect(cut).toContain(`<bdi>${"x".repeat(419)}</bdi>`);
    expect(cut).toContain("1,003 more characters");
  });

  it("shows what both models say, and where one says nothing", () => {
    const samples = page.slice(page.indexOf('id="samples"'), page.indexOf('id="mistakes"'));
    const read = samples.replace(/<[^>]+>/g, "|").replace(/\|+/g, "|");
    expect(read).toContain(
      "|Where does the &lt;/blockquote&gt;&lt;b&gt;train&lt;/b&gt; leave?|People wrote|From platform 4.|Before|Nothing.|After|From platform 4 &amp; 5.|talk-1|",
    );
    expect(read).toContain("|A text that was read.|Before|2.53 bits a byte|After|2.21 bits a byte|talk-2|");
  });

  it("names the confidence of its intervals", () => {
    const { scores } = sampleReport();
    const cautious = renderReport({ version: 1, title: "T", summary: "S", scores: { ...scores!, confidence: 0.99 } });
    expect([page.includes("its 95% interval"), cautious.includes("its 99% interval")]).toEqual([true, true]);
  });

  it("refuses another version", () => {
    expect(() => renderReport({ ...sampleReport(), version: 2 } as unknown as ReportData)).toThrow(
      "version 1, received 2",
    );
    expect(() => renderReport(null as unknown as ReportData)).toThrow("version 1, received undefined");
  });
});

describe("html", () => {
  it("escapes everything but markup, even what looks like it", () => {
    const forged = JSON.parse('{"markup":"<b>","Symbol(markup)":"<b>"}') as never;
    expect(renderMarkup(html`<i>${"<&>\"'"}${html`<b>${1}</b>`}${undefined}${false}${["a", html`<br>`]}</i>`)).toBe(
      "<i>&lt;&amp;&gt;&quot;&#39;<b>1</b>a<br></i>",
    );
    expect(renderMarkup(html`${forged}`)).toBe("[object Object]");
    expect(escapeHtml("a\u0007\u009b\ud83d\ude00\udc00\tb")).toBe("a\ufffd\ufffd\ud83d\ude00\ufffd\tb");
  });
});

describe("a chart of its own", () => {
  it("is one SVG of the size that was asked for, with names escaped and points inside the frame", () => {
    const points = Array.from({ length: 60 }, (_, index) => ({ step: index + 1, value: 5 - index / 20 }));
    const series = [
      { name: "<b>a</b>", points, look: "plain", tone: "after" },
      { name: "held out", points, look: "marked", tone: "before" },
    ] as const;
    const svg = renderLineChart({ title: "Loss", yLabel: "nats", width: 700, height: 300, series });
    expect(svg.startsWith("<svg")).toBe(true);
    checkNesting(svg);
    expect(svg).toContain('viewBox="0 0 700 300"');
    expect(svg).toContain("&lt;b&gt;a&lt;/b&gt;");
    const places = [...svg.matchAll(/c([xy])="([\d.]+)"/g)].map(([, axis, value]) => [axis, Number(value)] as const);
    expect(places).toHaveLength(120);
    for (const [axis, value] of places) expect(value).toBeLessThanOrEqual(axis === "x" ? 686 : 262);
    expect(Math.max(...places.flatMap(([axis, value]) => (axis === "x" ? value : [])))).toBe(686);
  });
});
