// Started as a child process with the names of libraries: opens one after the other and multiplies with it, until one is right. What
// it does it says first, a JSON line each, so that its parent knows which library killed it.
import koffi from "koffi";
import { openBlasLibrary } from "./blas-library.ts";
import { describeFile, isPath, type LibraryFile, mappedFiles } from "./library-files.ts";

/** A line of the probe. */
export type ProbeLine =
  | { readonly opening: string }
  | { readonly failed: string; readonly reason: string }
  | {
      readonly found: { readonly path: string; readonly family: string; readonly id: string };
      /** What was mapped to get there; none where the system does not tell. */
      readonly files: LibraryFile[];
    };

const say = (line: ProbeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const before = mappedFiles();

for (const path of process.argv.slice(2)) {
  say({ opening: path });
  try {
    const { library, sgemm } = openBlasLibrary(path);
    const wrong = wrongElements((a, b, c, { m, n, k }) => sgemm(101, 111, 112, m, n, k, 1, a, k, b, k, 1, c, n));
    if (wrong === 0) {
      say({ found: library, files: loadedFiles(path) });
      break;
    }
    say({ failed: path, reason: `${wrong} elements of a test product came out wrong` });
  } catch (error) {
    say({ failed: path, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** The files that were loaded since the start. One that was replaced meanwhile has a name that is no file's, which ends the list. */
function loadedFiles(path: string): LibraryFile[] {
  const mapped = mappedFiles();
  const paths = mapped && before ? [...mapped].filter((file) => !before.has(file)) : isPath(path) ? [path] : [];
  try {
    return paths.map(describeFile);
  } catch {
    return [];
  }
}

interface Size {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Elements of 1 + A·Bᵀ of small integers, which every order of additions gets exactly, that differ from what they should be. */
function wrongElements(multiply: (a: number, b: number, c: number, size: Size) => void): number {
  const [m, n, k] = [37, 29, 53];
  const integers = (count: number, modulus: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: count }, (_, index) => ((index * 7) % modulus) - (modulus >> 1));
  const [a, b, c] = [integers(m * k, 11), integers(n * k, 13), new Float32Array(m * n).fill(1)];
  const [first, second, third] = [a, b, c].map((values) => Number(koffi.address(values))) as [number, number, number];
  multiply(first, second, third, { m, n, k });
  let wrong = 0;
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 1;
      for (let index = 0; index < k; index++) sum += a[row * k + index]! * b[column * k + index]!;
      if (c[row * n + column] !== sum) wrong++;
    }
  }
  return wrong;
}
