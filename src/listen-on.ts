/** Where a listener listens: a TCP port (0 = any free one) or the path of a Unix socket. */
export type ListenOn =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'unix';
      readonly path: string;
      /** The rights on its file. */
      readonly mode: number;
    };

/** As a person on this machine would reach it: `http://host:port`, or `unix:/path`. */
export function addressOf(listenOn: ListenOn): string {
  if (listenOn.kind === 'unix') return `unix:${listenOn.path}`;
  const { host, port } = listenOn;
  return `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
}
