// Numbers as commands, the report and the playground show them: the same digits and units everywhere, in every locale.

/** What a number counts; decides how it is shown. */
export type Unit = "share" | "bits/byte" | "number" | "ratio" | "count" | "bytes" | "seconds" | "flops";

/** Digits in groups of three. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const [whole = "", fraction] = String(Math.abs(value)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let index = 0;
  while (size >= base && index < units.length - 1) {
    size /= base;
    index += 1;
  }
  const digits = index === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${value < 0 ? "−" : ""}${size.toFixed(digits)} ${units[index]}`;
}

const padded = (value: number): string => String(value).padStart(2, "0");

function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${padded(minutes)} min` : `${minutes} min ${padded(whole % 60)} s`;
}

const minus = (text: string): string => text.replace(/^-/, "−");

/** The number as people read it; a dash for anything that is not finite. */
export function formatQuantity(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return "–";
  switch (unit) {
    case "share":
      return minus(`${(100 * value).toFixed(1)}%`);
    case "bits/byte":
      return minus(value.toFixed(3));
    case "ratio":
      return `${value.toFixed(3)}×`;
    case "count":
      return formatCount(value);
    case "bytes":
      return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
    case "flops":
      return scaled(value, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);
    case "seconds":
      return value < 0 ? `−${duration(-value)}` : duration(value);
    default:
      return minus(Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 3));
  }
}
