// A key set that can't be had at this moment. The reason is a few words of ours, never a path's content, a URL or an answer.

export class KeysUnavailable extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}
