import { isWeftError } from "../../errors.ts";
import type { KnownInbox } from "../../identity/inbox.ts";
import type { ReceivedEntry } from "../../reconciler/branch/recordOf.ts";
import type { Registry } from "../../reconciler/entries/judgeEntry.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { EntryRecord, InboxSnapshot, InboxStanding } from "../../reconciler/records/records.ts";
import { MAX_INBOXES_PER_CALL } from "../../rpc/limits.ts";
import type { InboxId } from "../../wire/ids.ts";
import { type RegistrySource, refreshInboxes } from "../asking/askRegistry.ts";

/** What becomes of provisional entries on whose place the chain and a witness agree. */
export type SettledRests = {
  /** The entries before the first one whose verdict rests on a history that nobody confirms, or that is otherwise. */
  readonly confirmed: readonly EntryRecord[];
  /** The first entry whose verdict rests on a history that is otherwise: it and all that follow are judged again. */
  readonly misjudged: EntryRecord | undefined;
};

/** Says which installations of an inbox counted at the end of a block: that is what verdicts take from its history. */
function standingOf(params: { id: InboxId; inbox: KnownInbox | undefined; block: number }): InboxStanding {
  const { id, inbox, block } = params;
  const installations = (inbox?.installations ?? [])
    .filter(({ addedBlock }) => addedBlock <= block)
    .map(({ installation, addedBlock, revokedBlock = block + 1 }) =>
      revokedBlock <= block ? [installation, addedBlock, revokedBlock] : [installation, addedBlock],
    )
    .map(String)
    .sort();
  return { inbox: id, installations };
}

/** Notes with an entry what its verdict rests on and one node alone has told. */
export function restingOn(params: {
  entry: ReceivedEntry;
  registry: Registry;
  provisional: ReadonlySet<InboxId>;
}): ReceivedEntry {
  const { entry, registry, provisional } = params;
  if (provisional.size === 0) return entry;
  const { number: block } = entry.block;
  const restsOn = [...provisional].map((id) => standingOf({ id, inbox: registry(id), block }));
  return { ...entry, isProvisional: true, restsOn };
}

/**
 * Finds out, of entries in the order of the chain, up to where a witness confirms the histories that their verdicts
 * rest on. Without a source nobody is asked. Throws what reading from the source throws, but not `not-ready`.
 */
export async function settleRests(params: {
  entries: readonly EntryRecord[];
  known: ReadonlyMap<InboxId, InboxSnapshot>;
  source: RegistrySource | undefined;
}): Promise<SettledRests> {
  const { entries, source } = params;
  if (source) await confirmInboxes({ ...params, source });
  const known = (inbox: InboxId) => source?.reading.inboxes.get(inbox) ?? params.known.get(inbox);
  for (const [at, entry] of entries.entries()) {
    const confirmed = entries.slice(0, at);
    const { restsOn = [], block } = entry;
    const told = restsOn.map(({ inbox }) => known(inbox));
    if (told.some((snapshot) => !isConfirmed(snapshot, block.number)))
      return { confirmed, misjudged: undefined };
    const isSo = restsOn.every(({ inbox: id, installations }, i) => {
      const { number } = block;
      const standing = standingOf({ id, inbox: confirmedInbox(told[i]), block: number });
      return standing.installations.join() === installations.join();
    });
    if (!isSo) return { confirmed, misjudged: entry };
  }
  return { confirmed: entries, misjudged: undefined };
}

/** Asks about the histories; whoever says otherwise, or can't tell yet, is asked again with the next head. */
async function confirmInboxes(params: {
  entries: readonly EntryRecord[];
  source: RegistrySource;
}): Promise<void> {
  const { entries, source } = params;
  const { inboxes: read } = source.reading;
  const block = Math.max(0, ...entries.map(({ block: { number } }) => number));
  const named = new Set(entries.flatMap(({ restsOn = [] }) => restsOn.map(({ inbox }) => inbox)));
  const inboxes = [...named].filter((inbox) => !isConfirmed(read.get(inbox), block)).sort();
  try {
    for (let i = 0; i < inboxes.length; i += MAX_INBOXES_PER_CALL)
      await refreshInboxes({ ...source, inboxes: inboxes.slice(i, i + MAX_INBOXES_PER_CALL), block });
  } catch (error) {
    if (!isWeftError(error, "not-ready")) throw error;
  }
}

function isConfirmed(snapshot: InboxSnapshot | undefined, block: number): boolean {
  return (snapshot?.confirmedAsOf ?? -1) >= block;
}
