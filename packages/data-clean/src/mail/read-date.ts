const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const zones: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};
const form =
  /(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4}|\d{2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([+-])(\d{2})(\d{2})|\s+([A-Z]{1,5}))?/;

/**
 * Reads the date of a mail (RFC 5322, section 3.3, with the zones of section 4.3) as ISO 8601 in UTC; a missing or
 * unknown zone counts as UTC, so that the result is the same on every machine. Undefined for anything else.
 */
export function readDate(value: string | undefined): string | undefined {
  const match = form.exec(value ?? "");
  const month = months.indexOf(match?.[2]?.toLowerCase() ?? "");
  if (match === null || month < 0) return undefined;
  const [day, shortYear, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6] ?? 0].map(
    Number,
  ) as [number, number, number, number, number];
  const year = shortYear >= 100 ? shortYear : shortYear + (shortYear < 50 ? 2000 : 1900);
  const sign = match[7] === "-" ? -1 : 1;
  const offset =
    match[8] === undefined ? (zones[match[10] ?? ""] ?? 0) * 60 : sign * (Number(match[8]) * 60 + Number(match[9]));
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1970 || year > 2100) return undefined;
  return new Date(Date.UTC(year, month, day, hour, minute, second) - offset * 60_000).toISOString();
}
