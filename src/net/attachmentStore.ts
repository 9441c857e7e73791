/** The most that an attachment may have, in bytes before encryption: it is sealed and opened in memory. */
export const MAX_ATTACHMENT_BYTES = 256 * 1024 * 1024;

/** Where an app lets encrypted attachments lie; nodes and chain never see them. `openHttpStore` makes one. */
export type AttachmentStore = {
  /** Stores bytes under their SHA-256 and gives 1 to 4 addresses, at which whoever is told of them gets the bytes. */
  readonly put: (params: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** SHA-256 in lower-case hexadecimal digits. */
    readonly hash: string;
    readonly signal?: AbortSignal | undefined;
  }) => Promise<readonly string[]>;
  /** Gets the bytes at an address that somebody else has named. Throws for more than `maxBytes`. */
  readonly get: (params: {
    readonly url: string;
    readonly maxBytes: number;
    readonly signal?: AbortSignal | undefined;
  }) => Promise<Uint8Array>;
};
