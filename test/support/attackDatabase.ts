import { coreOf } from "../../src/client/client.ts";
import { listEpochs, readEpoch, type StoredEpoch } from "../../src/client/database/epochStates.ts";
import { tables } from "../../src/client/database/tables.ts";
import type { OwnKeyPackage } from "../../src/identity/createKeyPackageRecord.ts";
import { openGroupInfo } from "../../src/identity/sealGroupInfo.ts";
import { unwrapWelcome } from "../../src/identity/wrapWelcome.ts";
import type { Client } from "../../src/index.ts";
import type { EpochKeys, GroupState } from "../../src/mls/groupState.ts";
import { joinGroup } from "../../src/mls/joinGroup.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { authorityOf } from "../../src/reconciler/branch/epochSecrets.ts";
import { openEntry } from "../../src/reconciler/entries/openEntry.ts";
import type { HeadId } from "../../src/reconciler/records/records.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { valuesOf } from "../../src/store/client/table.ts";
import { readApplicationMessage } from "../../src/wire/applicationMessage.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { decodeGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import type { GroupId, InstallationKey } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { textOfPart } from "../../src/wire/part.ts";
import { groupInfoTopic, groupTopic, welcomeTopic } from "../../src/wire/topic.ts";
import { addKey, type KeyPool, reachableStates } from "../mls/support/attackCommit.ts";

/** Whatever a client's database holds at one time, for who can read all of it. */
export type DatabaseCopy = {
  readonly installation: InstallationKey;
  readonly epochs: readonly { readonly head: HeadId; readonly epoch: StoredEpoch }[];
  readonly keyPackages: readonly OwnKeyPackage[];
  /** All values as they are stored. */
  readonly values: readonly Buffer[];
};

/** Everything that nodes and chain show to everybody. */
export type PublicRecord = {
  readonly network: Network;
  readonly group: GroupId;
  /** Of the group, in the chain's order. */
  readonly entries: readonly Entry[];
  readonly posts: readonly { readonly head: HeadId; readonly privateMessage: Uint8Array }[];
  readonly envelopesOn: (topic: Uint8Array) => Promise<Envelope[]>;
};

export type Loot = {
  /** Entries whose epoch the attacker is in: it can derive the key that signs what follows, and read that. */
  readonly reached: ReadonlySet<HeadId>;
  /** Texts of the messages that it opens. */
  readonly texts: ReadonlySet<string>;
};

export async function copyDatabase(params: { client: Client; group: GroupId }): Promise<DatabaseCopy> {
  const { client, group } = params;
  const { database } = coreOf(client);
  const epochs: { head: HeadId; epoch: StoredEpoch }[] = [];
  for (const { head } of await listEpochs({ database, group })) {
    const epoch = await readEpoch({ database, group, cache: new Map(), head });
    if (epoch) epochs.push({ head, epoch });
  }
  const kept = await valuesOf(tables.keyPackage.rows(database));
  const values = (await database.level.values().all()).map((value) => Buffer.from(value));
  return { installation: client.installation, epochs, keyPackages: kept.map(({ own }) => own), values };
}

export async function readPublic(params: {
  network: Network;
  api: NodeApi;
  group: GroupId;
}): Promise<PublicRecord> {
  const { network, api, group } = params;
  const envelopesOn = async (topic: Uint8Array) =>
    (await api.query({ topics: [{ topic }] })).envelopes.map(({ envelope }) => envelope);
  const { entries } = await api.fetchEntries({ group, recent: [] });
  const posts = (await envelopesOn(groupTopic(group))).map(({ payload }) => decodeGroupEnvelope(payload));
  return { network, group, entries, posts, envelopesOn };
}

/**
 * Reads whatever a copy of a database opens of all that is public: joins again by each Welcome and kept key package,
 * follows every entry from every state that it has or reaches, with every private key, and tries all of that and the
 * keys of closed epochs on each message.
 */
export async function attack(params: { copy: DatabaseCopy; shown: PublicRecord }): Promise<Loot> {
  const { copy, shown } = params;
  const pool: KeyPool = new Map();
  for (const { secrets } of copy.keyPackages) addKey(pool, secrets.encryptionPrivateKey);
  const states = new Map<HeadId, GroupState[]>();
  const own = copy.epochs.flatMap(({ head, epoch: { kind, state } }) =>
    kind === "open" ? [{ head, state }] : [],
  );
  for (const { head, state } of [...own, ...(await joinAgain(params))]) {
    states.set(head, [...(states.get(head) ?? []), state]);
  }
  for (const entry of shown.entries) follow({ shown, states, pool, entry });
  const keys: [HeadId, EpochKeys][] = [
    ...copy.epochs.map(({ head, epoch }): [HeadId, EpochKeys] => [head, epoch.state]),
    ...[...states].flatMap(([head, of]) => of.map((state): [HeadId, EpochKeys] => [head, state])),
  ];
  return { reached: new Set(states.keys()), texts: textsOpened({ shown, keys }) };
}

async function joinAgain(params: { copy: DatabaseCopy; shown: PublicRecord }) {
  const { copy, shown } = params;
  const { keyPackages } = copy;
  const joined: { head: HeadId; state: GroupState }[] = [];
  for (const envelope of await shown.envelopesOn(welcomeTopic(copy.installation))) {
    const outcome = unwrapWelcome({ envelope, keyPackages });
    if (outcome.kind !== "welcome" || outcome.welcome.group !== shown.group) continue;
    const { own, welcome } = outcome;
    const reference = welcome.groupInfo;
    const info = openGroupInfo({
      reference,
      envelopes: await shown.envelopesOn(groupInfoTopic(reference.topicId)),
    });
    if (info.kind !== "group-info") continue;
    const { state } = joinGroup({
      keyPackage: own.keyPackage,
      keyPackageSecrets: own.secrets,
      encryptedGroupSecrets: welcome.encryptedGroupSecrets,
      ...info.bundle,
    });
    joined.push({ head: welcome.entry, state });
  }
  return joined;
}

/** Enters the epoch that an entry opened, if its authority shows that one of the guesses was right. */
function follow(params: {
  shown: PublicRecord;
  states: Map<HeadId, GroupState[]>;
  pool: KeyPool;
  entry: Entry;
}): void {
  const { shown, states, pool, entry } = params;
  for (const state of states.get(entry.parent) ?? []) {
    const opened = openEntry({ network: shown.network, state, entry });
    if (opened.kind !== "commit") continue;
    const reachable = reachableStates({
      states: [...states.values()].flat(),
      pool,
      verified: opened.verified,
    });
    const next = reachable.find((one) => authorityOf(one) === entry.authority);
    if (next) states.set(entry.id, [...(states.get(entry.id) ?? []), next]);
  }
}

function textsOpened(params: { shown: PublicRecord; keys: readonly [HeadId, EpochKeys][] }): Set<string> {
  const { shown, keys } = params;
  const texts = new Set<string>();
  for (const { head, privateMessage: message } of shown.posts) {
    for (const [of, state] of keys) {
      if (of !== head) continue;
      const opened = openMessage({ state: { ...state, ownLeafIndex: -1 }, message });
      const reading = opened.kind === "opened" ? readApplicationMessage(opened.plaintext) : undefined;
      if (reading?.kind !== "message") continue;
      for (const part of reading.content.parts) texts.add(textOfPart(part) ?? "");
    }
  }
  return texts;
}

/** True if a secret lies anywhere in the database: as bytes, or as hex in a record. */
export function holds(copy: DatabaseCopy, secret: Uint8Array): boolean {
  const forms = [Buffer.from(secret), Buffer.from(Buffer.from(secret).toString("hex"))];
  return copy.values.some((value) => forms.some((form) => value.includes(form)));
}
