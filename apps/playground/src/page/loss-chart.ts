import { renderLineChart } from "@attune/report";

/** A loss by step. */
interface LossPoint {
  readonly step: number;
  readonly value: number;
}

/** A curve that grows. It is drawn at most once a frame, and never while nobody sees it. */
export interface LossChart {
  add(point: LossPoint): void;
  /** Leaves out what is after a step, where a run goes on from there. */
  cutAfter(step: number): void;
}

/** A chart in an element, as wide as the element is. */
export function lossChart(parent: HTMLElement): LossChart {
  let points: LossPoint[] = [];
  let asked = false;
  const draw = (): void => {
    asked = false;
    if (points.length === 0) {
      parent.replaceChildren();
      return;
    }
    const width = Math.min(760, Math.max(320, Math.round(parent.clientWidth)));
    parent.innerHTML = renderLineChart({
      title: "Loss",
      yLabel: "nats a token",
      width,
      height: Math.min(280, Math.round(width / 1.6)),
      series: [{ name: "training", points, look: points.length > 40 ? "faint" : "plain", tone: "after" }],
    });
  };
  const ask = (): void => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };
  new ResizeObserver(ask).observe(parent);
  return {
    add(point) {
      points.push(point);
      ask();
    },
    cutAfter(step) {
      points = points.filter((point) => point.step <= step);
      ask();
    },
  };
}
