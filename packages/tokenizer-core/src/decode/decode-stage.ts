/** Receives a token's text on its way through the stages of a decoder. `verbatim` marks an added token. */
export type EmitToken = (text: string, verbatim: boolean) => void;

/** One step of a decoder, fed token by token. What it emits, it will not take back. */
export interface DecodeStage {
  push(text: string, verbatim: boolean, emit: EmitToken): void;
  /** Emits what was held back. */
  end(emit: EmitToken): void;
}

/** A decoder of tokenizer.json. */
export interface Decoder {
  /** Whether the tokens come out as one text, so that what follows sees parts of it instead of tokens. */
  readonly fuses: boolean;
  /** Starts decoding; `fused` says whether a decoder before this one fuses. */
  start(fused: boolean): DecodeStage;
}

/** A decoder that changes each token by itself. */
export function tokenwise(change: (text: string, index: number, fused: boolean) => string): Decoder {
  return {
    fuses: false,
    start: (fused) => {
      let index = 0;
      return {
        push: (text, verbatim, emit) => emit(change(text, fused ? 0 : index++, fused), verbatim),
        end: () => undefined,
      };
    },
  };
}

/** Runs decoders one after the other. */
export function decodersInOrder(decoders: readonly Decoder[]): Decoder {
  return {
    fuses: decoders.some(({ fuses }) => fuses),
    start(fused) {
      let fusedSoFar = fused;
      const stages = decoders.map((decoder) => {
        const stage = decoder.start(fusedSoFar);
        fusedSoFar ||= decoder.fuses;
        return stage;
      });
      return chain(stages);
    },
  };
}

function chain(stages: readonly DecodeStage[]): DecodeStage {
  const pushFrom = (index: number, text: string, verbatim: boolean, emit: EmitToken): void => {
    const stage = stages[index];
    if (!stage) emit(text, verbatim);
    else stage.push(text, verbatim, (next, nextVerbatim) => pushFrom(index + 1, next, nextVerbatim, emit));
  };
  return {
    push: (text, verbatim, emit) => pushFrom(0, text, verbatim, emit),
    end(emit) {
      for (const [index, stage] of stages.entries()) {
        stage.end((text, verbatim) => pushFrom(index + 1, text, verbatim, emit));
      }
    },
  };
}
