import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { readPayloads } from "../chain/read/readPayloads.ts";
import { WeftError } from "../errors.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import { noteRead, restorePayloads } from "../store/node/keepPayloads.ts";
import { entriesAtHead } from "../store/node/readEntries.ts";
import type { EntryFields } from "../wire/chainEntry.ts";
import type { GroupId } from "../wire/ids.ts";
import { remember } from "../wire/remember.ts";

/** Reads a page of a group's entries, see `entriesAtHead`, with all payloads. */
export type ReadEntries = (
  params: Omit<Parameters<typeof entriesAtHead>[0], "index">,
) => ReturnType<typeof entriesAtHead>;

/** Reads entries of groups; those that were dropped while nobody read them are fetched from the chain again. */
export type EntryShelf = {
  /** Throws `chain-unreachable` if the chain does not give what was dropped, `limit-exceeded` if too many ask. */
  readonly read: ReadEntries;
  /** Whether somebody has read a group's entries today. */
  readonly isRead: (group: GroupId) => boolean;
};

const DAY_MS = 24 * 60 * 60_000;
const MAX_NOTED = 50_000;
/** How many pages of dropped entries are fetched from the chain at once. */
const MAX_FETCHES = 8;
/** When somebody who finds as many is told to try again. */
const FETCH_RETRY_MS = 2_000;

export function openEntryShelf(params: {
  index: ChainIndex;
  chain: Chain;
  blocksPerPage: number;
  /** Whether to note the days on which groups are read: a node that drops nothing needs no notes. */
  isNoting: boolean;
  /** The network's time. */
  nowMs: () => number;
  logger: Logger;
}): EntryShelf {
  const { index, chain, blocksPerPage, isNoting, nowMs, logger } = params;
  const noted = new Map<GroupId, number>();
  let fetches = 0;
  const today = (): number => Math.floor(nowMs() / DAY_MS);
  const isRead = (group: GroupId): boolean => noted.get(group) === today();
  const note = async (group: GroupId): Promise<void> => {
    if (!isNoting || isRead(group)) return;
    remember({ known: noted, key: group, value: today(), limit: MAX_NOTED });
    await noteRead({ database: index.database, group, nowMs: nowMs() });
  };
  const fetch = async (group: GroupId, dropped: readonly EntryFields[]): Promise<void> => {
    if (fetches >= MAX_FETCHES) {
      const message = "entries of many groups are being fetched from the chain";
      throw new WeftError({ code: "limit-exceeded", message, retryAfterMs: FETCH_RETRY_MS });
    }
    fetches++;
    try {
      const payloads = await readPayloads({ chain, group, entries: dropped, blocksPerPage });
      const entries = dropped.flatMap((entry) => {
        const payload = payloads.get(entry.id);
        return payload === undefined ? [] : [{ ...entry, payload }];
      });
      if (entries.length < dropped.length) {
        const message = "the chain's provider does not give entries of this group any more";
        throw new WeftError({ code: "chain-unreachable", message });
      }
      await restorePayloads({ database: index.database, entries });
      logger.debug({ group, entries: entries.length }, "fetched entries again");
    } finally {
      fetches--;
    }
  };
  const read: ReadEntries = async (of) => {
    for (;;) {
      const page = await entriesAtHead({ index, ...of });
      // Nothing is noted of a group that does not exist: anybody can ask for one.
      if (page.from ?? page.entries[0] ?? page.dropped[0]) await note(of.group);
      if (page.dropped.length === 0) return page;
      await fetch(of.group, page.dropped);
    }
  };
  return { read, isRead };
}
