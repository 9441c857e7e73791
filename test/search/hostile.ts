import { randomBytes } from "#crypto";
import { signAppend } from "../../src/chain/sign/signAppend.ts";
import { type Client, coreOf } from "../../src/client/client.ts";
import { readEpoch } from "../../src/client/database/epochStates.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { authorityKeyOf, postingCredentialOf } from "../../src/reconciler/branch/epochSecrets.ts";
import { writeApplicationMessage } from "../../src/wire/applicationMessage.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { buildGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import { asAddress, type EntryId, fromHex, type GroupId, type MessageId, toHex } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { says } from "../support/contents.ts";
import { submit } from "./memoryChain.ts";
import type { MemoryNode } from "./memoryNode.ts";
import type { Seat } from "./seat.ts";
import type { World } from "./world.ts";

/** An entry below the head that opens for nobody, by one who may append there. */
export async function writeJunk(params: { world: World; group: GroupId; client: Client }): Promise<void> {
  const { world, group, client } = params;
  const held = await headState(client, group);
  if (held?.status !== "member") return;
  const { network } = coreOf(client);
  const payload = concatBytes(Uint8Array.of(1), randomBytes(80));
  const append = {
    group,
    parent: held.head,
    limit: 2 ** 24 - 1,
    authority: asAddress(randomBytes(20)),
    payload,
  };
  const signature = signAppend({ network, ...append, privateKey: authorityKeyOf(held.state) });
  submit({ chain: world.chain, transaction: { kind: "append", append: { ...append, signature } } });
}

/** More than a client sends in one epoch of a history. */
const SKIPPED_KEYS = 24;

/** A message, and the block of the commit that had taken its author out. */
export type HostilePost = { readonly message: MessageId; readonly removal: BlockRef };

/**
 * What a removed member seals to the last epoch that it knows, past its client, and hands to a node that knows of the
 * removal or colludes.
 */
export async function postFromOldEpoch(params: {
  world: World;
  group: GroupId;
  seat: Seat;
}): Promise<HostilePost | undefined> {
  const { world, group, seat } = params;
  const { client } = seat;
  const held = client && (await headState(client, group));
  const { down, nodes } = world.mesh;
  const removal = held?.end?.block;
  const knows = ({ admission }: MemoryNode): boolean =>
    removal !== undefined && (admission.index.state.anchor?.number ?? 0) >= removal.number;
  const awake = nodes.filter((node) => !down.has(node.name) && knows(node));
  const node = awake.find(({ collusion }) => collusion.anchor) ?? awake[0];
  if (!client || !node || !held || !removal || held.status !== "removed") return undefined;
  const { network, self } = coreOf(client);
  const { head } = held;
  const { key: installation, privateKey } = self.installation;
  const ratchet = `${seat.name} ${head}`;
  const signatureKey = { publicKey: fromHex(installation), privateKey };
  const state = world.hostileStates.get(ratchet) ?? skipKeys({ state: held.state, signatureKey });
  const content = {
    ...{ group, inbox: self.inbox, installation, nonce: toHex(randomBytes(16)) },
    ...{ depth: 1, parents: [], sentAtMs: 0, ...says("from outside") },
  };
  const sealed = sealMessage({
    ...{ state, padding: 0, authenticatedData: new Uint8Array(0) },
    plaintext: writeApplicationMessage({ content, replaces: [] }),
    signatureKey,
  });
  world.hostileStates.set(ratchet, sealed.newState);
  const posting = postingCredentialOf({ network, group, head: head as EntryId, state });
  const envelope = buildGroupEnvelope({ network, group, posting, privateMessage: sealed.message });
  await node.api.publish({ envelopes: [envelope] });
  return { message: messageIdOf(content), removal };
}

/** A reorganization may take the removal; then its client goes on with the next key, which must not be used before. */
function skipKeys(params: Pick<Parameters<typeof sealMessage>[0], "state" | "signatureKey">): GroupState {
  let { state } = params;
  const nothing = { padding: 0, authenticatedData: new Uint8Array(0), plaintext: new Uint8Array(0) };
  for (let i = 0; i < SKIPPED_KEYS; i++) state = sealMessage({ ...params, ...nothing, state }).newState;
  return state;
}

/** What a client holds of the epoch that it stands in. */
export async function headState(client: Client, id: GroupId) {
  const core = coreOf(client);
  const group = core.groups.get(id);
  if (!group) return undefined;
  const { head, status } = group.view.record;
  const epoch = await readEpoch({ database: core.database, group: id, cache: group.epochs, head });
  const { end } = group.view.branch;
  return epoch?.kind === "open" ? { head, status, state: epoch.state satisfies GroupState, end } : undefined;
}
