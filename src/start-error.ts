// The one error that ends the program with a single clear line on stderr and exit code 1; a program that has the engine within
// itself (library.ts) gets it from createEngine. Never thrown once the server is serving.

export class StartError extends Error {
  /** The same in every version. */
  readonly code = 'START_FAILED';
}
