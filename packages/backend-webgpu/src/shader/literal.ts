/** WGSL text of an f32. Infinities and NaN are read from a variable, since WGSL refuses constants that are not finite. */
export function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return "not_a_number()";
  if (!Number.isFinite(rounded)) return rounded > 0 ? "infinity()" : "(-infinity())";
  const text = `${Math.abs(rounded)}f`;
  return rounded < 0 || Object.is(rounded, -0) ? `(-${text})` : text;
}

/** WGSL text of an i32. */
export function integerLiteral(value: number): string {
  return value < 0 ? `i32(${value})` : `${value}i`;
}
