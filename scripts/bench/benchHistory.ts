import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import { timelineWrites } from "../../src/client/messages/timelineStore.ts";
import {
  type Client,
  createGroup,
  createRecoveryText,
  exportHistory,
  type GroupId,
  type HistoryLock,
  importHistory,
  receiveHistory,
  sendHistory,
} from "../../src/index.ts";
import { insertMessage } from "../../src/reconciler/timeline/insertMessage.ts";
import { asId, type EntryId, type EnvelopeHash, toHex } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { openTestClient } from "../../test/support/openTestClient.ts";
import { type Row, timed } from "./measure.ts";
import { openBenchNodes } from "./openBenchNodes.ts";

const NODES = 3;
const AT_ONCE = 500;
const TEXT = "as long as messages in a chat commonly are, more or less";

/** What was said in so many messages, on a new device: by way of nodes, and by a file. */
export async function benchHistory(messages: number): Promise<Row[]> {
  await using opened = await openBenchNodes();
  const nodes: { url: string }[] = [];
  for (let number = 1; number <= NODES; number++) {
    const node = await opened.open({ number });
    nodes.push({ url: node.addresses.url });
  }
  const network = { chain: opened.chain, nodes };
  await using old = await openTestClient({ network, name: "old" });
  const { group, intent } = await createGroup({ client: old.client, name: "long", members: [] });
  await intent.settled;
  await fill({ client: old.client, group, messages });
  const { privateKey } = old;
  await using fresh = await openTestClient({ network, name: "new", privateKey });
  let bytes = 0;
  const ready = Promise.withResolvers<string>();
  const received = receiveHistory({ client: fresh.client, onCode: ready.resolve });
  const code = await ready.promise;
  const byNodes = await timed(async () => {
    const sent = await sendHistory({ client: old.client, to: fresh.client.installation, code });
    const all = await received;
    assert.equal(all.come, messages);
    bytes = sent.bytes;
  });
  const lock: HistoryLock = { kind: "recovery", text: createRecoveryText() };
  const pieces: Uint8Array[] = [];
  const out = await timed(async () => {
    for await (const piece of exportHistory({ client: old.client, lock })) pieces.push(piece);
  });
  await using third = await openTestClient({ network, name: "third", privateKey });
  const into = await timed(async () => {
    const { come } = await importHistory({ client: third.client, lock, bytes: streamed(pieces) });
    assert.equal(come, messages);
  });
  const subject = `history of ${messages.toLocaleString("en")} messages, ${NODES} nodes`;
  return [
    { subject, what: "to a new device, from its code on", value: byNodes / 1000, unit: "s" },
    { subject, what: "chunks", value: bytes / 1e6, unit: "MB" },
    { subject, what: "export", value: out / 1000, unit: "s" },
    { subject, what: "import", value: into / 1000, unit: "s" },
  ];
}

async function* streamed(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Writes messages into the timeline as if they had been sent. */
async function fill(params: { client: Client; group: GroupId; messages: number }): Promise<void> {
  const core = coreOf(params.client);
  const group = groupOf(core, params.group);
  const { head, epoch } = group.view.record;
  const { inbox, installation } = core.self;
  const none = { relations: [], edits: new Map<never, never>() };
  const found = { record: undefined, known: none, target: undefined, others: none, gaps: [] };
  for (let from = 0; from < params.messages; from += AT_ONCE) {
    const changes = Array.from({ length: Math.min(AT_ONCE, params.messages - from) }, (_, i) => {
      const content = {
        ...{ group: group.id, inbox, installation: installation.key, nonce: toHex(randomBytes(16)) },
        ...{ depth: 1 + from + i, parents: [], sentAtMs: from + i, parts: [textPart(TEXT)] },
      };
      const envelope = asId<EnvelopeHash>(randomBytes(32));
      const opening = { epoch, entry: head as EntryId, envelope, verdict: "counts" } as const;
      return insertMessage({
        message: { content, replaces: [], id: messageIdOf(content) },
        opening,
        found,
      });
    }).flat();
    const { writes } = timelineWrites({ group: group.id, changes });
    await group.queue.run(() => changeGroup({ core, group, change: { writes } }));
  }
}
