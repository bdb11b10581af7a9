import type { MailHeaders } from "./read-headers.ts";

const listFields = [
  "list-id",
  "list-post",
  "list-unsubscribe",
  "list-subscribe",
  "list-help",
  "list-archive",
  "mailing-list",
  "x-mailing-list",
  "x-beenthere",
  "x-mailman-version",
  "x-list-admin",
  "x-unsubscription-info",
  "x-egroups-return",
  "x-listserver",
  "x-list",
];

/** A list's name in brackets at the front of the subject; "[ADV]" and the like are no lists. */
const tagged =
  /^(?:\s*(?:re|fwd?|aw|sv)\s*:)*\s*\[(?!(?:adv|spam|bug|no|fwd?|img)\b)[a-z][\w.+-]{2,}(?:[ -][\w.+-]+)?\]/i;

/**
 * Whether a mail came through a mailing list: it has a field that list servers add (RFC 2369, RFC 2919, or their older
 * ones), a bulk precedence, a sender or recipient that is a list's own address, or a list's name before the subject.
 */
export function cameThroughList(headers: MailHeaders, subject: string): boolean {
  if (tagged.test(subject)) return true;
  if (listFields.some((name) => headers.has(name))) return true;
  if (/^(?:bulk|list)\b/i.test(headers.get("precedence")?.[0] ?? "")) return true;
  const senders = [
    ...(headers.get("sender") ?? []),
    ...(headers.get("return-path") ?? []),
    ...(headers.get("errors-to") ?? []),
  ];
  if (
    senders.some((value) =>
      /\bowner-[\w.+-]+@|[\w.+]-(?:admin|owner|bounces?|request|outgoing|return)(?:-[\w=.+-]*)?@/i.test(value),
    )
  )
    return true;
  return (headers.get("delivered-to") ?? []).some((value) =>
    /^\s*(?:mailing list\b|list-|<?[\w.+-]+@(?:lists?|groups|egroups|yahoogroups)\.)/i.test(value),
  );
}
