import assert from "node:assert/strict";
import type { KnownInbox } from "../../../src/identity/inbox.ts";
import { decodeState } from "../../../src/mls/decodeState.ts";
import type { GroupState } from "../../../src/mls/groupState.ts";
import { authorityOf, postingCredentialOf } from "../../../src/reconciler/branch/epochSecrets.ts";
import { viewOf } from "../../../src/reconciler/branch/epochView.ts";
import { judgeAppeal } from "../../../src/reconciler/entries/judgeAppeal.ts";
import {
  type EntryJudgement,
  judgeEntry,
  revokedMembers,
} from "../../../src/reconciler/entries/judgeEntry.ts";
import { openAppeal, openEntry } from "../../../src/reconciler/entries/openEntry.ts";
import { provenRequests } from "../../../src/reconciler/entries/provenRequests.ts";
import type { Member } from "../../../src/reconciler/policy/roleOf.ts";
import type { EntryRecord, HeadId } from "../../../src/reconciler/records/records.ts";
import type { CommitSummary } from "../../../src/reconciler/records/verdict.ts";
import { membershipChanges } from "../../../src/reconciler/timeline/membershipChanges.ts";
import type { Entry } from "../../../src/wire/chainEntry.ts";
import { entryId } from "../../../src/wire/entry.ts";
import {
  type Address,
  asAddress,
  type EntryId,
  fromHex,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
} from "../../../src/wire/ids.ts";
import type { Network } from "../../../src/wire/network.ts";
import type { VectorFile } from "./vectorFile.ts";

/** One epoch of one group, and what was written below its head; drawn by scripts/vectors/drawVerdicts.ts. */
export type DrawnVerdicts = {
  readonly network: Network;
  readonly group: GroupId;
  /** That opened the epoch: the parent of all entries. */
  readonly head: EntryId;
  /** Its own parent: below it stand the requests that repairs carry. */
  readonly grandparent: EntryId;
  readonly people: Readonly<Record<string, Member>>;
  /** What `encodeTree` wrote. */
  readonly tree: Hex;
  /** What `encodeState` wrote for each member. */
  readonly states: Readonly<Record<string, Hex>>;
  readonly entries: Readonly<Record<string, { readonly authority: Address; readonly payload: Hex }>>;
};

/** Who judges which entry, and the facts that the chain ordered before it; people by name. */
type VerdictInput = {
  readonly entry: string;
  readonly reader: string;
  /** The entry's own. */
  readonly block: number;
  /** The block of an installation's revocation; all were added in block 1. */
  readonly revoked?: Readonly<Record<string, number>>;
  readonly leavers?: readonly string[];
  readonly lastCommitBlock?: number;
  readonly lastAddBlock?: number;
  /** Whom a void sibling had removed. */
  readonly owed?: readonly string[];
  /** An earlier sibling that decides about the head: only what is written about it is read. */
  readonly contested?: { readonly entry: string; readonly block: number };
  /** Whose requests about it came before. */
  readonly asked?: readonly string[];
  /** Not only their inboxes, but they themselves. */
  readonly askers?: readonly string[];
};

export type VerdictVectors = VectorFile<DrawnVerdicts, VerdictInput>;
type Params = { readonly vectors: VerdictVectors; readonly input: VerdictInput };

/** What the client makes of an entry. */
export function replayVerdict({ vectors, input }: Params): unknown {
  const { network, states, tree } = vectors;
  const state = decodeState({ bytes: fromHex(states[input.reader] ?? ""), tree: fromHex(tree) });
  const entry = entryNamed({ vectors, name: input.entry, block: input.block });
  if (input.contested) return replayAppeal({ vectors, input, state, entry });
  const opened = openEntry({ network, state, entry });
  const judgement = judgeEntry({
    ...{ entry, state, opened, registry: registryOf({ vectors, input }) },
    ...{ lastCommitBlock: input.lastCommitBlock, lastAddBlock: input.lastAddBlock },
    leavers: inboxesOf(vectors, input.leavers),
    stranded: provenBy({ vectors, state, requests: opened.kind === "commit" ? opened.requests : [] }),
    owed: input.owed && { removes: peopleOf(vectors, input.owed), roles: [] },
    staged: undefined,
  });
  if (judgement.kind !== "adopted") return showJudgement(vectors, judgement);
  const changes = membershipChanges({
    before: viewOf(state),
    after: viewOf(judgement.newState),
    leavers: inboxesOf(vectors, input.leavers),
  });
  return { ...showAdopted(vectors, judgement), changes };
}

function replayAppeal(params: Params & { state: GroupState; entry: Entry }): unknown {
  const { vectors, input, state, entry } = params;
  const { network } = vectors;
  assert.ok(input.contested);
  const contested = entryNamed({ vectors, name: input.contested.entry, block: input.contested.block });
  const opened = openEntry({ network, state, entry: contested });
  assert.ok(opened.kind === "commit", `${input.contested.entry} is a commit`);
  const appeal = openAppeal({ network, state, entry });
  if (!appeal) return { kind: "no-appeal" };
  const { writer, registryBlock, instruction } = appeal;
  const { context, members } = viewOf(state);
  const revoked = revokedMembers({ members, registry: registryOf(params), block: input.block - 1 });
  return judgeAppeal({
    facts: {
      ...{ context, members, revoked, writer, registryBlock, block: input.block },
      leavers: inboxesOf(vectors, input.leavers),
    },
    ...{ state, contested, appeal: instruction, verified: opened.verified },
    asked: inboxesOf(vectors, input.asked),
    askers: new Set(peopleOf(vectors, input.askers).map(({ installation }) => installation)),
  });
}

function provenBy(params: {
  vectors: DrawnVerdicts;
  state: GroupState;
  requests: readonly Uint8Array[];
}): Set<InstallationKey> {
  const { state, requests } = params;
  const { network, group, head, grandparent } = params.vectors;
  return provenRequests({
    ...{ network, group, parent: head, state, requests },
    entries: new Map<HeadId, EntryRecord>([[head, entryRecordOf({ head, grandparent })]]),
  });
}

function entryRecordOf({ head, grandparent }: Pick<DrawnVerdicts, "head" | "grandparent">): EntryRecord {
  return {
    ...{ id: head, parent: grandparent, index: 0, logIndex: 0, verdict: { kind: "before-start", epoch: 1 } },
    ...{ authority: asAddress(new Uint8Array(20)), block: { number: 1, hash: "0x", time: 0 } },
  };
}

function entryNamed(params: { vectors: DrawnVerdicts; name: string; block: number }): Entry {
  const { group, head: parent, entries } = params.vectors;
  const drawn = entries[params.name];
  assert.ok(drawn, `an entry ${params.name}`);
  const fields = { group, parent, authority: drawn.authority, payload: fromHex(drawn.payload) };
  const block = { number: params.block, hash: parent, time: params.block };
  return { ...fields, id: entryId(fields), index: 0, block, logIndex: 0 };
}

function registryOf({ vectors, input }: Params): (inbox: InboxId) => KnownInbox {
  return (inbox) => ({
    inbox,
    installations: Object.entries(vectors.people).flatMap(([name, person]) =>
      person.inbox === inbox
        ? [{ installation: person.installation, addedBlock: 1, revokedBlock: input.revoked?.[name] }]
        : [],
    ),
  });
}

function peopleOf(vectors: DrawnVerdicts, names: readonly string[] = []): Member[] {
  return names.map((name) => {
    const person = vectors.people[name];
    assert.ok(person, `somebody named ${name}`);
    return person;
  });
}

function inboxesOf(vectors: DrawnVerdicts, names: readonly string[] | undefined): Set<InboxId> {
  return new Set(peopleOf(vectors, names).map(({ inbox }) => inbox));
}

type Adopted = Extract<EntryJudgement, { kind: "adopted" }>;

function showJudgement(vectors: DrawnVerdicts, judgement: Exclude<EntryJudgement, Adopted>): unknown {
  switch (judgement.kind) {
    case "refused":
    case "cut-off":
    case "newer-version":
      return judgement;
    case "control":
      return { ...judgement, writer: nameOf(vectors, judgement.writer) };
    case "removed":
      return { kind: "removed", ...showSummary(vectors, judgement.summary) };
  }
}

function showAdopted(vectors: DrawnVerdicts, { newState, summary }: Adopted) {
  return { kind: "adopted", ...showSummary(vectors, summary), opens: showEpoch(vectors, newState) };
}

function showSummary(vectors: DrawnVerdicts, { writer, adds, removes }: CommitSummary) {
  const names = (members: readonly Member[]) => members.map((one) => nameOf(vectors, one));
  return { writer: nameOf(vectors, writer), adds: names(adds), removes: names(removes) };
}

/** The epoch's own authenticator stands for all that MLS derives, the authority for what is exported from it. */
function showEpoch(vectors: DrawnVerdicts, state: GroupState) {
  const { network, group, head } = vectors;
  const { epoch, context, members } = viewOf(state);
  const posting = postingCredentialOf({ network, group, head, state });
  return {
    ...{ epoch, context, members: members.map((one) => nameOf(vectors, one)) },
    ...{ authority: authorityOf(state), postingKey: posting.publicKey, certificate: posting.certificate },
    epochAuthenticator: state.epochAuthenticator,
  };
}

function nameOf({ people }: DrawnVerdicts, { installation }: Member): string | undefined {
  return Object.keys(people).find((name) => people[name]?.installation === installation);
}
