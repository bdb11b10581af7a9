import { describe, expect, it } from "vitest";
import { type ChatMessage, createChatRenderer, renderChat } from "../src/index.ts";
import { characterTokenizer } from "./character-plugin.ts";

const contents = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|user|>"];
const tokenizer = characterTokenizer(
  { added_tokens: contents.map((content, index) => ({ id: 200 + index, content, special: true })) },
  { config: { bos_token: "<s>", eos_token: { content: "</s>" }, pad_token: null } },
);

const conversation: ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "  Hi!\n" },
  { role: "assistant", content: "Hello. " },
  { role: "user", content: "Bye" },
  { role: "assistant", content: "Bye." },
];

const chatml =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const llama3 =
  "{{- bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";
const llama2 =
  "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";
const zephyr =
  "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";
const tagged =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{% if message.role == 'assistant' %}{%- generation %}{{ message.content }}<|im_end|>{%- endgeneration %}\n{% else %}{{ message.content }}<|im_end|>\n{% endif %}{% endfor %}";
/** Like Qwen3: the thoughts of earlier turns are cut off. */
const thinking =
  "{% for message in messages %}{% if message.role == 'assistant' %}{% set content = message.content.split('</think>')[-1].lstrip('\\n') if not loop.last else message.content %}<|im_start|>assistant\n{{ content }}<|im_end|>\n{% else %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

function spanTexts(template: string, messages: readonly ChatMessage[] = conversation): [string, number, string][] {
  const { text, spans } = renderChat(messages, { tokenizer, template });
  return spans.map(({ role, message, start, end }) => [role, message, text.slice(start, end)]);
}

describe("renderChat", () => {
  it("renders as Transformers does, with the tokenizer's special tokens", () => {
    expect(renderChat(conversation.slice(1, 3), { tokenizer, template: llama3, addGenerationPrompt: true }).text).toBe(
      "<s><|start_header_id|>user<|end_header_id|>\n\nHi!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    );
  });

  it("strips the characters that a template names, as Python does, and white space where it names none", () => {
    const render = (expression: string) =>
      renderChat([{ role: "user", content: "\n  \n<a> \n" }], { tokenizer, template: `{{ ${expression} }}` }).text;
    expect(render("messages[0].content.lstrip('\\n')")).toBe("  \n<a> \n");
    expect(render("messages[0].content.rstrip('\\n')")).toBe("\n  \n<a> ");
    expect(render("messages[0].content.strip('\\n')")).toBe("  \n<a> ");
    expect(render("messages[0].content.split('>')[0].strip('\\n ').lstrip('<' + '>')")).toBe("a");
    expect(render("messages[0].content.strip('\\n <>a')")).toBe("");
    expect(render("messages[0].content.strip() + messages[0].content.strip(none)")).toBe("<a><a>");
    expect(render("'😀x😀'.strip('😀')")).toBe("x");
  });

  it("has fields that are null for absent, and tools and documents for none", () => {
    const call = [{ role: "assistant", content: null, tool_calls: [{ name: "f", arguments: null }] }];
    const template =
      "{% for m in messages %}{{ m.content is defined }} {{ m | tojson }}{% endfor %} {{ tools is none }} {{ documents is none }}";
    expect(renderChat(call, { tokenizer, template }).text).toBe(
      'false {"role": "assistant", "tool_calls": [{"name": "f", "arguments": null}]} true true',
    );
    expect(renderChat(call, { tokenizer, template: "{{ tools[0].name }}", tools: [{ name: "g" }] }).text).toBe("g");
  });

  it("uses the template of the tokenizer, and refuses to guess one", () => {
    const withTemplate = { ...tokenizer, chatTemplate: "{{ messages[0].content }}" };
    expect(renderChat(conversation, { tokenizer: withTemplate }).text).toBe("Be brief.");
    expect(() => renderChat(conversation, { tokenizer })).toThrow(
      /Expected a chat template, but the tokenizer has none/,
    );
  });

  it("finds each message, an assistant's with the token that ends its turn", () => {
    expect(spanTexts(chatml)).toEqual([
      ["system", 0, "Be brief."],
      ["user", 1, "  Hi!\n"],
      ["assistant", 2, "Hello. <|im_end|>"],
      ["user", 3, "Bye"],
      ["assistant", 4, "Bye.<|im_end|>"],
    ]);
    expect(spanTexts(llama3).slice(2)).toEqual([
      ["assistant", 2, "Hello.<|eot_id|>"],
      ["user", 3, "Bye"],
      ["assistant", 4, "Bye.<|eot_id|>"],
    ]);
  });

  it("finds a system message that the template puts into the first question, and an end behind a space", () => {
    expect(spanTexts(llama2)).toEqual([
      ["system", 0, "Be brief."],
      ["user", 1, "  Hi!"],
      ["assistant", 2, "Hello. </s>"],
      ["user", 3, "Bye"],
      ["assistant", 4, "Bye. </s>"],
    ]);
  });

  it("does not take the opening of the next turn for the end of this one", () => {
    expect(spanTexts("{% for message in messages %}<|user|>{{ message.content }}{% endfor %}")).toContainEqual([
      "assistant",
      2,
      "Hello. ",
    ]);
    expect(spanTexts(zephyr)).toContainEqual(["assistant", 4, "Bye.</s>"]);
  });

  it("takes what a template declares as generated", () => {
    const { text, spans } = renderChat(conversation, { tokenizer, template: tagged });
    expect(text).toBe(
      renderChat(conversation, {
        tokenizer,
        template: tagged.replace(/\{%-? ?(end)?generation ?%\}/g, (tag) =>
          tag.replace(/(end)?generation/, "set unused = 1"),
        ),
      }).text,
    );
    expect(spans.filter(({ role }) => role === "assistant").map(({ start, end }) => text.slice(start, end))).toEqual([
      "Hello. <|im_end|>",
      "Bye.<|im_end|>",
    ]);
    expect(spans.map(({ message }) => message)).toEqual([0, 1, 2, 3, 4]);
  });

  it("falls back on what a message adds where the template cuts its content", () => {
    const messages: ChatMessage[] = [
      { role: "user", content: "1+1?" },
      { role: "assistant", content: "<think>\nsum\n</think>\n\n2" },
      { role: "user", content: "2+2?" },
      { role: "assistant", content: "<think>\nsum\n</think>\n\n4" },
    ];
    const found = spanTexts(thinking, messages);
    // The thoughts of the first answer are gone, and with them one of its signs: no span instead of a wrong one.
    expect(found.map(([, message]) => message)).toEqual([0, 2, 3]);
    expect(found.at(-1)).toEqual(["assistant", 3, "<think>\nsum\n</think>\n\n4<|im_end|>"]);
    expect(spanTexts(thinking, messages.slice(0, 2)).at(-1)).toEqual([
      "assistant",
      1,
      "<think>\nsum\n</think>\n\n2<|im_end|>",
    ]);
  });

  it("gives no span rather than a wrong one when signs would change what the template does", () => {
    const template =
      "{% for message in messages %}[{{ message.content | length }}]{{ message.content }}</s>{% endfor %}";
    expect(renderChat(conversation, { tokenizer, template }).spans).toEqual([]);
  });

  it("takes contents in parts, none, and private-use characters in texts", () => {
    const template =
      "{% for message in messages %}<|im_start|>{% if message.content is string %}{{ message.content }}{% elif message.content %}{% for part in message.content %}{{ part.text }}{% endfor %}{% else %}{{ message.tool_calls | tojson }}{% endif %}<|im_end|>{% endfor %}";
    const messages: ChatMessage[] = [
      {
        role: "user",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: " two" },
        ],
      },
      { role: "assistant", content: null, tool_calls: [{ name: "f" }] },
      { role: "assistant", content: "\ue000\ue00b\ue001" },
    ];
    expect(spanTexts(template, messages)).toEqual([
      ["user", 0, "one two"],
      ["assistant", 2, "\ue000\ue00b\ue001<|im_end|>"],
    ]);
  });

  it("gives templates tools, variables and a fixed date", () => {
    const template =
      "{{ strftime_now('%d %b %Y %H:%M %A %j') }}|{{ tools[0].name }}|{{ enable_thinking }}|{{ pad_token is defined }}";
    const options = {
      tools: [{ name: "search" }],
      variables: { enable_thinking: false },
      date: new Date("2024-07-26T09:05:00Z"),
    };
    expect(renderChat([], { tokenizer, template, ...options }).text).toBe(
      "26 Jul 2024 09:05 Friday %j|search|false|false",
    );
  });

  it("says why a template refuses messages, and that a template cannot be read", () => {
    const wrong = [{ role: "assistant", content: "x" }];
    expect(() => renderChat(wrong, { tokenizer, template: llama2 })).toThrow(
      /refused them: Roles must alternate user\/assistant\./,
    );
    expect(() => createChatRenderer({ tokenizer, template: "{% if %}" })).toThrow(/Expected a Jinja chat template/);
  });
});
