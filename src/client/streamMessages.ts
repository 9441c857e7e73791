import type { GroupId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { ClientEvent } from "./group/events.ts";
import { isHeard } from "./group/isHeard.ts";
import { createWakeup } from "./timing/wakeup.ts";

/** An app that lets so many events wait is told to start over. */
const MAX_WAITING_EVENTS = 10_000;

export type StreamedEvent = ClientEvent;

/**
 * Yields what changes in timelines from now on, in all groups or one; everything told is in the database already. What
 * is blocked is silent; requests are told of if `requests` says so or one is named. Ends when the signal aborts or the
 * client closes.
 */
export async function* streamMessages(params: {
  client: Client;
  group?: GroupId;
  /** True: what happens in requests is told, too. */
  requests?: boolean;
  signal?: AbortSignal;
}): AsyncGenerator<StreamedEvent, void> {
  const core = coreOf(params.client);
  const signals = [core.closing.signal, ...(params.signal ? [params.signal] : [])];
  const signal = AbortSignal.any(signals);
  const wakeup = createWakeup();
  const { requests = params.group !== undefined } = params;
  let waiting: StreamedEvent[] = [];
  const stop = core.events.listen((event) => {
    if (params.group !== undefined && "group" in event && event.group !== params.group) return;
    if (!isHeard({ core, event, requests })) return;
    if (waiting.length >= MAX_WAITING_EVENTS) waiting = [{ kind: "missed" }];
    else waiting.push(event);
    wakeup.wake();
  });
  try {
    while (!signal.aborted) {
      const events = waiting;
      waiting = [];
      yield* events;
      if (waiting.length === 0) await wakeup.wait({ signal });
    }
  } finally {
    stop();
  }
}
