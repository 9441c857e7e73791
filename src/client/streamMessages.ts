import type { ConversationId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { isInConversation } from "./group/conversation.ts";
import type { CoreParts } from "./group/core.ts";
import type { ClientEvent } from "./group/events.ts";
import { inDirect } from "./messages/directItems.ts";
import { createWakeup } from "./timing/wakeup.ts";

/** An app that lets so many events wait is told to start over. */
const MAX_WAITING_EVENTS = 10_000;

export type StreamedEvent = ClientEvent;

/**
 * Yields what changes in timelines from now on, in all groups or in one conversation; everything told is in the database
 * already. Items of a direct conversation that is named have its cursors. Ends when the signal aborts or the client closes.
 */
export async function* streamMessages(params: {
  client: Client;
  group?: ConversationId;
  signal?: AbortSignal;
}): AsyncGenerator<StreamedEvent, void> {
  const core = coreOf(params.client);
  const signals = [core.closing.signal, ...(params.signal ? [params.signal] : [])];
  const signal = AbortSignal.any(signals);
  const wakeup = createWakeup();
  let waiting: StreamedEvent[] = [];
  const stop = core.events.listen((told) => {
    const event = eventIn(core, told, params.group);
    if (!event) return;
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

/** An event as the reader of a conversation hears it; undefined if it is about another one. */
function eventIn(
  core: CoreParts<"groups" | "self">,
  event: ClientEvent,
  conversation: ConversationId | undefined,
): StreamedEvent | undefined {
  if (conversation === undefined || !("group" in event)) return event;
  const group = core.groups.get(event.group);
  if (event.group === conversation) return event;
  if (!group || !isInConversation(core, group, conversation)) return undefined;
  const isItem = event.kind === "shown" || event.kind === "hidden";
  return isItem ? { ...event, item: inDirect(group, event.item) } : event;
}
