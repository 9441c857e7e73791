import { setTimeout as delay } from "node:timers/promises";
import type { Cursor, NodeApi } from "../../src/rpc/nodeApi.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";

const POLL_MS = 100;
/** A node that is cut off or dead answers nothing. */
const CALL_MS = 3_000;

/**
 * What a node has of a topic: how often by hash, computed here of the bytes that it gave, so that one that is there
 * under its hash is there byte for byte.
 */
export type Copies = ReadonlyMap<EnvelopeHash, number>;

/** Reads a topic of a node all the time, also when the node comes back. */
export type Ear = AsyncDisposable & { readonly copies: Copies };

export function openEar(params: { api: NodeApi; topic: Uint8Array }): Ear {
  const stopped = new AbortController();
  const copies = new Map<EnvelopeHash, number>();
  const listening = (async () => {
    let cursor: Cursor | undefined;
    while (!stopped.signal.aborted) {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(CALL_MS)]);
      const next = await readPage({ ...params, cursor, copies, signal }).catch(() => undefined);
      cursor = next?.cursor ?? cursor;
      if (next?.more !== true)
        await delay(POLL_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  const dispose = async (): Promise<void> => {
    stopped.abort();
    await listening;
  };
  return { copies, [Symbol.asyncDispose]: dispose };
}

/** Reads all of a topic that a node has now. */
export async function readTopic(params: { api: NodeApi; topic: Uint8Array }): Promise<Copies> {
  const copies = new Map<EnvelopeHash, number>();
  let cursor: Cursor | undefined;
  for (let more = true; more; ) {
    const next = await readPage({ ...params, cursor, copies, signal: AbortSignal.timeout(10 * CALL_MS) });
    ({ cursor, more } = next);
  }
  return copies;
}

async function readPage(params: {
  api: NodeApi;
  topic: Uint8Array;
  cursor: Cursor | undefined;
  copies: Map<EnvelopeHash, number>;
  signal: AbortSignal;
}): Promise<{ cursor: Cursor; more: boolean }> {
  const { api, topic, cursor, copies, signal } = params;
  const position = cursor === undefined ? { topic } : { topic, cursor };
  const { envelopes, watermark, more } = await api.query({ topics: [position] }, { signal });
  for (const { envelope, receipts } of envelopes) {
    const hash = envelopeHash(envelope);
    // One that a node took in twice has two receipts.
    copies.set(hash, (copies.get(hash) ?? 0) + Math.max(1, receipts.length));
  }
  return { cursor: watermark.cursor, more };
}
