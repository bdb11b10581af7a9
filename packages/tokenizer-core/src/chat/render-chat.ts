/**
 * Chat templates (Jinja, as Transformers renders them) with the places of each message in the rendered text. Label
 * masks come from these places and one tokenising pass, never from the length of a part that is tokenised apart.
 */
import { AttuneError, type JsonObject, type JsonValue, type Tokenizer } from "@attune/spec";
import { Template } from "@huggingface/jinja";
import { findRoleSpans } from "./chat-spans.ts";
import { formatTime } from "./format-time.ts";
import { callStripFunctions, stripFunctions } from "./strip-methods.ts";

/** One message of a conversation, in OpenAI's form; a template may use further fields. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | readonly JsonObject[] | null | undefined;
  readonly [field: string]: JsonValue | undefined;
}

/** What conversations are rendered with. */
export interface ChatRendererOptions {
  /** Its template is used, and its special tokens are given to the template. */
  readonly tokenizer: Pick<Tokenizer, "chatTemplate" | "specialTokens" | "specialIds" | "tokenOf">;
  /** Template to use instead of the tokenizer's. */
  readonly template?: string | undefined;
}

/** How one conversation is rendered. */
export interface RenderChatOptions {
  /** End with the opening of an assistant's message. Default false. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** Definitions of tools, for templates that take them. */
  readonly tools?: readonly JsonObject[] | undefined;
  /** Further variables of the template, for example `enable_thinking`. */
  readonly variables?: JsonObject | undefined;
  /** The time that a template sees. Default: the clock's, as in Transformers; give one to have equal texts. */
  readonly date?: Date | undefined;
}

/** Where the content of a message stands in the rendered text, in UTF-16 units, half-open. */
export interface RoleSpan {
  readonly role: string;
  /** Index of the message. */
  readonly message: number;
  readonly start: number;
  /** For an assistant, behind the token that ends its turn, when one follows. */
  readonly end: number;
}

/** A rendered conversation. */
export interface RenderedChat {
  /** Encode it with `parseSpecialTokens` and without `addSpecialTokens`: templates write BOS themselves. */
  readonly text: string;
  /**
   * One span for each message whose content could be found in the text. A template that rewrites a content can hide
   * it; whoever trains on a role must check that its messages have spans.
   */
  readonly spans: readonly RoleSpan[];
}

/** Stands for `strftime_now` where a date is given: the engine does not let its own functions be replaced. */
const fixedClock = "strftime_at_given_date";

/** Renders conversations with one template. */
export type ChatRenderer = (messages: readonly ChatMessage[], options?: RenderChatOptions) => RenderedChat;

/**
 * Makes the function that renders conversations; the template is parsed once.
 * Throws `OPTIONS_INVALID` when there is no template or it is no valid one.
 */
export function createChatRenderer({ tokenizer, template }: ChatRendererOptions): ChatRenderer {
  const source = template ?? tokenizer.chatTemplate;
  if (source === undefined) {
    throw new AttuneError("OPTIONS_INVALID", "Expected a chat template, but the tokenizer has none.", {
      hint: "Give one (template.chatTemplate in a recipe), or use a tokenizer or an adapter whose folder has chat_template.jinja.",
    });
  }
  const compile = templateCache();
  compile(source);
  return (given, options = {}) => {
    const messages = given.map(withoutNulls);
    const context = contextOf(tokenizer, options);
    const clocked = (text: string) => (options.date ? text.replace(/\bstrftime_now\b/g, fixedClock) : text);
    const render = (text: string, subset: readonly ChatMessage[], prompt: boolean): string =>
      compile(clocked(text)).render({ ...context, messages: subset, add_generation_prompt: prompt });
    const addGenerationPrompt = options.addGenerationPrompt === true;
    const text = refusing(() => render(source, messages, addGenerationPrompt));
    const surroundings = JSON.stringify([messages, options.tools ?? [], options.variables ?? {}]);
    const conversation = { text, source, messages, addGenerationPrompt, surroundings, render };
    return { text, spans: findRoleSpans(conversation, tokenizer) };
  };
}

/**
 * Renders a conversation with a chat template. Throws `INPUT_INVALID` when the template refuses the messages,
 * `OPTIONS_INVALID` when there is no template or it is no valid one. For many conversations, make a renderer once.
 */
export function renderChat(
  messages: readonly ChatMessage[],
  options: ChatRendererOptions & RenderChatOptions,
): RenderedChat {
  return createChatRenderer(options)(messages, options);
}

/** Fields of a message that are null are absent for the template, as in Transformers 5. */
function withoutNulls(message: ChatMessage): ChatMessage {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null)) as unknown as ChatMessage;
}

function contextOf(
  tokenizer: ChatRendererOptions["tokenizer"],
  { tools, variables, date }: RenderChatOptions,
): Record<string, unknown> {
  const { specialTokens, tokenOf } = tokenizer;
  const tokens = Object.entries(specialTokens).flatMap(([role, id]: [string, number | undefined]) => {
    const token = id === undefined ? undefined : tokenOf(id);
    return token === undefined ? [] : [[`${role}_token`, token]];
  });
  const time = date && { [fixedClock]: (format: string) => formatTime(date, format) };
  // Without tools and documents the two names are there all the same, as in Transformers: templates ask whether they are none.
  return {
    ...stripFunctions,
    ...Object.fromEntries(tokens),
    tools: tools ?? null,
    documents: null,
    ...time,
    ...variables,
  };
}

/** Parses a template once; there are two forms of it, as written and with signs. */
function templateCache(): (source: string) => Template {
  let parsed: readonly (readonly [source: string, template: Template])[] = [];
  return (source) => {
    const known = parsed.find(([text]) => text === source);
    if (known) return known[1];
    try {
      const template = new Template(source);
      callStripFunctions(template);
      parsed = [...parsed.slice(-3), [source, template]];
      return template;
    } catch (cause) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `Expected a Jinja chat template, but it cannot be read (${reasonOf(cause)}).`,
        {
          cause,
        },
      );
    }
  };
}

function refusing(render: () => string): string {
  try {
    return render();
  } catch (cause) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected messages that the chat template takes, but it refused them: ${reasonOf(cause)}.`,
      {
        hint: "Check the roles, their order and the fields that this model's template wants.",
        cause,
      },
    );
  }
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
}
