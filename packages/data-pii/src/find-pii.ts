import { detectCards } from "./detect-card.ts";
import { detectEmails } from "./detect-email.ts";
import { detectIbans } from "./detect-iban.ts";
import { detectIps } from "./detect-ip.ts";
import { detectPhones } from "./detect-phone.ts";
import { detectUrls } from "./detect-url.ts";
import { type PiiDetector, type PiiSpan, type PiiType, piiTypes } from "./pii-type.ts";

/** What is looked for. */
export interface FindPiiOptions {
  /** Kinds; default: all. */
  readonly types?: readonly PiiType[] | undefined;
  /** Smallest score. Default 0.5. */
  readonly threshold?: number | undefined;
}

const detectors: Readonly<Record<PiiType, PiiDetector>> = {
  email: detectEmails,
  url: detectUrls,
  iban: detectIbans,
  card: detectCards,
  ip: detectIps,
  phone: detectPhones,
};

/**
 * Finds personal data in a text: spans that do not overlap, by ascending offset. Of overlapping matches the higher score
 * wins, then the longer one, then the order of the kinds.
 */
export function findPii(text: string, options: FindPiiOptions = {}): PiiSpan[] {
  const threshold = options.threshold ?? 0.5;
  const spans: PiiSpan[] = [];
  for (const type of options.types ?? piiTypes) {
    for (const span of detectors[type](text)) if (span.score >= threshold) spans.push(span);
  }
  if (spans.length < 2) return spans;
  const rank = (type: PiiType): number => piiTypes.indexOf(type);
  spans.sort(
    (a, b) =>
      b.score - a.score || b.end - b.start - (a.end - a.start) || rank(a.type) - rank(b.type) || a.start - b.start,
  );
  return withoutOverlaps(spans);
}

/** Takes spans in order of preference and keeps each that meets none before it. */
function withoutOverlaps(preferred: readonly PiiSpan[]): PiiSpan[] {
  const kept: PiiSpan[] = [];
  for (const span of preferred) {
    const at = insertionPoint(kept, span.start);
    const before = kept[at - 1];
    const after = kept[at];
    if ((before === undefined || before.end <= span.start) && (after === undefined || span.end <= after.start))
      kept.splice(at, 0, span);
  }
  return kept;
}

function insertionPoint(spans: readonly PiiSpan[], start: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
