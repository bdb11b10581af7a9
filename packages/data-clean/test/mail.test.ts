import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMail } from "../src/index.ts";

const parse = (...lines: string[]) => parseMail(lines.join("\n"));

describe("parseMail", () => {
  it("reads headers with folding, encoded words across pieces, sender, date and thread", () => {
    const mail = parse(
      "From list-admin@example.org  Thu Aug 22 12:36:23 2002",
      'From: "Joe, J" <JOE@Example.ORG>',
      "Subject: =?ISO-8859-1?Q?Re:_caf=E9?=",
      " =?utf-8?B?IOKC?= =?utf-8?B?rA==?= today",
      "Date: Thu, 22 Aug 2002 18:26:25 +0700 (ICT)",
      "Message-Id: <a@b.c>",
      "References: <x@y.z> <a@b.c>",
      "\t<q@r.s>",
      "",
      "Hello",
    );
    expect(mail).toEqual({
      subject: "Re: café € today",
      body: "Hello",
      html: false,
      sender: "joe@example.org",
      list: false,
      date: "2002-08-22T11:26:25.000Z",
      thread: ["id:a@b.c", "id:x@y.z", "id:q@r.s", "subject:café today"],
    });
  });

  it.each([
    ["7 Feb 02 01:02 EST", "2002-02-07T06:02:00.000Z"],
    ["Mon, 22 Jul 2002 19:01:42", "2002-07-22T19:01:42.000Z"],
    ["Mon, 31 Dec 1999 23:59:59 -0130", "2000-01-01T01:29:59.000Z"],
    ["yesterday", undefined],
    ["Mon, 99 Jul 2002 19:01:42", undefined],
  ])("reads the date %s the same on every machine", (value, expected) => {
    expect(parse(`Date: ${value}`, "", "x").date).toBe(expected);
  });

  it("decodes transfer encodings and character sets, and leaves decoded texts alone", () => {
    const part = (encoding: string, charset: string, body: string) =>
      parse(`Content-Type: text/plain; charset="${charset}"`, `Content-Transfer-Encoding: ${encoding}`, "", body).body;
    expect(part("quoted-printable", "iso-8859-1", "na=EFve=20 =\nline=\n, 100=25 = sure=3D")).toBe(
      "naïve  line, 100% = sure=",
    );
    expect(part("quoted-printable", "koi8-r", "=F0=D2=C9=D7=C5=D4")).toBe("Привет");
    expect(part("quoted-printable", "big5", "=A4=A4=A4=E5")).toBe("中文");
    expect(part("base64", "utf-8", "w7xiZXI=\n-- \nlist footer")).toBe("über");
    expect(part("8bit", "windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2")).toBe("Привет");
    expect(part("8bit", "us-ascii", "don\x92t")).toBe("don’t");
    expect(part("8bit", "iso-8859-1", "P\ufffddraig é")).toBe("P\ufffddraig é");
    expect(part("quoted-printable", "no-such-set", "caf=C3=A9 \ufffd")).toBe("café \ufffd");
    expect(part("7bit", "iso-2022-jp", "\x1b$B4A;z\x1b(B")).toBe("漢字");
  });

  it("takes of alternatives the plain one, unless it says next to nothing", () => {
    const mail = (plain: string) =>
      parse(
        "Content-Type: multipart/alternative; boundary=b",
        "",
        "preamble",
        "--b",
        "Content-Type: text/plain",
        "",
        plain,
        "--b",
        "Content-Type: text/html",
        "",
        "<p>The whole offer, with all that it says</p>",
        "--b--",
        "epilogue",
      );
    expect(mail("The whole offer, as text")).toMatchObject({ body: "The whole offer, as text", html: false });
    expect(mail("view as html")).toMatchObject({ body: "The whole offer, with all that it says", html: true });
  });

  it("walks nested parts: signed and forwarded mails in, attachments out", () => {
    const { body } = parse(
      'Content-Type: multipart/mixed; boundary="out"',
      "",
      "--out",
      "Content-Type: multipart/signed; boundary=in",
      "",
      "--in",
      "Content-Type: text/plain",
      "",
      "signed text",
      "--in",
      "Content-Type: application/pgp-signature",
      "",
      "xxx",
      "--in--",
      "--out",
      "Content-Type: text/plain",
      "Content-Disposition: attachment; filename=a.txt",
      "",
      "attached",
      "--out",
      "Content-Type: message/rfc822",
      "",
      "Subject: inner",
      "",
      "forwarded text",
      "--out",
      "Content-Type: image/gif",
      "",
      "GIF89a",
    );
    expect(body).toBe("signed text\n\nforwarded text");
  });

  it("leaves out attachments from before MIME", () => {
    expect(parse("Subject: x", "", "before", "begin 644 test.txt", "#0V%T", "`", "end", "after").body).toBe(
      "before\n\nafter",
    );
    expect(parse("Subject: x", "", "begin 644 reasons", "to end", "Joe").body).toBe("begin 644 reasons\nto end\nJoe");
  });

  it("reads broken mails as far as they go", () => {
    expect(parse("Content-Type: text/plain", "", "<html><body>really <b>HTML</b></body></html>").body).toBe(
      "really HTML",
    );
    expect(parse("Content-Type: text/html", "", "really text\nin lines").body).toBe("really text\nin lines");
    expect(parse("Content-Type: multipart/mixed; boundary=gone", "", "no boundary here").body).toBe("no boundary here");
    expect(
      parse(
        "Subject: x",
        "",
        "This is a multi-part message in MIME format.",
        "--zzzzz",
        "Content-Type: text/plain",
        "",
        "part",
        "--zzzzz--",
      ).body,
    ).toBe("part");
    expect(parse("Subject: x", "", "See my rule:", "", "--zzzzz", "Content-Type: text/plain").body).toBe(
      "See my rule:\n\n--zzzzz\nContent-Type: text/plain",
    );
    expect(parse("Content-Type: text/html", "", "<p>Buy</p>", "", "____", "List footer", "second line").body).toBe(
      "Buy\n\n____\nList footer\nsecond line",
    );
    expect(
      parse("Content-Type: text/plain", "", "links <a href=x>a</a> <a href=y>b</a> <a href=z>c</a>\nin lines").body,
    ).toContain("\nin lines");
    expect(parseMail("")).toEqual({
      subject: "",
      body: "",
      html: false,
      sender: "",
      list: false,
      date: undefined,
      thread: [],
    });
    expect(parse("Subject: only a header")).toMatchObject({ subject: "only a header", body: "" });
  });

  it("never throws and bounds nesting", () => {
    const alphabet = [
      "--b",
      "\n",
      "Content-Type: multipart/mixed; boundary=b",
      "Content-Type: text/html",
      "Content-Transfer-Encoding: base64",
      "=?utf-8?B?",
      "?=",
      "=E9",
      "<p",
      ">",
      "\x00",
      "\ufffd",
      "a",
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }),
        (pieces) => void parseMail(pieces.join("")),
      ),
    );
    const level = (depth: number): string =>
      depth === 0
        ? "Content-Type: text/plain\n\ndeep"
        : `Content-Type: multipart/mixed; boundary=b${depth}\n\n--b${depth}\n${level(depth - 1)}\n--b${depth}--`;
    expect(parseMail(level(5)).body).toBe("deep");
    expect(parseMail(level(40)).body).toBe("");
  });

  it.each([
    [["List-Id: <x.y>"], true],
    [["Precedence: bulk"], true],
    [["Sender: fork-admin@xent.com"], true],
    [["Sender: owner-nessus@list.nessus.org"], true],
    [["Delivered-To: mailing list x@yahoogroups.com"], true],
    [["Subject: Re: [Spambayes] hello"], true],
    [["Subject: [ADV] hello"], false],
    [["Sender: joe@example.org", "Precedence: normal"], false],
  ] as const)("tells from %j whether it came through a list", (headers, list) => {
    expect(parse(...headers, "", "x").list).toBe(list);
  });

  it("puts answers and their questions into one thread, and generic subjects into none", () => {
    const thread = (subject: string) => parse(`Subject: ${subject}`, "", "x").thread;
    expect(thread("RE: [ILUG] Fwd: Linux  Beer-Hike (was: x)")).toEqual(["subject:linux beer hike"]);
    expect(thread("Your invoice 8813")).toEqual(thread("Re[2]: your invoice 9120"));
    expect([thread("hi"), thread("Re: (no subject)"), thread("42")]).toEqual([[], [], []]);
  });
});
