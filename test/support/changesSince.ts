import { coreOf } from "../../src/client/client.ts";
import { lastNumber } from "../../src/client/group/journal.ts";
import { type Change, type Client, type StreamedEvent, stream } from "../../src/index.ts";

export type Numbered = Change & { readonly number: number };
type Reading = Parameters<typeof stream>[0];

/** More than the rows that a reader takes at once hold no fewer changes. */
const CHANGES_PER_ROUND = 64;

/** What a reader who was away since a change is told, up to the last change that there is. */
export async function changesSince(params: Reading & { since: number }): Promise<Numbered[]> {
  const heard = await heardDuring({ ...params, act: async () => {} });
  return heard.filter((event) => "number" in event);
}

/** What a stream tells while something is done, and of what was there before if that was asked for. */
export async function heardDuring(
  params: Reading & { act: () => Promise<unknown> },
): Promise<StreamedEvent[]> {
  const { act, ...reading } = params;
  const core = coreOf(params.client);
  const stop = new AbortController();
  const heard: StreamedEvent[] = [];
  let marked = Promise.withResolvers<void>();
  const begin = params.since ?? lastNumber(core.journal);
  const listening = (async () => {
    for await (const event of stream({ ...reading, signal: stop.signal })) {
      if (event.kind === "clock" && event.offsetMs === MARK) marked.resolve();
      else heard.push(event);
    }
  })();
  await act();
  // A notice is told once a reader is done with what it took before: whoever hears so many has read everything.
  const changes = lastNumber(core.journal) - begin;
  for (let i = 0; i < 2 + changes / CHANGES_PER_ROUND; i++) {
    marked = Promise.withResolvers();
    core.events.emit({ kind: "clock", offsetMs: MARK, isWrong: false });
    await marked.promise;
  }
  stop.abort();
  await listening;
  return heard;
}

/** No clock is off by so much. */
const MARK = Number.MIN_SAFE_INTEGER;

/** The number of the last change that there is now. */
export const numberNow = (client: Client): number => lastNumber(coreOf(client).journal);
