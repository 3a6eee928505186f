// As much of Node as the command line needs. The package has no dependency, not even for types.

declare module 'node:util' {
  interface Option {
    type: 'string' | 'boolean';
    multiple?: boolean;
    short?: string;
  }
  export function parseArgs(config: { args: string[]; options: Record<string, Option>; allowPositionals: true }): {
    values: Record<string, string | boolean | string[] | undefined>;
    positionals: string[];
  };
}

declare module 'node:fs' {
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>;
}

declare module 'node:process' {
  interface Stream {
    isTTY?: boolean;
    write(text: string): boolean;
    on(event: 'error', listener: (error: { code?: string }) => void): void;
  }
  interface Input extends AsyncIterable<string> {
    isTTY?: boolean;
    setEncoding(encoding: 'utf8'): void;
  }
  const process: {
    argv: string[];
    env: Record<string, string | undefined>;
    exitCode: number;
    stdin: Input;
    stdout: Stream;
    stderr: Stream;
  };
  export default process;
}
