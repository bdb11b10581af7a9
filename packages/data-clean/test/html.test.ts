import { describe, expect, it } from "vitest";
import { htmlToText } from "../src/index.ts";

describe("htmlToText", () => {
  it.each([
    ["blocks and paragraphs", "<div>a<div>b</div></div><p>c<p>d", "a\nb\n\nc\n\nd"],
    ["line breaks and white space", "a  \n b<br>c<br><br><br>d", "a b\nc\n\nd"],
    [
      "lists and tables",
      "<ul><li>x<li>y</ul><table><tr><td>1<td>2</tr><tr><th>3</th></tr></table>",
      "- x\n- y\n1 2\n3",
    ],
    ["inline tags and comments inside words", "V<!-- x -->ia<b>gr</b>a", "Viagra"],
    ["entities", "&lt;b&gt; &eacute;&#8364;&nbsp;&amp;", "<b> é€\u00a0&"],
    ["preformatted text", "x<pre>a\n  b</pre>y", "x\na\n  b\ny"],
    ["alternative texts", 'see<img alt="our logo" src=x>now', "see our logo now"],
    [
      "what no reader sees",
      "<head><title>t</title><style>p{}</style></head>a<script>x<y</script><span style='display: none'>h<i>i</i></span><p hidden>j</p>b",
      "ab",
    ],
    [
      "small type that hides, not small type",
      "<font style='font-size:1px'>x</font><font style='font-size:10px'>y</font>",
      "y",
    ],
    ["a void element that is hidden", "<img style='display:none' src=x>text", "text"],
    ["an unclosed head", "<html><head><title>t</title><div>text</div>", "text"],
    ["an unclosed comment", "a<!--#rotate>b", "ab"],
    ["plain text", "a < b", "a < b"],
  ])("reads %s", (_, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it("takes depth and size as they come", () => {
    expect(htmlToText(`${"<div>".repeat(50_000)}x`)).toBe("x");
    expect(htmlToText("<p>word</p>".repeat(20_000)).length).toBe(20_000 * 6 - 2);
  });
});
