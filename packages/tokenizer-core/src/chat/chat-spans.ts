import type { JsonObject, Tokenizer } from "@attune/spec";
import { type ChatMarkers, createChatMarkers, markGenerationTags, type StrippedText } from "./chat-markers.ts";
import type { ChatMessage, RoleSpan } from "./render-chat.ts";

/** Renders some messages with a template that is given as text. */
type RenderTemplate = (source: string, messages: readonly ChatMessage[], addGenerationPrompt: boolean) => string;

/** A conversation that was rendered, and what is needed to render it in other ways. */
export interface RenderedConversation {
  readonly text: string;
  readonly source: string;
  readonly messages: readonly ChatMessage[];
  readonly addGenerationPrompt: boolean;
  /** Anything else that the template sees, to choose signs that stand nowhere in it. */
  readonly surroundings: string;
  readonly render: RenderTemplate;
}

/** The parts of a tokenizer that say how turns end. */
export type TurnTokens = Pick<Tokenizer, "specialTokens" | "specialIds" | "tokenOf">;

/**
 * Finds where each message stands in the rendered text: where the template declares a part as generated, else where
 * signs around the content come out, else (for an assistant) what the message adds to the text.
 */
export function findRoleSpans(conversation: RenderedConversation, tokens: TurnTokens): RoleSpan[] {
  const { text, messages, source, render } = conversation;
  const marked = renderMarked(conversation);
  const endings = turnEndings(tokens);
  const generated = marked?.places.get(-1);
  const assistants = messages.flatMap(({ role }, index) => (role === "assistant" ? [index] : []));
  const placeOf = (message: number): Place | undefined => {
    const turn = assistants.indexOf(message);
    const [start, end] = [generated?.opens[turn], generated?.closes[turn]];
    if (start !== undefined && end !== undefined) return { start, end };
    const content = withOwnSpace(text, messages[message]!, contentPlace(marked, message));
    if (turn < 0) return content;
    if (content) return { start: content.start, end: endOfTurn(text, content.end, endings) };
    return addedPlace(text, message, (count, prompt) => render(source, messages.slice(0, count), prompt));
  };
  return messages.flatMap(({ role }, message): RoleSpan[] => {
    const place = placeOf(message);
    return place ? [{ role, message, ...place }] : [];
  });
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Renders with signs around the contents; undefined where the signs changed what the template does. */
function renderMarked({
  text,
  source,
  messages,
  addGenerationPrompt,
  surroundings,
  render,
}: RenderedConversation): StrippedText | undefined {
  const markers = createChatMarkers(text + source + surroundings);
  if (!markers) return undefined;
  const marked = messages.map((message, index) => markMessage(message, index, markers));
  const stripped = attempt(() =>
    markers.strip(render(markGenerationTags(source, markers), marked, addGenerationPrompt)),
  );
  return stripped?.text === text ? stripped : undefined;
}

function markMessage(message: ChatMessage, index: number, markers: ChatMarkers): ChatMessage {
  const { content } = message;
  if (typeof content === "string") return { ...message, content: markers.mark(content, index) };
  if (!Array.isArray(content)) return message;
  const parts = (content as readonly JsonObject[]).map((part) =>
    typeof part["text"] === "string" ? { ...part, text: markers.mark(part["text"], index) } : part,
  );
  return { ...message, content: parts };
}

/** Between the first opening and the last closing sign, when the template kept all of them. */
function contentPlace(marked: StrippedText | undefined, message: number): Place | undefined {
  const places = marked?.places.get(message);
  if (!places || places.opens.length !== places.closes.length) return undefined;
  const [start, end] = [places.opens[0], places.closes.at(-1)];
  return start !== undefined && end !== undefined && start < end ? { start, end } : undefined;
}

/** The signs stand inside of the white space around a content; where the template kept that, it belongs to the message. */
function withOwnSpace(text: string, { content }: ChatMessage, place: Place | undefined): Place | undefined {
  if (!place || typeof content !== "string") return place;
  const before = /^\s*/u.exec(content)![0];
  const after = /\s*$/u.exec(content)![0];
  const keptBefore = text.slice(0, place.start).endsWith(before);
  const keptAfter = text.startsWith(after, place.end);
  return {
    start: keptBefore ? place.start - before.length : place.start,
    end: keptAfter ? place.end + after.length : place.end,
  };
}

/**
 * What a message adds to the text, for templates that rewrite its content: what comes after the messages before it and
 * the opening of its turn, provided that the text begins with both.
 */
function addedPlace(
  text: string,
  message: number,
  render: (count: number, prompt: boolean) => string,
): Place | undefined {
  const before = attempt(() => render(message, true));
  const after = attempt(() => render(message + 1, false))?.trimEnd();
  // Without a prompt of the template's own, what is added would begin with the heading of the turn.
  if (before === undefined || before === attempt(() => render(message, false))) return undefined;
  if (after === undefined || !text.startsWith(before) || !text.startsWith(after)) return undefined;
  return after.length > before.length ? { start: before.length, end: after.length } : undefined;
}

/** The special tokens that can end a turn, longest first. */
function turnEndings({ specialTokens, specialIds, tokenOf }: TurnTokens): string[] {
  const contents = [...specialIds].flatMap((id) => {
    const content = tokenOf(id) ?? "";
    return id === specialTokens.eos || /end|eot|eom|eos|<\/s>/i.test(content) ? [content] : [];
  });
  return contents.filter((content) => content !== "").sort((left, right) => right.length - left.length);
}

function endOfTurn(text: string, end: number, endings: readonly string[]): number {
  let next = end;
  while (/\s/u.test(text[next] ?? "")) next += 1;
  const ending = endings.find((candidate) => text.startsWith(candidate, next));
  return ending === undefined ? end : next + ending.length;
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
