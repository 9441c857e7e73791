import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import type { GroupState } from "../../src/mls/groupState.ts";
import { authorityOf, entryKeyOf } from "../../src/reconciler/branch/epochSecrets.ts";
import { leafHashOf } from "../../src/reconciler/branch/epochView.ts";
import { firstContext } from "../../src/reconciler/policy/nextContext.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import { type EntryBody, entryId, openSignedBody, sealEntryPayload } from "../../src/wire/entry.ts";
import { type GroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import {
  type Address,
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type Hex,
  ID_BYTES,
} from "../../src/wire/ids.ts";
import { makeMember, type TestMember } from "../../test/mls/support/makeMember.ts";
import { commit, found, groupId, type Seat } from "../../test/mls/support/testGroup.ts";
import { testNetwork } from "../../test/support/testNetwork.ts";

export const group: GroupId = asId(groupId);
/** That opened the epoch of a `Town`. */
export const head: EntryId = asId(new Uint8Array(ID_BYTES).fill(14));

/** Its parent. */
export const grandparent: EntryId = asId(new Uint8Array(ID_BYTES).fill(13));

/** The registry block that entries name. */
const REGISTRY_BLOCK = 990;

/** An epoch with a full tree: alice is super admin, bob admin, carol and dave are plain members. */
export type Town = {
  readonly context: GroupContext;
  readonly alice: Seat;
  readonly bob: Seat;
  readonly carol: Seat;
  readonly dave: Seat;
  /** Dave's other installation, outside. */
  readonly tablet: TestMember;
  /** A stranger. */
  readonly eve: TestMember;
};

export type DrawnEntry = { readonly authority: Address; readonly payload: Uint8Array };

export function drawTown(): Town {
  const [founder, ...others] = ["alice", "bob", "carol", "dave"].map((name) => makeMember(longName(name)));
  const [second] = others;
  assert.ok(founder && second);
  const creator = memberOf(founder).inbox;
  const context = {
    ...firstContext({ drawBytes: randomBytes, name: "Plans", creator }),
    admins: [memberOf(second).inbox],
  };
  let seats = commit([found(founder, writeGroupContext(context))], 0, { adds: others });
  for (const i of seats.keys()) seats = commit(seats, i, {});
  const [alice, bob, carol, dave] = seats;
  assert.ok(alice && bob && carol && dave);
  const [tablet, eve] = [makeMember(longName("dave")), makeMember(longName("eve"))];
  return { context, alice, bob, carol, dave, tablet, eve };
}

/** The name in letters is the inbox's id. */
export function longName(name: string): string {
  return name.padEnd(ID_BYTES, ".");
}

export function memberOf({ name, signatureKey }: Pick<TestMember, "name" | "signatureKey">): Member {
  return { inbox: asId(utf8(name)), installation: asId(signatureKey.publicKey) };
}

/** Seals an entry below the head of the town, for which anybody who is in it would give the key. */
export function drawEntry(params: {
  town: Pick<Town, "alice">;
  by: TestMember;
  instruction: EntryBody["instruction"];
  authority?: Address;
  /** On chain, beside a payload that says something else. */
  postedAs?: Address;
  signer?: TestMember;
  requests?: readonly Uint8Array[];
}): DrawnEntry {
  const { town, by, instruction, signer = by, requests = [] } = params;
  const { authority = asAddress(new Uint8Array(20).fill(0xaa)) } = params;
  const payload = sealEntryPayload({
    ...{ network: testNetwork, group, parent: head, key: townKey(town) },
    installationPrivateKey: signer.signatureKey.privateKey,
    body: {
      ...{ instruction, authority, registryBlock: REGISTRY_BLOCK, requests },
      installation: memberOf(by).installation,
    },
  });
  return { authority: params.postedAs ?? authority, payload };
}

/** An entry with a commit, under the authority of the epoch that it opens unless another one is given. */
export function drawCommit(params: {
  town: Pick<Town, "alice">;
  by: TestMember;
  made: { readonly commit: Uint8Array; readonly newState: GroupState };
  authority?: Address;
  postedAs?: Address;
  requests?: readonly Uint8Array[];
}): DrawnEntry {
  const { made, ...others } = params;
  const instruction = { case: "commit", value: made.commit } as const;
  return drawEntry({ authority: authorityOf(made.newState), ...others, instruction });
}

/** The signed body of a request about the head, for the leaf of `by` or another one. */
export function drawRequest(params: {
  town: Pick<Town, "alice">;
  by: Seat;
  leaf?: Hex | undefined;
}): Uint8Array {
  const { by, town } = params;
  const { installation } = memberOf(by);
  const { leaf = leafHashOf({ state: by.state, installation }) } = params;
  const authority = asAddress(new Uint8Array(20).fill(0xcc));
  const place = { network: testNetwork, group, parent: grandparent, key: townKey(town) };
  const value = { kind: "request", entry: head, ...(leaf ? { leaf } : {}) } as const;
  const payload = sealEntryPayload({
    ...place,
    installationPrivateKey: by.signatureKey.privateKey,
    body: {
      ...{ instruction: { case: "control", value }, authority, registryBlock: REGISTRY_BLOCK },
      installation,
    },
  });
  const opened = openSignedBody({ ...place, payload, authority });
  assert.ok(opened.kind === "opened");
  return opened.bytes;
}

export function townKey({ alice }: Pick<Town, "alice">): Uint8Array {
  return entryKeyOf({ state: alice.state, parent: head });
}

export function mapValues<A, B>(
  values: Readonly<Record<string, A>>,
  change: (value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

export function idOf(entry: DrawnEntry): EntryId {
  return entryId({ group, parent: head, ...entry });
}
