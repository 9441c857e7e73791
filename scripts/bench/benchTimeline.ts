import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { tables } from "../../src/client/database/tables.ts";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { readSurroundings, timelineWrites } from "../../src/client/messages/timelineStore.ts";
import {
  countOutcomes,
  groupStatus,
  listConversations,
  listMessages,
  searchMessages,
  syncStatus,
} from "../../src/index.ts";
import { settled } from "../../src/reconciler/records/intent.ts";
import type { TimelineChange } from "../../src/reconciler/records/timelineRecord.ts";
import { insertMessage } from "../../src/reconciler/timeline/insertMessage.ts";
import type { ApplicationMessage } from "../../src/wire/applicationMessage.ts";
import {
  asId,
  type EnvelopeHash,
  type GroupId,
  type Hex,
  type InboxId,
  type MessageId,
  toHex,
} from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { type Relation, relationKinds } from "../../src/wire/relation.ts";
import {
  addOfflineGroup,
  type OfflineClient,
  openOfflineClient,
  testEntryOf,
} from "../../test/support/openOfflineClient.ts";
import { testIntent } from "../../test/support/testIntent.ts";
import { median, type Row, timed } from "./measure.ts";

const MESSAGES_PER_EPOCH = 20;
const PAGE = 50;
const AT_ONCE = 1000;
const CONVERSATIONS = 1_000;

/** A client's database with timelines of these lengths: what a long history costs. No network, no MLS. */
export async function benchTimeline(sizes: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await benchSize(size)));
  return [...rows, await benchConversations()];
}

/** Many conversations, each with something that is unread. */
async function benchConversations(): Promise<Row> {
  await using offline = await openOfflineClient();
  const { core, client } = offline;
  for (let i = 0; i < CONVERSATIONS; i++) {
    const group = await addOfflineGroup({ core, group: asId<GroupId>(randomBytes(32)), epochs: 1 });
    const { content } = said(offline, group, 1);
    const others = { ...content, inbox: asId<InboxId>(new Uint8Array(32).fill(9)) };
    await insertOne(offline, group, 1, { content: others, replaces: [], id: messageIdOf(others) });
  }
  const list = await median({ runs: 11, act: () => listConversations({ client }) });
  const subject = `${CONVERSATIONS.toLocaleString("en")} conversations`;
  return { subject, what: "list them with what is unread and was said last", value: list, unit: "ms" };
}

async function benchSize(messages: number): Promise<Row[]> {
  let offline = await openOfflineClient();
  const id = asId<GroupId>(randomBytes(32));
  const epochs = messages / MESSAGES_PER_EPOCH;
  await fill({ offline, group: await addOfflineGroup({ core: offline.core, group: id, epochs }), messages });
  const open = await timed(async () => {
    offline = await offline.reopen();
  });
  await using closing = offline;
  const { client, core } = closing;
  const group = core.groups.get(id);
  if (!group) throw new Error("the group is gone");
  const say = () => insertOne(closing, group, epochs / 2, said(closing, group, 1));
  const insert = await median({ runs: 21, act: say });
  const page = (place: object) =>
    median({ runs: 21, act: () => listMessages({ client, group: id, limit: PAGE, ...place }) });
  const [middle] = await listMessages({ client, group: id, from: "end", limit: messages / 2 });
  const target = middle?.kind === "message" ? middle.id : assert.fail("no message in the middle");
  const relate = (kind: number, key?: Hex) => {
    const relation = { kind, target, revision: 1, ...(key ? { key } : {}) };
    return insertOne(closing, group, epochs, said(closing, group, 1, relation));
  };
  const edit = await median({ runs: 21, act: () => relate(relationKinds.edit) });
  const react = await median({
    runs: 21,
    act: () => relate(relationKinds.react, toHex(randomBytes(4))),
  });
  const search = (text: string) =>
    median({ runs: 11, act: () => searchMessages({ client, text, limit: 20 }) });
  const digests = await timed(() => groupStatus({ client, group: id }));
  const subject = `timeline of ${messages.toLocaleString("en")} messages, ${epochs.toLocaleString("en")} epochs`;
  const row = (what: string, value: number): Row => ({ subject, what, value, unit: "ms" });
  return [
    row("close and open the client", open),
    row("insert one in the middle", insert),
    row("insert an edit of one in the middle", edit),
    row("insert a reaction to one in the middle", react),
    row("search: a word of one message in 1,000", await search("w77 ")),
    row("search: that and a common word", await search("w77 messages")),
    row("search: a beginning of 111 words", await search("chat w7")),
    row("search: a beginning of all", await search("w")),
    row("the last 50", await page({ from: "end" })),
    row("50 in the middle", await page({ before: middle?.cursor ?? "0x" })),
    row("status", await median({ runs: 5, act: () => groupStatus({ client, group: id, digests: false }) })),
    row("status with all digests, first", digests),
    row(
      "status with all digests, again",
      await median({ runs: 5, act: () => groupStatus({ client, group: id }) }),
    ),
    row("count outcomes", await median({ runs: 5, act: () => countOutcomes({ client, group: id }) })),
    row("sync status", await median({ runs: 5, act: () => syncStatus({ client }) })),
  ];
}

async function fill(params: { offline: OfflineClient; group: Group; messages: number }): Promise<void> {
  const { offline, group, messages } = params;
  const { core } = offline;
  let changes: TimelineChange[] = [];
  for (let i = 1; i <= messages; i++) {
    const epoch = Math.ceil(i / MESSAGES_PER_EPOCH);
    changes.push(...changesOf(said(offline, group, 1 + (i % MESSAGES_PER_EPOCH)), group, epoch));
    if (changes.length < AT_ONCE && i < messages) continue;
    const { writes } = timelineWrites({ group: group.id, changes });
    const intents = Array.from({ length: AT_ONCE / MESSAGES_PER_EPOCH }, () =>
      settled(testIntent({ group: group.id, action: { kind: "rotate" }, sequence: core.nextSequence++ }), {
        kind: "delivered",
      }),
    );
    await changeGroup({
      core,
      group,
      change: { writes: [...writes, ...outcomesOf(group, changes)], intents },
    });
    changes = [];
  }
}

function outcomesOf(group: Group, changes: readonly TimelineChange[]) {
  return changes.flatMap((change) => {
    if (change.kind !== "put" || change.record.kind !== "message") return [];
    const { id: message, openings } = change.record;
    const { epoch, envelope } = openings[0];
    const record = { outcome: { kind: "opened", epoch, message }, receivedAtMs: 0 } as const;
    return [tables.outcome.put({ group: group.id, envelope }, record)];
  });
}

type Said = ApplicationMessage & { readonly id: MessageId };

/** Each word is in one message of so many. */
const RARITY = 1_000;
let count = 0;

function said({ core }: OfflineClient, group: Group, depth: number, relation?: Relation): Said {
  const { inbox, installation } = core.self;
  const nonce = toHex(randomBytes(16));
  const body = { parts: [textPart(`as long as messages in a chat commonly are, w${count++ % RARITY}`)] };
  const author = { inbox, installation: installation.key };
  const content = { group: group.id, ...author, nonce, depth, parents: [], sentAtMs: 0, ...body };
  const related = relation ? { ...content, relation } : content;
  return { content: related, replaces: [], id: messageIdOf(related) };
}

function changesOf(
  message: Said,
  group: Group,
  epoch: number,
  found?: Awaited<ReturnType<typeof readSurroundings>>,
) {
  const envelope = asId<EnvelopeHash>(randomBytes(32));
  const none = { relations: [], edits: new Map<never, never>() };
  const nothing = { record: undefined, known: none, target: undefined, others: none };
  return insertMessage({
    message,
    opening: { epoch, entry: testEntryOf(group.id, epoch), envelope, verdict: "counts" },
    found: { ...(found ?? nothing), gaps: [] },
  });
}

async function insertOne({ core }: OfflineClient, group: Group, epoch: number, message: Said): Promise<void> {
  const found = await readSurroundings({ database: core.database, group: group.id, message });
  const changes = changesOf(message, group, epoch, found);
  const { writes, events } = timelineWrites({ group: group.id, changes });
  await changeGroup({ core, group, change: { writes: [...writes, ...outcomesOf(group, changes)], events } });
}
