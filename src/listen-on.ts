/** Where a listener listens: a TCP port (0 = any free one) or the path of a Unix socket. */
export type ListenOn =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };
