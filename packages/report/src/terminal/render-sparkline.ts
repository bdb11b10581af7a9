const BLOCKS = "▁▂▃▄▅▆▇█";

/** Means of `width` equal parts of the values; the values themselves where there are fewer. */
function parts(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, index) => {
    const own = values.slice(
      Math.floor((index * values.length) / width),
      Math.floor(((index + 1) * values.length) / width),
    );
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}

/** One line of block characters, lowest value to highest; values that are not finite are blank. Default width 40. */
export function renderSparkline(values: readonly number[], width = 40): string {
  const shown = parts(values, width);
  const finite = shown.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return BLOCKS[Math.min(7, Math.floor(share * 8))]!;
    })
    .join("");
}
