import type { PiiSpan } from "./pii-type.ts";

const candidate = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}/g;

/** Length of an IBAN by country (SWIFT IBAN registry). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 " +
    "FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 " +
    "LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 " +
    "SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** International bank account numbers (ISO 13616): country, length and the check modulo 97 must fit; spaces may be inside. */
export function* detectIbans(text: string): Generator<PiiSpan> {
  for (const match of text.matchAll(candidate)) {
    const length = lengths[match[0].slice(0, 2).toUpperCase()];
    if (length === undefined) continue;
    // What follows in the text may be taken for the account number: cut to the country's length.
    let end = 0;
    for (let count = 0; end < match[0].length && count < length; end++) if (match[0][end] !== " ") count++;
    const number = match[0].slice(0, end).replaceAll(" ", "").toUpperCase();
    const next = text[match.index + end] ?? "";
    if (number.length === length && !/[A-Za-z0-9]/.test(next) && isValidIban(number)) {
      yield { type: "iban", start: match.index, end: match.index + end, score: 1 };
    }
  }
}

/** Whether the number, its first four characters moved to the end and letters read as 10 to 35, is 1 modulo 97. */
export function isValidIban(iban: string): boolean {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
