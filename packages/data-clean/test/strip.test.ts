import { describe, expect, it } from "vitest";
import { stripListFooters, stripQuoted, stripSignature } from "../src/index.ts";
import { stripBodyMarkers, stripListTags, stripStrayTags, stripSubjectMarkers } from "../src/mail/strip-markers.ts";

describe("stripListFooters", () => {
  const mailman =
    "_______________________________________________\nRazor-users mailing list\nRazor-users@lists.sourceforge.net\nhttps://lists.sourceforge.net/lists/listinfo/razor-users";
  const sponsor =
    "-------------------------------------------------------\nThis sf.net email is sponsored by:ThinkGeek\nWelcome to geek heaven.\nhttp://thinkgeek.com/sf";
  const yahoo =
    "------------------------ Yahoo! Groups Sponsor ---------------------~-->\n4 DVDs Free +s&p Join Now\nhttp://us.click.yahoo.com/pt6YBB\n---------------------------------------------------------------------~->\n\nTo unsubscribe from this group, send an email to:\nforteana-unsubscribe@egroups.com\n\nYour use of Yahoo! Groups is subject to http://docs.yahoo.com/info/terms/";
  it.each([
    ["Mailman", mailman],
    ["SourceForge", `${sponsor}\n${mailman}`],
    ["Yahoo groups", yahoo],
    [
      "ILUG",
      "-- \nIrish Linux Users' Group: ilug@linux.ie\nhttp://www.linux.ie/mailman/listinfo/ilug for (un)subscription information.\nList maintainer: listmaster@linux.ie",
    ],
    ["a bare list address", "http://xent.com/mailman/listinfo/fork"],
    [
      "ezmlm",
      "---------------------------------------------------------------------\nTo unsubscribe, e-mail: dev-unsubscribe@example.org\nFor additional commands, e-mail: dev-help@example.org",
    ],
    [
      "Debian",
      '-- \nTo UNSUBSCRIBE, email to debian-user-REQUEST@lists.debian.org\nwith a subject of "unsubscribe". Trouble? Contact listmaster@lists.debian.org',
    ],
    [
      "a free mail host below a list",
      `__________________________________________________\nDo You Yahoo!?\nYahoo! Finance - Get real-time stock quotes\nhttp://finance.yahoo.com\n\n${mailman}`,
    ],
  ])("removes the footer of %s", (_, footer) => {
    expect(stripListFooters(`See http://example.org/page\n\nIan\n\n${footer}\n\n`)).toBe(
      "See http://example.org/page\n\nIan",
    );
    expect(stripListFooters(`Ian\n${footer}`)).toBe("Ian");
  });

  it.each([
    "To be removed from our list, click here:\nhttp://offers.example.com/remove",
    "http://www.example.com/only-a-link",
    "He said: to unsubscribe is to give up.\n\nI don't agree.",
    "a\n----------\nb",
  ])("keeps what senders write themselves: %j", (body) => {
    expect(stripListFooters(body)).toBe(body);
  });
});

describe("stripQuoted", () => {
  it("removes quotations with the lines that introduce them", () => {
    expect(stripQuoted("Hi,\n\nOn Mon, 5 Aug 2002, Joe wrote:\n\n> one\n> two\n\nI agree.\n\nJD> three\nNo.")).toBe(
      "Hi,\n\n\n\nI agree.\n\nNo.",
    );
    expect(stripQuoted("On Monday the fifth of August, at seven,\nJoe Miller <joe@example.org> writes:\n> x\ny")).toBe(
      "y",
    );
    expect(stripQuoted("Mark said:\n| a\n| b\n| c\nend")).toBe("end");
    expect(stripQuoted("Top.\n\n-----Original Message-----\nFrom: x\n\nall of it")).toBe("Top.\n");
  });
  it("keeps forwarded mails, tables, and a mail that starts with the mark", () => {
    for (const body of [
      "---------- Forwarded message ----------\nFrom: x\ntext",
      "a | b\n| c |\nd",
      "-----Original Message-----\nall",
      "He wrote: nothing.\n\nMore.",
    ]) {
      expect(stripQuoted(body)).toBe(body);
    }
  });
});

describe("stripSignature", () => {
  it("removes short signatures, several of them, and PGP armour", () => {
    expect(stripSignature("Text.\n-- \nJoe\nPhone")).toBe("Text.");
    expect(stripSignature("Text.\n-- \n\n--\nJoe")).toBe("Text.");
    expect(
      stripSignature(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nText.\n- -- \nEugen\n-----BEGIN PGP SIGNATURE-----\nVersion: x\n\niD8\n-----END PGP SIGNATURE-----\n",
      ),
    ).toBe("Text.");
  });
  it("keeps a long tail, a list and a text that is all signature", () => {
    for (const body of [`Text.\n--\n${"line\n".repeat(20)}end`, "a\n- b\n-- c", "--\nJoe"])
      expect(stripSignature(body)).toBe(body);
  });
});

describe("marks and tags", () => {
  it("are removed from subjects and bodies", () => {
    expect(stripSubjectMarkers("*****SPAM***** Buy [SPAM] now")).toBe("Buy now");
    expect(stripListTags("Re: [ILUG] Re: [ILUG-Social] beer")).toBe("Re: beer");
    expect(stripListTags("[Razor-users] Version 2 [final]")).toBe("Version 2 [final]");
    expect(stripBodyMarkers("SPAM: 5 hits\nHello\n--DeathToSpamDeathToSpamDeathToSpam--\n--------------------\n")).toBe(
      "Hello\n\n--------------------\n",
    );
    expect(stripStrayTags('go <a href="http://x.y">here</a><br> 1 < 2 > 0 <joe@x.y>')).toBe(
      "go here 1 < 2 > 0 <joe@x.y>",
    );
  });
});
