import type { Hex, InboxId, IntentOutcome, MessageId } from "../../src/index.ts";

/** What one client's database says of a group. */
export type Report = {
  readonly inbox: InboxId;
  readonly membership: string;
  readonly epoch: number;
  readonly head: Hex;
  readonly joinedEpoch: number;
  readonly members: readonly InboxId[];
  readonly epochs: readonly {
    readonly epoch: number;
    readonly entry: Hex;
    readonly digest: Hex | undefined;
  }[];
  readonly messages: readonly {
    readonly id: MessageId;
    readonly epoch: number | undefined;
    readonly state: string;
  }[];
  readonly gaps: readonly { readonly epoch: number; readonly reason: string }[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly intents: readonly {
    readonly id: Hex;
    readonly action: string;
    readonly message: MessageId | undefined;
    readonly outcome: IntentOutcome | undefined;
  }[];
};

export type Reports = ReadonlyMap<string, Report>;

/** For which an acknowledged message may come to nothing after all, and its author is told. */
const excuses: ReadonlySet<string> = new Set(["removed", "not-a-member", "audience-changed", "deleted"]);

/**
 * What does not hold of a group in which everything has come to rest, in words; the rules are those of the search.
 * `acknowledged`: intents of which a client said that a node has their message.
 */
export function judge(params: { group: string; reports: Reports; acknowledged: ReadonlySet<Hex> }): string[] {
  const { group, reports } = params;
  const found = [
    ...judgeHeads(reports),
    ...judgeDigests(reports),
    ...judgeIntents(params),
    ...judgeLost(reports),
    ...[...reports].flatMap(([name, { rejected }]) =>
      (rejected.replayed ?? 0) > 0 ? [`${name} saw a key used twice`] : [],
    ),
  ];
  return found.map((what) => `${group}: ${what}`);
}

const membersOf = (reports: Reports): [string, Report][] =>
  [...reports].filter(([, { membership }]) => membership === "member");

/** Members stand at one head, who is in the group knows it, who is out does, too. */
function judgeHeads(reports: Reports): string[] {
  const members = membersOf(reports);
  const [newest] = members.toSorted(([, a], [, b]) => b.epoch - a.epoch);
  if (newest === undefined) return ["nobody is a member"];
  const [, { head, epoch, members: inboxes }] = newest;
  const behind = members.filter(([, report]) => report.head !== head);
  const lost = [...reports].filter(
    ([, { inbox, membership }]) => (membership === "member") !== inboxes.includes(inbox),
  );
  return [
    ...behind.map(([name, report]) => `${name} is in epoch ${report.epoch}, ${newest[0]} in ${epoch}`),
    ...lost.map(([name, report]) => `${name} takes itself for ${report.membership}, which others do not`),
  ];
}

/** Who was in an epoch from its start to its end, and holds all of it, holds the same. */
function judgeDigests(reports: Reports): string[] {
  const seen = new Map<string, { name: string; digest: Hex }>();
  const differing: string[] = [];
  for (const [name, { epochs, joinedEpoch }] of membersOf(reports)) {
    for (const { epoch, entry, digest } of epochs) {
      if (digest === undefined || epoch <= joinedEpoch) continue;
      const key = `${epoch} ${entry}`;
      const first = seen.get(key) ?? { name, digest };
      if (first.digest !== digest) differing.push(`${name} and ${first.name} differ in epoch ${epoch}`);
      seen.set(key, first);
    }
  }
  return differing;
}

/** Each has ended; what was acknowledged was delivered, or its author told why not. */
function judgeIntents(params: { reports: Reports; acknowledged: ReadonlySet<Hex> }): string[] {
  const { reports, acknowledged } = params;
  return [...reports].flatMap(([name, { intents }]) => {
    const open = intents.filter(({ outcome }) => outcome === undefined);
    const failed = intents.flatMap(({ id, action, outcome }) => {
      if (action !== "send" || outcome?.kind !== "failed" || !acknowledged.has(id)) return [];
      if (excuses.has(outcome.reason)) return [];
      return [`${name}'s message ${id} was acknowledged and has failed as ${outcome.reason}`];
    });
    if (open.length === 0) return failed;
    const actions = [...new Set(open.map(({ action }) => action))].join(", ");
    return [...failed, `${open.length} intents of ${name} are still open (${actions})`];
  });
}

/** What was delivered is with its author and with everybody who was in its epoch from the start and is a member still. */
function judgeLost(reports: Reports): string[] {
  const members = membersOf(reports);
  const epochOf = new Map<MessageId, number>();
  const held = new Map<string, Set<MessageId>>();
  for (const [name, { messages }] of reports) {
    held.set(name, new Set(messages.map(({ id }) => id)));
    for (const { id, epoch = 0 } of messages) {
      epochOf.set(id, Math.min(epoch, epochOf.get(id) ?? Number.POSITIVE_INFINITY));
    }
  }
  return [...reports].flatMap(([author, { intents, membership }]) =>
    intents.flatMap(({ message, outcome }) => {
      if (message === undefined || outcome?.kind !== "delivered") return [];
      const epoch = epochOf.get(message);
      if (epoch === undefined) {
        return membership === "member" ? [`nobody has ${author}'s message ${message}`] : [];
      }
      return members
        .filter(([, report]) => wasThere(report, epoch) && !report.gaps.some((gap) => gap.epoch === epoch))
        .filter(([name]) => held.get(name)?.has(message) !== true)
        .map(([name]) => `${name} lacks ${author}'s message ${message} of epoch ${epoch}`);
    }),
  );
}

function wasThere({ epochs, joinedEpoch }: Report, epoch: number): boolean {
  const has = (one: number): boolean => epochs.some((known) => known.epoch === one);
  return joinedEpoch < epoch && has(epoch) && has(epoch - 1);
}
