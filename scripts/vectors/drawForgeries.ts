import { randomBytes, sealAead } from "#crypto";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { encodeCommit } from "../../src/mls/commit/commit.ts";
import type { Proposal } from "../../src/mls/commit/proposal.ts";
import type { FreshPath } from "../../src/mls/path/createPath.ts";
import type { UpdatePath } from "../../src/mls/path/updatePath.ts";
import { asAddress, fromHex } from "../../src/wire/ids.ts";
import { pad } from "../../src/wire/padme.ts";
import { forgeCommit } from "../../test/mls/support/forgeCommit.ts";
import { makeMember } from "../../test/mls/support/makeMember.ts";
import { stage } from "../../test/mls/support/testGroup.ts";
import { addOf } from "./drawCommits.ts";
import { type DrawnEntry, drawCommit, drawEntry, group, head, type Town, townKey } from "./drawTown.ts";

const ELSEWHERE = asAddress(new Uint8Array(20).fill(0xbb));

/** Entries that no honest client writes: bytes, framing, and commits that break MLS or its profile. */
export function drawForgeries(town: Town): Record<string, DrawnEntry> {
  return { ...badPayloads(town), ...badCommits(town), ...badPaths(town) };
}

function badPayloads(town: Town): Record<string, DrawnEntry> {
  const { alice, bob, carol, eve } = town;
  const made = stage(carol, {});
  const leave = { case: "control", value: { kind: "leave" } } as const;
  return {
    junk: { authority: ELSEWHERE, payload: Uint8Array.of(1, ...randomBytes(80)) },
    "of another version": { authority: ELSEWHERE, payload: Uint8Array.of(2, ...randomBytes(80)) },
    "sealed junk": { authority: ELSEWHERE, payload: sealBytes(town, Uint8Array.of(0xff, 1, 2)) },
    "carol's, signed by eve": drawEntry({ town, by: carol, signer: eve, instruction: leave }),
    "eve's, with a leaked key": drawEntry({ town, by: eve, instruction: leave }),
    "carol's rotation, reposted": drawCommit({ town, by: carol, made, postedAs: ELSEWHERE }),
    "alice's rotation, by bob": drawCommit({ town, by: bob, made: stage(alice, {}) }),
    "junk as commit": drawEntry({
      ...{ town, by: carol },
      instruction: { case: "commit", value: Uint8Array.of(0, 1, 0, 1, 9) },
    }),
  };
}

function sealBytes(town: Town, bytes: Uint8Array): Uint8Array {
  const nonce = randomBytes(12);
  const aad = concatBytes(fromHex(group), fromHex(head));
  return concatBytes(
    Uint8Array.of(1),
    nonce,
    sealAead({ key: townKey(town), nonce, aad, plaintext: pad(bytes) }),
  );
}

type Forgery = Omit<Parameters<typeof forgeCommit>[0], "seat">;

/** By dave, who is hostile here. */
function forge(town: Town, how: Forgery, authority?: typeof ELSEWHERE): DrawnEntry {
  const { dave } = town;
  const made = forgeCommit({ seat: dave, ...how });
  return drawCommit({ town, by: dave, made, ...(authority ? { authority } : {}) });
}

function badCommits(town: Town): Record<string, DrawnEntry> {
  const { alice, dave, eve } = town;
  const { epoch } = dave.state.context;
  const add = [addOf(eve)];
  const remove = (leafIndex: number): Proposal => ({ kind: "remove", leafIndex });
  const path = { withPath: true };
  return {
    "for another group": forge(town, { ...path, groupId: new Uint8Array(32) }),
    "for another epoch": forge(town, { ...path, epoch: epoch + 1 }),
    "with authenticated data": forge(town, { ...path, authenticatedData: Uint8Array.of(1) }),
    "with a false signature": forge(town, { ...path, spoil: "signature" }),
    "with a false membership tag": forge(town, { ...path, spoil: "membership-tag" }),
    "an Add with a false confirmation tag": forge(town, { proposals: add, spoil: "confirmation-tag" }),
    "an Add under a false authority": forgeByAlice(town, add),
    "an Add with a path": forge(town, { ...path, proposals: add }),
    "an Add of a name that is no inbox": forge(town, { proposals: [addOf(makeMember("short"))] }),
    "an Add of a member's key": forge(town, {
      proposals: [addOf(makeMember(alice.name, alice.signatureKey))],
    }),
    "a Remove without a path": forge(town, { proposals: [remove(0)] }),
    "a Remove of its writer": forge(town, { body: withAnyPath(town, [remove(dave.state.ownLeafIndex)]) }),
    "a Remove of nobody": forge(town, { body: withAnyPath(town, [remove(9)]) }),
    "Add and Remove": forge(town, { ...path, proposals: [...add, remove(0)] }),
  };
}

/** A commit of what no path can be drawn up for, with that of a rotation. */
function withAnyPath({ dave }: Town, proposals: readonly Proposal[]): Uint8Array {
  let path: UpdatePath | undefined;
  const changePath = (made: UpdatePath): UpdatePath => {
    path = made;
    return made;
  };
  forgeCommit({ seat: dave, withPath: true, changePath });
  return encodeCommit({ proposals, path });
}

function forgeByAlice(town: Town, proposals: readonly Proposal[]): DrawnEntry {
  const made = forgeCommit({ seat: town.alice, proposals });
  return drawCommit({ town, by: town.alice, made, authority: ELSEWHERE });
}

function badPaths(town: Town): Record<string, DrawnEntry> {
  const path = { withPath: true };
  const withoutNodes = (made: UpdatePath): UpdatePath => ({ ...made, nodes: [] });
  return {
    "a path without nodes": forge(town, { ...path, changePath: withoutNodes }),
    "a path with another key": forge(town, { ...path, changePath: withOtherKey }),
    "a path that alice and bob can't open": forge(town, { ...path, changePath: spoilTop }),
    "a path of wrong secrets": forge(town, { ...path, changeFresh: withWrongSecrets }),
    "a path with a false tag": forge(town, { ...path, spoil: "confirmation-tag" }),
    "a path under a false authority": forge(town, path, ELSEWHERE),
  };
}

function withOtherKey(path: UpdatePath, fresh: FreshPath): UpdatePath {
  const [lowest] = path.nodes;
  const own = fresh.derived.keyPairs.at(-1)?.publicKey;
  if (!lowest || !own) return path;
  return { ...path, nodes: path.nodes.map((node) => ({ ...node, encryptionKey: own })) };
}

/** The step that seals to the other half of the tree. */
function spoilTop(path: UpdatePath): UpdatePath {
  const top = path.nodes.length - 1;
  const spoil = (sealed: UpdatePath["nodes"][number]["sealedSecrets"][number]) => ({
    ...sealed,
    ciphertext: randomBytes(sealed.ciphertext.length),
  });
  const nodes = path.nodes.map((node, i) =>
    i === top ? { ...node, sealedSecrets: node.sealedSecrets.map(spoil) } : node,
  );
  return { ...path, nodes };
}

function withWrongSecrets(fresh: FreshPath): FreshPath {
  const pathSecrets = fresh.derived.pathSecrets.map(() => randomBytes(32));
  return { ...fresh, derived: { ...fresh.derived, pathSecrets } };
}
