/** What spam filters write into mails. */
const subjectMarkers =
  /(?:\*{3,}\s*SPAM\s*\*{3,}|[[{(]\s*(?:possible\s+|probable\s+)?spam\??\s*[\]})]|\bSPAM:\s*[\d.]+\s)\s*/gi;
const bodyMarkers = [
  /^SPAM: [^\n]*\n?/gm,
  /^-{5,}\s*Start (?:of )?SpamAssassin (?:results|report)[\s\S]*?End of SpamAssassin (?:results|report)[^\n]*\n?/gim,
  // The closing boundary of a spam that was forwarded to a filter's list.
  /^--(?=\S*[A-Za-z0-9]{8})\S{20,}--\s*$/gm,
  /^(?:X-Spam-[\w-]+|X-Virus-Scanned):[^\n]*\n?/gim,
];

/** Removes the marks of spam filters from a subject. */
export function stripSubjectMarkers(subject: string): string {
  return subject.replace(subjectMarkers, "").trim();
}

/** Removes the reports of spam filters from a body. */
export function stripBodyMarkers(body: string): string {
  return bodyMarkers.reduce((text, pattern) => text.replace(pattern, ""), body);
}

/** A tag in brackets at the front of a subject or behind "Re:", as lists add. */
const listTag = /^((?:\s*(?:re|fwd?|aw|sv|antw)\s*(?:\[\d+\])?:)*)\s*\[[^\]]{1,40}\]\s*/i;

/** Removes the tags that lists put at the front of subjects, and a "Re:" that is there twice because of them. */
export function stripListTags(subject: string): string {
  let result = subject;
  for (let next = result.replace(listTag, "$1 "); next !== result; next = result.replace(listTag, "$1 "))
    result = next.trim();
  return result.replace(/^((?:re|fwd?):)(?:\s*\1)+/i, "$1").trim();
}

/** Removes formatting tags from a plain text whose author took it for HTML. */
export function stripStrayTags(body: string): string {
  return body.replace(
    /<\/?(?:a|b|i|u|p|br|hr|font|center|div|span|img|table|tbody|td|tr|html|head|body|strong|em)(?:\s[^<>]{0,500})?\s*\/?>/gi,
    "",
  );
}
