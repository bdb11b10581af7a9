export { type LineChartOptions, type LineSeries, renderLineChart } from "./charts/line-chart.ts";
export { formatDifference, formatPValue } from "./format-estimate.ts";
export { renderReport } from "./render-report.ts";
export type {
  ChangedDocument,
  ChangeSection,
  ConfusionTable,
  CurvePoint,
  DataSection,
  Estimate,
  Fact,
  ForgettingSection,
  FunnelStage,
  MistakeSection,
  Quantity,
  ReliabilityTable,
  RepeatSection,
  ReportData,
  ResourceRow,
  ResourceSection,
  RuleCount,
  Sample,
  SampleSection,
  ScoreColumn,
  ScoreComparison,
  ScoreRow,
  ScoreSection,
  SplitPart,
  Tile,
  TrainingSection,
} from "./report-data.ts";
export { renderLossCurve } from "./terminal/render-loss-curve.ts";
export { renderScores } from "./terminal/render-scores.ts";
export { renderSparkline } from "./terminal/render-sparkline.ts";
export type { TextTable } from "./terminal/render-table.ts";
export { renderTable } from "./terminal/render-table.ts";
