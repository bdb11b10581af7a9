import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findPii, isValidIban, maskPii, type PiiType, passesLuhn } from "../src/index.ts";

const found = (text: string, types?: readonly PiiType[]): string[] =>
  findPii(text, { types }).map((span) => `${span.type}:${text.slice(span.start, span.end)}`);

describe("checksums", () => {
  it("Luhn takes published test numbers and no neighbour of them", () => {
    for (const number of [
      "4111111111111111",
      "5500005555555559",
      "378282246310005",
      "6011111111111117",
      "3530111333300000",
    ]) {
      expect(passesLuhn(number)).toBe(true);
      for (let digit = 1; digit < 10; digit++)
        expect(passesLuhn(number.slice(0, -1) + ((Number(number.at(-1)) + digit) % 10))).toBe(false);
    }
  });
  it("IBAN takes the examples of the registry and no change of one digit", () => {
    for (const iban of [
      "GB29NWBK60161331926819",
      "DE89370400440532013000",
      "FR1420041010050500013M02606",
      "NO9386011117947",
      "MT84MALT011000012345MTLCAST001S",
    ]) {
      expect(isValidIban(iban)).toBe(true);
      expect(isValidIban(iban.slice(0, -2) + (iban.at(-2) === "0" ? "1" : "0") + iban.at(-1))).toBe(false);
    }
  });
});

describe("findPii", () => {
  it.each([
    [
      "write to Joe.Miller+x@mail.example.co.uk, or <a_b@c-d.org>",
      ["email:Joe.Miller+x@mail.example.co.uk", "email:a_b@c-d.org"],
    ],
    ["no@tld, @handle, a@b.c and user@host", []],
    [
      "see http://x.org/a?b=c&d=e. (https://y.de/(z)) or ftp://f.g/h!",
      ["url:http://x.org/a?b=c&d=e", "url:https://y.de/(z)", "url:ftp://f.g/h"],
    ],
    [
      "www.example.de, shop.example.com/buy, example.co.uk, index.pl and Node.js",
      ["url:www.example.de", "url:shop.example.com/buy", "url:example.co.uk"],
    ],
    ["http://x.y/?to=a@b.org is one address", ["url:http://x.y/?to=a@b.org"]],
    ["from 192.168.0.1 (version 1.2.3.4) to 300.1.1.1, 1.2.3.4.5", ["ip:192.168.0.1"]],
    [
      "2001:db8::8a2e:370:7334, ::1, std::string, 12:30:45, fe80:0:0:0:0:0:0:1",
      ["ip:2001:db8::8a2e:370:7334", "ip:fe80:0:0:0:0:0:0:1"],
    ],
    [
      "4111 1111 1111 1111, 4111-1111-1111-1112, my Amex 378282246310005",
      ["card:4111 1111 1111 1111", "card:378282246310005"],
    ],
    ["1234567890123456 is no card, 9111111111111111 neither", []],
    [
      "IBAN GB29 NWBK 6016 1331 9268 19 please, gb29nwbk60161331926819",
      ["iban:GB29 NWBK 6016 1331 9268 19", "iban:gb29nwbk60161331926819"],
    ],
    ["GB29 NWBK 6016 1331 9268 18 and XX29NWBK60161331926819", []],
    [
      "+1 (415) 555-2671, 415.555.2671 x12, (415) 555-2671",
      ["phone:+1 (415) 555-2671", "phone:415.555.2671 x12", "phone:(415) 555-2671"],
    ],
    [
      "call 555 2671 or 020 7946 0958; fax: +49-30-1234567",
      ["phone:555 2671", "phone:020 7946 0958", "phone:+49-30-1234567"],
    ],
    ["on 2002-08-22 12:30, 1995-2002, 078-05-1120, 1 000 000, 3.14159265 2.71828", []],
    ["ISBN 0-306-40615-2, order 123-456-7890, #555 267 8901", []],
  ])("finds in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("gives offsets and scores that context raises, and takes kinds and thresholds", () => {
    expect(findPii("x a@b.org")).toEqual([{ type: "email", start: 2, end: 9, score: 1 }]);
    const score = (text: string) => findPii(text, { threshold: 0 }).at(-1)!.score;
    expect(score("phone 555 2671")).toBeGreaterThan(score("table 555 2671"));
    expect(found("a@b.org 1.2.3.4", ["ip"])).toEqual(["ip:1.2.3.4"]);
    expect(findPii("table 555 2671")).toEqual([]);
  });

  it("gives spans that do not overlap, in order, for any text, in time that grows with it", () => {
    const unit = fc.constantFrom(
      "a",
      "@",
      ".",
      "com",
      " ",
      "1",
      "23",
      "4",
      "-",
      "(",
      ")",
      "+",
      ":",
      "/",
      "http://",
      "GB29",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 80 }), (pieces) => {
        const text = pieces.join("");
        const spans = findPii(text, { threshold: 0 });
        for (const [index, span] of spans.entries()) {
          expect(span.end).toBeGreaterThan(span.start);
          expect(span.start).toBeGreaterThanOrEqual(spans[index - 1]?.end ?? 0);
          expect(span.end).toBeLessThanOrEqual(text.length);
        }
      }),
    );
    // Each would take minutes if some pattern were quadratic.
    for (const piece of ["1 ", "a.", "a@", "1-", "(1", "::", "GB29", "http://", "w", "1."])
      findPii(piece.repeat(100_000));
  }, 20_000);
});

describe("maskPii", () => {
  it("puts typed placeholders and keeps everything else", () => {
    const { text, spans } = maskPii("Mail a@b.org, call +1 415 555 2671 or see http://x.y/z.");
    expect(text).toBe("Mail [EMAIL], call [PHONE] or see [URL].");
    expect(spans.map((span) => span.type)).toEqual(["email", "phone", "url"]);
    expect(maskPii(text).text).toBe(text);
  });
});
