/** Maps a value of the domain to a position, and knows where its ticks are. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
  /** Ticks as text, with just enough digits to tell them apart. */
  readonly labels: readonly string[];
}

/** The step 1, 2 or 5 times a power of ten that gives about `count` ticks over `span`. */
function niceStep(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** Domain that holds all finite values; a little room around a single one, 0 to 1 without any. */
export function extentOf(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = finite.reduce((left, right) => Math.min(left, right));
  const high = finite.reduce((left, right) => Math.max(left, right));
  const room = low === high ? Math.abs(low) * 0.1 || 1 : 0;
  return [low - room, high + room];
}

/** Ticks as text, all in one notation: powers of ten where they are very large or very close. */
function labelsOf(ticks: readonly number[], step: number): string[] {
  const digits = Math.floor(Math.log10(step * 1.001));
  const exponential = digits < -4 || ticks.some((tick) => Math.abs(tick) >= 1e6);
  return ticks.map((tick) => {
    if (tick === 0) return "0";
    if (!exponential) return tick.toFixed(Math.max(0, -digits));
    const magnitude = Math.floor(Math.log10(Math.abs(tick) * 1.001));
    return tick.toExponential(Math.max(0, magnitude - digits)).replace("e+", "e");
  });
}

/** A linear scale from `domain` to `range`; with `nice` the domain grows to whole ticks. */
export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  options: { readonly ticks?: number; readonly nice?: boolean } = {},
): Scale {
  const { ticks: count = 5, nice = true } = options;
  const step = niceStep(domain[1] - domain[0], count);
  // Ticks are whole multiples of the step; a domain that starts or ends on one within rounding does not grow past it.
  const outward = { first: Math.floor(domain[0] / step + 1e-6), last: Math.ceil(domain[1] / step - 1e-6) };
  const inward = { first: Math.ceil(domain[0] / step - 1e-6), last: Math.floor(domain[1] / step + 1e-6) };
  const { first, last } = nice ? outward : inward;
  const [low, high] = nice ? [first * step, last * step] : domain;
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const position = (value: number): number =>
    Math.round(100 * (range[0] + ((value - low) / (high - low)) * (range[1] - range[0]))) / 100;
  return Object.assign(position, { ticks, labels: labelsOf(ticks, step) });
}
