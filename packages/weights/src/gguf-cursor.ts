import { corruptFile } from "./corrupt-file.ts";

/** Thrown when the bytes at hand end although the file goes on: read more and begin again. */
export class NeedsMoreBytes extends Error {
  readonly wanted: number;

  constructor(wanted: number) {
    super(`needs ${wanted} bytes`);
    this.wanted = wanted;
  }
}

/** Reads little-endian values one after the other from the beginning of a file, as far as it is in memory. */
export class GgufCursor {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Length of the whole file; nothing may reach beyond it. */
  readonly fileSize: number;
  position = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, fileSize: number, file: string) {
    this.bytes = bytes;
    this.fileSize = fileSize;
    this.file = file;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Passes a number of bytes and returns where they begin. */
  skip(length: number, what: string): number {
    const start = this.position;
    const end = start + length;
    if (end > this.fileSize) {
      throw corruptFile(
        this.file,
        `expected ${length} bytes for ${what} at offset ${start}, but the file ends at ${this.fileSize}.`,
      );
    }
    if (end > this.bytes.length) throw new NeedsMoreBytes(end);
    this.position = end;
    return start;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.skip(4, what), true);
  }

  /** A 64-bit count or length that cannot be larger than the file. */
  count(what: string, bytesEach = 1): number {
    const count = Number(this.#view.getBigUint64(this.skip(8, what), true));
    const room = Math.floor((this.fileSize - this.position) / bytesEach);
    if (count <= room) return count;
    throw corruptFile(
      this.file,
      `expected at most ${room} for ${what} at offset ${this.position - 8}, but found ${count}.`,
    );
  }

  /** A string: its length in bytes, then UTF-8. Bytes that are no UTF-8 become U+FFFD, as tokens may hold such. */
  string(what: string): string {
    const length = this.count(`the length of ${what}`);
    const start = this.skip(length, what);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes.subarray(start, start + length));
  }

  /** Reads with the view at an offset that was skipped before. */
  get view(): DataView {
    return this.#view;
  }
}
