/** A growing list of numbers outside the JavaScript heap. */
export interface NumberList<Values extends Uint32Array | Float64Array = Uint32Array> {
  /** Number of values. */
  readonly length: number;
  /** Appends a value. */
  push(value: number): void;
  /** The values so far; valid until the next `push`. */
  view(): Values;
}

/** Makes an empty list of unsigned 32-bit numbers. */
export function createUint32List(): NumberList<Uint32Array> {
  return createList((length) => new Uint32Array(length));
}

/** Makes an empty list of 64-bit floating-point numbers. */
export function createFloat64List(): NumberList<Float64Array> {
  return createList((length) => new Float64Array(length));
}

function createList<Values extends Uint32Array | Float64Array>(
  allocate: (length: number) => Values,
): NumberList<Values> {
  let values = allocate(256);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const larger = allocate(length * 2);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    view: () => values.subarray(0, length) as Values,
  };
}
