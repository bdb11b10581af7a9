/** The decoders of tokenizer.json: each turns tokens further into text. All work token by token, so all can stream. */

import type { FieldReader } from "@attune/spec";
import { buildComponent, buildSequence, type ComponentBuilders } from "../component.ts";
import { metaspaceFields } from "../encode/metaspace.ts";
import { byteFallbackDecoder, byteLevelDecoder } from "./byte-decoders.ts";
import { type Decoder, decodersInOrder, tokenwise } from "./decode-stage.ts";
import { fuseDecoder, replaceDecoder, spaceDecoder, stripDecoder, suffixDecoder } from "./text-decoders.ts";

const builders: ComponentBuilders<Decoder> = {
  BPEDecoder: suffixDecoder,
  ByteFallback: () => byteFallbackDecoder,
  ByteLevel: () => byteLevelDecoder(),
  Fuse: () => fuseDecoder,
  Metaspace: metaspaceDecoder,
  Replace: replaceDecoder,
  Sequence: (section) => decodersInOrder(buildSequence("decoder", builders, section, "decoders")),
  Strip: stripDecoder,
};

/** Builds a decoder from its section of tokenizer.json; without one, tokens are joined by spaces. */
export function buildDecoder(section: FieldReader | undefined): Decoder {
  return section ? buildComponent("decoder", builders, section) : spaceDecoder;
}

/** Turns the sign back into spaces; in the first token it was put in front and goes. */
function metaspaceDecoder(section: FieldReader): Decoder {
  const { sign, scheme } = metaspaceFields(section);
  return tokenwise((text, index) => text.replaceAll(sign, index === 0 && scheme !== "never" ? "" : " "));
}
