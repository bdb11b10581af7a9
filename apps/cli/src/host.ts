/** What a command runs in: streams, environment, and whether the process is its own. */
export interface Host {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
  readonly stderr: NodeJS.WritableStream & {
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The process does nothing else: V8 flags may be set, and SIGINT stops the command. Default false. */
  readonly ownsProcess: boolean;
}

/** The streams and the environment of this process. */
export function processHost(): Host {
  const { stdin, stdout, stderr, env: environment } = process;
  return { stdin, stdout, stderr, environment, ownsProcess: false };
}

/** Writes to stdout; what the system says of a disk that is full or a stream that is gone is thrown. */
export function writeResult({ stdout }: Host, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
