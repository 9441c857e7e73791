import { type MessageItem, type ReadableItem, showReadable } from "../reconciler/timeline/timelineItem.ts";
import { writeAtomic } from "../store/writeAtomic.ts";
import type { GroupId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import { lastArrival, MAX_ARRIVALS } from "./group/arrivals.ts";
import { consentTo, isBlocked } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import { readMessage } from "./messages/readMessage.ts";
import { createWakeup } from "./timing/wakeup.ts";

/** A message of somebody else's, as it stands now, with its number on this device. */
export type ArrivedMessage = ReadableItem & {
  readonly group: GroupId;
  /** Grows from message to message in the order in which they came here; `since` takes it. */
  readonly number: number;
};

const AT_ONCE = 64;

/**
 * Yields the messages of others as they come, each once: what a bot wants. Edits, reactions and messages that were
 * deleted before they were read are no messages of their own; nor is what came in a conversation that is blocked, or a
 * request unless it is named. The reading begins
 *
 * - where the named `consumer` was, if this device knows it;
 * - otherwise after the message with the number `since`, if that is given (0: with all that are kept);
 * - otherwise now.
 *
 * The consumer's place is kept on this device, and moves on when the loop asks for the next message. So a message that
 * was being worked on when the program ended comes again (at least once). Of messages that came while nobody read, the
 * last MAX_ARRIVALS are kept; `onMissed` is told how many are gone. Ends when the signal aborts or the client closes.
 * Throws faults of the disk.
 */
export async function* messages(params: {
  client: Client;
  /** A name for the program that reads. */
  consumer?: string;
  since?: number;
  group?: GroupId;
  onMissed?: (count: number) => void;
  signal?: AbortSignal;
}): AsyncGenerator<ArrivedMessage, void> {
  const { consumer, group, onMissed } = params;
  const core = coreOf(params.client);
  const signals = [core.closing.signal, ...(params.signal ? [params.signal] : [])];
  const signal = AbortSignal.any(signals);
  const wakeup = createWakeup();
  const stop = core.events.listen(({ kind }) => {
    if (kind === "conversation" || kind === "missed") wakeup.wake();
  });
  try {
    let place = await placeOf({ ...params, core });
    while (!signal.aborted) {
      const arrived = await readArrivals({ core, after: place });
      const missed = (arrived[0]?.number ?? place + 1) - place - 1;
      if (missed > 0 && isPruned(core, place)) onMissed?.(missed);
      for (const { number, value } of arrived) {
        const message = isWanted({ core, group, of: value.group })
          ? await show({ core, ...value })
          : undefined;
        if (message) yield { ...message, group: value.group, number };
        if (signal.aborted) return;
        place = number;
        if (consumer !== undefined) await keepPlace({ core, consumer, place });
      }
      if (arrived.length === 0) await wakeup.wait({ signal });
    }
  } finally {
    stop();
  }
}

/** True for a conversation that may be read from: one that is allowed, or the request that was named. */
function isWanted(params: {
  core: CoreParts<"asksConsent" | "consents" | "groups">;
  /** The conversation that was named. */
  group: GroupId | undefined;
  of: GroupId;
}): boolean {
  const { core, group, of } = params;
  const known = core.groups.get(of);
  if (!known || (group !== undefined && of !== group)) return false;
  const consent = consentTo(core, known.view.record);
  return consent === "allowed" || (consent === "unknown" && group !== undefined);
}

/** Where a consumer was; a new one begins after `since`, or else now, and is there from then on. */
async function placeOf(params: {
  core: CoreParts<"arrivals" | "database">;
  consumer?: string;
  since?: number;
}): Promise<number> {
  const { core, consumer, since = lastArrival(core.arrivals) } = params;
  if (consumer === undefined) return since;
  const known = await tables.consumer.get(core.database, { name: consumer });
  if (known === undefined) await keepPlace({ core, consumer, place: since });
  return known ?? since;
}

async function keepPlace(params: {
  core: CoreParts<"database">;
  consumer: string;
  place: number;
}): Promise<void> {
  const { core, consumer, place } = params;
  const writes = [tables.consumer.put({ name: consumer }, place)];
  await writeAtomic({ database: core.database, writes, sync: false });
}

async function readArrivals({ core, after }: { core: CoreParts<"database" | "arrivals">; after: number }) {
  const last = lastArrival(core.arrivals);
  const query = { after: { number: after }, limit: AT_ONCE };
  const arrived: { number: number; value: { group: GroupId; id: MessageItem["id"] } }[] = [];
  for await (const { fields, value } of tables.arrival.rows(core.database, query)) {
    const number = Number(fields.number);
    if (number > last) break;
    arrived.push({ number, value });
  }
  return arrived;
}

/** True if what came next may have been taken away since; else the number was never used. */
function isPruned({ arrivals }: CoreParts<"arrivals">, place: number): boolean {
  return place + 1 < arrivals.next - MAX_ARRIVALS;
}

async function show(params: {
  core: CoreParts<"consents" | "database">;
  group: GroupId;
  id: MessageItem["id"];
}) {
  const { core, group, id } = params;
  const record = await readMessage({ database: core.database, group, id });
  const item = record && showReadable(record);
  return item && !isBlocked(core, item.author) ? item : undefined;
}
