import type { MailHeaders } from "./read-headers.ts";

/** Subjects that say nothing: mails that share one are not of one thread. */
const emptySubjects = /^(?:|\(?no subject\)?|none|hi|hello|hey|test|help|question|untitled)$/;

const prefix = /^(?:\s*(?:(?:re|fwd?|aw|sv|antw|tr|wg)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*:|\[[^\]]{1,40}\]|\(fwd\)))+/i;

/** Removes "Re:", "Fwd:" and their kin and tags in brackets from the front, and "(was: ...)" from the end. */
function bareSubject(subject: string): string {
  return subject
    .replace(prefix, "")
    .replace(/\s*\((?:was|fwd)\b[^)]*\)\s*$/i, "")
    .trim();
}

/**
 * Returns what ties a mail to its thread: its own message id, those that it answers (In-Reply-To, References), and its
 * bare subject in lower case without digits and punctuation, if that says anything.
 */
export function threadKeys(headers: MailHeaders, subject: string): string[] {
  const ids = ["message-id", "in-reply-to", "references"].flatMap((name) =>
    (headers.get(name) ?? []).flatMap(
      (value) => value.slice(0, 10_000).match(/<[^<>\s]{1,250}@[^<>\s]{1,250}>/g) ?? [],
    ),
  );
  const bare = bareSubject(subject)
    .toLowerCase()
    .replace(/[^\p{L}]+/gu, " ")
    .trim();
  const keys = ids.map((id) => `id:${id.slice(1, -1)}`);
  if (!emptySubjects.test(bare) && bare.length >= 4) keys.push(`subject:${bare}`);
  return [...new Set(keys)];
}
