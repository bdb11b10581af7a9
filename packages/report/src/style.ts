import type { Markup } from "./markup.ts";
import { html } from "./markup.ts";

/** The report's style sheet: light, dark and print from one set of variables. */
export const REPORT_STYLE: Markup = html`
:root { color-scheme: light dark; --page: #f7f6f3; --card: #ffffff; --ink: #1d2430; --muted: #5d6675; --line: #e3e1db; --track: #eceae4;
  --after: #0f766e; --after-ink: #ffffff; --before: #7c8594; --baseline: #b4690e; --accent: #4f5bd5; --good: #0f766e; --good-page: #e3f3f0; --bad: #b3302b; --bad-page: #fbe9e7;
  --shadow: 0 1px 2px rgb(29 36 48 / 6%), 0 6px 24px rgb(29 36 48 / 5%); }
@media (prefers-color-scheme: dark) { :root { --page: #11151b; --card: #1a2029; --ink: #e8ebf0; --muted: #9aa5b5; --line: #2c3440; --track: #262e39;
  --after: #2dd4bf; --after-ink: #0b1f1c; --before: #8f9bad; --baseline: #e0a04a; --accent: #98a2ff; --good: #2dd4bf; --good-page: #12302d; --bad: #ff8a80; --bad-page: #3a1d1c; --shadow: none; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 8px; }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em; margin: 4px 0 12px; text-wrap: balance; }
h2 { font-size: 1.35rem; letter-spacing: -0.01em; line-height: 1.25; margin: 0 0 6px; }
h3 { font-size: 1.02rem; margin: 28px 0 8px; }
p { margin: 0 0 12px; }
a { color: inherit; text-underline-offset: 3px; }
.brand { color: var(--muted); font-size: .85rem; margin: 0; }
.summary { font-size: 1.12rem; max-width: 46em; color: var(--ink); }
.lead { color: var(--muted); max-width: 50em; margin-bottom: 20px; }
.muted, .note, .direction { color: var(--muted); }
.note { font-size: .88rem; margin-top: 12px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); padding: 28px; margin: 22px 0; scroll-margin-top: 12px; }
.tiles { list-style: none; margin: 26px 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 14px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); padding: 16px 18px; display: flex; flex-direction: column; gap: 2px; border-top: 4px solid var(--line); }
.tile.good { border-top-color: var(--good); }
.tile.bad { border-top-color: var(--bad); }
.tile-label, .tile-note { color: var(--muted); font-size: .86rem; }
.tile-value { display: flex; align-items: baseline; flex-wrap: wrap; gap: 2px 8px; }
.tile-value strong { font-size: 1.85rem; letter-spacing: -0.02em; line-height: 1.25; font-weight: 680; }
.tile.good strong { color: var(--good); }
.tile.bad strong { color: var(--bad); }
.tile-before, .arrow { color: var(--muted); font-size: 1.05rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 18px; padding: 0; margin: 24px 0 0; font-size: .92rem; }
nav a { color: var(--muted); text-decoration: none; border-bottom: 1px solid var(--line); padding: 4px 0; }
nav a:hover { color: var(--ink); border-color: var(--ink); }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th, td { text-align: right; padding: 10px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 600; font-size: .84rem; color: var(--muted); vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
.scroll { overflow-x: auto; }
.direction, .interval { display: block; font-size: .78rem; font-weight: 400; color: var(--muted); white-space: nowrap; }
th .interval { white-space: normal; }
.score { font-size: 1.05rem; font-weight: 560; }
.score.best { font-weight: 720; color: var(--after); }
tr.after { background: var(--good-page); }
tr.after > *:first-child { border-radius: 8px 0 0 8px; font-weight: 680; }
tr.after > *:last-child { border-radius: 0 8px 8px 0; }
.scores th:first-child { padding-left: 12px; }
.scores td:last-child, .scores th:last-child { padding-right: 12px; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 8px; background: var(--baseline); }
.swatch.before { background: var(--before); }
.swatch.after { background: var(--after); }
.comparisons { list-style: none; padding: 0; margin: 18px 0 0; display: grid; gap: 6px; font-size: .94rem; }
.verdict, .pill { display: inline-block; border-radius: 99px; padding: 1px 10px; font-size: .82rem; font-weight: 620; background: var(--track); color: var(--ink); }
.verdict.better, .pill.good { background: var(--good-page); color: var(--good); }
.verdict.worse, .pill.bad { background: var(--bad-page); color: var(--bad); }
.check { border-radius: 10px; padding: 10px 14px; margin: 14px 0; font-weight: 560; }
.check.good { background: var(--good-page); color: var(--good); }
.check.bad { background: var(--bad-page); color: var(--bad); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 12px 40px; align-items: start; }
.columns.narrow { grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 380px)); }
figure { margin: 22px 0 0; min-width: 0; }
figure th, figure td { overflow-wrap: anywhere; }
figure th:last-child, figure td:last-child { overflow-wrap: normal; }
figcaption { margin-bottom: 12px; font-size: .94rem; }
figcaption .muted { display: block; font-size: .88rem; }
.chart { display: block; width: 100%; height: auto; max-width: 520px; overflow: visible; font-size: 12px; }
.chart text { fill: var(--ink); }
.chart .tick, .chart .axis-name { fill: var(--muted); font-size: 10.5px; }
.chart .row-name { font-size: 12px; }
.chart .row-value { font-size: 12px; font-weight: 620; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .diagonal { stroke: var(--muted); stroke-dasharray: 4 4; }
.chart .mark { stroke: var(--muted); stroke-dasharray: 3 3; }
.chart .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.chart .line.faint { stroke-width: 1; opacity: .35; }
.chart .whisker { fill: none; stroke-width: 2.5; stroke-linecap: round; }
.chart .gap { stroke-width: 1.5; opacity: .6; }
.chart .before.line, .chart .before.whisker, .chart .before.gap { stroke: var(--before); }
.chart .after.line, .chart .after.whisker, .chart .after.gap { stroke: var(--after); }
.chart .accent.line { stroke: var(--accent); }
.chart .baseline.whisker { stroke: var(--baseline); }
.chart .dot { stroke: var(--card); stroke-width: 1.5; }
.chart .dot.before { fill: var(--before); }
.chart .dot.after { fill: var(--after); }
.chart .dot.baseline { fill: var(--baseline); }
.chart .cell-base { fill: var(--track); }
.chart .cell.right { fill: var(--after); }
.chart .cell.wrong { fill: var(--bad); }
.chart .cell-count { font-size: 14px; font-weight: 620; }
.chart .cell-count.inverse { fill: var(--after-ink); }
.bar { display: block; width: 100%; height: 10px; border-radius: 5px; margin: 6px 0 8px; }
.bar .track { fill: var(--track); }
.bar .fill.after { fill: var(--after); }
.bar .fill.accent { fill: var(--accent); }
.bar .fill.lost { fill: var(--bad); opacity: .35; }
.funnel { list-style: none; padding: 0; margin: 0; display: grid; gap: 16px; }
.funnel.compact { gap: 4px; }
.funnel p { font-size: .9rem; margin: 0 0 4px; }
.stage-head { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.stage-count { font-weight: 620; white-space: nowrap; }
.stage-count .muted { font-weight: 400; }
.rules { list-style: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .88rem; }
.rules.dropped .rule-count { color: var(--bad); font-weight: 620; }
.rules.changed .rule-count { color: var(--accent); font-weight: 620; }
.examples { list-style: none; padding: 0; margin: 0; display: grid; gap: 14px; }
.examples + p { margin-top: 10px; }
.examples li { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-width: 0; }
.said { margin: 10px 0 4px; color: var(--muted); font-size: .84rem; }
.answers { margin: 0 0 8px; font-size: .9rem; }
.answer { font-weight: 620; }
.answer.right { color: var(--good); }
.answer.wrong { color: var(--bad); text-decoration: line-through; }
blockquote { margin: 0; padding-left: 12px; border-left: 3px solid var(--line); font-size: .92rem; white-space: pre-line; overflow-wrap: anywhere; }
.id { color: var(--muted); font-size: .78rem; margin: 8px 0 0; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); gap: 10px 28px; margin: 18px 0 0; }
.facts div { min-width: 0; }
dt { color: var(--muted); font-size: .84rem; }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
pre { background: var(--track); border-radius: 10px; padding: 14px 16px; overflow-x: auto; font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: 10px 0 0; }
footer { max-width: 1080px; margin: 0 auto; padding: 0 24px 40px; color: var(--muted); font-size: .85rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
@media (max-width: 640px) {
  main { padding: 24px 14px 4px; }
  section { padding: 20px 16px; border-radius: 12px; margin: 16px 0; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px; }
  .tile { padding: 12px 14px; }
  .tile-value strong { font-size: 1.35rem; }
  .tile-before, .arrow { font-size: .92rem; }
  th, td { padding: 8px 6px; }
  .chart .tick, .chart .axis-name { font-size: 12.5px; }
  .chart .row-name, .chart .row-value { font-size: 14px; }
  .scores thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .scores, .scores tbody, .scores tr, .scores th, .scores td { display: block; text-align: left; border: 0; padding: 0; }
  .scores tr { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; margin-bottom: 10px; }
  .scores tbody tr > *:first-child, .scores tbody tr > *:last-child { padding: 0; border-radius: 0; }
  .scores tbody th { font-weight: 650; margin-bottom: 6px; }
  .scores td { display: grid; grid-template-columns: 1fr auto; column-gap: 12px; align-items: baseline; padding: 4px 0; }
  .scores td::before { content: attr(data-label); color: var(--muted); font-size: .88rem; grid-row: span 3; }
  .scores td > * { grid-column: 2; text-align: right; }
  footer { padding: 0 14px 32px; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --muted: #444; --line: #ccc; --track: #eee; --after: #0f766e; --after-ink: #fff; --before: #7c8594; --baseline: #b4690e; --accent: #4f5bd5; --good: #0f766e; --good-page: #e3f3f0; --bad: #b3302b; --bad-page: #fbe9e7; --shadow: none; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, summary { display: none; }
  main { padding: 0; max-width: none; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 16px 0; }
  figure, .examples li, tr, .tile, .scores, .stage-head { break-inside: avoid; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 8px; }
  .tile { padding: 8px 10px; }
  .tile-value strong { font-size: 1.3rem; }
  .columns, .columns.narrow { grid-template-columns: 1fr 1fr; gap: 8px 24px; }
  th, td { padding: 6px 6px; }
  h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; }
}
`;
