/** Longest signature in lines below its mark. */
const maxLines = 15;
const mark = /^\s{0,1}(?:- )?--\s?$/;

/**
 * Removes the signature: everything below the last line "-- " (RFC 3676, section 4.3), when that is short; and the
 * armour of PGP signatures.
 */
export function stripSignature(body: string): string {
  const text = body
    .replace(/^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash:[^\n]*\n)*\n?/gm, "")
    .replace(/^-----BEGIN PGP SIGNATURE-----\n[\s\S]*?(?:^-----END PGP SIGNATURE-----$|$(?![\s\S]))/gm, "")
    .replace(/^- (?=-)/gm, "");
  const lines = text.trimEnd().split("\n");
  let end = lines.length;
  // Two marks: a mail client added its own above what the author had.
  for (let at = end; at >= 0 && end - at - 1 <= maxLines; at--)
    if (at > 0 && at < end && mark.test(lines[at]!)) end = at;
  return end === lines.length ? text : lines.slice(0, end).join("\n").trimEnd();
}
