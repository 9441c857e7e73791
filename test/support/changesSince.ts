import { coreOf } from "../../src/client/client.ts";
import { lastNumber } from "../../src/client/group/journal.ts";
import { type Change, type Client, type GroupId, stream } from "../../src/index.ts";

export type Numbered = Change & { readonly number: number };

/** What a reader who was away since a change is told, up to the last change that there is. */
export async function changesSince(params: {
  client: Client;
  since: number;
  group?: GroupId;
}): Promise<Numbered[]> {
  const until = lastNumber(coreOf(params.client).journal);
  const told: Numbered[] = [];
  if (until <= params.since) return told;
  for await (const event of stream(params)) {
    if (!("number" in event)) continue;
    told.push(event);
    if (event.number >= until) break;
  }
  return told;
}

/** The number of the last change that there is now. */
export const numberNow = (client: Client): number => lastNumber(coreOf(client).journal);
