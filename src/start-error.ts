// The one error that ends the program with a single clear line on stderr and exit code 1.
// Never thrown once the server is serving.

export class StartError extends Error {}
