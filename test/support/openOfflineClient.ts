import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { coreOf } from "../../src/client/client.ts";
import { tables } from "../../src/client/database/tables.ts";
import type { ClientCore } from "../../src/client/group/core.ts";
import { createGroupHandle, type Group, NO_BLOCK } from "../../src/client/group/group.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import { type Client, openClient } from "../../src/index.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../../src/reconciler/records/records.ts";
import { emptyGroupView, viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { type Write, writeAtomic } from "../../src/store/writeAtomic.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";
import { testNetwork } from "./testNetwork.ts";

export type OfflineClient = AsyncDisposable & {
  readonly client: Client;
  readonly core: ClientCore;
  readonly inbox: InboxId;
  /** Closes it and opens its database again. */
  readonly reopen: () => Promise<OfflineClient>;
};

/** A client without a network, for what concerns its database only. */
export async function openOfflineClient(): Promise<OfflineClient> {
  const directory = await temporaryDirectory();
  const wallet = privateKeyToAccount(generatePrivateKey());
  const inbox = asId<InboxId>(new Uint8Array(32).fill(1));
  const { key: installation, privateKey } = createInstallation();
  const place = { path: directory.path, kind: "client", network: testNetwork } as const;
  {
    await using database = await openDatabase(place);
    const record = {
      inbox,
      wallet: asAddress(wallet.address),
      salt: "0x",
      installation,
      privateKey,
    } as const;
    const identity = tables.identity.put({}, { ...record, registered: true, action: undefined });
    await writeAtomic({ database, writes: [identity], sync: false });
  }
  const open = async (): Promise<OfflineClient> => {
    const client = await openClient({
      ...{
        directory: directory.path,
        wallet,
        nodes: [],
        network: testNetwork,
        online: false,
        consent: "ask",
      },
    });
    return {
      ...{ client, core: coreOf(client), inbox },
      reopen: async () => {
        await client[Symbol.asyncDispose]();
        return await open();
      },
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  };
  return await open();
}

/** The entry that opened an epoch of a group that exists in a database only. */
export const testEntryOf = (group: GroupId, epoch: number): EntryId =>
  asId(`0x${epoch.toString(16).padStart(8, "0")}${group.slice(10)}`);

/** Makes a group of so many epochs part of the client, as if it had read them from a chain. */
export async function addOfflineGroup(params: {
  core: ClientCore;
  group: GroupId;
  epochs: number;
  /** What is otherwise about it. */
  record?: Partial<GroupRecord>;
}): Promise<Group> {
  const { core, group: id, epochs } = params;
  const { inbox } = core.self;
  const entries = Array.from({ length: epochs }, (_, i) => entryRecord({ group: id, inbox, epoch: i + 1 }));
  const record: GroupRecord = {
    ...{
      group: id,
      genesisKey: undefined,
      status: "member",
      reason: undefined,
      name: "test",
      createdAtMs: 0,
    },
    ...{ head: testEntryOf(id, epochs), epoch: epochs, start: { head: testEntryOf(id, 1), epoch: 1 } },
    members: [inbox],
    ...params.record,
  };
  const at = { group: id };
  const writes: Write[] = [
    tables.group.put(at, record),
    ...entries.flatMap((entry) => [
      tables.entry.put({ ...at, id: entry.id }, entry),
      tables.entryByPlace.put({ ...at, block: entry.block.number, logIndex: 0 }, entry.id),
    ]),
  ];
  await writeAtomic({ database: core.database, writes, sync: false });
  const view = viewOfGroup({
    ...emptyGroupView(record),
    entries: new Map<HeadId, EntryRecord>(entries.map((entry) => [entry.id, entry])),
  });
  const group = createGroupHandle({ id, view, processed: entries.at(-1)?.block ?? NO_BLOCK });
  core.groups.set(id, group);
  return group;
}

function entryRecord(params: { group: GroupId; inbox: InboxId; epoch: number }): EntryRecord {
  const { group, inbox, epoch } = params;
  const writer = { inbox, installation: asId<InstallationKey>(new Uint8Array(32)) };
  return {
    id: testEntryOf(group, epoch),
    parent: epoch === 1 ? group : testEntryOf(group, epoch - 1),
    ...{ index: 0, authority: asAddress(new Uint8Array(20)), logIndex: 0 },
    block: { number: 10 + epoch, hash: "0x", time: epoch },
    verdict: { kind: "adopted", epoch, writer, adds: [], removes: [] },
  };
}
