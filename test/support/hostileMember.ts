import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { signAppend } from "../../src/chain/sign/signAppend.ts";
import { coreOf } from "../../src/client/client.ts";
import { readState } from "../../src/client/database/epochStates.ts";
import { setOnline } from "../../src/index.ts";
import type { GroupState } from "../../src/mls/groupState.ts";
import { authorityKeyOf, authorityOf, entryKeyOf } from "../../src/reconciler/branch/epochSecrets.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { type EntryBody, entryId, sealEntryPayload } from "../../src/wire/entry.ts";
import { type Address, asAddress, type EntryId, fromHex, type GroupId } from "../../src/wire/ids.ts";
import type { TestClient } from "./openTestClient.ts";
import { until } from "./until.ts";

type Instruction = EntryBody["instruction"];
type Seat = {
  readonly state: GroupState;
  readonly signatureKey: { publicKey: Uint8Array; privateKey: Uint8Array };
};

/** One whose client has gone offline, and who writes to the chain by other means what it likes. */
export type HostileMember = {
  readonly seat: Seat;
  /** The head that it writes below. */
  readonly head: EntryId;
  /** Lands an entry; a commit's authority is that of the epoch it opens unless another one is given. */
  readonly land: (params: {
    instruction: Instruction;
    authority?: Address;
    /** On chain, beside a payload that says something else. */
    postedAs?: Address;
  }) => Promise<EntryId>;
  /** Lands bytes that open for nobody, behind whatever is there. */
  readonly landJunk: () => Promise<void>;
};

export async function hostileMember(params: {
  member: TestClient;
  group: GroupId;
  api: NodeApi;
}): Promise<HostileMember> {
  const { group, api } = params;
  const { client } = params.member;
  await setOnline({ client, online: false });
  const core = coreOf(client);
  const { network, database, self } = core;
  const handle = core.groups.get(group);
  assert.ok(handle);
  const head = handle.view.record.head as EntryId;
  const state = await readState({ database, group, cache: handle.epochs, head });
  assert.ok(state);
  const { key: installation, privateKey: installationPrivateKey } = self.installation;
  const append = async (authority: Address, payload: Uint8Array): Promise<EntryId> => {
    const fields = { group, parent: head, limit: 2 ** 24 - 1, authority, payload };
    const signature = signAppend({ network, privateKey: authorityKeyOf(state), ...fields });
    const outcome = await api.relayAppend({ ...fields, signature });
    assert.equal(outcome.kind, "submitted");
    return entryId(fields);
  };
  const untilKnown = async (id: EntryId): Promise<void> =>
    await until("the entry on chain", async () => (await api.getEntry({ group, id })).known);
  return {
    head,
    seat: {
      state,
      signatureKey: { publicKey: fromHex(installation), privateKey: installationPrivateKey },
    },
    land: async ({ instruction, authority = asAddress(randomBytes(20)), postedAs = authority }) => {
      const registryBlock = handle.processed.number;
      const payload = sealEntryPayload({
        ...{ network, group, parent: head, installationPrivateKey },
        key: entryKeyOf({ state, parent: head }),
        body: { instruction, authority, registryBlock, installation },
      });
      const id = await append(postedAs, payload);
      await untilKnown(id);
      return id;
    },
    landJunk: async () => {
      await untilKnown(await append(asAddress(randomBytes(20)), Uint8Array.of(1, ...randomBytes(80))));
    },
  };
}

/** A commit under the authority that it gives. */
export function asEntry(made: { commit: Uint8Array; newState: GroupState }) {
  return {
    instruction: { case: "commit", value: made.commit } as const,
    authority: authorityOf(made.newState),
  };
}
